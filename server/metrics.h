// /metrics: reads the cells of every part at scrape time. Nothing here is on the path of a call.
#ifndef ASSENT_SERVER_METRICS_H_
#define ASSENT_SERVER_METRICS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "prometheus/collectable.h"
#include "prometheus/exposer.h"
#include "server/control_metrics.h"
#include "server/data_plane_cells.h"
#include "server/decision_log.h"
#include "server/metric_families.h"
#include "server/model_source.h"
#include "server/opt_out_queue.h"
#include "server/opt_out_writer.h"
#include "storage/backup_store.h"
#include "storage/consent_index.h"
#include "storage/consent_store.h"
#include "storage/profile_store.h"

namespace assent::server {

// Labels are bounded: methods, status codes, purposes, outcomes, rules, and the segments of models. Never a subject.
// Threads: safe. Ownership: borrows the parts, which outlive it.
class Metrics final : public prometheus::Collectable {
 public:
  struct Parts {
    const std::vector<std::unique_ptr<DataPlaneCells>>&
        data_plane;  // one a polling thread; fixed before the first scrape
    const ControlMetrics& control;
    const ModelSource& model;
    const storage::ConsentIndex& index;
    const storage::ConsentStore& store;
    const storage::ProfileStore& profiles;
    const OptOutQueue& opt_outs;
    const OptOutWriter& opt_out_writer;
    const DecisionLog* decision_log = nullptr;      // null: it is off
    const storage::BackupStore* backups = nullptr;  // null: none are made
  };
  explicit Metrics(const Parts& parts) : parts_(parts) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  void AddCalls(MetricFamilies& families) const;
  void AddDecisions(MetricFamilies& families) const;
  void AddDecisionLog(MetricFamilies& families) const;
  void AddModel(MetricFamilies& families) const;
  void AddConsent(MetricFamilies& families) const;
  void AddEvents(MetricFamilies& families) const;
  void AddProfiles(MetricFamilies& families) const;
  void AddDrift(MetricFamilies& families) const;
  void AddBackups(MetricFamilies& families) const;
  void AddAudit(MetricFamilies& families) const;

  const Parts parts_;
};

// Serves /metrics over HTTP.
class MetricsEndpoint {
 public:
  // Errors: Unavailable when the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<MetricsEndpoint>> Start(const std::string& listen,
                                                                std::shared_ptr<const Metrics> metrics);
  ~MetricsEndpoint();
  MetricsEndpoint(const MetricsEndpoint&) = delete;
  MetricsEndpoint& operator=(const MetricsEndpoint&) = delete;
  int port() const { return port_; }

 private:
  MetricsEndpoint() = default;

  std::shared_ptr<prometheus::Collectable> metrics_;  // before exposer_, which borrows it
  std::unique_ptr<prometheus::Exposer> exposer_;
  int port_ = 0;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_METRICS_H_
