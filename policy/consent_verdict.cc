#include "policy/consent_verdict.h"

#include <bit>

namespace assent::policy {
namespace {

// The order of precedence is the order of the enum: so the lowest bit of a set of denials names the rule.
static_assert(Rule::kSubjectErased < Rule::kSubjectRestricted && Rule::kSubjectRestricted < Rule::kSubjectChild &&
              Rule::kSubjectChild < Rule::kConsentOptedOut && Rule::kConsentOptedOut < Rule::kConsentWithdrawn &&
              Rule::kConsentWithdrawn < Rule::kConsentClosed && Rule::kConsentClosed < Rule::kSignalGpc &&
              Rule::kSignalGpc < Rule::kSignalGpp && Rule::kSignalGpp < Rule::kSignalUsPrivacy &&
              Rule::kSignalUsPrivacy < Rule::kSignalTcf && Rule::kSignalTcf < Rule::kConsentExpired &&
              Rule::kConsentExpired < Rule::kNoticeOutdated && Rule::kNoticeOutdated < Rule::kJurisdictionNotServed &&
              Rule::kJurisdictionNotServed < Rule::kJurisdictionStrict &&
              Rule::kJurisdictionStrict < Rule::kSignificantUse && Rule::kSignificantUse < Rule::kConsentNone);

class Denials {
 public:
  void Add(bool denies, Rule rule) { bits_ |= denies ? RuleBit(rule) : 0; }
  uint32_t bits() const { return bits_; }

 private:
  uint32_t bits_ = 0;
};

bool HasEnded(uint32_t expire_time_s, int64_t now_s) {
  return expire_time_s != 0 && now_s >= static_cast<int64_t>(expire_time_s);
}

Regime RegimeFor(const ConsentState& state, const SignalReading& signals, const VerdictRules& rules) {
  return RegimeInForce(Stricter(state.regime, signals.regime), rules.regime_otherwise, signals.gdpr_applies);
}

Permission PermissionFor(const ConsentState& state, const SignalReading& signals, Purpose purpose, Regime regime) {
  const uint32_t bit = PurposeBit(purpose);
  if (state.status[static_cast<size_t>(purpose)] == ConsentStatus::kGranted) {
    return (state.explicit_grants & bit) != 0 ? Permission::kExplicitGrant : Permission::kGrant;
  }
  if ((signals.tcf_permits & bit) != 0) return Permission::kTcf;
  return regime == Regime::kOptOut ? Permission::kOptOutDefault : Permission::kNone;
}

}  // namespace

absl::string_view PermissionName(Permission permission) {
  switch (permission) {
    case Permission::kNone:
      return "none";
    case Permission::kOptOutDefault:
      return "opt_out_default";
    case Permission::kTcf:
      return "tcf";
    case Permission::kGrant:
      return "grant";
    case Permission::kExplicitGrant:
      return "explicit_grant";
  }
  return "none";
}

Verdict EvaluateConsent(const ConsentState& state, const SignalReading& signals, const Question& question,
                        const VerdictRules& rules) {
  const auto number = static_cast<size_t>(question.purpose);
  if (number < 1 || number > static_cast<size_t>(kPurposeCount)) {
    return {.rule = Rule::kConsentNone, .denials = RuleBit(Rule::kConsentNone)};
  }
  const uint32_t bit = PurposeBit(question.purpose);
  const ConsentStatus status = state.status[number];
  const bool granted = status == ConsentStatus::kGranted;
  const Regime regime = RegimeFor(state, signals, rules);
  const Permission permission = PermissionFor(state, signals, question.purpose, regime);

  Denials denials;
  denials.Add(state.erased, Rule::kSubjectErased);
  denials.Add(state.restricted, Rule::kSubjectRestricted);
  denials.Add(state.child || signals.known_child, Rule::kSubjectChild);
  denials.Add(status == ConsentStatus::kOptedOut, Rule::kConsentOptedOut);
  denials.Add(status == ConsentStatus::kWithdrawn, Rule::kConsentWithdrawn);
  denials.Add(state.gates_closed || status >= ConsentStatus::kClosed, Rule::kConsentClosed);
  denials.Add(signals.gpc && (DeniedByGpc(regime) & bit) != 0, Rule::kSignalGpc);
  denials.Add((signals.gpp_denies & bit) != 0, Rule::kSignalGpp);
  denials.Add((signals.us_privacy_denies & bit) != 0, Rule::kSignalUsPrivacy);
  denials.Add((signals.tcf_denies & bit) != 0, Rule::kSignalTcf);
  denials.Add(granted && HasEnded(state.expire_time_s[number], question.now_s), Rule::kConsentExpired);
  denials.Add(granted && (state.outdated & bit) != 0, Rule::kNoticeOutdated);
  denials.Add(regime == Regime::kNotServed, Rule::kJurisdictionNotServed);
  denials.Add(regime == Regime::kStrict && permission != Permission::kNone && permission != Permission::kExplicitGrant,
              Rule::kJurisdictionStrict);
  denials.Add(question.use != Use::kOrdinary && (rules.uses_allowed & UseBit(question.use)) == 0,
              Rule::kSignificantUse);
  denials.Add(permission == Permission::kNone, Rule::kConsentNone);

  Verdict verdict = {.permission = permission, .denials = denials.bits()};
  verdict.allowed = verdict.denials == 0;
  verdict.rule = verdict.allowed ? Rule::kNone : static_cast<Rule>(std::countr_zero(verdict.denials));
  return verdict;
}

uint32_t OptedOut(const ConsentState& state) {
  uint32_t purposes = 0;
  for (int number = 1; number <= kPurposeCount; ++number) {
    if (state.status[static_cast<size_t>(number)] == ConsentStatus::kOptedOut) {
      purposes |= PurposeBit(static_cast<Purpose>(number));
    }
  }
  return purposes;
}

SignalOptOut NewOptOut(const ConsentState& state, const SignalReading& signals, const VerdictRules& rules) {
  const uint32_t known = OptedOut(state);
  SignalOptOut opt_out;
  const auto add = [&](uint32_t purposes, Rule rule) {
    if ((purposes & ~known) == 0) return;
    if (opt_out.rule == Rule::kNone) opt_out.rule = rule;
    opt_out.purposes |= purposes & ~known;
  };
  add(signals.gpc ? DeniedByGpc(RegimeFor(state, signals, rules)) : 0, Rule::kSignalGpc);
  add(signals.gpp_opts_out, Rule::kSignalGpp);
  add(signals.us_privacy_opts_out, Rule::kSignalUsPrivacy);
  return opt_out;
}

bool MayUseProfile(const ConsentState& state, Purpose purpose, int64_t now_s) {
  return EvaluateConsent(state, {}, {.purpose = purpose, .now_s = now_s}, {}).by_grant();
}

bool MayKeepProfile(const ConsentState& state, Purpose purpose, int64_t now_s) {
  const auto number = static_cast<size_t>(purpose);
  return state.status[number] == ConsentStatus::kGranted && !HasEnded(state.expire_time_s[number], now_s) &&
         !state.erased && !state.child;
}

}  // namespace assent::policy
