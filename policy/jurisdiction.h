// Which rules hold where a person is.
#ifndef ASSENT_POLICY_JURISDICTION_H_
#define ASSENT_POLICY_JURISDICTION_H_

#include <cstdint>

namespace assent::policy {

enum class Regime : uint8_t { kUnknown = 0, kOptOut = 1, kOptIn = 2, kStrict = 3, kNotServed = 4 };

}  // namespace assent::policy

#endif  // ASSENT_POLICY_JURISDICTION_H_
