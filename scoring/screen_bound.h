// How far a screening score can be from the truth, and so which centroids must be looked at in double. Private to
// scoring.
//
// Letters. x: the scaled event; mu_c: a centroid; o: the origin of the layout; all float32, taken as exact.
//   z   = x - o, exactly;                y   = what the kernel takes for it: fl(x - o), or that rounded once more
//   f   = ||y - fl(x - o)||: 0, or measured by the kernel (ShiftedEvent::offset)
//   m_c = the stored form of mu_c - o;   e_c = ||m_c - (mu_c - o)||, measured when the layout is built
//   M   = max ||m_c||;  Q = ||y||^2;     u   = 2^-24, the unit roundoff of float32;  h = the depth of ScreenError
//   r_c = ||x - mu_c||: the real distance (not squared)
// A kernel returns s_c, its float32 value of ||m_c||^2 - 2 y.m_c, which is ||y - m_c||^2 - Q.
//
// 1. Points. fl(x - o) differs from z by at most u |z_j| in each feature, so ||y - z|| <= f + u ||z||, and with
//    ||z|| (1 - u) <= ||y|| + f: ||y - z|| <= f + 2u (sqrt(Q) + f). With the triangle inequality
//        | r_c - ||y - m_c|| | <= f + 2u (sqrt(Q) + f) + max e_c =: e.
// 2. Arithmetic. Every product and sum rounds by at most u, relatively; a term passes at most h of them, whatever the
//    order, the vector length and the use of fused multiply-add (Higham, Accuracy and Stability of Numerical
//    Algorithms, 2nd ed., section 3.1). With gamma = h u / (1 - h u), and D underflows of at most 2^-149 each,
//        | s_c - (||y - m_c||^2 - Q) | <= gamma (||m_c||^2 + 2 sum |y_j m_cj|) + D 2^-149
//                                     <= gamma (M^2 + 2 sqrt(Q) M) + h 2^-148 =: E    (Cauchy-Schwarz; D <= 2h).
// 3. Candidates. Let at least n centroids have s_c <= S. For each, r_c <= sqrt(S + Q + E) + e =: R. The double
//    distance d_c (ExactDistance) has d_c = r_c^2 (1 + t), |t| <= g = (dim + 16) 2^-53. So the n-th smallest d is at
//    most (1 + g) R^2, whatever is among the n nearest by d has r_c <= R sqrt((1 + g) / (1 - g)) <= (1 + 2g) R =: R',
//    and
//        s_c <= (R' + e)^2 - Q + E =: T.
//    Every centroid with s_c <= T is rescored in double; no other can be among the n nearest, nor tie with one of them.
// The few double operations that evaluate T are covered by the slack of 2^-40, as is the rounding of Q itself.
//
// The double arithmetic assumes the floating-point environment that a process starts with: round to nearest, gradual
// underflow.
#ifndef ASSENT_SCORING_SCREEN_BOUND_H_
#define ASSENT_SCORING_SCREEN_BOUND_H_

#include <algorithm>
#include <cmath>
#include <limits>

#include "scoring/screen_layout.h"

namespace assent::scoring {

// Scores are meaningful only while squares stay far from overflow; beyond, every distance is computed in double.
inline constexpr double kEventNormSquaredMax = 1e36;

// What one event and one kernel make of the formulas above.
class ScreenBound {
 public:
  ScreenBound(const ScreenError& error, const ShiftedEvent& event, size_t dim)
      : q_(event.norm2),
        growth_(1 + 2 * (static_cast<double>(dim) + 16) * 0x1p-53),
        points_(event.offset + 0x1p-23 * (event.norm + event.offset) + error.offset_max),
        arithmetic_(error.gamma * error.norm_max * (error.norm_max + 2 * event.norm) +
                    error.underflow * (1 + event.norm + error.norm_max)) {}

  // T for S = `score`: any centroid among the n nearest has a score of at most this.
  float Threshold(float score) const { return ThresholdOfDistance(DistanceMax(score)); }

  // R: no centroid with at most this score is farther (not squared).
  double DistanceMax(float score) const {
    return std::sqrt(std::max(0.0, static_cast<double>(score) + q_ + arithmetic_) + slack(score)) + points_;
  }

  // The largest score of a centroid whose real distance (not squared) is at most `distance`.
  float ThresholdOfDistance(double distance) const {
    const double reach = distance * growth_ + points_;
    const double threshold = reach * reach - q_ + arithmetic_ + 0x1p-40 * (reach * reach + q_);
    // Never infinite: the padding beyond the last centroid scores infinity and must not be found.
    if (!(threshold < kScoreMax)) return std::numeric_limits<float>::max();
    // Up by more than the rounding to float32 can take away.
    return static_cast<float>(threshold + 0x1p-23 * std::abs(threshold) + 0x1p-148);
  }

 private:
  static constexpr double kScoreMax = 1e38;
  double slack(float score) const { return 0x1p-40 * (std::abs(static_cast<double>(score)) + q_); }

  double q_;
  double growth_;
  double points_;      // e
  double arithmetic_;  // E
};

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_SCREEN_BOUND_H_
