#include "policy/fairness_association.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace assent::policy {
namespace {

struct Margins {
  std::vector<double> rows, columns;
  double total = 0;
};

Margins MarginsOf(std::span<const uint64_t> counts, size_t columns) {
  Margins margins{.rows = std::vector<double>(counts.size() / columns), .columns = std::vector<double>(columns)};
  for (size_t cell = 0; cell < counts.size(); ++cell) {
    const auto count = static_cast<double>(counts[cell]);
    margins.rows[cell / columns] += count;
    margins.columns[cell % columns] += count;
    margins.total += count;
  }
  return margins;
}

double NonZero(const std::vector<double>& sums) {
  return static_cast<double>(std::count_if(sums.begin(), sums.end(), [](double sum) { return sum > 0; }));
}

double SumOf(std::span<const uint64_t> counts) {
  double sum = 0;
  for (const uint64_t count : counts) sum += static_cast<double>(count);
  return sum;
}

}  // namespace

double TotalVariation(std::span<const uint64_t> counts, std::span<const uint64_t> others) {
  const double total = SumOf(counts);
  const double other_total = SumOf(others);
  if (total == 0 || other_total == 0) return 0;
  double sum = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    sum += std::fabs(static_cast<double>(counts[i]) / total - static_cast<double>(others[i]) / other_total);
  }
  return sum / 2;
}

double CramersV(std::span<const uint64_t> counts, size_t columns) {
  const Margins margins = MarginsOf(counts, columns);
  const double n = margins.total;
  const double r = NonZero(margins.rows);
  const double c = NonZero(margins.columns);
  if (r < 2 || c < 2) return 0;
  double square = 0;  // chi squared by N, plus 1
  for (size_t cell = 0; cell < counts.size(); ++cell) {
    const auto count = static_cast<double>(counts[cell]);
    if (count > 0) square += count * count / (margins.rows[cell / columns] * margins.columns[cell % columns]);
  }
  const double phi = std::max(0.0, square - 1 - (r - 1) * (c - 1) / (n - 1));
  const double rows = r - (r - 1) * (r - 1) / (n - 1);
  const double wide = c - (c - 1) * (c - 1) / (n - 1);
  const double least = std::min(rows, wide) - 1;
  return least > 0 ? std::min(1.0, std::sqrt(phi / least)) : 0;
}

double MutualInformation(std::span<const uint64_t> counts, size_t columns) {
  const Margins margins = MarginsOf(counts, columns);
  if (margins.total == 0) return 0;
  double sum = 0;
  for (size_t cell = 0; cell < counts.size(); ++cell) {
    const auto count = static_cast<double>(counts[cell]);
    if (count == 0) continue;
    sum += count * std::log(count * margins.total / (margins.rows[cell / columns] * margins.columns[cell % columns]));
  }
  return std::max(0.0, sum / margins.total);
}

double CorrelationRatio(std::span<const GroupSum> groups, double variation) {
  if (!(variation > 0)) return 0;
  double total = 0, sum = 0, between = 0;
  for (const GroupSum& group : groups) {
    if (group.count == 0) continue;
    total += static_cast<double>(group.count);
    sum += group.sum;
    between += group.sum * group.sum / static_cast<double>(group.count);
  }
  if (total == 0) return 0;
  return std::clamp((between - sum * sum / total) / variation, 0.0, 1.0);
}

}  // namespace assent::policy
