#include "policy/consent_verdict.h"

namespace assent::policy {
namespace {

Verdict Deny(Rule rule) { return {.allowed = false, .rule = rule}; }

}  // namespace

// The order is that of docs/verdict.md. A rule may only deny, so the order decides the name, never the permission.
Verdict EvaluateConsent(const ConsentState& state, const Signals& signals, Purpose purpose, int64_t now_s) {
  const auto number = static_cast<unsigned>(purpose);
  if (number < 1 || number > static_cast<unsigned>(kPurposeCount)) return Deny(Rule::kConsentNone);
  if (state.erased) return Deny(Rule::kSubjectErased);
  if (state.restricted) return Deny(Rule::kSubjectRestricted);
  if (state.child || signals.known_child) return Deny(Rule::kSubjectChild);

  const ConsentStatus status = state.status[number];
  if (status == ConsentStatus::kOptedOut) return Deny(Rule::kConsentOptedOut);
  if (status == ConsentStatus::kWithdrawn) return Deny(Rule::kConsentWithdrawn);
  if (status == ConsentStatus::kClosed) return Deny(Rule::kConsentClosed);

  if (signals.gpc) return Deny(Rule::kSignalGpc);
  if (signals.undecodable) return Deny(Rule::kSignalUndecodable);

  // Only one value permits: a status that a later version may add is refused here.
  if (status != ConsentStatus::kGranted) return Deny(Rule::kConsentNone);
  const uint32_t expire_time_s = state.expire_time_s[number];
  if (expire_time_s != 0 && now_s >= static_cast<int64_t>(expire_time_s)) return Deny(Rule::kConsentExpired);
  return {.allowed = true, .rule = Rule::kNone};
}

}  // namespace assent::policy
