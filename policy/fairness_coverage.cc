#include "policy/fairness_coverage.h"

#include <cmath>
#include <cstddef>
#include <numeric>

#include "policy/fairness_correction.h"

namespace assent::policy {
namespace {

double UnderRepresentationP(const GroupCoverage& group, double total, double ratio_min) {
  const double least = ratio_min * group.population_share;
  const double error = std::sqrt(least * (1 - least) / total);
  if (error > 0) return NormalUpperTail((least - group.share) / error);
  return group.share < least ? 0 : 1;
}

FairnessVerdict CoverageVerdictOf(const GroupCoverage& group, const CoverageLimits& limits) {
  if (group.ratio >= limits.ratio_min) return FairnessVerdict::kWithinLimits;
  const bool surely = group.share_interval.high < limits.ratio_min * group.population_share;
  const bool explained = group.p_adjusted > (1 - limits.confidence) / 2;
  return surely && !explained ? FairnessVerdict::kBreach : FairnessVerdict::kWarning;
}

}  // namespace

std::vector<GroupCoverage> CoverageOf(std::span<const uint64_t> rows, std::span<const double> population,
                                      const CoverageLimits& limits) {
  const double z = TwoSidedZ(limits.confidence);
  const uint64_t total = std::accumulate(rows.begin(), rows.end(), uint64_t{0});
  const double people = std::accumulate(population.begin(), population.end(), 0.0);
  std::vector<GroupCoverage> groups;
  std::vector<double> p_values;
  std::vector<size_t> tested;
  for (size_t i = 0; i < rows.size(); ++i) {
    GroupCoverage group{.rows = rows[i]};
    const GroupCount count{.members = total, .selected = rows[i]};
    group.share = count.rate();
    group.share_interval = WilsonInterval(count, z);
    group.population_share = people > 0 ? population[i] / people : 0;
    if (group.population_share > 0) group.ratio = group.share / group.population_share;
    const double expected = group.population_share * static_cast<double>(total);
    if (group.population_share == 0) {
      group.verdict = FairnessVerdict::kWithinLimits;
    } else if (total > 0 && expected >= static_cast<double>(limits.expected_min)) {
      group.p_value = UnderRepresentationP(group, static_cast<double>(total), limits.ratio_min);
      p_values.push_back(group.p_value);
      tested.push_back(i);
    }
    groups.push_back(group);
  }
  const std::vector<double> adjusted = HolmAdjusted(p_values);
  for (size_t i = 0; i < tested.size(); ++i) {
    groups[tested[i]].p_adjusted = adjusted[i];
    groups[tested[i]].verdict = CoverageVerdictOf(groups[tested[i]], limits);
  }
  return groups;
}

}  // namespace assent::policy
