// The US Privacy string, "1YNN", and what a signal of the United States denies.
#ifndef ASSENT_POLICY_US_PRIVACY_H_
#define ASSENT_POLICY_US_PRIVACY_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "policy/purpose.h"

namespace assent::policy {

// Sets of policy::PurposeBit. Malformed: not valid, and everything is denied.
struct UsReading {
  bool valid = false;
  uint32_t denied = kAllPurposeBits;
  uint32_t opted_out = 0;  // of those: what the person opted out of

  friend bool operator==(const UsReading&, const UsReading&) = default;
};

// Four characters: the version 1; whether notice was given; whether the person opted out of sale; whether the contract
// of the industry covers the transaction; each of Y, N and - ("1---": the law does not apply). Only an opt-out denies.
// Threads: safe. Cost: a few branches.
// Source: IAB Tech Lab, "U.S. Privacy String", 1.0 (deprecated on 2024-01-31, and still sent).
UsReading ReadUsPrivacy(absl::string_view text);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_US_PRIVACY_H_
