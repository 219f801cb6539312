// Whether the groups of an attribute are selected alike, as far as their numbers can tell.
#ifndef ASSENT_POLICY_FAIRNESS_VERDICT_H_
#define ASSENT_POLICY_FAIRNESS_VERDICT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "policy/fairness_interval.h"

namespace assent::policy {

// In rising order of concern.
enum class FairnessVerdict : uint8_t {
  kInsufficientEvidence,  // too few people to say anything
  kWithinLimits,          // the estimate keeps the limits
  kWarning,               // the estimate does not, but chance may have done it
  kBreach,                // the interval does not either, and the number of comparisons does not explain it
};

// "insufficient_evidence", "within_limits", "warning", "breach".
const char* FairnessVerdictName(FairnessVerdict verdict);

struct FairnessLimits {
  // The least ratio of the lower rate by the higher one: the rule of four fifths. Source: 29 CFR 1607.4(D).
  double ratio_min = 0.8;
  // The greatest difference of the two rates. 0: not looked at.
  double difference_max = 0;
  // Of the intervals, two-sided.
  double confidence = 0.95;
  // Groups with fewer members are not compared. There is no standard number; this one is a choice.
  uint64_t members_min = 100;
  // Each of two groups would have so many selected members if both had the rate of the two together; otherwise they are
  // not compared. A group of whom nobody is selected is compared wherever its size makes that remarkable.
  uint64_t selected_min = 10;
};

// Two groups. The one of the lower rate is `group`; of equal rates, the one with the lower index.
struct FairnessComparison {
  uint32_t group = 0;
  uint32_t reference = 0;
  double ratio = 1;  // rate of `group` by rate of `reference`; 1 where both are 0
  Interval ratio_interval = {};
  double difference = 0;  // rate of `reference` minus rate of `group`, 0 or more
  Interval difference_interval = {};
  // Of the hypothesis that the limits are kept; one-sided. With difference_max, twice the smaller of the two, at
  // most 1.
  double p_value = 1;
  double p_adjusted = 1;
  FairnessVerdict verdict = FairnessVerdict::kInsufficientEvidence;
};

// Every pair of groups, so that a choice among them, such as the group with the highest rate, is corrected for too. The
// verdict is not yet settled: it says insufficient evidence, or is SettleVerdicts' to say. Shape: groups (groups - 1) /
// 2 comparisons, ascending by the pair's larger index, then the smaller. Threads: safe. Cost: quadratic in the groups.
std::vector<FairnessComparison> CompareGroups(std::span<const GroupCount> groups, const FairnessLimits& limits);

// Sets p_adjusted and verdict of all comparisons of one report together: Holm's correction over those with enough
// evidence. A breach has an interval beyond a limit and p_adjusted of at most (1 - confidence) / 2, which for a single
// comparison are the same. Because the hypothesis is about the limit and not about equality, any number of people
// with a small disparity is within the limits.
void SettleVerdicts(std::span<FairnessComparison* const> comparisons, const FairnessLimits& limits);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_FAIRNESS_VERDICT_H_
