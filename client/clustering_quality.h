// How good a clustering is, measured without knowing the truth.
#ifndef ASSENT_CLIENT_CLUSTERING_QUALITY_H_
#define ASSENT_CLIENT_CLUSTERING_QUALITY_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace assent::client {

// Mean silhouette of a sample: for each of its rows (b - a) / max(a, b), where a is the mean distance to the sample's
// other rows of its own cluster and b the least mean distance to those of another; 0 for a row that is alone in its
// cluster. From -1 to 1; larger is better. Distances are Euclidean, not squared. 0 where the sample has one cluster.
// Shape: points is [rows x dim], row-major; labels is [rows]. The sample is `sample_max` rows drawn without replacement
// by the seed, or all of them. Cost: O(sample^2 * dim).
// Source: Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis", J.
// Comput. Appl. Math. 20, 1987.
double Silhouette(std::span<const float> points, size_t dim, std::span<const uint32_t> labels, size_t sample_max,
                  uint64_t seed);

// The adjusted Rand index of two clusterings of the same rows: the share of pairs on which they agree, corrected for
// chance. 1: equal up to the names of the clusters; about 0: no more alike than by chance. 1 where both have one
// cluster only, or both only clusters of one row. Source: Hubert and Arabie, "Comparing partitions", Journal of
// Classification 2, 1985, equation 5.
double AdjustedRandIndex(std::span<const uint32_t> a, std::span<const uint32_t> b);

// `count` different numbers below `limit`, ascending, drawn by the seed; all of them when count >= limit. The same on
// every machine.
// Source: Vitter, "Random sampling with a reservoir", 1985 (algorithm R); SplitMix64, Steele et al. 2014.
std::vector<size_t> SampleRows(size_t limit, size_t count, uint64_t seed);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_CLUSTERING_QUALITY_H_
