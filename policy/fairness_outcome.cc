#include "policy/fairness_outcome.h"

#include <algorithm>
#include <vector>

namespace assent::policy {
namespace {

std::optional<double> RateOf(const GroupCount& count) {
  if (count.members == 0) return std::nullopt;
  return count.rate();
}

}  // namespace

std::optional<double> OutcomeCount::true_positive_rate() const { return RateOf(positives()); }
std::optional<double> OutcomeCount::false_positive_rate() const { return RateOf(negatives()); }

Disparity EqualizedOdds(std::span<const OutcomeCount> groups) {
  std::vector<double> positive, negative;
  for (const OutcomeCount& group : groups) {
    if (const auto rate = group.true_positive_rate()) positive.push_back(*rate);
    if (const auto rate = group.false_positive_rate()) negative.push_back(*rate);
  }
  const Disparity a = DisparityBetweenGroups(positive);
  const Disparity b = DisparityBetweenGroups(negative);
  Disparity worse{.difference = std::max(a.difference, b.difference), .ratio = a.ratio};
  if (b.ratio.has_value()) worse.ratio = std::min(a.ratio.value_or(1), *b.ratio);
  return worse;
}

}  // namespace assent::policy
