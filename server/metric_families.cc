#include "server/metric_families.h"

#include <limits>

namespace assent::server {

void MetricFamilies::Start(prometheus::MetricType type, std::string name, std::string help) {
  families_.push_back({.name = std::move(name), .help = std::move(help), .type = type, .metric = {}});
}

prometheus::ClientMetric& MetricFamilies::Add(const MetricLabels& labels) {
  prometheus::ClientMetric& metric = families_.back().metric.emplace_back();
  for (const auto& [name, value] : labels) metric.label.push_back({.name = name, .value = value});
  return metric;
}

void MetricFamilies::Counter(double value, const MetricLabels& labels) { Add(labels).counter.value = value; }

void MetricFamilies::Gauge(double value, const MetricLabels& labels) { Add(labels).gauge.value = value; }

void MetricFamilies::Duration(const DurationSums& sums, const MetricLabels& labels) {
  auto& histogram = Add(labels).histogram;
  uint64_t cumulative = 0;
  for (size_t i = 0; i < kDurationBoundsNs.size(); ++i) {
    cumulative += sums.buckets[i];
    // A division of two exact numbers is the double nearest to the decimal, so the label is "0.0075"; a product is not.
    histogram.bucket.push_back(
        {.cumulative_count = cumulative, .upper_bound = static_cast<double>(kDurationBoundsNs[i]) / 1e9});
  }
  cumulative += sums.buckets[kDurationBoundsNs.size()];
  histogram.bucket.push_back({.cumulative_count = cumulative, .upper_bound = std::numeric_limits<double>::infinity()});
  histogram.sample_count = cumulative;
  histogram.sample_sum = static_cast<double>(sums.sum_ns) * 1e-9;
}

}  // namespace assent::server
