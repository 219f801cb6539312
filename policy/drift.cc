#include "policy/drift.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace assent::policy {
namespace {

// In double: counts cannot overflow it.
double Total(std::span<const uint64_t> counts) {
  double total = 0;
  for (const uint64_t count : counts) total += static_cast<double>(count);
  return total;
}

}  // namespace

std::optional<double> PopulationStabilityIndex(std::span<const uint64_t> reference, std::span<const uint64_t> present,
                                               uint64_t samples_min) {
  if (reference.size() != present.size()) return std::nullopt;
  const double rows = Total(reference);
  const double samples = Total(present);
  if (rows == 0 || samples == 0 || samples < static_cast<double>(samples_min)) return std::nullopt;
  double index = 0;
  for (size_t bin = 0; bin < reference.size(); ++bin) {
    const double p = std::max(static_cast<double>(reference[bin]) / rows, kDriftShareFloor);
    const double q = std::max(static_cast<double>(present[bin]) / samples, kDriftShareFloor);
    index += (q - p) * std::log(q / p);
  }
  return index;
}

}  // namespace assent::policy
