#include "tests/scoring/profile_oracle.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>
#include <variant>

namespace assent::scoring {
namespace {

std::optional<FilterScalar> AttributeOf(const PastEvent& event, const std::string& name) {
  for (const Given& given : event.attributes) {
    if (given.attribute == name) return given.value;
  }
  return std::nullopt;
}

bool FitsFilter(const PastEvent& event, const AttributeFilter& filter) {
  const auto value = AttributeOf(event, filter.attribute);
  if (!value.has_value()) return false;
  switch (filter.comparison) {
    case Comparison::kEquals:
    case Comparison::kIn:
      return std::find(filter.values.begin(), filter.values.end(), *value) != filter.values.end();
    case Comparison::kGreater:
      return std::holds_alternative<double>(*value) && std::get<double>(*value) > std::get<double>(filter.values[0]);
    case Comparison::kLess:
      return std::holds_alternative<double>(*value) && std::get<double>(*value) < std::get<double>(filter.values[0]);
  }
  return false;
}

bool FitsAggregate(const PastEvent& event, const Aggregate& aggregate) {
  if (!aggregate.event_type.empty() && aggregate.event_type != event.type) return false;
  if (!aggregate.attribute.empty() && !AttributeOf(event, aggregate.attribute).has_value()) return false;
  return std::all_of(aggregate.filters.begin(), aggregate.filters.end(),
                     [&](const AttributeFilter& filter) { return FitsFilter(event, filter); });
}

ExpectedValue ValueOf(const Aggregate& aggregate, const std::vector<PastEvent>& events, int64_t now_us) {
  long double weight = 0;
  long double sum = 0;
  long double magnitude = 0;
  std::set<FilterScalar> values;
  std::vector<double> numbers;
  std::tuple<int64_t, uint64_t, double> last{-1, 0, 0};
  for (const PastEvent& event : events) {
    if (!FitsAggregate(event, aggregate)) continue;
    long double one = 1;
    if (aggregate.half_life_days.has_value()) {
      const long double age_days = static_cast<long double>(now_us - event.time_us) / 86'400e6L;
      one = std::exp2(-age_days / static_cast<long double>(*aggregate.half_life_days));
    }
    weight += one;
    double number = 0;
    if (!aggregate.attribute.empty()) {
      const FilterScalar value = AttributeOf(event, aggregate.attribute).value();
      values.insert(value);
      if (const auto* held = std::get_if<double>(&value)) number = *held;
    }
    numbers.push_back(number);
    sum += one * static_cast<long double>(number);
    magnitude += one * std::fabs(static_cast<long double>(number));
    last = std::max(last, {event.time_us, HashText(event.id) >> 32, number});
  }
  const auto or_missing = [&](long double value) {
    return numbers.empty() ? ExpectedValue{} : ExpectedValue{value, std::fabs(value), false};
  };
  // What has decayed below 2^-500 is nothing (docs/features.md).
  const auto fades = [&](long double value) {
    return aggregate.half_life_days.has_value() && std::fabs(value) < 0x1p-500L;
  };
  const bool faded = fades(weight);
  switch (aggregate.function) {
    case AggregateFunction::kCount:
      return {faded ? 0 : weight, weight, false};
    case AggregateFunction::kSum:
      return {fades(sum) ? 0 : sum, magnitude, false};
    case AggregateFunction::kMean:
      return faded || numbers.empty() ? ExpectedValue{} : ExpectedValue{sum / weight, magnitude / weight, false};
    case AggregateFunction::kMax:
      return or_missing(numbers.empty() ? 0
                                        : static_cast<long double>(*std::max_element(numbers.begin(), numbers.end())));
    case AggregateFunction::kMin:
      return or_missing(numbers.empty() ? 0
                                        : static_cast<long double>(*std::min_element(numbers.begin(), numbers.end())));
    case AggregateFunction::kLast:
      return or_missing(static_cast<long double>(std::get<2>(last)));
    case AggregateFunction::kDaysSinceLast:
      return or_missing(static_cast<long double>(now_us - std::get<0>(last)) / 86'400e6L);
    case AggregateFunction::kDistinct:
      return {static_cast<long double>(values.size()), static_cast<long double>(values.size()), false};
  }
  return {};
}

}  // namespace

bool Reads(const FeatureSchema& schema, const std::string& event_type) {
  return std::any_of(schema.features().begin(), schema.features().end(), [&](const Feature& feature) {
    return feature.aggregate.has_value() &&
           (feature.aggregate->event_type.empty() || feature.aggregate->event_type == event_type);
  });
}

ExpectedValue Expected(const FeatureSchema& schema, size_t index, const std::vector<PastEvent>& events,
                       int64_t now_us) {
  for (const PastEvent& event : events) {
    if (Reads(schema, event.type)) now_us = std::max(now_us, event.time_us);
  }
  const ExpectedValue value = ValueOf(schema[index].aggregate.value(), events, now_us);
  if (schema.divisor(index) < 0 || !value.value.has_value()) return value;
  const ExpectedValue divisor =
      ValueOf(schema[static_cast<size_t>(schema.divisor(index))].aggregate.value(), events, now_us);
  if (!divisor.value.has_value() || *divisor.value == 0) return {};
  const long double relative = divisor.magnitude / std::fabs(*divisor.value);
  return {*value.value / *divisor.value, value.magnitude / std::fabs(*divisor.value) * std::max(1.0L, relative),
          relative > 1e6L};
}

}  // namespace assent::scoring
