// How far each feature can move: what the person can change, within the ranges, with shares and ratios that stay
// possible.
#ifndef ASSENT_SCORING_LEEWAY_H_
#define ASSENT_SCORING_LEEWAY_H_

#include <cstdint>
#include <span>
#include <vector>

#include "scoring/feature_schema.h"

namespace assent::scoring {

// A divisor of a scored share or ratio comes no nearer to 0 than this, or than it is: over 0 nothing can be divided.
// Raw units.
inline constexpr double kDivisorMin = 1;

// Shares of one whole of which no event counts in two, so that they sum to 1 at most.
struct ShareGroup {
  struct Member {
    uint32_t position = 0;
    double scale = 1;  // raw units a scaled unit
  };
  std::vector<Member> members;  // those that can move
  double room = 0;              // what all moves together may add, >= 0, raw units
};

// The moves that are possible from one event: a box around 0 and a limit for each group of shares. Shape: vectors are
// [scored_size()], by position. docs/explanations.md says which features are held, and why.
struct Leeway {
  std::vector<double> down;    // the least move, <= 0, scaled units
  std::vector<double> up;      // the largest move, >= 0, scaled units; both 0: the feature is held
  std::vector<float> raw_min;  // the smallest and largest raw values within the range
  std::vector<float> raw_max;
  std::vector<ShareGroup> groups;  // a feature is in one at most
  std::vector<bool> grouped;

  bool Movable(size_t position) const { return down[position] < 0 || up[position] > 0; }
};

// Shape: scaled is [scored_size()], missing is empty or [scored_size()], as FeatureSchema::Scale takes them.
// Cost: O(features + aggregates^2), allocates.
Leeway LeewayOf(const FeatureSchema& schema, std::span<const float> scaled, std::span<const uint8_t> missing);

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_LEEWAY_H_
