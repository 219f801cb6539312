// Rates of errors by group, where it is known who should have been selected.
#ifndef ASSENT_POLICY_FAIRNESS_OUTCOME_H_
#define ASSENT_POLICY_FAIRNESS_OUTCOME_H_

#include <cstdint>
#include <optional>
#include <span>

#include "policy/fairness_interval.h"
#include "policy/fairness_parity.h"

namespace assent::policy {

// What became of a group's members with a label. A positive label: the member belonged into the segment.
struct OutcomeCount {
  uint64_t true_positives = 0;   // positive, selected
  uint64_t false_negatives = 0;  // positive, not selected
  uint64_t false_positives = 0;  // negative, selected
  uint64_t true_negatives = 0;   // negative, not selected

  // As counts, so that every interval and comparison of selection rates serves these rates too.
  GroupCount positives() const { return {true_positives + false_negatives, true_positives}; }
  GroupCount negatives() const { return {false_positives + true_negatives, false_positives}; }
  // Empty where the group has no such label.
  std::optional<double> true_positive_rate() const;
  std::optional<double> false_positive_rate() const;
};

// Equalized odds: the worse of the disparities of true positive and false positive rates between the groups. Groups
// without such a label have no such rate and are left out of that disparity. Source: M. Hardt et al., NeurIPS 2016;
// fairlearn.metrics.equalized_odds_difference and _ratio. Threads: safe. Cost: O(groups), allocates.
Disparity EqualizedOdds(std::span<const OutcomeCount> groups);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_FAIRNESS_OUTCOME_H_
