// Why this segment and not the runner-up: exact terms, feature by feature.
// Source: the identities in docs/explanations.md; Kauffmann et al., "From Clustering to Cluster Explanations via Neural
// Networks", IEEE TNNLS 35(2), 2024; SHAP's linear formula with independent (interventional) background.
#ifndef ASSENT_SCORING_EXPLAIN_H_
#define ASSENT_SCORING_EXPLAIN_H_

#include <span>
#include <vector>

#include "scoring/model.h"

namespace assent::scoring {

// Shape: all vectors [dim].
struct Explanation {
  double margin = 0;            // distance(runner-up) - distance(winner), as the sum of `terms`
  double expected_margin = 0;   // the same two segments at the background mean
  std::vector<double> terms;    // sum to `margin`; positive supports the winner
  std::vector<double> shapley;  // sum to margin - expected_margin
};

// Explains the margin of centroid `winner` against `runner_up` at the scaled event.
// Units: those of the margin (squared scaled units). Preconditions: both indices < k.
// Cost: O(dim), allocates the result: not for the Assign path.
Explanation Explain(const Model& model, std::span<const float> scaled, uint32_t winner, uint32_t runner_up);

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_EXPLAIN_H_
