// What a feature computes over a subject's events.
#ifndef ASSENT_SCORING_AGGREGATE_H_
#define ASSENT_SCORING_AGGREGATE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"

namespace assent::scoring {

inline constexpr size_t kAggregatesMax = 256;     // of one schema
inline constexpr size_t kFiltersMax = 8;          // of one aggregate
inline constexpr size_t kFilterValuesMax = 64;    // of one filter
inline constexpr size_t kEventNameBytesMax = 64;  // of an event type or attribute
inline constexpr size_t kEventTextBytesMax = 256;
inline constexpr size_t kOtherEventTypesMax = 256;

enum class AggregateFunction : uint8_t { kCount, kSum, kMean, kMax, kMin, kLast, kDaysSinceLast, kDistinct };
inline constexpr int kAggregateFunctionCount = 8;

// One scalar that a filter compares with. Text compares by equality only.
using FilterScalar = std::variant<double, std::string, bool>;

enum class Comparison : uint8_t { kEquals, kIn, kGreater, kLess };

// True for an event that carries the attribute with a fitting value; an event without the attribute does not fit.
struct AttributeFilter {
  std::string attribute = {};
  Comparison comparison = Comparison::kEquals;
  std::vector<FilterScalar> values = {};  // one, or for kIn 1 to 64

  friend bool operator==(const AttributeFilter&, const AttributeFilter&) = default;
};

// An aggregate over the events of a type that fit every filter.
struct Aggregate {
  AggregateFunction function = AggregateFunction::kCount;
  std::string event_type = {};                // empty: every type
  std::vector<AttributeFilter> filters = {};  // at most 8
  std::string attribute = {};  // kSum, kMean, kMax, kMin, kLast, kDistinct; an event without it does not fit
  // kCount, kSum, kMean: an event's weight halves in this time. Unset: no decay.
  std::optional<double> half_life_days = {};

  friend bool operator==(const Aggregate&, const Aggregate&) = default;
};

// Errors: InvalidArgument that says what is wrong with the aggregate alone: an attribute or a half-life where the
// function takes none, none where it needs one, a half-life not above 0, a limit above, a filter without a value or
// with one of the wrong kind.
absl::Status CheckAggregate(const Aggregate& aggregate);

// Whether no event counts in both, as far as their event types and filters show it.
bool Disjoint(const Aggregate& a, const Aggregate& b);

// What the value of an aggregate is divided by: another aggregate of which it is a part (the same function, kCount,
// kSum or kDistinct, of the same attribute with the same half-life), or any other aggregate.
enum class Normalisation : uint8_t { kNone, kShareOf, kRatioTo };

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_AGGREGATE_H_
