#include "policy/fairness_proxy.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

#include "policy/fairness_association.h"

namespace assent::policy {
namespace {

constexpr size_t kBinsMax = kProxyBins + 1;  // with that of missing values

// Below `bound`, which is far below 2^32, so that the bias of the multiplication is far below what any test sees.
// std::uniform_int_distribution differs between libraries.
size_t Draw(std::mt19937_64& random, size_t bound) {
  return static_cast<size_t>(((random() >> 32) * static_cast<uint64_t>(bound)) >> 32);
}

// The first `count` of `order` become a random choice of all in a random order.
template <typename Index>
void ShuffleFirst(std::vector<Index>& order, size_t count, std::mt19937_64& random) {
  for (size_t i = 0; i < count; ++i) std::swap(order[i], order[i + Draw(random, order.size() - i)]);
}

// A feature in the rows that are looked at.
struct BinnedFeature {
  std::vector<uint8_t> bins;
  std::vector<double> centred;  // 0 where missing
  double variation = 0;         // of the values that are not missing
};

// Upper edges, exclusive of the last bin: a value lies in the bin of the first edge that it is not above.
std::vector<float> EdgesOf(std::vector<float> values) {
  std::sort(values.begin(), values.end());
  std::vector<float> edges;
  for (size_t bin = 1; bin < kProxyBins && !values.empty(); ++bin)
    edges.push_back(values[bin * values.size() / kProxyBins]);
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return edges;
}

BinnedFeature Bin(const ProxyTable& table, size_t column, std::span<const uint32_t> rows) {
  const auto value_of = [&](uint32_t row) { return table.values[row * table.columns + column]; };
  const auto is_missing = [&](uint32_t row) { return table.missing[row * table.columns + column] != 0; };
  std::vector<float> present;
  double sum = 0;
  for (const uint32_t row : rows) {
    if (is_missing(row)) continue;
    present.push_back(value_of(row));
    sum += static_cast<double>(value_of(row));
  }
  const double mean = present.empty() ? 0 : sum / static_cast<double>(present.size());
  const std::vector<float> edges = EdgesOf(std::move(present));
  BinnedFeature feature;
  for (const uint32_t row : rows) {
    if (is_missing(row)) {
      feature.bins.push_back(kProxyBins);
      feature.centred.push_back(0);
      continue;
    }
    const auto edge = std::lower_bound(edges.begin(), edges.end(), value_of(row));
    feature.bins.push_back(static_cast<uint8_t>(edge - edges.begin()));
    feature.centred.push_back(static_cast<double>(value_of(row)) - mean);
    feature.variation += feature.centred.back() * feature.centred.back();
  }
  return feature;
}

// The three numbers of one feature under one assignment of groups. Scratch memory is kept between calls.
class Association {
 public:
  explicit Association(size_t group_count) : counts_(kBinsMax * group_count), sums_(group_count) {}

  ProxyFinding Of(const BinnedFeature& feature, std::span<const uint32_t> groups) {
    std::fill(counts_.begin(), counts_.end(), 0);
    std::fill(sums_.begin(), sums_.end(), GroupSum());
    for (size_t row = 0; row < groups.size(); ++row) {
      ++counts_[feature.bins[row] * sums_.size() + groups[row]];
      sums_[groups[row]].sum += feature.centred[row];
    }
    for (size_t cell = 0; cell < kProxyBins * sums_.size(); ++cell) sums_[cell % sums_.size()].count += counts_[cell];
    ProxyFinding finding;
    finding.mutual_information = MutualInformation(counts_, sums_.size());
    finding.cramers_v = CramersV(counts_, sums_.size());
    finding.correlation_ratio = CorrelationRatio(sums_, feature.variation);
    finding.strength = std::max(finding.cramers_v, std::sqrt(finding.correlation_ratio));
    return finding;
  }

 private:
  std::vector<uint64_t> counts_;
  std::vector<GroupSum> sums_;
};

struct Exceedances {
  size_t mutual_information = 0, cramers_v = 0, correlation_ratio = 0, strength = 0;
};

std::vector<uint32_t> GroupsOf(const ProxyTable& table, std::span<const uint32_t> rows) {
  std::vector<uint32_t> groups;
  for (const uint32_t row : rows) groups.push_back(table.groups[row]);
  return groups;
}

// A permuted number that is the same up to the rounding of its sums is not smaller.
bool AtLeast(double permuted, double observed) { return permuted >= observed - 1e-12 * std::fabs(observed); }

std::vector<Exceedances> Permute(const std::vector<BinnedFeature>& features, std::vector<uint32_t> groups,
                                 size_t group_count, const ProxyOptions& options, std::mt19937_64& random,
                                 absl::FunctionRef<void(double)> progress) {
  Association association(group_count);
  std::vector<ProxyFinding> observed;
  for (const BinnedFeature& feature : features) observed.push_back(association.Of(feature, groups));
  std::vector<Exceedances> counts(features.size());
  for (size_t permutation = 0; permutation < options.permutations; ++permutation) {
    ShuffleFirst(groups, groups.size(), random);
    double strongest = 0;
    for (size_t i = 0; i < features.size(); ++i) {
      const ProxyFinding permuted = association.Of(features[i], groups);
      counts[i].mutual_information += AtLeast(permuted.mutual_information, observed[i].mutual_information);
      counts[i].cramers_v += AtLeast(permuted.cramers_v, observed[i].cramers_v);
      counts[i].correlation_ratio += AtLeast(permuted.correlation_ratio, observed[i].correlation_ratio);
      strongest = std::max(strongest, permuted.strength);
    }
    for (size_t i = 0; i < features.size(); ++i) counts[i].strength += AtLeast(strongest, observed[i].strength);
    progress(static_cast<double>(permutation + 1) / static_cast<double>(options.permutations));
  }
  return counts;
}

}  // namespace

std::vector<ProxyFinding> ScanProxies(const ProxyTable& table, const ProxyOptions& options,
                                      absl::FunctionRef<void(double)> progress) {
  std::vector<uint32_t> rows(table.groups.size());
  std::iota(rows.begin(), rows.end(), 0u);
  std::vector<ProxyFinding> findings;
  Association association(table.group_count);
  for (size_t column = 0; column < table.columns; ++column) {
    findings.push_back(association.Of(Bin(table, column, rows), table.groups));
  }
  std::mt19937_64 random(options.seed);
  const size_t drawn = std::min(rows.size(), options.rows_max);
  ShuffleFirst(rows, drawn, random);
  rows.resize(drawn);
  std::vector<BinnedFeature> features;
  for (size_t column = 0; column < table.columns; ++column) features.push_back(Bin(table, column, rows));
  const std::vector<Exceedances> counts =
      Permute(features, GroupsOf(table, rows), table.group_count, options, random, progress);
  const auto p_value = [&](size_t count) {
    return static_cast<double>(1 + count) / static_cast<double>(1 + options.permutations);
  };
  for (size_t column = 0; column < table.columns; ++column) {
    findings[column].p_mutual_information = p_value(counts[column].mutual_information);
    findings[column].p_cramers_v = p_value(counts[column].cramers_v);
    findings[column].p_correlation_ratio = p_value(counts[column].correlation_ratio);
    findings[column].p_adjusted = p_value(counts[column].strength);
  }
  return findings;
}

}  // namespace assent::policy
