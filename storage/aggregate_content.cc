#include "storage/aggregate_content.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

namespace assent::storage {
namespace {

using internal::v1::AttributeFilter;
using internal::v1::FilterScalar;
using scoring::AggregateFunction;
using scoring::Comparison;

std::optional<AggregateFunction> FunctionOf(internal::v1::AggregateFunction value) {
  switch (value) {
    case internal::v1::AGGREGATE_FUNCTION_COUNT:
      return AggregateFunction::kCount;
    case internal::v1::AGGREGATE_FUNCTION_SUM:
      return AggregateFunction::kSum;
    case internal::v1::AGGREGATE_FUNCTION_MEAN:
      return AggregateFunction::kMean;
    case internal::v1::AGGREGATE_FUNCTION_MAX:
      return AggregateFunction::kMax;
    case internal::v1::AGGREGATE_FUNCTION_MIN:
      return AggregateFunction::kMin;
    case internal::v1::AGGREGATE_FUNCTION_LAST:
      return AggregateFunction::kLast;
    case internal::v1::AGGREGATE_FUNCTION_DAYS_SINCE_LAST:
      return AggregateFunction::kDaysSinceLast;
    case internal::v1::AGGREGATE_FUNCTION_DISTINCT:
      return AggregateFunction::kDistinct;
    default:
      return std::nullopt;
  }
}

absl::Status Invalid(absl::string_view where, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(where, what));
}

absl::StatusOr<scoring::FilterScalar> ScalarFromMessage(const FilterScalar& message, absl::string_view where) {
  switch (message.kind_case()) {
    case FilterScalar::kNumber:
      return message.number();
    case FilterScalar::kText:
      return message.text();
    case FilterScalar::kFlag:
      return message.flag();
    case FilterScalar::KIND_NOT_SET:
      break;
  }
  return Invalid(where, ": a number, text or flag is required");
}

absl::StatusOr<scoring::AttributeFilter> FilterFromMessage(const AttributeFilter& message, absl::string_view where) {
  scoring::AttributeFilter filter;
  filter.attribute = message.attribute();
  switch (message.condition_case()) {
    case AttributeFilter::kEquals: {
      auto value = ScalarFromMessage(message.equals(), absl::StrCat(where, ".equals"));
      if (!value.ok()) return value.status();
      filter.comparison = Comparison::kEquals;
      filter.values.push_back(*std::move(value));
      return filter;
    }
    case AttributeFilter::kIn:
      filter.comparison = Comparison::kIn;
      for (int i = 0; i < message.in().values_size(); ++i) {
        auto value = ScalarFromMessage(message.in().values(i), absl::StrCat(where, ".in.values[", i, "]"));
        if (!value.ok()) return value.status();
        filter.values.push_back(*std::move(value));
      }
      return filter;
    case AttributeFilter::kGreater:
      filter.comparison = Comparison::kGreater;
      filter.values.emplace_back(message.greater());
      return filter;
    case AttributeFilter::kLess:
      filter.comparison = Comparison::kLess;
      filter.values.emplace_back(message.less());
      return filter;
    case AttributeFilter::CONDITION_NOT_SET:
      break;
  }
  return Invalid(where, ": equals, in, greater or less is required");
}

}  // namespace

absl::StatusOr<scoring::Aggregate> AggregateFromMessage(const internal::v1::AggregateSource& message,
                                                        absl::string_view where) {
  const auto function = FunctionOf(message.function());
  if (!function) return Invalid(where, ".function: required, and one that this version knows");
  scoring::Aggregate aggregate;
  aggregate.function = *function;
  aggregate.event_type = message.event_type();
  aggregate.attribute = message.attribute();
  if (message.has_half_life_days()) aggregate.half_life_days = message.half_life_days();
  for (int i = 0; i < message.filters_size(); ++i) {
    auto filter = FilterFromMessage(message.filters(i), absl::StrCat(where, ".filters[", i, "]"));
    if (!filter.ok()) return filter.status();
    aggregate.filters.push_back(*std::move(filter));
  }
  return aggregate;
}

}  // namespace assent::storage
