// Keeps the retention of the decision log, and the models of then as long as a decision may have to be explained.
#ifndef ASSENT_SERVER_DECISION_WATCH_H_
#define ASSENT_SERVER_DECISION_WATCH_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/decision_settings.h"
#include "server/model_source.h"
#include "storage/decision_store.h"
#include "storage/model_archive.h"

namespace assent::server {

// At the start, and then in each interval: notes in the archive that the present model serves; removes models that last
// served so long ago that no receipt of theirs is honoured and no logged decision kept; deletes logged decisions that
// are past their retention, also where the log is off by now. What fails is logged and tried again in the next
// interval. Threads: one of its own. Ownership: borrows all.
class DecisionWatch {
 public:
  DecisionWatch(storage::DecisionStore& decisions, storage::ModelArchive& models, const ModelSource& source,
                const DecisionSettings& settings, std::chrono::milliseconds interval = std::chrono::hours(1),
                std::function<absl::Time()> clock = absl::Now);
  ~DecisionWatch() { Stop(); }
  DecisionWatch(const DecisionWatch&) = delete;
  DecisionWatch& operator=(const DecisionWatch&) = delete;

  // Ends a deletion that is under way. Idempotent.
  void Stop();

 private:
  void Watch();
  void KeepModels(absl::Time now);
  void DeleteOld(absl::Time now);

  storage::DecisionStore& decisions_;
  storage::ModelArchive& models_;
  const ModelSource& source_;
  const DecisionSettings settings_;
  const std::chrono::milliseconds interval_;
  const std::function<absl::Time()> clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> stopping_{false};  // set under mutex_
  std::thread thread_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_DECISION_WATCH_H_
