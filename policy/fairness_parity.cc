#include "policy/fairness_parity.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace assent::policy {
namespace {

double SmoothedRate(const GroupCount& count) {
  return (static_cast<double>(count.selected) + 0.5) / (static_cast<double>(count.members) + 1);
}

}  // namespace

Disparity DisparityBetweenGroups(std::span<const double> rates) {
  if (rates.empty()) return {};
  const auto [least, greatest] = std::minmax_element(rates.begin(), rates.end());
  Disparity disparity{.difference = *greatest - *least, .ratio = std::nullopt};
  if (*greatest > 0) disparity.ratio = *least / *greatest;
  return disparity;
}

Disparity DisparityToOverall(std::span<const double> rates, double overall) {
  Disparity disparity;
  for (const double rate : rates) {
    disparity.difference = std::max(disparity.difference, std::fabs(rate - overall));
    if (rate == 0 && overall == 0) continue;
    const double ratio = std::min(rate, overall) / std::max(rate, overall);
    disparity.ratio = std::min(disparity.ratio.value_or(1), ratio);
  }
  return disparity;
}

double SmoothedDifferentialFairness(std::span<const GroupCount> counts) {
  double greatest = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const double a = SmoothedRate(counts[i]);
      const double b = SmoothedRate(counts[j]);
      greatest = std::max({greatest, std::fabs(std::log(a / b)), std::fabs(std::log((1 - a) / (1 - b)))});
    }
  }
  return greatest;
}

}  // namespace assent::policy
