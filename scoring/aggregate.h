// What a feature computes over a subject's events.
#ifndef ASSENT_SCORING_AGGREGATE_H_
#define ASSENT_SCORING_AGGREGATE_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace assent::scoring {

enum class AggregateFunction : uint8_t { kCount, kSum, kMean, kMax, kMin, kLast, kDaysSinceLast, kDistinct };

// One scalar that a filter compares with. Text compares by equality only.
using FilterScalar = std::variant<double, std::string, bool>;

enum class Comparison : uint8_t { kEquals, kIn, kGreater, kLess };

// True for an event that carries the attribute with a fitting value; an event without the attribute does not fit.
struct AttributeFilter {
  std::string attribute;
  Comparison comparison = Comparison::kEquals;
  std::vector<FilterScalar> values;  // one, or for kIn 1 to 64

  friend bool operator==(const AttributeFilter&, const AttributeFilter&) = default;
};

// An aggregate over the events of a type that fit every filter.
struct Aggregate {
  AggregateFunction function = AggregateFunction::kCount;
  std::string event_type;                // empty: every type
  std::vector<AttributeFilter> filters;  // at most 8
  std::string attribute;                 // kSum, kMean, kMax, kMin, kLast, kDistinct; an event without it does not fit
  double half_life_days = 0;             // kCount, kSum, kMean: an event's weight halves in this time. 0: no decay

  friend bool operator==(const Aggregate&, const Aggregate&) = default;
};

enum class Normalisation : uint8_t { kNone, kShareOf, kRatioTo };

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_AGGREGATE_H_
