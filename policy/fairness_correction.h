// One error probability for many tests.
#ifndef ASSENT_POLICY_FAIRNESS_CORRECTION_H_
#define ASSENT_POLICY_FAIRNESS_CORRECTION_H_

#include <span>
#include <vector>

namespace assent::policy {

// Adjusted p-values, in the order of `p_values`: rejecting those of at most a keeps the probability of any false
// rejection below a, whatever depends on what. Each is at least its own p-value and at most 1.
// Source: S. Holm, Scandinavian Journal of Statistics 6 (1979), 65-70. Cost: O(n log n), allocates.
std::vector<double> HolmAdjusted(std::span<const double> p_values);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_FAIRNESS_CORRECTION_H_
