// Everything that deals with decisions after they were answered, wired together: receipts, the log, recalling,
// retention.
#ifndef ASSENT_SERVER_DECISION_SERVICES_H_
#define ASSENT_SERVER_DECISION_SERVICES_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/assign_pipeline.h"
#include "server/configuration.h"
#include "server/decision_listing.h"
#include "server/decision_log.h"
#include "server/decision_recall.h"
#include "server/decision_recorder.h"
#include "server/decision_watch.h"
#include "server/recall_desk.h"
#include "storage/decision_store.h"
#include "storage/model_archive.h"
#include "storage/sealing_keys.h"

namespace assent::server {

// Threads: Open, Start and the two ways to stop from one thread. Ownership: owns the parts; borrows what it is given.
class DecisionServices {
 public:
  // What is on the disk. Errors: Unavailable.
  static absl::StatusOr<std::unique_ptr<DecisionServices>> Open(const Configuration& configuration,
                                                                storage::Database& database,
                                                                storage::ConsentStore& consent,
                                                                const storage::ConsentIndex& index,
                                                                scoring::Quiescence& domain);
  // The threads. `sealing`: without keys there are no receipts. Errors: of the files of signals.vendor_list_files.
  absl::Status Start(const PipelineSources& sources, const ModelSource& model, const storage::SealingKeys& sealing);

  storage::DecisionStore& store() { return store_; }
  storage::ModelArchive& models() { return *models_; }
  DecisionListing& listing() { return *listing_; }
  const DecisionKeeping& keeping() const { return keeping_; }
  // After Start.
  RecallDesk& desk() { return *desk_; }
  const DecisionLog* log() const { return log_.get(); }  // null: it is off

  // Ends what runs by the clock; it may wait for the disk. Idempotent, as Stop.
  void StopWatching();
  // After the last call: writes what waits for the log, and ends.
  void Stop();

 private:
  DecisionServices(const Configuration& configuration, storage::Database& database, storage::ConsentStore& consent,
                   const storage::ConsentIndex& index, scoring::Quiescence& domain)
      : configuration_(configuration), store_(database, consent, index, domain) {}

  const Configuration& configuration_;
  storage::DecisionStore store_;
  std::unique_ptr<storage::ModelArchive> models_;
  std::unique_ptr<DecisionListing> listing_;
  std::unique_ptr<DecisionLog> log_;
  DecisionKeeping keeping_;
  std::unique_ptr<DecisionRecall> recall_;
  std::unique_ptr<RecallDesk> desk_;
  std::unique_ptr<DecisionWatch> watch_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_DECISION_SERVICES_H_
