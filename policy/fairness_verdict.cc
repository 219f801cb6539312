#include "policy/fairness_verdict.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "policy/fairness_correction.h"

namespace assent::policy {
namespace {

bool EnoughEvidence(const GroupCount& a, const GroupCount& b, const FairnessLimits& limits) {
  if (std::min(a.members, b.members) < std::max<uint64_t>(1, limits.members_min)) return false;
  const double selected = static_cast<double>(a.selected) + static_cast<double>(b.selected);
  const double members = static_cast<double>(a.members) + static_cast<double>(b.members);
  const double expected = selected / members * static_cast<double>(std::min(a.members, b.members));
  return expected >= static_cast<double>(limits.selected_min);
}

// Of the hypothesis that the difference is at most `limit`.
double DifferenceP(const GroupCount& high, const GroupCount& low, double limit) {
  const auto variance = [](const GroupCount& count) {
    return count.rate() * (1 - count.rate()) / static_cast<double>(count.members);
  };
  const double beyond = high.rate() - low.rate() - limit;
  const double error = std::sqrt(variance(high) + variance(low));
  if (error > 0) return NormalUpperTail(beyond / error);
  return beyond > 0 ? 0 : 1;
}

FairnessComparison Compare(std::span<const GroupCount> groups, uint32_t first, uint32_t second, double z,
                           const FairnessLimits& limits) {
  FairnessComparison comparison{.group = first, .reference = second};
  if (groups[first].rate() > groups[second].rate()) std::swap(comparison.group, comparison.reference);
  const GroupCount& low = groups[comparison.group];
  const GroupCount& high = groups[comparison.reference];
  const LogRatio ratio = KatzLogRatio(low, high);
  comparison.ratio = high.selected == 0 ? 1 : low.rate() / high.rate();
  comparison.ratio_interval = KatzInterval(ratio, z);
  comparison.difference = high.rate() - low.rate();
  comparison.difference_interval = NewcombeInterval(high, low, z);
  if (!EnoughEvidence(low, high, limits)) return comparison;
  comparison.verdict = FairnessVerdict::kWithinLimits;
  comparison.p_value = NormalUpperTail((std::log(limits.ratio_min) - ratio.value) / ratio.standard_error);
  if (limits.difference_max > 0) {
    comparison.p_value = std::min(1.0, 2 * std::min(comparison.p_value, DifferenceP(high, low, limits.difference_max)));
  }
  return comparison;
}

FairnessVerdict VerdictOf(const FairnessComparison& comparison, const FairnessLimits& limits) {
  const bool looks_at_difference = limits.difference_max > 0;
  const bool beyond =
      comparison.ratio < limits.ratio_min || (looks_at_difference && comparison.difference > limits.difference_max);
  if (!beyond) return FairnessVerdict::kWithinLimits;
  const bool surely = comparison.ratio_interval.high < limits.ratio_min ||
                      (looks_at_difference && comparison.difference_interval.low > limits.difference_max);
  const bool explained = comparison.p_adjusted > (1 - limits.confidence) / 2;
  return surely && !explained ? FairnessVerdict::kBreach : FairnessVerdict::kWarning;
}

}  // namespace

const char* FairnessVerdictName(FairnessVerdict verdict) {
  switch (verdict) {
    case FairnessVerdict::kInsufficientEvidence:
      return "insufficient_evidence";
    case FairnessVerdict::kWithinLimits:
      return "within_limits";
    case FairnessVerdict::kWarning:
      return "warning";
    case FairnessVerdict::kBreach:
      return "breach";
  }
  return "";
}

std::vector<FairnessComparison> CompareGroups(std::span<const GroupCount> groups, const FairnessLimits& limits) {
  const double z = TwoSidedZ(limits.confidence);
  std::vector<FairnessComparison> comparisons;
  for (uint32_t second = 1; second < groups.size(); ++second) {
    for (uint32_t first = 0; first < second; ++first) {
      comparisons.push_back(Compare(groups, first, second, z, limits));
    }
  }
  return comparisons;
}

void SettleVerdicts(std::span<FairnessComparison* const> comparisons, const FairnessLimits& limits) {
  std::vector<FairnessComparison*> tested;
  std::vector<double> p_values;
  for (FairnessComparison* comparison : comparisons) {
    if (comparison->verdict == FairnessVerdict::kInsufficientEvidence) continue;
    tested.push_back(comparison);
    p_values.push_back(comparison->p_value);
  }
  const std::vector<double> adjusted = HolmAdjusted(p_values);
  for (size_t i = 0; i < tested.size(); ++i) {
    tested[i]->p_adjusted = adjusted[i];
    tested[i]->verdict = VerdictOf(*tested[i], limits);
  }
}

}  // namespace assent::policy
