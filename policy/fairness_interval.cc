#include "policy/fairness_interval.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace assent::policy {
namespace {

double Square(double value) { return value * value; }

}  // namespace

double NormalUpperTail(double z) { return 0.5 * std::erfc(z / std::numbers::sqrt2); }

double TwoSidedZ(double confidence) {
  // Bisection on the tail, which falls strictly: 200 halvings of [0, 40] leave less than a double can tell.
  const double tail = (1 - confidence) / 2;
  double low = 0, high = 40;
  for (int halving = 0; halving < 200; ++halving) {
    const double middle = (low + high) / 2;
    (NormalUpperTail(middle) > tail ? low : high) = middle;
  }
  return (low + high) / 2;
}

Interval WilsonInterval(const GroupCount& count, double z) {
  if (count.members == 0) return {0, 1};
  const auto n = static_cast<double>(count.members);
  const double rate = count.rate();
  const double centre = rate + z * z / (2 * n);
  const double half = z * std::sqrt(rate * (1 - rate) / n + z * z / (4 * n * n));
  const double unit = 1 + z * z / n;
  // At the ends the interval touches 0 and 1 exactly; rounding must not leave it a little inside.
  return {count.selected == 0 ? 0 : std::max(0.0, (centre - half) / unit),
          count.selected == count.members ? 1 : std::min(1.0, (centre + half) / unit)};
}

LogRatio KatzLogRatio(const GroupCount& count, const GroupCount& reference) {
  double a = static_cast<double>(count.selected), n = static_cast<double>(count.members);
  double b = static_cast<double>(reference.selected), m = static_cast<double>(reference.members);
  if (a == 0 || b == 0 || (a == n && b == m)) {
    a += 0.5;
    b += 0.5;
    n += 1;
    m += 1;
  }
  return {std::log(a / n) - std::log(b / m), std::sqrt(1 / a - 1 / n + 1 / b - 1 / m)};
}

Interval KatzInterval(const LogRatio& ratio, double z) {
  return {std::exp(ratio.value - z * ratio.standard_error), std::exp(ratio.value + z * ratio.standard_error)};
}

Interval NewcombeInterval(const GroupCount& count, const GroupCount& reference, double z) {
  const Interval own = WilsonInterval(count, z);
  const Interval other = WilsonInterval(reference, z);
  const double difference = count.rate() - reference.rate();
  return {difference - std::sqrt(Square(count.rate() - own.low) + Square(other.high - reference.rate())),
          difference + std::sqrt(Square(own.high - count.rate()) + Square(reference.rate() - other.low))};
}

}  // namespace assent::policy
