// How far apart the rates of several groups are: single numbers that other tools give too.
#ifndef ASSENT_POLICY_FAIRNESS_PARITY_H_
#define ASSENT_POLICY_FAIRNESS_PARITY_H_

#include <optional>
#include <span>

#include "policy/fairness_interval.h"

namespace assent::policy {

// Functions here are pure. Threads: safe. Cost: O(groups), quadratic for the differential fairness; no allocation.

struct Disparity {
  double difference = 0;        // 0: alike
  std::optional<double> ratio;  // 1: alike. Empty where every rate is 0, so that there is nothing to divide
};

// Greatest minus least, and least by greatest. Of selection rates these are Fairlearn's demographic_parity_difference
// and demographic_parity_ratio; of true positive rates, equal opportunity. Empty: 0 and no ratio.
// Source: fairlearn.metrics, method="between_groups".
Disparity DisparityBetweenGroups(std::span<const double> rates);

// The greatest distance of a rate from `overall`, and the least ratio of the two, the smaller above the larger.
// Source: fairlearn.metrics, method="to_overall".
Disparity DisparityToOverall(std::span<const double> rates, double overall);

// The smoothed empirical differential fairness: over the pairs of groups the greatest |ln a - ln b| and
// |ln (1 - a) - ln (1 - b)|, where a and b are rates of (selected + 1/2) / (members + 1). 0: alike.
// Source: J. R. Foulds et al., ICDE 2020, definition 4.1; AIF360's smoothed_edf with concentration 1.
double SmoothedDifferentialFairness(std::span<const GroupCount> counts);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_FAIRNESS_PARITY_H_
