// Builds the families of one scrape in prometheus-cpp's form.
#ifndef ASSENT_SERVER_METRIC_FAMILIES_H_
#define ASSENT_SERVER_METRIC_FAMILIES_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "prometheus/metric_family.h"
#include "server/cell.h"

namespace assent::server {

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

// Threads: one scrape at a time owns one.
class MetricFamilies {
 public:
  // Starts a family; the samples that follow belong to it.
  void Start(prometheus::MetricType type, std::string name, std::string help);
  void Counter(double value, const MetricLabels& labels = {});
  void Gauge(double value, const MetricLabels& labels = {});
  // Buckets become cumulative, nanoseconds become seconds.
  void Duration(const DurationSums& sums, const MetricLabels& labels = {});

  std::vector<prometheus::MetricFamily> Take() { return std::move(families_); }

 private:
  prometheus::ClientMetric& Add(const MetricLabels& labels);

  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_METRIC_FAMILIES_H_
