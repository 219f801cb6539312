// The decision log: a ring for each polling thread, and one writer that brings what waits there to the disk.
#ifndef ASSENT_SERVER_DECISION_LOG_H_
#define ASSENT_SERVER_DECISION_LOG_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "policy/decision.h"
#include "server/decision_ring.h"
#include "server/decision_settings.h"
#include "storage/decision_store.h"

namespace assent::server {

// Every `interval` the writer appends all that waits, in synced writes of about 512 KiB. What the disk refuses stays in
// the rings and is tried again a second later; meanwhile they fill, and `when_full` of the configuration decides. What
// a crash can lose: decisions of the last interval and of the write under way; while the disk refuses, all that the
// rings hold. Threads: one of its own; a ring belongs to its polling thread. Ownership: borrows the store.
class DecisionLog {
 public:
  // Since the start.
  struct Figures {
    uint64_t written = 0;
    uint64_t erased = 0;  // left out: their subject was erased while they waited
    uint64_t failed = 0;  // attempts that the disk refused
  };

  DecisionLog(storage::DecisionStore& store, const DecisionSettings& settings, int threads,
              std::chrono::milliseconds interval = std::chrono::milliseconds(20));
  ~DecisionLog() { Stop(); }
  DecisionLog(const DecisionLog&) = delete;
  DecisionLog& operator=(const DecisionLog&) = delete;

  // Whether the decision is one that is logged: by its subject and its time, the same answer each time. Decisions about
  // who was erased are not: their record would be all that is left of the subject. Cost: some arithmetic.
  bool Chooses(const policy::Decision& decision) const;
  bool refuses_when_full() const { return settings_.refuse_when_full; }
  DecisionRing& ring(int thread) { return *rings_[static_cast<size_t>(thread)]; }

  Figures figures() const;
  // Appends what waits now. For tests, with an interval that never ends. Threads: not beside the writer's own turn.
  bool WriteAll();
  // Appends what waits, unless the disk refuses, and nothing more. Idempotent.
  void Stop();

 private:
  void Watch();
  // One write of what the rings hold, as much as one takes. False: that was all, or (`refused`) the disk refuses.
  bool WriteSome(bool& refused);

  storage::DecisionStore& store_;
  const DecisionSettings settings_;
  const std::chrono::milliseconds interval_;
  std::vector<std::unique_ptr<DecisionRing>> rings_;
  std::vector<storage::LoggedDecision> gathered_;  // the writer's
  size_t first_ring_ = 0;                          // the writer's: each write begins with another
  std::atomic<uint64_t> written_{0};               // relaxed, as the two below: counts
  std::atomic<uint64_t> erased_{0};
  std::atomic<uint64_t> failed_{0};
  std::mutex writing_;  // WriteAll by one at a time
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_DECISION_LOG_H_
