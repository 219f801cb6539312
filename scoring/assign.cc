#include "scoring/assign.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace assent::scoring {
namespace {

// Keeps the nearest of what it is shown, ascending by distance, then index.
class Nearest {
 public:
  explicit Nearest(std::span<Candidate> best) : best_(best) {}

  void Offer(Candidate candidate) {
    if (count_ == best_.size() && !Before(candidate, best_[count_ - 1])) return;
    size_t at = count_ < best_.size() ? count_++ : count_ - 1;
    for (; at > 0 && Before(candidate, best_[at - 1]); --at) best_[at] = best_[at - 1];
    best_[at] = candidate;
  }
  size_t count() const { return count_; }

 private:
  static bool Before(const Candidate& a, const Candidate& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.index < b.index);
  }
  std::span<Candidate> best_;
  size_t count_ = 0;
};

Assignment Decide(const Abstention& abstention, std::span<const Candidate> best) {
  Assignment assignment;
  assignment.winner = best[0].index;
  assignment.winner_distance = best[0].distance;
  if (abstention.distance_max > 0 && assignment.winner_distance > abstention.distance_max) {
    assignment.certainty = Certainty::kTooFar;
  }
  if (best.size() < 2) return assignment;
  assignment.runner_up = best[1].index;
  assignment.runner_up_distance = best[1].distance;
  assignment.margin = best[1].distance - best[0].distance;
  if (assignment.certainty == Certainty::kSure && assignment.margin < abstention.margin_min) {
    assignment.certainty = Certainty::kLowMargin;
  }
  return assignment;
}

}  // namespace

void Workspace::Reserve(const Model& /*model*/, size_t /*rows*/) {}

Assignment Assign(const Model& model, std::span<const float> scaled, Workspace& /*workspace*/,
                  std::span<Candidate> nearest, size_t& nearest_count) {
  const Centroids& centroids = model.centroids();
  std::array<Candidate, 2> two;
  const std::span<Candidate> best = nearest.size() < two.size() ? std::span<Candidate>(two) : nearest;
  Nearest kept(best);
  for (size_t i = 0; i < centroids.k(); ++i) {
    kept.Offer({static_cast<uint32_t>(i), ExactDistance(scaled, centroids.row(i))});
  }
  nearest_count = std::min(nearest.size(), kept.count());
  if (nearest.size() == 1) nearest[0] = best[0];
  return Decide(model.abstention(), best.first(kept.count()));
}

void AssignBatch(const Model& model, std::span<const float> scaled, size_t rows, Workspace& workspace,
                 std::span<Assignment> out) {
  const size_t dim = model.centroids().dim();
  for (size_t row = 0; row < rows; ++row) {
    size_t count = 0;
    out[row] = Assign(model, scaled.subspan(row * dim, dim), workspace, {}, count);
  }
}

void Memberships(const Model& model, std::span<const float> scaled, std::span<const Candidate> of,
                 std::span<double> membership) {
  const Centroids& centroids = model.centroids();
  double nearest = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < centroids.k(); ++i) nearest = std::min(nearest, ExactDistance(scaled, centroids.row(i)));
  // The nearest distance is subtracted before exp, so that at least one term is 1.
  double sum = 0;
  for (size_t i = 0; i < centroids.k(); ++i) {
    sum += std::exp((nearest - ExactDistance(scaled, centroids.row(i))) / model.temperature());
  }
  for (size_t i = 0; i < of.size(); ++i) {
    membership[i] = std::exp((nearest - of[i].distance) / model.temperature()) / sum;
  }
}

double ExactDistance(std::span<const float> scaled, std::span<const float> centroid) {
  std::array<double, 8> lane = {};
  for (size_t j = 0; j < scaled.size(); ++j) {
    const double difference = static_cast<double>(scaled[j]) - static_cast<double>(centroid[j]);
    lane[j % 8] += difference * difference;
  }
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

}  // namespace assent::scoring
