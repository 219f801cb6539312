#include "policy/fairness_correction.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace assent::policy {

std::vector<double> HolmAdjusted(std::span<const double> p_values) {
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double least = 0;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    const double scaled = static_cast<double>(order.size() - rank) * p_values[order[rank]];
    least = std::max(least, std::min(1.0, scaled));
    adjusted[order[rank]] = least;
  }
  return adjusted;
}

}  // namespace assent::policy
