#include "client/kmeans.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <opencv2/core.hpp>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace assent::client {
namespace {

constexpr int kOpenCvIterationsMax = 100;
constexpr double kOpenCvEpsilon = 1e-6;
constexpr double kMoveGainMin = 1e-12;  // a smaller relative gain is rounding, and could go round in circles

// Squared distance in double. Shape: both [dim].
template <typename Centre>
double Distance(const float* point, const Centre* centre, size_t dim) {
  double sum = 0;
  for (size_t j = 0; j < dim; ++j) {
    const double difference = static_cast<double>(point[j]) - static_cast<double>(centre[j]);
    sum += difference * difference;
  }
  return sum;
}

struct Nearest {
  size_t index = 0;
  double distance = std::numeric_limits<double>::infinity();
  double second = std::numeric_limits<double>::infinity();
};

template <typename Centre>
Nearest FindNearest(const float* point, const std::vector<Centre>& centres, size_t k, size_t dim) {
  Nearest nearest;
  for (size_t c = 0; c < k; ++c) {
    const double distance = Distance(point, centres.data() + c * dim, dim);
    if (distance < nearest.distance) {
      nearest.second = nearest.distance;
      nearest.distance = distance;
      nearest.index = c;
    } else {
      nearest.second = std::min(nearest.second, distance);
    }
  }
  return nearest;
}

class Refinement {
 public:
  Refinement(std::span<const float> points, size_t dim, std::vector<double> centres)
      : points_(points),
        dim_(dim),
        k_(centres.size() / dim),
        rows_(points.size() / dim),
        centres_(std::move(centres)),
        labels_(rows_, std::numeric_limits<size_t>::max()),
        distances_(rows_) {}

  // Lloyd's algorithm, then single moves, until neither changes a label. Returns the cost.
  double Run() {
    Lloyd();
    int passes = 0;
    while (passes++ < kHartiganPassesMax && HartiganPass()) {
    }
    Move();
    double cost = 0;
    Label(cost);
    return cost;
  }
  const std::vector<double>& centres() const { return centres_; }

 private:
  void Lloyd() {
    double cost = 0;
    for (int iteration = 0; iteration < kLloydIterationsMax && Label(cost); ++iteration) Move();
  }

  // Moves each row to another cluster where that lowers the total cost, both centroids following at once: a row leaves
  // cluster a (n rows) for b (m rows) when m/(m+1) d_b < n/(n-1) d_a. Returns whether any moved.
  bool HartiganPass() {
    bool moved = false;
    for (size_t i = 0; i < rows_; ++i) {
      const size_t from = labels_[i];
      if (counts_[from] < 2) continue;
      const float* point = points_.data() + i * dim_;
      const auto own = static_cast<double>(counts_[from]);
      double best = own / (own - 1) * Distance(point, centres_.data() + from * dim_, dim_) * (1 - kMoveGainMin);
      size_t to = from;
      for (size_t c = 0; c < k_; ++c) {
        if (c == from) continue;
        const auto other = static_cast<double>(counts_[c]);
        const double cost = other / (other + 1) * Distance(point, centres_.data() + c * dim_, dim_);
        if (cost < best) {
          best = cost;
          to = c;
        }
      }
      if (to == from) continue;
      Transfer(i, to);
      moved = true;
    }
    return moved;
  }

  void Transfer(size_t row, size_t to) {
    const size_t from = labels_[row];
    const auto own = static_cast<double>(counts_[from]--);
    const auto other = static_cast<double>(counts_[to]++);
    for (size_t j = 0; j < dim_; ++j) {
      const auto value = static_cast<double>(points_[row * dim_ + j]);
      centres_[from * dim_ + j] += (centres_[from * dim_ + j] - value) / (own - 1);
      centres_[to * dim_ + j] += (value - centres_[to * dim_ + j]) / (other + 1);
    }
    labels_[row] = to;
  }

  bool Label(double& cost) {
    bool changed = false;
    cost = 0;
    for (size_t i = 0; i < rows_; ++i) {
      const Nearest nearest = FindNearest(points_.data() + i * dim_, centres_, k_, dim_);
      changed |= nearest.index != labels_[i];
      labels_[i] = nearest.index;
      distances_[i] = nearest.distance;
      cost += nearest.distance;
    }
    return changed;
  }

  void Move() {
    std::vector<double> sums(k_ * dim_, 0.0);
    counts_.assign(k_, 0);
    for (size_t i = 0; i < rows_; ++i) {
      ++counts_[labels_[i]];
      for (size_t j = 0; j < dim_; ++j) sums[labels_[i] * dim_ + j] += static_cast<double>(points_[i * dim_ + j]);
    }
    for (size_t c = 0; c < k_; ++c) {
      if (counts_[c] == 0) {
        MoveToFarthest(c);
        continue;
      }
      for (size_t j = 0; j < dim_; ++j) centres_[c * dim_ + j] = sums[c * dim_ + j] / static_cast<double>(counts_[c]);
    }
  }

  // A centroid that lost all its rows goes to the row that is farthest from its own.
  void MoveToFarthest(size_t c) {
    const auto farthest = std::max_element(distances_.begin(), distances_.end());
    const auto row = static_cast<size_t>(farthest - distances_.begin());
    *farthest = 0;
    for (size_t j = 0; j < dim_; ++j) centres_[c * dim_ + j] = static_cast<double>(points_[row * dim_ + j]);
  }

  std::span<const float> points_;
  size_t dim_;
  size_t k_;
  size_t rows_;
  std::vector<double> centres_;
  std::vector<size_t> labels_;
  std::vector<size_t> counts_ = std::vector<size_t>(k_, 0);
  std::vector<double> distances_;
};

// One k-means++ start. OpenCV reports by exceptions; they end here.
absl::StatusOr<std::vector<double>> OpenCvStart(std::span<const float> points, size_t dim, size_t k, uint64_t seed) {
  const auto rows = static_cast<int>(points.size() / dim);
  try {
    cv::setNumThreads(1);
    cv::theRNG() = cv::RNG(seed);
    const cv::Mat data(rows, static_cast<int>(dim), CV_32F, const_cast<float*>(points.data()));
    cv::Mat labels;
    cv::Mat centres;
    cv::kmeans(
        data, static_cast<int>(k), labels,
        cv::TermCriteria(cv::TermCriteria::EPS | cv::TermCriteria::MAX_ITER, kOpenCvIterationsMax, kOpenCvEpsilon), 1,
        cv::KMEANS_PP_CENTERS, centres);
    return std::vector<double>(centres.begin<float>(), centres.end<float>());
  } catch (const cv::Exception& error) {
    return absl::InternalError(absl::StrCat("k-means failed: ", error.err));
  }
}

// Spreads the seed over the starts (SplitMix64, Steele et al. 2014), so that neighbouring seeds share no start.
uint64_t StartSeed(uint64_t seed, size_t start) {
  uint64_t state = seed * 0x9E3779B97F4A7C15ull + start + 1;
  state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9ull;
  state = (state ^ (state >> 27)) * 0x94D049BB133111EBull;
  return state ^ (state >> 31);
}

// Orders the clusters by falling size, rounds to float32, and measures with the rounded centroids.
KmeansResult Finish(std::span<const float> points, size_t dim, const std::vector<double>& centres) {
  const size_t k = centres.size() / dim;
  const size_t rows = points.size() / dim;
  std::vector<uint64_t> sizes(k, 0);
  for (size_t i = 0; i < rows; ++i) ++sizes[FindNearest(points.data() + i * dim, centres, k, dim).index];
  std::vector<size_t> order(k);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return sizes[a] > sizes[b]; });

  KmeansResult result;
  result.sizes.assign(k, 0);
  for (const size_t c : order) {
    for (size_t j = 0; j < dim; ++j) result.centroids.push_back(static_cast<float>(centres[c * dim + j]));
  }
  for (size_t i = 0; i < rows; ++i) {
    const Nearest nearest = FindNearest(points.data() + i * dim, result.centroids, k, dim);
    result.labels.push_back(static_cast<uint32_t>(nearest.index));
    result.distances.push_back(nearest.distance);
    result.margins.push_back(k == 1 ? 0 : nearest.second - nearest.distance);
    ++result.sizes[nearest.index];
    result.cost += nearest.distance;
  }
  return result;
}

}  // namespace

size_t CountDistinctRows(std::span<const float> points, size_t dim, size_t limit) {
  absl::flat_hash_set<absl::string_view> seen;
  const size_t bytes = dim * sizeof(float);
  for (size_t i = 0; i < points.size() / dim && seen.size() < limit; ++i) {
    seen.insert(absl::string_view(reinterpret_cast<const char*>(points.data() + i * dim), bytes));
  }
  return seen.size();
}

absl::StatusOr<KmeansResult> Kmeans(std::span<const float> points, size_t dim, const KmeansOptions& options) {
  if (options.k == 0) return absl::InvalidArgumentError("k: must be at least 1");
  if (options.starts == 0) return absl::InvalidArgumentError("starts: must be at least 1");
  const size_t distinct = CountDistinctRows(points, dim, options.k);
  if (distinct < options.k) {
    return absl::InvalidArgumentError(absl::StrCat("k: ", options.k, " segments are asked for, but the data has only ",
                                                   distinct, " distinct rows; choose a smaller k or more features"));
  }
  double best_cost = std::numeric_limits<double>::infinity();
  size_t best_start = 0;
  std::vector<double> best;
  for (size_t start = 0; start < options.starts; ++start) {
    auto centres = OpenCvStart(points, dim, options.k, StartSeed(options.seed, start));
    if (!centres.ok()) return centres.status();
    Refinement refinement(points, dim, *std::move(centres));
    const double cost = refinement.Run();
    if (cost < best_cost) {
      best_cost = cost;
      best_start = start;
      best = refinement.centres();
    }
    if (options.progress) options.progress(start + 1);
  }
  KmeansResult result = Finish(points, dim, best);
  result.best_start = best_start;
  return result;
}

}  // namespace assent::client
