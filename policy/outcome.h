// Outcomes and the rules behind them: the vocabulary of a decision.
#ifndef ASSENT_POLICY_OUTCOME_H_
#define ASSENT_POLICY_OUTCOME_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace assent::policy {

// Numbered as in assent.v1.Outcome (a test compares them).
enum class Outcome : uint8_t {
  kUnspecified = 0,
  kAssigned = 1,
  kAbstained = 2,
  kNoConsent = 3,
  kOptedOut = 4,
  kRestricted = 5,
  kRecorded = 6,
};
inline constexpr int kOutcomeCount = 7;

// What decided. Dense from 0, for counters; those that deny a purpose stand in their order of precedence
// (docs/verdict.md).
enum class Rule : uint8_t {
  kNone = 0,               // "model.nearest": nothing denied, the model was sure
  kSubjectErased,          // "subject.erased"
  kSubjectRestricted,      // "subject.restricted"
  kSubjectChild,           // "subject.child"
  kConsentOptedOut,        // "consent.opted_out"
  kConsentWithdrawn,       // "consent.withdrawn"
  kConsentClosed,          // "consent.closed"
  kSignalGpc,              // "signal.gpc"
  kSignalGpp,              // "signal.gpp"
  kSignalUsPrivacy,        // "signal.us_privacy"
  kSignalTcf,              // "signal.tcf"
  kConsentExpired,         // "consent.expired"
  kNoticeOutdated,         // "consent.notice_outdated"
  kJurisdictionNotServed,  // "jurisdiction.not_served"
  kJurisdictionStrict,     // "jurisdiction.strict"
  kSignificantUse,         // "context.significant_use"
  kConsentNone,            // "consent.none"
  kSegmentRefused,         // "segment.refused_by_person"
  kSegmentPurpose,         // "segment.purpose_not_allowed"
  kSegmentSensitive,       // "segment.special_category"
  kSegmentRestricted,      // "segment.restricted"
  kModelLowMargin,         // "model.low_margin"
  kModelTooFar,            // "model.too_far"
  kProfileKept,            // "profile.kept": nothing denied, the events are in the profile
};
inline constexpr int kRuleCount = 24;

// The stable dotted name.
absl::string_view RuleName(Rule rule);
// "assigned", "no_consent", …: for metrics and the command line.
absl::string_view OutcomeName(Outcome outcome);
// The outcome that a rule stands for.
Outcome OutcomeOf(Rule rule);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_OUTCOME_H_
