// The smallest move that reaches a half space, within a leeway: a convex quadratic programme with one plane.
#ifndef ASSENT_SCORING_LEAST_MOVE_H_
#define ASSENT_SCORING_LEAST_MOVE_H_

#include <optional>
#include <span>
#include <vector>

#include "scoring/leeway.h"

namespace assent::scoring {

// The half space of moves m with normal · m >= away. Shape: normal is [dim], finite, 0 where the leeway holds a
// feature.
struct HalfSpace {
  std::vector<double> normal;
  double away = 0;  // >= 0
};

double Dot(std::span<const double> a, std::span<const double> b);

// The move of the leeway that goes farthest along `normal`: a vertex, to which the linear function's maximum leads.
// Cost: O(d log d), allocates.
std::vector<double> FarthestMove(std::span<const double> normal, const Leeway& leeway);

// The move m of the leeway with normal · m >= away and the least Euclidean length; none when there is none, or only
// within the rounding of doubles. Its length exceeds the least by rounding alone.
// Source: the multiplier of the plane, l, is one-dimensional: m(l) is the point of the leeway nearest to l * normal,
// and normal · m(l) never falls as l grows. Likewise for the limit of a group of shares, whose multiplier is found
// within. Cost: about 60 passes over the features, and for each at most 200 over those of every group whose limit
// binds; allocates the result.
std::optional<std::vector<double>> LeastMove(const HalfSpace& beyond, const Leeway& leeway);

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_LEAST_MOVE_H_
