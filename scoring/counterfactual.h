// The smallest change of a person's features that leaves the segment.
// Source: docs/explanations.md, "The smallest change".
#ifndef ASSENT_SCORING_COUNTERFACTUAL_H_
#define ASSENT_SCORING_COUNTERFACTUAL_H_

#include <cstdint>
#include <span>
#include <vector>

#include "scoring/assign.h"
#include "scoring/model.h"

namespace assent::scoring {

// One feature that would have to change.
struct FeatureChange {
  uint32_t position = 0;
  bool missing = false;     // the event did not carry it: raw_from is what the rule for missing values supplied
  double raw_from = 0;      // raw units, as it was scored
  float raw_to = 0;         // raw units, exactly as a caller would send it
  double scaled_delta = 0;  // scaled units
};

// Not reachable: `changes` is empty, `distance` 0, and `after` is not set.
struct Counterfactual {
  bool reachable = false;
  std::vector<FeatureChange> changes;  // ascending by position; every other feature stays as it is
  double distance = 0;                 // Euclidean length of the change, scaled units (a margin's unit is their square)
  Assignment after;                    // what Assign answers after the change
};

// The smallest change, by Euclidean length in scaled units, after which `winner` is no longer the nearest segment of
// the scaled event. Only features that the schema calls changeable and that can move by themselves are changed, within
// their ranges (scoring/leeway.h).
// To leave is to have another nearest segment, by Assign's own comparison: a reachable answer has been through Assign.
// Whether the model is sure of the other segment is not asked for: near a boundary it commonly abstains
// (`after.certainty`), and it may have abstained before.
// Precision: `distance` exceeds the least one by no more than rounding: of raw values to float32, of the sums that
// decide. Where only an exact tie would do, or less than that rounding is left, the answer may be "not reachable".
// Shape: scaled is [dim]; missing is empty (none was) or [dim]. Precondition: Assign says that `winner` is the nearest.
// Threads: safe. Cost: O(k*d) to measure the rivals, then for each that may be nearer than the best so far, commonly
// few, about 60 passes over its features (scoring/least_move.h) and an Assign; allocates: not for the Assign path.
Counterfactual SmallestChange(const Model& model, std::span<const float> scaled, std::span<const uint8_t> missing,
                              uint32_t winner);

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_COUNTERFACTUAL_H_
