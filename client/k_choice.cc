#include "client/k_choice.h"

#include <algorithm>

#include "client/calibration.h"
#include "client/clustering_quality.h"
#include "client/kmeans.h"

namespace assent::client {
namespace {

double HeldOutCost(std::span<const float> points, std::span<const float> centroids, size_t dim) {
  if (points.empty()) return 0;
  const size_t k = centroids.size() / dim;
  const std::vector<double> distances = SquaredDistances(points, centroids, dim);
  double sum = 0;
  for (size_t begin = 0; begin < distances.size(); begin += k) {
    const auto row = distances.begin() + static_cast<std::ptrdiff_t>(begin);
    sum += *std::min_element(row, row + static_cast<std::ptrdiff_t>(k));
  }
  const size_t rows = points.size() / dim;
  return sum / static_cast<double>(rows);
}

void SetStability(const std::vector<KmeansResult>& runs, KQuality& quality) {
  double sum = 0;
  size_t pairs = 0;
  for (size_t i = 0; i < runs.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const double index = AdjustedRandIndex(runs[i].labels, runs[j].labels);
      quality.stability_min = std::min(quality.stability_min, index);
      sum += index;
      ++pairs;
    }
  }
  if (pairs > 0) quality.stability = sum / static_cast<double>(pairs);
}

absl::StatusOr<KQuality> Measure(size_t k, std::span<const float> training, std::span<const float> held_out, size_t dim,
                                 const KChoiceOptions& options, const std::function<void()>& run_done) {
  std::vector<KmeansResult> runs;
  for (size_t run = 0; run < options.runs; ++run) {
    auto result = Kmeans(training, dim, {.k = k, .seed = options.seed + run, .starts = options.starts, .progress = {}});
    if (!result.ok()) return result.status();
    runs.push_back(*std::move(result));
    run_done();
  }
  const KmeansResult& best =
      *std::min_element(runs.begin(), runs.end(), [](const auto& a, const auto& b) { return a.cost < b.cost; });
  KQuality quality{.k = k};
  quality.cost_total = best.cost;
  quality.cost = best.cost / static_cast<double>(best.labels.size());
  quality.held_out_cost = HeldOutCost(held_out, best.centroids, dim);
  quality.silhouette = Silhouette(training, dim, best.labels, options.silhouette_rows, options.seed);
  SetStability(runs, quality);
  return quality;
}

}  // namespace

absl::StatusOr<KComparison> CompareK(std::span<const float> training, std::span<const float> held_out, size_t dim,
                                     const KChoiceOptions& options) {
  KComparison comparison;
  size_t done = 0;
  const auto run_done = [&] {
    ++done;
    if (options.progress) options.progress(done);
  };
  for (size_t k = options.k_min; k <= options.k_max; ++k) {
    auto quality = Measure(k, training, held_out, dim, options, run_done);
    if (!quality.ok()) {
      if (comparison.choices.empty()) return quality.status();
      comparison.ended = std::string(quality.status().message());
      break;
    }
    comparison.choices.push_back(*quality);
  }
  return comparison;
}

}  // namespace assent::client
