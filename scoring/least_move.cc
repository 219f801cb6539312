#include "scoring/least_move.h"

#include <algorithm>
#include <cstddef>

namespace assent::scoring {
namespace {

constexpr int kHalvingsMax = 200;
constexpr double kMultiplierMax = 1e250;  // times a float32 it is finite

// The least number of (below, above] that `enough` accepts, to the last bit or after kHalvingsMax halvings. It accepts
// `above`, and with a number every larger one.
template <typename Enough>
double LeastEnough(double below, double above, const Enough& enough) {
  for (int i = 0; i < kHalvingsMax; ++i) {
    const double middle = below + (above - below) / 2;
    if (middle <= below || middle >= above) break;
    (enough(middle) ? above : below) = middle;
  }
  return above;
}

// Moves the group's members to the point within their limits, and the group's, that is nearest to `multiplier` *
// normal.
void FitGroup(const ShareGroup& group, double multiplier, std::span<const double> normal, const Leeway& leeway,
              std::vector<double>& move) {
  const auto fits = [&](double price) {
    double added = 0;
    for (const ShareGroup::Member& member : group.members) {
      const size_t j = member.position;
      move[j] = std::clamp(multiplier * normal[j] - price * member.scale, leeway.down[j], leeway.up[j]);
      added += member.scale * move[j];
    }
    return added <= group.room;
  };
  if (fits(0)) return;
  // At this price all are at their lower limits, which add nothing.
  double price_max = 0;
  for (const ShareGroup::Member& member : group.members) {
    const size_t j = member.position;
    price_max = std::max(price_max, (multiplier * normal[j] - leeway.down[j]) / member.scale);
  }
  fits(LeastEnough(0, price_max, fits));
}

// The point of the leeway that is nearest to `multiplier` * normal.
void MoveAlong(double multiplier, std::span<const double> normal, const Leeway& leeway, std::vector<double>& move) {
  for (size_t j = 0; j < normal.size(); ++j) {
    move[j] = std::clamp(multiplier * normal[j], leeway.down[j], leeway.up[j]);
  }
  for (const ShareGroup& group : leeway.groups) FitGroup(group, multiplier, normal, leeway, move);
}

// Gives a group's room to those members first that get farthest with it.
void FillGroup(ShareGroup group, std::span<const double> normal, const Leeway& leeway, std::vector<double>& move) {
  double room = group.room;
  for (const ShareGroup::Member& member : group.members) {
    move[member.position] = leeway.down[member.position];
    room -= member.scale * leeway.down[member.position];
  }
  std::stable_sort(group.members.begin(), group.members.end(),
                   [&](const ShareGroup::Member& a, const ShareGroup::Member& b) {
                     return normal[a.position] / a.scale > normal[b.position] / b.scale;
                   });
  for (const ShareGroup::Member& member : group.members) {
    const size_t j = member.position;
    if (normal[j] <= 0) break;
    const double step = std::min(leeway.up[j] - leeway.down[j], room / member.scale);
    move[j] = std::min(leeway.down[j] + step, leeway.up[j]);
    room = std::max(0.0, room - member.scale * step);
  }
}

}  // namespace

double Dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (size_t j = 0; j < a.size(); ++j) sum += a[j] * b[j];
  return sum;
}

std::vector<double> FarthestMove(std::span<const double> normal, const Leeway& leeway) {
  std::vector<double> move(normal.size(), 0);
  for (size_t j = 0; j < normal.size(); ++j) {
    if (normal[j] != 0) move[j] = normal[j] > 0 ? leeway.up[j] : leeway.down[j];
  }
  for (const ShareGroup& group : leeway.groups) FillGroup(group, normal, leeway, move);
  return move;
}

std::optional<std::vector<double>> LeastMove(const HalfSpace& beyond, const Leeway& leeway) {
  std::vector<double> move(beyond.normal.size(), 0);
  const double norm2 = Dot(beyond.normal, beyond.normal);
  if (norm2 == 0 || Dot(beyond.normal, FarthestMove(beyond.normal, leeway)) < beyond.away) return std::nullopt;
  const auto reaches = [&](double multiplier) {
    MoveAlong(multiplier, beyond.normal, leeway, move);
    return Dot(beyond.normal, move) >= beyond.away;
  };
  // Without limits this multiplier would do; limits only ask for more.
  double above = beyond.away / norm2;
  double below = above;
  while (!reaches(above)) {
    below = above;
    above *= 2;
    if (above > kMultiplierMax) return std::nullopt;
  }
  reaches(LeastEnough(below, above, reaches));
  return move;
}

}  // namespace assent::scoring
