// Sweeps what was erased from the disk, and purges the backups that hold it still, in time.
#ifndef ASSENT_SERVER_ERASURE_WATCH_H_
#define ASSENT_SERVER_ERASURE_WATCH_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "storage/backup_store.h"
#include "storage/consent_store.h"
#include "storage/database.h"

namespace assent::server {

struct ErasureTimes {
  std::chrono::milliseconds sweep;             // between two sweeps
  std::chrono::milliseconds backup_retention;  // how old a backup may become
};

// Sweeps once after the start, for what a stop left, and then in each interval; see storage/erasure_sweep.h. What fails
// is logged and tried again a tenth of the interval later. Purges as often as it sweeps, and once an hour at least.
// Threads: one of its own. Ownership: borrows all three; `backups`: null where there are none.
class ErasureWatch {
 public:
  ErasureWatch(storage::Database& database, storage::ConsentStore& store, storage::BackupStore* backups,
               const ErasureTimes& times);
  ~ErasureWatch() { Stop(); }
  ErasureWatch(const ErasureWatch&) = delete;
  ErasureWatch& operator=(const ErasureWatch&) = delete;

  // Ends a sweep that is under way. Idempotent.
  void Stop();

 private:
  using Clock = std::chrono::steady_clock;

  void Watch();
  // False: it failed, or was stopped.
  bool Sweep();
  void PurgeBackups();

  storage::Database& database_;
  storage::ConsentStore& store_;
  storage::BackupStore* const backups_;
  const ErasureTimes times_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> stopping_{false};  // set under mutex_
  std::thread thread_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_ERASURE_WATCH_H_
