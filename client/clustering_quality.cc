#include "client/clustering_quality.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace assent::client {
namespace {

// SplitMix64: one step of a stream of 64-bit numbers.
uint64_t NextRandom(uint64_t& state) {
  state += 0x9E3779B97F4A7C15ull;
  uint64_t mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9ull;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBull;
  return mixed ^ (mixed >> 31);
}

double Distance(const float* a, const float* b, size_t dim) {
  double sum = 0;
  for (size_t j = 0; j < dim; ++j) {
    const double difference = static_cast<double>(a[j]) - static_cast<double>(b[j]);
    sum += difference * difference;
  }
  return std::sqrt(sum);
}

double Pairs(uint64_t count) { return static_cast<double>(count) * (static_cast<double>(count) - 1) / 2; }

// Silhouette of one row from the sums of its distances to each cluster.
double RowSilhouette(const std::vector<double>& sums, const std::vector<uint64_t>& counts, size_t own) {
  if (counts[own] < 2) return 0;
  const double a = sums[own] / static_cast<double>(counts[own] - 1);
  double b = std::numeric_limits<double>::infinity();
  for (size_t c = 0; c < counts.size(); ++c) {
    if (c != own && counts[c] > 0) b = std::min(b, sums[c] / static_cast<double>(counts[c]));
  }
  const double larger = std::max(a, b);
  return larger > 0 && std::isfinite(larger) ? (b - a) / larger : 0;
}

}  // namespace

std::vector<size_t> SampleRows(size_t limit, size_t count, uint64_t seed) {
  std::vector<size_t> rows(std::min(limit, count));
  std::iota(rows.begin(), rows.end(), size_t{0});
  uint64_t state = seed;
  for (size_t row = rows.size(); row < limit && !rows.empty(); ++row) {
    const auto at = static_cast<size_t>(NextRandom(state) % (row + 1));
    if (at < rows.size()) rows[at] = row;
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

double Silhouette(std::span<const float> points, size_t dim, std::span<const uint32_t> labels, size_t sample_max,
                  uint64_t seed) {
  const std::vector<size_t> sample = SampleRows(labels.size(), sample_max, seed);
  if (sample.empty()) return 0;
  const size_t clusters = size_t{*std::max_element(labels.begin(), labels.end())} + 1;
  std::vector<uint64_t> counts(clusters, 0);
  for (const size_t row : sample) ++counts[labels[row]];
  if (std::count_if(counts.begin(), counts.end(), [](uint64_t count) { return count > 0; }) < 2) return 0;
  double total = 0;
  std::vector<double> sums(clusters);
  for (const size_t row : sample) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (const size_t other : sample) {
      sums[labels[other]] += Distance(points.data() + row * dim, points.data() + other * dim, dim);
    }
    total += RowSilhouette(sums, counts, labels[row]);
  }
  return total / static_cast<double>(sample.size());
}

double AdjustedRandIndex(std::span<const uint32_t> a, std::span<const uint32_t> b) {
  absl::flat_hash_map<std::pair<uint32_t, uint32_t>, uint64_t> cells;
  absl::flat_hash_map<uint32_t, uint64_t> rows, columns;
  for (size_t i = 0; i < a.size(); ++i) {
    ++cells[{a[i], b[i]}];
    ++rows[a[i]];
    ++columns[b[i]];
  }
  const auto sum = [](const auto& counts) {
    double pairs = 0;
    for (const auto& [key, count] : counts) pairs += Pairs(count);
    return pairs;
  };
  const double together = sum(cells), in_a = sum(rows), in_b = sum(columns), all = Pairs(a.size());
  const double expected = all > 0 ? in_a * in_b / all : 0;
  const double largest = (in_a + in_b) / 2;
  return largest == expected ? 1 : (together - expected) / (largest - expected);
}

}  // namespace assent::client
