// English.
#include "server/phrases.h"

namespace assent::server {
namespace {

absl::string_view EnglishRule(policy::Rule rule) {
  using policy::Rule;
  switch (rule) {
    case Rule::kNone:
      return "No rule speaks against it.";
    case Rule::kSubjectErased:
      return "Your data was erased, and you have agreed to nothing since.";
    case Rule::kSubjectRestricted:
      return "You asked that your data be kept and not be used.";
    case Rule::kSubjectChild:
      return "Children are not put into segments.";
    case Rule::kConsentOptedOut:
      return "You objected to it.";
    case Rule::kConsentWithdrawn:
      return "You withdrew your consent.";
    case Rule::kConsentClosed:
      return "What is recorded of your consent cannot be relied on now, so nothing is permitted.";
    case Rule::kSignalGpc:
      return "Your browser sends the Global Privacy Control signal.";
    case Rule::kSignalGpp:
      return "Your privacy choices (GPP) do not allow it.";
    case Rule::kSignalUsPrivacy:
      return "Your privacy choices (US Privacy) do not allow it.";
    case Rule::kSignalTcf:
      return "Your privacy choices (TCF) do not allow it.";
    case Rule::kConsentExpired:
      return "Your consent has run out.";
    case Rule::kNoticeOutdated:
      return "You agreed to an older notice, and the new one goes further.";
    case Rule::kJurisdictionNotServed:
      return "Nobody is put into segments where you are.";
    case Rule::kJurisdictionStrict:
      return "Where you are, only your explicit consent would allow it.";
    case Rule::kSignificantUse:
      return "It would be used for something that weighs heavily on people, which is not allowed.";
    case Rule::kConsentNone:
      return "You have not agreed to it.";
    case Rule::kSegmentRefused:
      return "The nearest segment is one that you refuse.";
    case Rule::kSegmentPurpose:
      return "The nearest segment may not be used for this purpose.";
    case Rule::kSegmentSensitive:
      return "The nearest segment is about a special category of data, which is never used for advertising.";
    case Rule::kSegmentRestricted:
      return "The nearest segment is a delicate one, which only your explicit consent would allow.";
    case Rule::kModelLowMargin:
      return "Two segments fit about equally well, so none is given.";
    case Rule::kModelTooFar:
      return "No segment fits well enough.";
    case Rule::kProfileKept:
      return "Your events are in your profile.";
  }
  return "A rule that has no text here decided.";
}

absl::string_view EnglishAskedSegment(policy::Rule rule) {
  using policy::Rule;
  switch (rule) {
    case Rule::kSegmentRefused:
      return "It is one that you refuse.";
    case Rule::kSegmentPurpose:
      return "It may not be used for this purpose.";
    case Rule::kSegmentSensitive:
      return "It is about a special category of data, which is never used for advertising.";
    case Rule::kSegmentRestricted:
      return "It is a delicate one, which only your explicit consent would allow.";
    default:
      return EnglishRule(rule);
  }
}

}  // namespace

const Phrases kEnglish = {
    .tag = "en",
    .decimal_point = '.',
    .final_and = " and ",
    .rule = &EnglishRule,
    .asked_segment = &EnglishAskedSegment,
    .in_segment = "You are in the segment “$0”.",
    .nearest_two = "The two that fit best are “$0” and “$1”.",
    .not_in_segment = "You are not in the segment “$0”.",
    .already_in = "You are in the segment “$0”.",
    .fits_better = "“$0” fits better than “$1”, mostly because $2.",
    .only_nearer = "“$0” is nearer than “$1”.",
    .hidden_segment = "a segment that this purpose may not use",
    .mostly_because = "Mostly because $0.",
    .feature_is = "$0 is $1 (typical: $2)",
    .nothing_stands_out = "It is nearest to what is typical of everybody.",
    .would_leave = "You would no longer be in it if $0.",
    .feature_were = "$0 were $1 instead of $2",
    .others_a_little = "$0 more were a little different",
    .cannot_leave = "Nothing that you can change by yourself would lead to another segment.",
    .no_model = "It is permitted, but there is no model at the moment that knows segments.",
    .decided_anew = "It is permitted, and decided anew by what each call brings: nothing of it is kept.",
    .by_grant = "It is allowed because you agreed to it.",
    .by_grant_of_notice = "It is allowed because you agreed to it (notice $0, version $1).",
    .by_tcf = "It is allowed by your privacy choices (TCF).",
    .by_default = "Where you are it is allowed until you object.",
    .given_directly = "Given with the request, by the service that asks.",
    .all_events = "events of every type",
    .events_of_type = "events of type \"$0\"",
    .chosen_by = "$0 (chosen by $1)",
    .computed = {"How many $0 of yours there were", "The sum of \"$1\" in your $0", "The mean of \"$1\" in your $0",
                 "The largest \"$1\" in your $0", "The smallest \"$1\" in your $0", "The latest \"$1\" in your $0",
                 "The days since the latest of your $0", "How many different \"$1\" in your $0"},
    .as_share_of = "$0, as a share of \"$1\"",
    .divided_by = "$0, divided by \"$1\"",
    .decays = "$0; an event counts half after $1 days",
};

}  // namespace assent::server
