// Whether data holds the groups of a population in their proportions.
#ifndef ASSENT_POLICY_FAIRNESS_COVERAGE_H_
#define ASSENT_POLICY_FAIRNESS_COVERAGE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "policy/fairness_interval.h"
#include "policy/fairness_verdict.h"

namespace assent::policy {

struct CoverageLimits {
  // The least ratio of a group's share of the data by its share of the population.
  double ratio_min = 0.8;
  double confidence = 0.95;
  // A group that would have fewer rows in data of the population's proportions is not judged.
  uint64_t expected_min = 10;
};

struct GroupCoverage {
  uint64_t rows = 0;
  double share = 0;  // of the data
  Interval share_interval = {};
  double population_share = 0;
  double ratio = 1;  // share by population_share; 1 where the latter is 0, since nobody is missing then
  // Of the hypothesis that the share is at least ratio_min times the population's; one-sided, score test.
  double p_value = 1;
  double p_adjusted = 1;
  FairnessVerdict verdict = FairnessVerdict::kInsufficientEvidence;
};

// One a group; a group without a row in the data is there with 0. `rows` and `population` (shares that sum to about 1,
// or counts) have the same length. The verdict reads as in fairness_verdict.h, corrected over these groups by Holm's
// method; a group that is not in the population is within the limits. Threads: safe. Cost: O(n log n), allocates.
std::vector<GroupCoverage> CoverageOf(std::span<const uint64_t> rows, std::span<const double> population,
                                      const CoverageLimits& limits);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_FAIRNESS_COVERAGE_H_
