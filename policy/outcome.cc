#include "policy/outcome.h"

namespace assent::policy {

absl::string_view RuleName(Rule rule) {
  switch (rule) {
    case Rule::kNone:
      return "model.nearest";
    case Rule::kSubjectErased:
      return "subject.erased";
    case Rule::kSubjectRestricted:
      return "subject.restricted";
    case Rule::kSubjectChild:
      return "subject.child";
    case Rule::kConsentOptedOut:
      return "consent.opted_out";
    case Rule::kConsentWithdrawn:
      return "consent.withdrawn";
    case Rule::kConsentClosed:
      return "consent.closed";
    case Rule::kSignalGpc:
      return "signal.gpc";
    case Rule::kSignalGpp:
      return "signal.gpp";
    case Rule::kSignalUsPrivacy:
      return "signal.us_privacy";
    case Rule::kSignalTcf:
      return "signal.tcf";
    case Rule::kConsentExpired:
      return "consent.expired";
    case Rule::kNoticeOutdated:
      return "consent.notice_outdated";
    case Rule::kJurisdictionNotServed:
      return "jurisdiction.not_served";
    case Rule::kJurisdictionStrict:
      return "jurisdiction.strict";
    case Rule::kSignificantUse:
      return "context.significant_use";
    case Rule::kConsentNone:
      return "consent.none";
    case Rule::kSegmentRefused:
      return "segment.refused_by_person";
    case Rule::kSegmentPurpose:
      return "segment.purpose_not_allowed";
    case Rule::kSegmentSensitive:
      return "segment.special_category";
    case Rule::kSegmentRestricted:
      return "segment.restricted";
    case Rule::kModelLowMargin:
      return "model.low_margin";
    case Rule::kModelTooFar:
      return "model.too_far";
    case Rule::kProfileKept:
      return "profile.kept";
  }
  return "unknown";
}

absl::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kUnspecified:
      return "unspecified";
    case Outcome::kAssigned:
      return "assigned";
    case Outcome::kAbstained:
      return "abstained";
    case Outcome::kNoConsent:
      return "no_consent";
    case Outcome::kOptedOut:
      return "opted_out";
    case Outcome::kRestricted:
      return "restricted";
    case Outcome::kRecorded:
      return "recorded";
  }
  return "unspecified";
}

Outcome OutcomeOf(Rule rule) {
  switch (rule) {
    case Rule::kNone:
      return Outcome::kAssigned;
    case Rule::kConsentOptedOut:
      return Outcome::kOptedOut;
    case Rule::kSegmentRefused:
    case Rule::kSegmentPurpose:
    case Rule::kSegmentSensitive:
    case Rule::kSegmentRestricted:
      return Outcome::kRestricted;
    case Rule::kModelLowMargin:
    case Rule::kModelTooFar:
      return Outcome::kAbstained;
    case Rule::kProfileKept:
      return Outcome::kRecorded;
    case Rule::kSubjectErased:
    case Rule::kSubjectRestricted:
    case Rule::kSubjectChild:
    case Rule::kConsentWithdrawn:
    case Rule::kConsentClosed:
    case Rule::kSignalGpc:
    case Rule::kSignalGpp:
    case Rule::kSignalUsPrivacy:
    case Rule::kSignalTcf:
    case Rule::kConsentExpired:
    case Rule::kNoticeOutdated:
    case Rule::kJurisdictionNotServed:
    case Rule::kJurisdictionStrict:
    case Rule::kSignificantUse:
    case Rule::kConsentNone:
      break;
  }
  return Outcome::kNoConsent;
}

}  // namespace assent::policy
