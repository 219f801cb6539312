// A section of a GPP string for the United States: the national one, or that of a state.
#ifndef ASSENT_POLICY_US_SECTION_H_
#define ASSENT_POLICY_US_SECTION_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "policy/us_privacy.h"

namespace assent::policy {

inline constexpr int kUsSectionFirst = 7;  // national
inline constexpr int kUsSectionLast = 27;  // Rhode Island
inline constexpr size_t kUsSensitiveMax = 16;
inline constexpr size_t kUsChildrenMax = 5;

// The fields that stand alone, each of two bits. A notice is 1 given or 2 not given, an opt-out 1 opted out or 2 not, a
// consent 1 no or 2 yes, a flag 1 yes or 2 no; 0 does not apply; 3 is malformed.
enum class UsField : uint8_t {
  kSharingNotice,  // "processing notice" in the later states
  kSaleOptOutNotice,
  kSharingOptOutNotice,
  kTargetedAdvertisingOptOutNotice,
  kSensitiveDataOptOutNotice,
  kSensitiveDataLimitNotice,
  kSaleOptOut,
  kSharingOptOut,
  kTargetedAdvertisingOptOut,
  kPersonalDataConsents,
  kAdditionalDataConsent,
  kMspaCoveredTransaction,
  kMspaOptOutOptionMode,
  kMspaServiceProviderMode,
  kMspaMode,  // 1 opt-out option mode, 2 service provider mode
};
inline constexpr size_t kUsFields = 15;

// As they stand in the string; what a section does not have is 0.
struct UsSectionFields {
  uint8_t version = 0;
  std::array<uint8_t, kUsFields> fields = {};
  // [i] is the section's own (i + 1)th kind of sensitive data; the kinds differ from section to section.
  std::array<uint8_t, kUsSensitiveMax> sensitive = {};
  std::array<uint8_t, kUsChildrenMax> children = {};
  bool gpc = false;

  uint8_t operator[](UsField field) const { return fields[static_cast<size_t>(field)]; }
  friend bool operator==(const UsSectionFields&, const UsSectionFields&) = default;
};

// Decodes the text of section `section`, as it stands between two '~'. False: malformed, `out` means nothing. Malformed
// is also a section that is not from kUsSectionFirst to kUsSectionLast, a version that is not known, and bits after the
// last field that are not zero. Threads: safe. Cost: some 40 steps, no allocation.
// Source: IAB Tech Lab, Global Privacy Platform, sections 7 to 27; field order as in its reference encoder.
bool DecodeUsSection(int section, absl::string_view text, UsSectionFields& out);

// What it denies, by the table in docs/signals.md. Threads: safe. Cost: as DecodeUsSection.
UsReading ReadUsSection(int section, absl::string_view text);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_US_SECTION_H_
