// What the signals of one request say, for every purpose at once.
#ifndef ASSENT_POLICY_SIGNAL_READING_H_
#define ASSENT_POLICY_SIGNAL_READING_H_

#include <cstdint>
#include <optional>
#include <span>

#include "absl/strings/string_view.h"
#include "policy/jurisdiction.h"
#include "policy/purpose.h"
#include "policy/tcf.h"

namespace assent::policy {

// Sets of purposes are of policy::PurposeBit. A purpose may be neither permitted nor denied: then the signals say
// nothing of it.
struct SignalReading {
  uint32_t tcf_permits = 0;  // by every TCF string in force, each of them valid
  uint32_t tcf_denies = 0;   // in force, and valid without permission, or malformed (then all)
  uint32_t gpp_denies = 0;
  uint32_t us_privacy_denies = 0;
  // Of what the two deny: what the person opted out of. Nothing of a malformed string.
  uint32_t gpp_opts_out = 0;
  uint32_t us_privacy_opts_out = 0;
  bool gpc = false;
  bool known_child = false;
  bool gdpr_applies = false;         // the caller said so
  Regime regime = Regime::kUnknown;  // of the request's jurisdiction; ReadSignals leaves it alone

  friend bool operator==(const SignalReading&, const SignalReading&) = default;
};

// As they came. Borrowed. An empty string is one that did not come.
struct RawSignals {
  absl::string_view tcf = {}, gpp = {}, us_privacy = {};
  std::span<const int32_t> gpp_sid = {};
  std::optional<bool> gdpr = std::nullopt;
  bool gpc = false;
  bool known_child = false;
};

struct SignalPolicy {
  TcfPolicy tcf = {};
  bool gdpr_when_unknown = true;  // whether a TCF string is in force where the caller does not say if the GDPR applies
};

// The purposes of ours that a set of TCF purposes stands for: 4 SELECT_ADVERTISING, 6 SELECT_CONTENT,
// 3 PROFILE_ADVERTISING, 5 PROFILE_CONTENT, 9 MEASURE_AUDIENCE, 10 IMPROVE_SERVICE.
uint32_t PurposesOfTcf(uint32_t tcf_purposes);

// docs/signals.md has the rules. Threads: safe. Cost: under 2 us for usual strings, linear in their length; no
// allocation.
SignalReading ReadSignals(const RawSignals& raw, const SignalPolicy& policy);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_SIGNAL_READING_H_
