#include "scoring/aggregate.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace assent::scoring {
namespace {

template <typename... Parts>
absl::Status RefuseAggregate(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

bool TakesAttribute(AggregateFunction function) {
  return function != AggregateFunction::kCount && function != AggregateFunction::kDaysSinceLast;
}

bool Decays(AggregateFunction function) {
  return function == AggregateFunction::kCount || function == AggregateFunction::kSum ||
         function == AggregateFunction::kMean;
}

absl::Status CheckScalar(const std::string& where, const FilterScalar& scalar) {
  if (const double* number = std::get_if<double>(&scalar); number != nullptr && !std::isfinite(*number)) {
    return RefuseAggregate(where, " compares with a number that is not finite");
  }
  if (const std::string* text = std::get_if<std::string>(&scalar);
      text != nullptr && text->size() > kEventTextBytesMax) {
    return RefuseAggregate(where, " compares with a text of more than ", kEventTextBytesMax, " bytes");
  }
  return absl::OkStatus();
}

absl::Status CheckFilter(const AttributeFilter& filter, size_t index) {
  const std::string where = absl::StrCat("filter ", index);
  if (filter.attribute.empty()) return RefuseAggregate(where, " names no attribute");
  if (filter.attribute.size() > kEventNameBytesMax) {
    return RefuseAggregate(where, " names an attribute of more than ", kEventNameBytesMax, " bytes");
  }
  if (filter.values.empty()) return RefuseAggregate(where, " has nothing to compare with");
  const size_t values_max = filter.comparison == Comparison::kIn ? kFilterValuesMax : 1;
  if (filter.values.size() > values_max) {
    return RefuseAggregate(where, " compares with ", filter.values.size(), " values, at most ", values_max,
                           " are allowed");
  }
  const bool ordered = filter.comparison == Comparison::kGreater || filter.comparison == Comparison::kLess;
  if (ordered && !std::holds_alternative<double>(filter.values[0])) {
    return RefuseAggregate(where, ": greater and less compare with a number");
  }
  for (const FilterScalar& scalar : filter.values) {
    if (absl::Status status = CheckScalar(where, scalar); !status.ok()) return status;
  }
  return absl::OkStatus();
}

bool ListsValues(const AttributeFilter& filter) {
  return filter.comparison == Comparison::kEquals || filter.comparison == Comparison::kIn;
}

bool Accepts(const AttributeFilter& filter, const FilterScalar& value) {
  if (ListsValues(filter)) return std::find(filter.values.begin(), filter.values.end(), value) != filter.values.end();
  const double* const number = std::get_if<double>(&value);
  if (number == nullptr) return false;
  const double limit = std::get<double>(filter.values[0]);
  return filter.comparison == Comparison::kGreater ? *number > limit : *number < limit;
}

// Whether no value of an attribute fits both.
bool Exclude(const AttributeFilter& a, const AttributeFilter& b) {
  const auto accepts_none = [](const AttributeFilter& filter, const AttributeFilter& list) {
    return std::none_of(list.values.begin(), list.values.end(),
                        [&](const FilterScalar& value) { return Accepts(filter, value); });
  };
  if (ListsValues(a)) return accepts_none(b, a);
  if (ListsValues(b)) return accepts_none(a, b);
  if (a.comparison == b.comparison) return false;
  const AttributeFilter& greater = a.comparison == Comparison::kGreater ? a : b;
  const AttributeFilter& less = a.comparison == Comparison::kGreater ? b : a;
  return std::get<double>(greater.values[0]) >= std::get<double>(less.values[0]);
}

}  // namespace

absl::Status CheckAggregate(const Aggregate& aggregate) {
  if (aggregate.event_type.size() > kEventNameBytesMax) {
    return RefuseAggregate("the event type has more than ", kEventNameBytesMax, " bytes");
  }
  const bool takes_attribute = TakesAttribute(aggregate.function);
  if (takes_attribute && aggregate.attribute.empty()) return RefuseAggregate("the function needs an attribute");
  if (!takes_attribute && !aggregate.attribute.empty()) return RefuseAggregate("the function takes no attribute");
  if (aggregate.attribute.size() > kEventNameBytesMax) {
    return RefuseAggregate("the attribute has more than ", kEventNameBytesMax, " bytes");
  }
  if (aggregate.half_life_days.has_value()) {
    if (!Decays(aggregate.function)) return RefuseAggregate("only count, sum and mean take a half-life");
    if (!(std::isfinite(*aggregate.half_life_days) && *aggregate.half_life_days > 0)) {
      return RefuseAggregate("the half-life must be a number of days above 0; leave it out for no decay");
    }
  }
  if (aggregate.filters.size() > kFiltersMax) {
    return RefuseAggregate("has ", aggregate.filters.size(), " filters, at most ", kFiltersMax, " are allowed");
  }
  for (size_t i = 0; i < aggregate.filters.size(); ++i) {
    if (absl::Status status = CheckFilter(aggregate.filters[i], i); !status.ok()) return status;
  }
  return absl::OkStatus();
}

bool Disjoint(const Aggregate& a, const Aggregate& b) {
  if (!a.event_type.empty() && !b.event_type.empty() && a.event_type != b.event_type) return true;
  return std::any_of(a.filters.begin(), a.filters.end(), [&](const AttributeFilter& filter) {
    return std::any_of(b.filters.begin(), b.filters.end(), [&](const AttributeFilter& other) {
      return filter.attribute == other.attribute && Exclude(filter, other);
    });
  });
}

}  // namespace assent::scoring
