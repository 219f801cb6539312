#include "policy/us_section.h"

#include <span>

#include "policy/bit_reader.h"
#include "policy/text_parts.h"

namespace assent::policy {
namespace {

using enum UsField;

// One order of fields: version, head, sensitive kinds, children, tail. `sensitive` names the kinds by their index in
// the national section (1 to 16), which is how rules are written.
struct UsLayout {
  std::span<const UsField> head;
  std::span<const uint8_t> sensitive;
  uint8_t children = 0;
  std::span<const UsField> tail;
  bool gpc = false;              // a second part may carry Global Privacy Control
  bool sensitive_apart = false;  // the sensitive kinds are a second part, which may be missing
  uint8_t version_max = 1;
};

constexpr UsField kNationalHead[] = {kSharingNotice,
                                     kSaleOptOutNotice,
                                     kSharingOptOutNotice,
                                     kTargetedAdvertisingOptOutNotice,
                                     kSensitiveDataOptOutNotice,
                                     kSensitiveDataLimitNotice,
                                     kSaleOptOut,
                                     kSharingOptOut,
                                     kTargetedAdvertisingOptOut};
constexpr UsField kCaliforniaHead[] = {kSaleOptOutNotice, kSharingOptOutNotice, kSensitiveDataLimitNotice, kSaleOptOut,
                                       kSharingOptOut};
constexpr UsField kStateHead[] = {kSharingNotice, kSaleOptOutNotice, kTargetedAdvertisingOptOutNotice, kSaleOptOut,
                                  kTargetedAdvertisingOptOut};
constexpr UsField kSensitiveNoticeHead[] = {
    kSharingNotice, kSaleOptOutNotice,         kTargetedAdvertisingOptOutNotice, kSensitiveDataOptOutNotice,
    kSaleOptOut,    kTargetedAdvertisingOptOut};
constexpr UsField kMspaHead[] = {kMspaCoveredTransaction,
                                 kMspaMode,
                                 kSharingNotice,
                                 kSaleOptOutNotice,
                                 kTargetedAdvertisingOptOutNotice,
                                 kSaleOptOut,
                                 kTargetedAdvertisingOptOut};

constexpr UsField kMspaTail[] = {kMspaCoveredTransaction, kMspaOptOutOptionMode, kMspaServiceProviderMode};
constexpr UsField kPersonalTail[] = {kPersonalDataConsents, kMspaCoveredTransaction, kMspaOptOutOptionMode,
                                     kMspaServiceProviderMode};
constexpr UsField kAdditionalTail[] = {kAdditionalDataConsent, kMspaCoveredTransaction, kMspaOptOutOptionMode,
                                       kMspaServiceProviderMode};
constexpr UsField kAdditionalOnlyTail[] = {kAdditionalDataConsent};

// The national kinds: 1 race or ethnicity, 2 religion, 3 health, 4 sex life or orientation, 5 citizenship, 6 genetic,
// 7 biometric, 8 precise location, 9 government id, 10 account credentials, 11 union, 12 content of mail, 13 consumer
// health, 14 victim of crime, 15 national origin, 16 transgender or non-binary.
constexpr uint8_t kNationalKinds[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
constexpr std::span<const uint8_t> kTwelveKinds(kNationalKinds, 12);
constexpr std::span<const uint8_t> kEightKinds(kNationalKinds, 8);
constexpr std::span<const uint8_t> kSevenKinds(kNationalKinds, 7);
// California's fourth is race, religion or union: 1 stands for all three, which no rule tells apart.
constexpr uint8_t kCaliforniaKinds[] = {9, 10, 8, 1, 12, 6, 7, 3, 4};
constexpr uint8_t kUtahKinds[] = {1, 2, 4, 5, 3, 6, 7, 8};
constexpr uint8_t kOregonKinds[] = {1, 2, 3, 4, 16, 5, 15, 14, 6, 7, 8};
constexpr uint8_t kDelawareKinds[] = {1, 2, 3, 4, 5, 6, 7, 8, 16};
constexpr uint8_t kNewJerseyKinds[] = {1, 2, 3, 4, 5, 6, 7, 8, 16, 10};

// The national section before it grew: 12 kinds, two groups of children.
constexpr UsLayout kFirstNational = {
    .head = kNationalHead, .sensitive = kTwelveKinds, .children = 2, .tail = kPersonalTail, .gpc = true};
// Its text has 11 characters. That of the later one has 12, under version 1 too.
constexpr size_t kFirstNationalBits = 66;

constexpr UsLayout State(std::span<const uint8_t> sensitive, uint8_t children, bool gpc) {
  return {.head = kStateHead, .sensitive = sensitive, .children = children, .tail = kAdditionalTail, .gpc = gpc};
}
constexpr UsLayout EarlyState(std::span<const uint8_t> sensitive, uint8_t children, bool gpc) {
  return {.head = kStateHead, .sensitive = sensitive, .children = children, .tail = kMspaTail, .gpc = gpc};
}
constexpr UsLayout LateState(uint8_t children, bool gpc) {
  return {.head = kMspaHead,
          .sensitive = gpc ? std::span<const uint8_t>() : kEightKinds,
          .children = children,
          .tail = kAdditionalOnlyTail,
          .gpc = gpc,
          .sensitive_apart = !gpc};
}

// From kUsSectionFirst on.
constexpr std::array<UsLayout, kUsSectionLast - kUsSectionFirst + 1> kUsLayouts = {{
    {.head = kNationalHead,
     .sensitive = kNationalKinds,
     .children = 3,
     .tail = kPersonalTail,
     .gpc = true,
     .version_max = 2},  // 7 national
    {.head = kCaliforniaHead,
     .sensitive = kCaliforniaKinds,
     .children = 2,
     .tail = kPersonalTail,
     .gpc = true},                                                                              // 8 California
    EarlyState(kEightKinds, 1, false),                                                          // 9 Virginia
    EarlyState(kSevenKinds, 1, true),                                                           // 10 Colorado
    {.head = kSensitiveNoticeHead, .sensitive = kUtahKinds, .children = 1, .tail = kMspaTail},  // 11 Utah
    EarlyState(kEightKinds, 3, true),                                                           // 12 Connecticut
    State(kEightKinds, 3, false),                                                               // 13 Florida
    State(kEightKinds, 3, true),                                                                // 14 Montana
    State(kOregonKinds, 3, true),                                                               // 15 Oregon
    State(kEightKinds, 1, true),                                                                // 16 Texas
    State(kDelawareKinds, 5, true),                                                             // 17 Delaware
    {.head = kSensitiveNoticeHead, .sensitive = kEightKinds, .children = 1, .tail = kMspaTail, .gpc = true},  // 18 Iowa
    State(kEightKinds, 1, true),      // 19 Nebraska
    State(kEightKinds, 3, true),      // 20 New Hampshire
    State(kNewJerseyKinds, 5, true),  // 21 New Jersey
    State(kEightKinds, 1, true),      // 22 Tennessee
    State(kEightKinds, 1, true),      // 23 Minnesota
    LateState(0, true),               // 24 Maryland
    LateState(1, false),              // 25 Indiana
    LateState(1, false),              // 26 Kentucky
    LateState(1, false),              // 27 Rhode Island
}};

// False: 3, which has no meaning, or no bits left.
bool ReadAnswer(BitReader& bits, uint8_t& answer) {
  answer = static_cast<uint8_t>(bits.Read(2));
  return bits.ok() && answer != 3;
}

bool ReadAnswers(BitReader& bits, std::span<uint8_t> answers) {
  for (uint8_t& answer : answers) {
    if (!ReadAnswer(bits, answer)) return false;
  }
  return true;
}

bool ReadFields(BitReader& bits, std::span<const UsField> order, UsSectionFields& out) {
  for (const UsField field : order) {
    if (!ReadAnswer(bits, out.fields[static_cast<size_t>(field)])) return false;
  }
  return true;
}

bool ReadCorePart(absl::string_view text, const UsLayout& layout, UsSectionFields& out) {
  BitReader bits(text);
  out.version = static_cast<uint8_t>(bits.Read(6));
  if (out.version < 1 || out.version > layout.version_max) return false;
  const size_t sensitive = layout.sensitive_apart ? 0 : layout.sensitive.size();
  return ReadFields(bits, layout.head, out) && ReadAnswers(bits, std::span(out.sensitive).first(sensitive)) &&
         ReadAnswers(bits, std::span(out.children).first(layout.children)) && ReadFields(bits, layout.tail, out) &&
         bits.EndsInZeros();
}

bool ReadSecondPart(absl::string_view text, const UsLayout& layout, UsSectionFields& out) {
  constexpr uint64_t kGpcPart = 1;
  BitReader bits(text);
  if (layout.sensitive_apart) {
    return ReadAnswers(bits, std::span(out.sensitive).first(layout.sensitive.size())) && bits.EndsInZeros();
  }
  if (!layout.gpc || bits.Read(2) != kGpcPart) return false;
  out.gpc = bits.ReadFlag();
  return bits.EndsInZeros();
}

bool DecodeUsParts(absl::string_view text, const UsLayout& layout, UsSectionFields& out) {
  out = {};
  TextParts parts(text, '.');
  absl::string_view part;
  if (!parts.Next(part) || !ReadCorePart(part, layout, out)) return false;
  if (parts.Next(part) && !ReadSecondPart(part, layout, out)) return false;
  return !parts.Next(part);
}

const UsLayout* LayoutOf(int section) {
  if (section < kUsSectionFirst || section > kUsSectionLast) return nullptr;
  return &kUsLayouts[static_cast<size_t>(section - kUsSectionFirst)];
}

// The text's own layout: only the national section has two.
const UsLayout* LayoutOf(int section, absl::string_view text) {
  const UsLayout* const layout = LayoutOf(section);
  if (section != kUsSectionFirst) return layout;
  BitReader bits(text.substr(0, text.find('.')));
  return bits.Read(6) == 1 && bits.left() + 6 <= kFirstNationalBits ? &kFirstNational : layout;
}

// The opt-out is taken, or its notice was not given, or it is said to be not taken although no notice applied.
bool OptOutDenies(uint8_t notice, uint8_t opt_out) {
  return opt_out == 1 || notice == 2 || (notice == 0 && opt_out == 2);
}

bool Has(const UsLayout& layout, UsField field) {
  for (const UsField candidate : layout.head) {
    if (candidate == field) return true;
  }
  return false;
}

bool DeniesAdvertising(const UsLayout& layout, const UsSectionFields& section) {
  if (section.gpc || section[kSharingNotice] == 2) return true;
  if (OptOutDenies(section[kSaleOptOutNotice], section[kSaleOptOut])) return true;
  if (OptOutDenies(section[kSharingOptOutNotice], section[kSharingOptOut])) return true;
  if (OptOutDenies(section[kTargetedAdvertisingOptOutNotice], section[kTargetedAdvertisingOptOut])) return true;
  bool any_consent = false;
  for (const uint8_t answer : section.sensitive) any_consent |= answer == 2;
  for (const UsField notice : {kSensitiveDataOptOutNotice, kSensitiveDataLimitNotice}) {
    if (section[notice] == 2 || (any_consent && section[notice] == 0 && Has(layout, notice))) return true;
  }
  return false;
}

// The person said so: an opt-out is taken, or the browser sends Global Privacy Control.
bool OptsOut(const UsSectionFields& section) {
  return section.gpc || section[kSaleOptOut] == 1 || section[kSharingOptOut] == 1 ||
         section[kTargetedAdvertisingOptOut] == 1;
}

bool DeniesAll(const UsLayout& layout, const UsSectionFields& section) {
  constexpr uint32_t kPreciseLocation = 1u << 8;
  // Refused even with consent.
  constexpr uint32_t kNeverUsed = 1u << 6 | 1u << 7 | 1u << 9 | 1u << 10 | 1u << 12 | 1u << 14 | 1u << 16;
  uint32_t refused = 0, consented = 0;
  for (size_t i = 0; i < layout.sensitive.size(); ++i) {
    if (section.sensitive[i] == 1) refused |= 1u << layout.sensitive[i];
    if (section.sensitive[i] == 2) consented |= 1u << layout.sensitive[i];
  }
  if ((refused & ~kPreciseLocation) != 0 || (consented & kNeverUsed) != 0) return true;
  for (const uint8_t child : section.children) {
    if (child != 0) return true;
  }
  return section[kPersonalDataConsents] != 0 || section[kAdditionalDataConsent] == 1 ||
         section[kMspaServiceProviderMode] == 1 || section[kMspaMode] == 2;
}

UsReading ReadUsLayout(absl::string_view text, const UsLayout& layout) {
  UsSectionFields section;
  if (!DecodeUsParts(text, layout, section)) return {};
  uint32_t denied = 0;
  if (DeniesAdvertising(layout, section)) denied |= kAdvertisingPurposeBits;
  if (DeniesAll(layout, section)) denied |= kAllPurposeBits;
  return {.valid = true, .denied = denied, .opted_out = OptsOut(section) ? kAdvertisingPurposeBits : 0};
}

}  // namespace

bool DecodeUsSection(int section, absl::string_view text, UsSectionFields& out) {
  const UsLayout* const layout = LayoutOf(section, text);
  return layout != nullptr && DecodeUsParts(text, *layout, out);
}

UsReading ReadUsSection(int section, absl::string_view text) {
  const UsLayout* const layout = LayoutOf(section, text);
  if (layout == nullptr) return {};
  UsReading reading = ReadUsLayout(text, *layout);
  if (section != kUsSectionFirst || layout == &kFirstNational) return reading;
  // A national text of the first layout with zeros added looks like one of the second: then either may deny.
  const UsReading first = ReadUsLayout(text, kFirstNational);
  if (first.valid) reading.denied |= first.denied;  // the opt-outs stand in the same places in both
  return reading;
}

}  // namespace assent::policy
