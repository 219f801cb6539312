#include "scoring/leeway.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace assent::scoring {
namespace {

constexpr double kFloatMax = std::numeric_limits<float>::max();
constexpr float kFloatInfinity = std::numeric_limits<float>::infinity();

// Which aggregates the scored features read. Equal aggregates are one quantity, whatever features they stand in.
struct Quantities {
  std::vector<int> value;    // [position] what the feature is, before a division; -1: direct
  std::vector<int> divisor;  // [position] what it is divided by, or -1

  bool IsRead(int quantity) const { return std::find(value.begin(), value.end(), quantity) != value.end(); }
  bool Divides(int quantity) const {
    return quantity >= 0 && std::find(divisor.begin(), divisor.end(), quantity) != divisor.end();
  }
};

Quantities QuantitiesOf(const FeatureSchema& schema) {
  std::vector<const Aggregate*> known;
  const auto number = [&](const Feature& feature) {
    if (!feature.aggregate.has_value()) return -1;
    const auto same = std::find_if(known.begin(), known.end(),
                                   [&](const Aggregate* aggregate) { return *aggregate == *feature.aggregate; });
    const auto found = same - known.begin();
    if (same == known.end()) known.push_back(&*feature.aggregate);
    return static_cast<int>(found);
  };
  Quantities quantities;
  for (size_t i = 0; i < schema.size(); ++i) {
    if (schema.position(i) < 0) continue;
    const int divisor = schema.divisor(i);
    quantities.value.push_back(number(schema[i]));
    quantities.divisor.push_back(divisor < 0 ? -1 : number(schema[static_cast<size_t>(divisor)]));
  }
  return quantities;
}

// Features whose values determine each other, so that none can move alone. What is not tied can: a quotient whose
// dividend no other feature reads may have any value, because the dividend follows.
std::vector<bool> TiedFeatures(const Quantities& quantities) {
  const size_t dim = quantities.value.size();
  std::vector<bool> tied(dim, false);
  for (size_t i = 0; i < dim; ++i) {
    const int value = quantities.value[i];
    if (value < 0) continue;
    const bool shared = std::count(quantities.value.begin(), quantities.value.end(), value) > 1;
    tied[i] = shared || (quantities.divisor[i] >= 0 && quantities.Divides(value));
  }
  // A tied quotient stays, and its dividend is not free to follow the divisor: so the divisor stays too.
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < dim; ++i) {
      if (!tied[i] || quantities.divisor[i] < 0) continue;
      for (size_t j = 0; j < dim; ++j) {
        if (tied[j] || quantities.value[j] != quantities.divisor[i]) continue;
        tied[j] = changed = true;
      }
    }
  }
  return tied;
}

// Positions of the shares of one whole that are pairwise disjoint. Different values of a kDistinct may come from
// disjoint events and be the same, so its shares have no sum to keep.
std::vector<std::vector<uint32_t>> DisjointShares(const FeatureSchema& schema, const Quantities& quantities) {
  std::vector<std::vector<uint32_t>> groups;
  for (uint32_t i = 0; i < schema.scored_size(); ++i) {
    const Feature& feature = schema.scored(i);
    if (feature.normalisation != Normalisation::kShareOf) continue;
    if (feature.aggregate->function == AggregateFunction::kDistinct) continue;
    const auto joins = [&](const std::vector<uint32_t>& group) {
      return std::all_of(group.begin(), group.end(), [&](uint32_t member) {
        return quantities.divisor[member] == quantities.divisor[i] &&
               Disjoint(*schema.scored(member).aggregate, *feature.aggregate);
      });
    };
    const auto found = std::find_if(groups.begin(), groups.end(), joins);
    if (found == groups.end()) {
      groups.push_back({i});
    } else {
      found->push_back(i);
    }
  }
  std::erase_if(groups, [](const std::vector<uint32_t>& group) { return group.size() < 2; });
  return groups;
}

bool NeverNegative(const Aggregate& aggregate) {
  return aggregate.function == AggregateFunction::kCount || aggregate.function == AggregateFunction::kDistinct ||
         aggregate.function == AggregateFunction::kDaysSinceLast;
}

struct Range {
  double min = 0;
  double max = 0;
};

// The raw values that the feature at `index` of the schema can have, given that it is `raw` now: what the limits of
// its kind exclude and is nevertheless so, is possible.
Range RangeOf(const FeatureSchema& schema, size_t index, double raw, bool divides) {
  const Feature& feature = schema[index];
  Range range{.min = std::max(feature.clip_min, -kFloatMax), .max = std::min(feature.clip_max, kFloatMax)};
  if (!feature.aggregate.has_value()) return range;
  const int divisor = schema.divisor(index);
  const bool share = feature.normalisation == Normalisation::kShareOf;
  const bool positive = NeverNegative(*feature.aggregate) &&
                        (divisor < 0 || NeverNegative(*schema[static_cast<size_t>(divisor)].aggregate));
  if (share || positive) range.min = std::max(range.min, std::min(0.0, raw));
  if (share) range.max = std::min(range.max, std::max(1.0, raw));
  if (divides && raw > 0) range.min = std::max(range.min, std::min(kDivisorMin, raw));
  if (divides && raw < 0) range.max = std::min(range.max, std::max(-kDivisorMin, raw));
  return range;
}

float FloatNotBelow(double value) {
  const auto rounded = static_cast<float>(value);
  return static_cast<double>(rounded) < value ? std::nextafter(rounded, kFloatInfinity) : rounded;
}

float FloatNotAbove(double value) { return -FloatNotBelow(-value); }

// Scaled, as far as a float32 goes.
double ScaledLimit(const Feature& feature, float raw) {
  return std::clamp(static_cast<double>(feature.Scale(static_cast<double>(raw))), -kFloatMax, kFloatMax);
}

// The features that no move may change, whatever the event.
std::vector<bool> HeldFeatures(const FeatureSchema& schema, const Quantities& quantities,
                               const std::vector<bool>& grouped) {
  std::vector<bool> held = TiedFeatures(quantities);
  for (size_t i = 0; i < held.size(); ++i) {
    const Feature& feature = schema.scored(i);
    // The sum of a group would not be linear in the scaled values.
    held[i] = held[i] || !feature.changeable || (grouped[i] && feature.transform != Transform::kIdentity);
  }
  return held;
}

ShareGroup GroupOf(const FeatureSchema& schema, std::span<const float> scaled, const std::vector<uint32_t>& shares,
                   const Leeway& leeway) {
  ShareGroup group;
  double sum = 0;
  for (const uint32_t position : shares) {
    const Feature& feature = schema.scored(position);
    sum += feature.Unscale(static_cast<double>(scaled[position]));
    if (leeway.Movable(position)) group.members.push_back({.position = position, .scale = feature.scale});
  }
  group.room = std::max(0.0, 1 - sum);
  return group;
}

}  // namespace

Leeway LeewayOf(const FeatureSchema& schema, std::span<const float> scaled, std::span<const uint8_t> missing) {
  const size_t dim = schema.scored_size();
  const Quantities quantities = QuantitiesOf(schema);
  const std::vector<std::vector<uint32_t>> disjoint = DisjointShares(schema, quantities);
  Leeway leeway{.down = std::vector<double>(dim, 0),
                .up = std::vector<double>(dim, 0),
                .raw_min = std::vector<float>(dim, 0),
                .raw_max = std::vector<float>(dim, 0),
                .groups = {},
                .grouped = std::vector<bool>(dim, false)};
  for (const std::vector<uint32_t>& shares : disjoint) {
    for (const uint32_t position : shares) leeway.grouped[position] = true;
  }
  const std::vector<bool> held = HeldFeatures(schema, quantities, leeway.grouped);
  for (size_t index = 0; index < schema.size(); ++index) {
    if (schema.position(index) < 0) continue;
    const auto i = static_cast<size_t>(schema.position(index));
    const Feature& feature = schema[index];
    // A quotient that is missing stays so while its divisor, another feature, does.
    const bool undefined =
        !missing.empty() && missing[i] != 0 && quantities.divisor[i] >= 0 && quantities.IsRead(quantities.divisor[i]);
    if (held[i] || undefined) continue;
    const auto x = static_cast<double>(scaled[i]);
    const Range range = RangeOf(schema, index, feature.Unscale(x), quantities.Divides(quantities.value[i]));
    if (range.min > range.max) continue;
    const float raw_min = FloatNotBelow(range.min);
    const float raw_max = FloatNotAbove(range.max);
    if (raw_min > raw_max) continue;  // no float32 lies within
    leeway.raw_min[i] = raw_min;
    leeway.raw_max[i] = raw_max;
    leeway.down[i] = std::min(0.0, ScaledLimit(feature, raw_min) - x);
    leeway.up[i] = std::max(0.0, ScaledLimit(feature, raw_max) - x);
  }
  for (const std::vector<uint32_t>& shares : disjoint) {
    leeway.groups.push_back(GroupOf(schema, scaled, shares, leeway));
  }
  return leeway;
}

}  // namespace assent::scoring
