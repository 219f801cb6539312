#include "server/disclosed_source.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/substitute.h"

namespace assent::server {
namespace {

std::string EventsOf(const scoring::Aggregate& aggregate, const Phrases& phrases) {
  const std::string events = aggregate.event_type.empty()
                                 ? std::string(phrases.all_events)
                                 : absl::Substitute(phrases.events_of_type, aggregate.event_type);
  std::vector<std::string> attributes;
  for (const scoring::AttributeFilter& filter : aggregate.filters) {
    attributes.push_back(absl::StrCat("\"", filter.attribute, "\""));
  }
  return attributes.empty() ? events : absl::Substitute(phrases.chosen_by, events, absl::StrJoin(attributes, ", "));
}

}  // namespace

std::string SourceSentence(const scoring::Feature& feature, const Phrases& phrases) {
  if (!feature.aggregate.has_value()) return std::string(phrases.given_directly);
  const scoring::Aggregate& aggregate = *feature.aggregate;
  std::string sentence = absl::Substitute(phrases.computed[static_cast<size_t>(aggregate.function)],
                                          EventsOf(aggregate, phrases), aggregate.attribute);
  if (feature.normalisation == scoring::Normalisation::kShareOf) {
    sentence = absl::Substitute(phrases.as_share_of, sentence, feature.divisor);
  } else if (feature.normalisation == scoring::Normalisation::kRatioTo) {
    sentence = absl::Substitute(phrases.divided_by, sentence, feature.divisor);
  }
  if (aggregate.half_life_days.has_value()) {
    sentence = absl::Substitute(phrases.decays, sentence, absl::StrCat(*aggregate.half_life_days));
  }
  return absl::StrCat(sentence, ".");
}

}  // namespace assent::server
