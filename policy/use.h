// What an answer will be used for beyond its purpose: uses with a significant effect on a person stand apart.
#ifndef ASSENT_POLICY_USE_H_
#define ASSENT_POLICY_USE_H_

#include <cstdint>

namespace assent::policy {

// Numbered as in assent.v1.Use (a test compares them). All but kOrdinary are significant: decisions about them fall
// under GDPR article 22, CCPA's rules on automated decisions and annex III of the EU AI Act.
enum class Use : uint8_t {
  kOrdinary = 0,
  kEmployment = 1,
  kCredit = 2,
  kHousing = 3,
  kInsurance = 4,
  kEducation = 5,
  kHealth = 6,
};

inline constexpr int kUseCount = 7;

// The bit of a use in a set of uses.
constexpr uint32_t UseBit(Use use) { return 1u << static_cast<unsigned>(use); }

}  // namespace assent::policy

#endif  // ASSENT_POLICY_USE_H_
