// k-means: OpenCV's k-means++ starts in float32, finished in double by Lloyd's algorithm and by Hartigan's single
// moves. Source: Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007; Lloyd, "Least
// squares quantization in PCM", IEEE Trans. Inf. Theory 28(2), 1982; Telgarsky and Vattani, "Hartigan's method: k-means
// clustering without Voronoi", AISTATS 2010 (its optima are a strict subset of Lloyd's).
#ifndef ASSENT_CLIENT_KMEANS_H_
#define ASSENT_CLIENT_KMEANS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace assent::client {

inline constexpr int kLloydIterationsMax = 300;
inline constexpr int kHartiganPassesMax = 100;

struct KmeansOptions {
  size_t k = 0;
  uint64_t seed = 0;
  size_t starts = 10;                                // the best of so many is kept
  std::function<void(size_t starts_done)> progress;  // may be empty
};

// Shape: centroids is [k x dim], row-major, clusters by falling size (ties: as found); labels and the like are [rows].
struct KmeansResult {
  std::vector<float> centroids;
  std::vector<uint32_t> labels;   // of the nearest centroid; ties go to the lower index
  std::vector<double> distances;  // squared, to the nearest centroid
  std::vector<double> margins;    // second nearest less nearest; 0 with k = 1
  std::vector<uint64_t> sizes;    // [k]
  double cost = 0;                // sum of distances
  size_t best_start = 0;
};

// Clusters the rows of `points` ([rows x dim], row-major, finite).
// Determinism: the same points, k, seed and starts give the same result on one kind of processor; OpenCV's float32 sums
// may differ in the last bit between instruction sets, and so may lead to another of several nearly equal optima.
// Errors: InvalidArgument when k is 0 or greater than the number of distinct rows.
// Cost: O(starts * iterations * rows * k * dim), one thread.
absl::StatusOr<KmeansResult> Kmeans(std::span<const float> points, size_t dim, const KmeansOptions& options);

// Rows that differ from every other, up to `limit`. Shape: [rows x dim].
size_t CountDistinctRows(std::span<const float> points, size_t dim, size_t limit);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_KMEANS_H_
