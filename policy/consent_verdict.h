// May this purpose be served for this subject now? One evaluator, any denial wins.
#ifndef ASSENT_POLICY_CONSENT_VERDICT_H_
#define ASSENT_POLICY_CONSENT_VERDICT_H_

#include <cstdint>

#include "policy/consent_state.h"
#include "policy/outcome.h"
#include "policy/purpose.h"

namespace assent::policy {

// The signals of a request, decoded as far as this version can.
struct Signals {
  bool gpc = false;
  bool known_child = false;
  // A TCF, GPP or US Privacy string is there: this version cannot evaluate any.
  bool undecodable = false;
};

struct Verdict {
  bool allowed = false;
  Rule rule = Rule::kConsentNone;  // the first rule, in the order of docs/verdict.md, that denies; kNone when allowed
};

// Precondition: IsSelection(purpose) or any other known purpose. `now_s`: seconds since 1970.
// Threads: safe. Cost: a few branches.
Verdict EvaluateConsent(const ConsentState& state, const Signals& signals, Purpose purpose, int64_t now_s);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_CONSENT_VERDICT_H_
