#include "policy/tcf_string.h"

#include "absl/strings/ascii.h"
#include "policy/bit_reader.h"
#include "policy/text_parts.h"
#include "policy/vendor_list.h"

namespace assent::policy {
namespace {

constexpr uint8_t kTcfVersion = 2;
constexpr unsigned kSegmentDisclosed = 1;
constexpr unsigned kSegmentAllowed = 2;
constexpr unsigned kSegmentPublisher = 3;

template <typename Number>
Number ReadNumber(BitReader& bits, int width) {
  return static_cast<Number>(bits.Read(width));
}

// `width` bits, of which the first stands for number 1.
uint64_t ReadNumberedSet(BitReader& bits, int width) {
  const uint64_t read = bits.Read(width);
  uint64_t set = 0;
  for (int number = 1; number <= width; ++number) set |= (read >> (width - number) & 1) << number;
  return set;
}

char ReadLetter(BitReader& bits) { return absl::ascii_toupper(static_cast<unsigned char>('A' + bits.Read(6))); }

TwoLetters ReadLetters(BitReader& bits) {
  const char first = ReadLetter(bits);
  return {first, ReadLetter(bits)};
}

// Braced initialisation reads the fields in their order.
TcfCore ReadFixedFields(BitReader& bits) {
  return {.version = ReadNumber<uint8_t>(bits, 6),
          .created_ds = bits.Read(36),
          .last_updated_ds = bits.Read(36),
          .cmp_id = ReadNumber<uint16_t>(bits, 12),
          .cmp_version = ReadNumber<uint16_t>(bits, 12),
          .consent_screen = ReadNumber<uint8_t>(bits, 6),
          .consent_language = ReadLetters(bits),
          .vendor_list_version = ReadNumber<uint16_t>(bits, 12),
          .policy_version = ReadNumber<uint8_t>(bits, 6),
          .is_service_specific = bits.ReadFlag(),
          .use_non_standard_texts = bits.ReadFlag(),
          .special_feature_opt_ins = static_cast<uint32_t>(ReadNumberedSet(bits, 12)),
          .purposes_consent = static_cast<uint32_t>(ReadNumberedSet(bits, kTcfPurposesMax)),
          .purposes_legitimate_interest = static_cast<uint32_t>(ReadNumberedSet(bits, kTcfPurposesMax)),
          .purpose_one_treatment = bits.ReadFlag(),
          .publisher_country = ReadLetters(bits)};
}

TcfPublisher ReadPublisher(BitReader& bits) {
  TcfPublisher publisher = {
      .present = true,
      .purposes_consent = static_cast<uint32_t>(ReadNumberedSet(bits, kTcfPurposesMax)),
      .purposes_legitimate_interest = static_cast<uint32_t>(ReadNumberedSet(bits, kTcfPurposesMax)),
      .custom_purposes = ReadNumber<uint8_t>(bits, 6)};
  // Up to 63 bits, of which one Read gives 36.
  for (uint64_t* set : {&publisher.custom_consent, &publisher.custom_legitimate_interest}) {
    for (int number = 1; number <= publisher.custom_purposes; ++number) *set |= bits.Read(1) << number;
  }
  return publisher;
}

// Calls range(first, last) for each entry. False: malformed.
template <typename Range>
bool ReadRanges(BitReader& bits, uint32_t vendor_id_max, Range&& range) {
  const auto entries = ReadNumber<uint32_t>(bits, 12);
  for (uint32_t entry = 0; entry < entries; ++entry) {
    const bool has_end = bits.ReadFlag();
    const auto first = ReadNumber<uint16_t>(bits, 16);
    const auto last = has_end ? ReadNumber<uint16_t>(bits, 16) : first;
    if (!bits.ok() || first == 0 || last < first || last > vendor_id_max) return false;
    range(first, last);
  }
  return bits.ok();
}

// A sink takes what a string lists: Field(list, bits, count) reads `count` bits, one a vendor from 1 on; Range(list,
// first, last) and Restriction(purpose, type, first, last) take ranges; both ends belong to them.
template <typename Sink>
bool ReadVendors(BitReader& bits, TcfVendorList list, Sink& sink) {
  const auto vendor_id_max = ReadNumber<uint16_t>(bits, 16);
  if (bits.ReadFlag()) {
    return ReadRanges(bits, vendor_id_max, [&](uint16_t first, uint16_t last) { sink.Range(list, first, last); });
  }
  if (!bits.ok() || vendor_id_max > bits.left()) return false;
  sink.Field(list, bits, vendor_id_max);
  return bits.ok();
}

template <typename Sink>
bool ReadRestrictions(BitReader& bits, Sink& sink) {
  const auto restrictions = ReadNumber<uint32_t>(bits, 12);
  for (uint32_t i = 0; i < restrictions; ++i) {
    const auto purpose = ReadNumber<int>(bits, 6);
    const auto type = ReadNumber<uint8_t>(bits, 2);
    const bool read = ReadRanges(bits, UINT16_MAX, [&](uint16_t first, uint16_t last) {
      sink.Restriction(purpose, static_cast<TcfRestriction>(type), first, last);
    });
    if (!read) return false;
  }
  return bits.ok();
}

template <typename Sink>
bool ReadCore(absl::string_view text, TcfCore& core, Sink& sink) {
  BitReader bits(text);
  core = ReadFixedFields(bits);
  return bits.ok() && core.version == kTcfVersion && ReadVendors(bits, TcfVendorList::kConsent, sink) &&
         ReadVendors(bits, TcfVendorList::kLegitimateInterest, sink) && ReadRestrictions(bits, sink) &&
         bits.EndsInZeros();
}

// `seen`: bit t for each type of segment that came before.
template <typename Sink>
bool ReadSegment(absl::string_view text, unsigned& seen, TcfPublisher& publisher, Sink& sink) {
  BitReader bits(text);
  const auto type = ReadNumber<unsigned>(bits, 3);
  if (!bits.ok() || (seen >> type & 1) != 0) return false;
  seen |= 1u << type;
  if (type == kSegmentPublisher) {
    publisher = ReadPublisher(bits);
  } else if (type == kSegmentDisclosed || type == kSegmentAllowed) {
    const auto list = type == kSegmentDisclosed ? TcfVendorList::kDisclosed : TcfVendorList::kAllowed;
    if (!ReadVendors(bits, list, sink)) return false;
  } else {
    return false;
  }
  return bits.EndsInZeros();
}

template <typename Sink>
bool ReadString(absl::string_view text, TcfCore& core, TcfPublisher& publisher, Sink& sink) {
  if (text.size() > kTcfBytesMax) return false;
  TextParts segments(text, '.');
  absl::string_view segment;
  if (!segments.Next(segment) || !ReadCore(segment, core, sink)) return false;
  unsigned seen = 0;
  while (segments.Next(segment)) {
    if (!ReadSegment(segment, seen, publisher, sink)) return false;
  }
  return true;
}

// Looks for one vendor, and builds no list.
class OneVendor {
 public:
  OneVendor(uint16_t vendor_id, TcfString& out) : vendor_id_(vendor_id), out_(out) {}

  void Field(TcfVendorList list, BitReader& bits, uint32_t count) {
    const bool listed = vendor_id_ > 0 && vendor_id_ <= count;
    bool any = bits.ReadAny(listed ? vendor_id_ - 1u : count);
    bool member = false;
    if (listed) {
      member = bits.ReadFlag();
      any = bits.ReadAny(count - vendor_id_) || member || any;
    }
    Note(list, any, member);
  }
  void Range(TcfVendorList list, uint16_t first, uint16_t last) { Note(list, true, Within(first, last)); }
  void Restriction(int purpose, TcfRestriction type, uint16_t first, uint16_t last) {
    if (Within(first, last)) out_.vendor.restrictions[static_cast<size_t>(type)] |= uint64_t{1} << purpose;
  }

 private:
  bool Within(uint16_t first, uint16_t last) const { return first <= vendor_id_ && vendor_id_ <= last; }
  void Note(TcfVendorList list, bool any, bool member) {
    if (list == TcfVendorList::kConsent) out_.vendor.consent |= member;
    if (list == TcfVendorList::kLegitimateInterest) out_.vendor.legitimate_interest |= member;
    if (list != TcfVendorList::kDisclosed) return;
    out_.vendor.disclosed |= member;
    out_.discloses_vendors |= any;
  }

  uint16_t vendor_id_;
  TcfString& out_;
};

class EveryVendor {
 public:
  explicit EveryVendor(const TcfVisitor& visitor) : visitor_(visitor) {}

  void Field(TcfVendorList list, BitReader& bits, uint32_t count) {
    for (uint32_t vendor_id = 1; vendor_id <= count; ++vendor_id) {
      if (bits.ReadFlag()) visitor_.vendor(list, static_cast<uint16_t>(vendor_id));
    }
  }
  void Range(TcfVendorList list, uint32_t first, uint32_t last) {
    for (uint32_t vendor_id = first; vendor_id <= last; ++vendor_id) {
      visitor_.vendor(list, static_cast<uint16_t>(vendor_id));
    }
  }
  void Restriction(int purpose, TcfRestriction type, uint16_t first, uint16_t last) {
    visitor_.restriction(purpose, type, first, last);
  }

 private:
  const TcfVisitor& visitor_;
};

}  // namespace

bool DecodeTcf(absl::string_view text, uint16_t vendor_id, TcfString& out) {
  out = {};
  OneVendor sink(vendor_id, out);
  return ReadString(text, out.core, out.publisher, sink);
}

bool VisitTcf(absl::string_view text, const TcfVisitor& visitor) {
  TcfCore core;
  TcfPublisher publisher;
  EveryVendor sink(visitor);
  return ReadString(text, core, publisher, sink);
}

}  // namespace assent::policy
