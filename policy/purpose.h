// The purposes, numbered as in assent.v1.Purpose (a test compares them).
#ifndef ASSENT_POLICY_PURPOSE_H_
#define ASSENT_POLICY_PURPOSE_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace assent::policy {

enum class Purpose : uint8_t {
  kUnspecified = 0,
  kSelectAdvertising = 1,
  kSelectContent = 2,
  kProfileAdvertising = 3,
  kProfileContent = 4,
  kMeasureAudience = 5,
  kImproveService = 6,
};

inline constexpr int kPurposeCount = 6;  // numbered 1 to kPurposeCount

// Nothing for a number that is not a purpose.
constexpr std::optional<Purpose> PurposeFromNumber(int number) {
  if (number < 1 || number > kPurposeCount) return std::nullopt;
  return static_cast<Purpose>(number);
}

// True for the purposes that an Assign may name.
constexpr bool IsSelection(Purpose purpose) {
  return purpose == Purpose::kSelectAdvertising || purpose == Purpose::kSelectContent;
}

// True for the purposes for which a profile may be kept.
constexpr bool IsProfile(Purpose purpose) {
  return purpose == Purpose::kProfileAdvertising || purpose == Purpose::kProfileContent;
}

// The purpose whose profile may be used for a selection: what was collected for content is never used for advertising,
// nor the other way round. kUnspecified for what is no selection.
constexpr Purpose ProfileFor(Purpose selection) {
  if (selection == Purpose::kSelectAdvertising) return Purpose::kProfileAdvertising;
  if (selection == Purpose::kSelectContent) return Purpose::kProfileContent;
  return Purpose::kUnspecified;
}

// The bit of a purpose in a set of purposes.
constexpr uint32_t PurposeBit(Purpose purpose) { return 1u << static_cast<unsigned>(purpose); }
inline constexpr uint32_t kAllPurposeBits = ((1u << kPurposeCount) - 1) << 1;
// What opt-outs of sale, sharing and targeted advertising are about.
inline constexpr uint32_t kAdvertisingPurposeBits =
    PurposeBit(Purpose::kSelectAdvertising) | PurposeBit(Purpose::kProfileAdvertising);
// The purposes for which a profile may be kept.
inline constexpr uint32_t kProfilePurposeBits =
    PurposeBit(Purpose::kProfileAdvertising) | PurposeBit(Purpose::kProfileContent);

// "select_advertising", …: for metrics, logs and the command line.
absl::string_view PurposeName(Purpose purpose);
std::optional<Purpose> PurposeFromName(absl::string_view name);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_PURPOSE_H_
