#include "scoring/counterfactual.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>

#include "scoring/least_move.h"

namespace assent::scoring {
namespace {

// How far beyond the plane a move aims, as a part of the two distances that are compared: first just more than the
// rounding of those (docs/explanations.md), then, where the rounding of raw values took that back, more.
constexpr double kOvershootMin = 0x1p-40;
constexpr double kOvershootMax = 0x1p-12;
constexpr double kOvershootGrowth = 16;

// A feature that would move by less than this part of the largest move stays: nobody needs to read it. Not so a share
// of a group, which may make room for another.
constexpr double kNegligibleMove = 0x1p-20;

struct Rival {
  uint32_t index = 0;
  double distance_min = 0;  // no change that leads to it is shorter
};

// The half space in which a rival is nearer than the winner, seen from the event.
struct Boundary {
  HalfSpace beyond;
  double distances = 0;  // sum of the squared distances of both
};

Boundary BoundaryOf(const Model& model, std::span<const float> scaled, uint32_t winner, uint32_t rival,
                    const Leeway& leeway) {
  const std::span<const float> a = model.centroids().row(winner);
  const std::span<const float> b = model.centroids().row(rival);
  Boundary boundary{.beyond = {.normal = std::vector<double>(scaled.size(), 0), .away = 0}, .distances = 0};
  for (size_t j = 0; j < scaled.size(); ++j) {
    const double to_a = static_cast<double>(scaled[j]) - static_cast<double>(a[j]);
    const double to_b = static_cast<double>(scaled[j]) - static_cast<double>(b[j]);
    const double between = static_cast<double>(b[j]) - static_cast<double>(a[j]);
    boundary.beyond.away -= between * (to_a + to_b);
    boundary.distances += to_a * to_a + to_b * to_b;
    if (leeway.Movable(j)) boundary.beyond.normal[j] = 2 * between;
  }
  boundary.beyond.away = std::max(0.0, boundary.beyond.away);
  return boundary;
}

// Every segment that the movable features can tell from the winner, ascending by how near it may be.
std::vector<Rival> RivalsOf(const Model& model, std::span<const float> scaled, uint32_t winner, const Leeway& leeway) {
  std::vector<Rival> rivals;
  for (uint32_t b = 0; b < model.centroids().k(); ++b) {
    const HalfSpace beyond = BoundaryOf(model, scaled, winner, b, leeway).beyond;
    const double norm = std::sqrt(Dot(beyond.normal, beyond.normal));
    if (norm > 0) rivals.push_back({.index = b, .distance_min = beyond.away / norm});
  }
  std::stable_sort(rivals.begin(), rivals.end(),
                   [](const Rival& a, const Rival& b) { return a.distance_min < b.distance_min; });
  return rivals;
}

// Ordinal of a float among all floats; both zeros have one.
int64_t OrdinalOf(float value) {
  const auto bits = std::bit_cast<int32_t>(value);
  return bits >= 0 ? bits : std::numeric_limits<int32_t>::min() - int64_t{bits};
}

float FloatAt(int64_t ordinal) {
  const float magnitude = std::bit_cast<float>(static_cast<int32_t>(std::abs(ordinal)));
  return ordinal < 0 ? -magnitude : magnitude;
}

// The first raw value of [from, to], going from `from`, whose scaled value is at or beyond `target`; `to` at the
// latest.
float FirstBeyond(const Feature& feature, double target, float from, float to) {
  const bool upwards = from <= to;
  int64_t before = OrdinalOf(from) - (upwards ? 1 : -1);
  int64_t at = OrdinalOf(to);
  while (std::abs(at - before) > 1) {
    const int64_t middle = before + (at - before) / 2;
    const auto scaled = static_cast<double>(feature.Scale(static_cast<double>(FloatAt(middle))));
    ((upwards ? scaled >= target : scaled <= target) ? at : before) = middle;
  }
  return FloatAt(at);
}

// One event and its leeway: what the attempts of one call have in common.
class Departure {
 public:
  Departure(const Model& model, std::span<const float> scaled, std::span<const uint8_t> missing, uint32_t winner)
      : model_(model),
        scaled_(scaled),
        missing_(missing),
        winner_(winner),
        leeway_(LeewayOf(model.schema(), scaled, missing)) {}

  std::vector<Rival> Rivals() const { return RivalsOf(model_, scaled_, winner_, leeway_); }

  // The smallest change across the boundary with a rival that does leave the winner.
  Counterfactual Cross(uint32_t rival) {
    const Boundary boundary = BoundaryOf(model_, scaled_, winner_, rival, leeway_);
    const std::vector<double> farthest = FarthestMove(boundary.beyond.normal, leeway_);
    const double tolerance = kOvershootMin * boundary.distances;
    if (Dot(boundary.beyond.normal, farthest) < boundary.beyond.away - tolerance) return {};
    for (double part = kOvershootMin; part <= kOvershootMax; part *= kOvershootGrowth) {
      HalfSpace aim = boundary.beyond;
      aim.away += part * boundary.distances;
      const std::optional<std::vector<double>> move = LeastMove(aim, leeway_);
      if (!move.has_value()) break;
      Counterfactual answer = Apply(*move);
      if (answer.reachable) return answer;
    }
    return Apply(farthest);
  }

 private:
  // The change as raw values and, if it leaves the winner, as an answer.
  Counterfactual Apply(std::span<const double> move) {
    Counterfactual answer;
    std::vector<float> after(scaled_.begin(), scaled_.end());
    double largest = 0;
    for (const double step : move) largest = std::max(largest, std::abs(step));
    double length2 = 0;
    for (size_t j = 0; j < move.size(); ++j) {
      if (move[j] == 0 || (std::abs(move[j]) < kNegligibleMove * largest && !leeway_.grouped[j])) continue;
      const Feature& feature = model_.schema().scored(j);
      const auto x = static_cast<double>(scaled_[j]);
      const float min = leeway_.raw_min[j];
      const float max = leeway_.raw_max[j];
      const float raw = FirstBeyond(feature, x + move[j], move[j] > 0 ? min : max, move[j] > 0 ? max : min);
      after[j] = feature.Scale(static_cast<double>(raw));
      if (!std::isfinite(after[j])) return {};
      if (after[j] == scaled_[j]) continue;
      const double delta = static_cast<double>(after[j]) - x;
      length2 += delta * delta;
      answer.changes.push_back({.position = static_cast<uint32_t>(j),
                                .missing = !missing_.empty() && missing_[j] != 0,
                                .raw_from = feature.Unscale(x),
                                .raw_to = raw,
                                .scaled_delta = delta});
    }
    size_t count = 0;
    answer.after = Assign(model_, after, workspace_, {}, count);
    if (answer.after.winner == winner_) return {};
    answer.reachable = true;
    answer.distance = std::sqrt(length2);
    return answer;
  }

  const Model& model_;
  std::span<const float> scaled_;
  std::span<const uint8_t> missing_;
  uint32_t winner_;
  Leeway leeway_;
  Workspace workspace_;
};

}  // namespace

Counterfactual SmallestChange(const Model& model, std::span<const float> scaled, std::span<const uint8_t> missing,
                              uint32_t winner) {
  Departure departure(model, scaled, missing, winner);
  Counterfactual best;
  for (const Rival& rival : departure.Rivals()) {
    if (best.reachable && rival.distance_min >= best.distance) break;
    Counterfactual answer = departure.Cross(rival.index);
    if (answer.reachable && (!best.reachable || answer.distance < best.distance)) best = std::move(answer);
  }
  return best;
}

}  // namespace assent::scoring
