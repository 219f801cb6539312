#include "server/plain_reason.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace assent::server {
namespace {

constexpr size_t kNamedFeaturesMax = 3;

std::string Quantity(double value, const std::string& unit) {
  return absl::StrCat(absl::StrFormat("%.4g", value), unit.empty() ? "" : " ", unit);
}

}  // namespace

absl::string_view PlainReason(policy::Rule rule) {
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

std::string PlainReason(const v1::ExplainResponse& explanation) {
  std::vector<const v1::FeatureContribution*> features;
  for (const v1::FeatureContribution& feature : explanation.contributions()) {
    if (!feature.missing() && feature.shapley() > 0) features.push_back(&feature);
  }
  if (features.empty()) return "It is nearest to what is typical of everybody.";
  std::stable_sort(features.begin(), features.end(),
                   [](const auto* a, const auto* b) { return a->shapley() > b->shapley(); });
  features.resize(std::min(features.size(), kNamedFeaturesMax));
  const std::string named = absl::StrJoin(features, ", ", [](std::string* out, const v1::FeatureContribution* feature) {
    absl::StrAppend(out, feature->feature(), " is ", Quantity(feature->value(), feature->unit()),
                    " (typical: ", Quantity(feature->typical_value(), feature->unit()), ")");
  });
  return absl::StrCat("Mostly because ", named, ".");
}

}  // namespace assent::server
