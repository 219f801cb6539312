// What the privacy signals of one request say, for every purpose at once.
#ifndef ASSENT_POLICY_SIGNAL_READING_H_
#define ASSENT_POLICY_SIGNAL_READING_H_

#include <cstdint>

#include "policy/jurisdiction.h"

namespace assent::policy {

// Sets of purposes are of policy::PurposeBit.
struct SignalReading {
  uint32_t tcf_permits = 0;  // by a TCF string that is in force and valid
  uint32_t tcf_denies = 0;   // a TCF string is in force and does not permit these; all where it is malformed
  uint32_t gpp_denies = 0;
  uint32_t us_privacy_denies = 0;
  bool gpc = false;
  bool known_child = false;
  bool gdpr_applies = false;         // the caller said so
  Regime regime = Regime::kUnknown;  // of the request's jurisdiction

  friend bool operator==(const SignalReading&, const SignalReading&) = default;
};

}  // namespace assent::policy

#endif  // ASSENT_POLICY_SIGNAL_READING_H_
