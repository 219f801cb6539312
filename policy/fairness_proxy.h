// Which features give a protected attribute away.
#ifndef ASSENT_POLICY_FAIRNESS_PROXY_H_
#define ASSENT_POLICY_FAIRNESS_PROXY_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/functional/function_ref.h"

namespace assent::policy {

// A feature is cut into at most so many bins of about equal numbers of rows; missing values are a bin of their own.
inline constexpr size_t kProxyBins = 10;

// Shape: values and missing are [rows x columns], row-major; `missing` non-zero: there is no value. groups is [rows],
// each below group_count. Values are finite.
struct ProxyTable {
  std::span<const float> values;
  std::span<const uint8_t> missing;
  size_t columns = 0;
  std::span<const uint32_t> groups;
  size_t group_count = 0;
};

struct ProxyOptions {
  size_t permutations = 999;
  // Permutations are made on at most so many rows, drawn by the seed; the associations themselves are of all rows.
  size_t rows_max = 20000;
  uint64_t seed = 1;
};

// One feature against the attribute. Each p-value is the share of permutations of the groups, the data as it is counted
// as one of them, in which the number was at least as large. Source: B. Phipson and G. Smyth, Statistical Applications
// in Genetics and Molecular Biology 9 (2010), article 39.
struct ProxyFinding {
  double mutual_information = 0;  // nats, of the binned feature and the groups
  double cramers_v = 0;           // bias-corrected, of the same
  double correlation_ratio = 0;   // eta squared, of the values themselves; rows without one are left out
  double p_mutual_information = 1;
  double p_cramers_v = 1;
  double p_correlation_ratio = 1;
  // The greater of cramers_v and the square root of correlation_ratio: both read like a correlation, 0 to 1.
  double strength = 0;
  // Of `strength`, against the greatest of all features in each permutation, so that it holds for every feature at
  // once, however many there are. Source: P. Westfall and S. Young, Resampling-Based Multiple Testing (1993), max-T.
  double p_adjusted = 1;
};

// One a column. The same table, options and seed give the same numbers on every machine. `progress` gets the share
// done, 0 to 1. Threads: safe. Cost: rows_max x columns x permutations steps; memory of 9 bytes a cell of rows_max.
std::vector<ProxyFinding> ScanProxies(const ProxyTable& table, const ProxyOptions& options,
                                      absl::FunctionRef<void(double)> progress);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_FAIRNESS_PROXY_H_
