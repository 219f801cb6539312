// May this purpose be served for this subject now? One evaluator, any denial wins. docs/verdict.md is its table.
#ifndef ASSENT_POLICY_CONSENT_VERDICT_H_
#define ASSENT_POLICY_CONSENT_VERDICT_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "policy/consent_state.h"
#include "policy/jurisdiction.h"
#include "policy/outcome.h"
#include "policy/purpose.h"
#include "policy/signal_reading.h"
#include "policy/use.h"

namespace assent::policy {

// What permits, ascending by strength.
enum class Permission : uint8_t { kNone = 0, kOptOutDefault, kTcf, kGrant, kExplicitGrant };
absl::string_view PermissionName(Permission permission);

// What a deployment decides once.
struct VerdictRules {
  Regime regime_otherwise = Regime::kOptIn;  // where neither the request nor the record says where the person is
  uint32_t uses_allowed = 0;                 // significant uses that are not refused, of UseBit
};

// What is asked.
struct Question {
  Purpose purpose = Purpose::kUnspecified;
  Use use = Use::kOrdinary;
  int64_t now_s = 0;  // seconds since 1970
};

struct Verdict {
  bool allowed = false;
  Rule rule = Rule::kConsentNone;  // the first rule, in the order of docs/verdict.md, that denies; kNone when allowed
  Permission permission = Permission::kNone;  // what permits, whether or not something denies
  uint32_t denials = 0;                       // the trace: every rule that denies, of RuleBit

  bool by_grant() const { return allowed && permission >= Permission::kGrant; }
};

constexpr uint32_t RuleBit(Rule rule) { return 1u << static_cast<unsigned>(rule); }

// Threads: safe. Cost: some branches, no allocation.
Verdict EvaluateConsent(const ConsentState& state, const SignalReading& signals, const Question& question,
                        const VerdictRules& rules);

// The purposes that are recorded as opted out: a set of PurposeBit.
uint32_t OptedOut(const ConsentState& state);

// The purposes that Global Privacy Control denies under a regime: a set of PurposeBit.
constexpr uint32_t DeniedByGpc(Regime regime) {
  return regime == Regime::kOptOut ? kAdvertisingPurposeBits : kAllPurposeBits;
}

// What the signals of one call say the person opts out of, and the state does not show as opted out yet.
struct SignalOptOut {
  uint32_t purposes = 0;    // a set of PurposeBit
  Rule rule = Rule::kNone;  // the first of the signals that say so: kSignalGpc, kSignalGpp, kSignalUsPrivacy
};
// Global Privacy Control opts out of what it denies (rule 7), the sections of the United States and US Privacy of
// advertising where an opt-out is taken. Threads: safe. Cost: some branches, no allocation.
SignalOptOut NewOptOut(const ConsentState& state, const SignalReading& signals, const VerdictRules& rules);

// Whether a profile for `purpose` may be read and added to: a verdict without signals that allows by a grant on record.
bool MayUseProfile(const ConsentState& state, Purpose purpose, int64_t now_s);
// Whether it may go on to exist: restricting a subject keeps it, as does a notice that is outdated.
bool MayKeepProfile(const ConsentState& state, Purpose purpose, int64_t now_s);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_CONSENT_VERDICT_H_
