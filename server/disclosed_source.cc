#include "server/disclosed_source.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace assent::server {
namespace {

std::string Quoted(absl::string_view name) { return absl::StrCat("\"", name, "\""); }

std::string EventsOf(const scoring::Aggregate& aggregate) {
  std::string events = aggregate.event_type.empty() ? "events of every type"
                                                    : absl::StrCat("events of type ", Quoted(aggregate.event_type));
  std::vector<std::string> attributes;
  for (const scoring::AttributeFilter& filter : aggregate.filters) attributes.push_back(Quoted(filter.attribute));
  if (!attributes.empty()) absl::StrAppend(&events, " (chosen by ", absl::StrJoin(attributes, ", "), ")");
  return events;
}

std::string Computed(const scoring::Aggregate& aggregate) {
  const std::string events = EventsOf(aggregate);
  const std::string values = absl::StrCat(Quoted(aggregate.attribute), " in your ", events);
  switch (aggregate.function) {
    case scoring::AggregateFunction::kCount:
      return absl::StrCat("How many ", events, " of yours there were");
    case scoring::AggregateFunction::kSum:
      return absl::StrCat("The sum of ", values);
    case scoring::AggregateFunction::kMean:
      return absl::StrCat("The mean of ", values);
    case scoring::AggregateFunction::kMax:
      return absl::StrCat("The largest ", values);
    case scoring::AggregateFunction::kMin:
      return absl::StrCat("The smallest ", values);
    case scoring::AggregateFunction::kLast:
      return absl::StrCat("The latest ", values);
    case scoring::AggregateFunction::kDaysSinceLast:
      return absl::StrCat("The days since the latest of your ", events);
    case scoring::AggregateFunction::kDistinct:
      return absl::StrCat("How many different ", values);
  }
  return absl::StrCat("Computed from your ", events);
}

}  // namespace

std::string SourceSentence(const scoring::Feature& feature) {
  if (!feature.aggregate.has_value()) return "Given with the request, by the service that asks.";
  std::string sentence = Computed(*feature.aggregate);
  if (feature.normalisation == scoring::Normalisation::kShareOf) {
    absl::StrAppend(&sentence, ", as a share of ", Quoted(feature.divisor));
  } else if (feature.normalisation == scoring::Normalisation::kRatioTo) {
    absl::StrAppend(&sentence, ", divided by ", Quoted(feature.divisor));
  }
  if (feature.aggregate->half_life_days.has_value()) {
    absl::StrAppend(&sentence, "; an event counts half after ", *feature.aggregate->half_life_days, " days");
  }
  return absl::StrCat(sentence, ".");
}

}  // namespace assent::server
