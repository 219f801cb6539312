#include "tests/policy/us_reference.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "tests/policy/signal_fixture.h"

namespace assent::policy {
namespace {

// NAME or NAME*COUNT, in order. "/" begins the second part; "+gpc" says that the second part may be that signal.
const std::map<int, std::string>& UsFormats() {
  static const std::map<int, std::string> formats = [] {
    const std::string mspa = " MspaCovered MspaOptOutMode MspaServiceProvider";
    const std::string state = "SharingNotice SaleNotice TargetedNotice SaleOptOut TargetedOptOut ";
    const std::string early = "SharingNotice SaleNotice TargetedNotice SensitiveNotice SaleOptOut TargetedOptOut ";
    const std::string late = "MspaCovered MspaMode SharingNotice SaleNotice TargetedNotice SaleOptOut TargetedOptOut ";
    const std::string national =
        "SharingNotice SaleNotice SharingOptOutNotice TargetedNotice SensitiveNotice LimitNotice SaleOptOut "
        "SharingOptOut TargetedOptOut ";
    const std::string consent_apart = late + "Child*1 Additional / Sensitive*8";
    return std::map<int, std::string>{
        {-7, national + "Sensitive*12 Child*2 Personal" + mspa + " +gpc"},  // the first national one
        {7, national + "Sensitive*16 Child*3 Personal" + mspa + " +gpc"},
        {8, "SaleNotice SharingOptOutNotice LimitNotice SaleOptOut SharingOptOut Sensitive*9 Child*2 Personal" + mspa +
                " +gpc"},
        {9, state + "Sensitive*8 Child*1" + mspa},
        {10, state + "Sensitive*7 Child*1" + mspa + " +gpc"},
        {11, early + "Sensitive*8 Child*1" + mspa},
        {12, state + "Sensitive*8 Child*3" + mspa + " +gpc"},
        {13, state + "Sensitive*8 Child*3 Additional" + mspa},
        {14, state + "Sensitive*8 Child*3 Additional" + mspa + " +gpc"},
        {15, state + "Sensitive*11 Child*3 Additional" + mspa + " +gpc"},
        {16, state + "Sensitive*8 Child*1 Additional" + mspa + " +gpc"},
        {17, state + "Sensitive*9 Child*5 Additional" + mspa + " +gpc"},
        {18, early + "Sensitive*8 Child*1" + mspa + " +gpc"},
        {19, state + "Sensitive*8 Child*1 Additional" + mspa + " +gpc"},
        {20, state + "Sensitive*8 Child*3 Additional" + mspa + " +gpc"},
        {21, state + "Sensitive*10 Child*5 Additional" + mspa + " +gpc"},
        {22, state + "Sensitive*8 Child*1 Additional" + mspa + " +gpc"},
        {23, state + "Sensitive*8 Child*1 Additional" + mspa + " +gpc"},
        {24, late + "Additional +gpc"},
        {25, consent_apart},
        {26, consent_apart},
        {27, consent_apart},
    };
  }();
  return formats;
}

// The kinds of sensitive data by name, in the order of the section.
std::vector<std::string> KindsOf(int section) {
  std::string kinds = "race religion health orientation citizenship genetic biometric geo";
  if (section == 7) kinds += " id account union mail consumer-health crime-victim origin transgender";
  if (section == 8) kinds = "id account geo race mail genetic biometric health orientation";
  if (section == 11) kinds = "race religion orientation citizenship health genetic biometric geo";
  if (section == 15) {
    kinds = "race religion health orientation transgender citizenship origin crime-victim genetic biometric geo";
  }
  if (section == 17) kinds += " transgender";
  if (section == 21) kinds += " transgender account";
  std::istringstream in(kinds);
  std::vector<std::string> out;
  for (std::string kind; in >> kind;) out.push_back(kind);
  return out;
}

struct FormatField {
  std::string name;
  int count = 1;
};
struct Format {
  std::vector<FormatField> core, second;
  bool gpc = false;
};

Format FormatOf(const std::string& text) {
  Format format;
  std::vector<FormatField>* part = &format.core;
  std::istringstream in(text);
  for (std::string word; in >> word;) {
    if (word == "+gpc") {
      format.gpc = true;
    } else if (word == "/") {
      part = &format.second;
    } else {
      const size_t star = word.find('*');
      part->push_back({word.substr(0, star), star == std::string::npos ? 1 : std::stoi(word.substr(star + 1))});
    }
  }
  return format;
}

int Answers(const std::vector<FormatField>& fields) {
  int answers = 0;
  for (const FormatField& field : fields) answers += field.count;
  return answers;
}

// Takes the fields off `bits` and checks that only zeros are left.
bool TakeAnswers(const std::vector<FormatField>& fields, std::string bits, UsReference& out) {
  for (const FormatField& field : fields) {
    for (int i = 0; i < field.count; ++i) {
      if (bits.size() < 2) return false;
      const int answer = std::stoi(bits.substr(0, 2), nullptr, 2);
      if (answer == 3) return false;
      out.field[field.name].push_back(answer);
      bits.erase(0, 2);
    }
  }
  return bits.find('1') == std::string::npos;
}

std::optional<UsReference> DecodeFormat(const std::string& format_text, int version_max, const std::string& text) {
  const Format format = FormatOf(format_text);
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (parts.size() > 2) return std::nullopt;
  UsReference out;
  const std::string core = BitsOfText(parts[0]);
  if (core.size() < 6) return std::nullopt;
  out.version = std::stoi(core.substr(0, 6), nullptr, 2);
  if (out.version < 1 || out.version > version_max) return std::nullopt;
  if (!TakeAnswers(format.core, core.substr(6), out)) return std::nullopt;
  if (parts.size() == 1) return out;
  const std::string second = BitsOfText(parts[1]);
  if (!format.second.empty()) return TakeAnswers(format.second, second, out) ? std::optional(out) : std::nullopt;
  if (!format.gpc || second.size() < 3 || second.substr(0, 2) != "01") return std::nullopt;
  if (second.find('1', 3) != std::string::npos) return std::nullopt;
  out.gpc = second[2] == '1';
  return out;
}

bool IsShortNational(const std::string& text) {
  const std::string core = BitsOfText(text.substr(0, text.find('.')));
  return core.size() <= 66 && core.substr(0, 6) == "000001";
}

UsDenial DenialOf(int section, const UsReference& string) {
  const auto answer = [&](const std::string& name) {
    const auto found = string.field.find(name);
    return found == string.field.end() ? 0 : found->second.at(0);
  };
  const auto answers = [&](const std::string& name) {
    const auto found = string.field.find(name);
    return found == string.field.end() ? std::vector<int>() : found->second;
  };
  const std::vector<std::string> kinds = KindsOf(section);
  const std::set<std::string> never = {"genetic", "biometric", "id", "account", "mail", "crime-victim", "transgender"};
  bool any_yes = false;
  const std::vector<int> sensitive = answers("Sensitive");
  for (size_t i = 0; i < sensitive.size(); ++i) {
    if (sensitive[i] == 1 && kinds.at(i) != "geo") return UsDenial::kEverything;
    if (sensitive[i] == 2 && never.contains(kinds.at(i))) return UsDenial::kEverything;
    any_yes |= sensitive[i] == 2;
  }
  for (const int child : answers("Child")) {
    if (child == 1 || child == 2) return UsDenial::kEverything;
  }
  if (answer("Personal") == 1 || answer("Personal") == 2 || answer("Additional") == 1) return UsDenial::kEverything;
  if (answer("MspaServiceProvider") == 1 || answer("MspaMode") == 2) return UsDenial::kEverything;

  if (string.gpc || answer("SharingNotice") == 2) return UsDenial::kAdvertising;
  for (const auto& [notice, opt_out] :
       std::vector<std::pair<std::string, std::string>>{{"SaleNotice", "SaleOptOut"},
                                                        {"SharingOptOutNotice", "SharingOptOut"},
                                                        {"TargetedNotice", "TargetedOptOut"}}) {
    if (answer(opt_out) == 1 || answer(notice) == 2) return UsDenial::kAdvertising;
    if (answer(notice) == 0 && answer(opt_out) == 2) return UsDenial::kAdvertising;
  }
  for (const std::string notice : {"SensitiveNotice", "LimitNotice"}) {
    if (!string.field.contains(notice)) continue;
    if (answer(notice) == 2 || (answer(notice) == 0 && any_yes)) return UsDenial::kAdvertising;
  }
  return UsDenial::kNothing;
}

}  // namespace

std::optional<UsReference> DecodeUsReference(int section, const std::string& text) {
  if (section == 7 && IsShortNational(text)) return DecodeFormat(UsFormats().at(-7), 1, text);
  return DecodeFormat(UsFormats().at(section), section == 7 ? 2 : 1, text);
}

UsDenial UsDenialReference(int section, const std::string& text) {
  const std::optional<UsReference> string = DecodeUsReference(section, text);
  if (!string) return UsDenial::kEverything;
  UsDenial denial = DenialOf(section, *string);
  if (section == 7 && string->version == 1) {
    // Longer than the first national one, and perhaps one with zeros added.
    const std::optional<UsReference> first = DecodeFormat(UsFormats().at(-7), 1, text);
    if (first) denial = std::max(denial, DenialOf(section, *first));
  }
  return denial;
}

UsReferenceSize UsReferenceSizeOf(int section, bool first_national) {
  const Format format = FormatOf(UsFormats().at(first_national ? -section : section));
  return {.core_answers = Answers(format.core), .second_answers = Answers(format.second), .gpc = format.gpc};
}

}  // namespace assent::policy
