// What a data scientist looks at to choose the number of segments.
#ifndef ASSENT_CLIENT_K_CHOICE_H_
#define ASSENT_CLIENT_K_CHOICE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace assent::client {

struct KChoiceOptions {
  size_t k_min = 2, k_max = 10;
  uint64_t seed = 1;
  size_t starts = 10;             // of each run
  size_t runs = 5;                // with the seeds seed, seed + 1, …
  size_t silhouette_rows = 2000;  // sampled
  std::function<void(size_t runs_done)> progress;
};

// One number of segments. Costs are means over rows of the squared distance to the nearest centroid, so that those of
// the training rows and of the held-out rows compare.
struct KQuality {
  size_t k = 0;
  double cost = 0;           // of the training rows, by the best run
  double held_out_cost = 0;  // of the held-out rows, by the same run; 0 without such rows
  double silhouette = 0;     // of a sample of the training rows, by the same run
  double stability = 1;      // mean adjusted Rand index over all pairs of runs; 1 with one run
  double stability_min = 1;  // the least of them
  double cost_total = 0;     // cost times training rows
};

struct KComparison {
  std::vector<KQuality> choices;  // at least one
  std::string ended;              // why they end before k_max, or empty
};

// Measures each k from k_min to k_max. Shape: both [rows x dim], row-major, scaled. Deterministic as Kmeans is.
// A range ends before the first k that is impossible, such as one above the number of distinct rows. Errors: those of
// Kmeans, for k_min. Cost: (k_max - k_min + 1) * runs times that of Kmeans.
absl::StatusOr<KComparison> CompareK(std::span<const float> training, std::span<const float> held_out, size_t dim,
                                     const KChoiceOptions& options);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_K_CHOICE_H_
