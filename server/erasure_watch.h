// Sweeps what was erased from the disk, in time.
#ifndef ASSENT_SERVER_ERASURE_WATCH_H_
#define ASSENT_SERVER_ERASURE_WATCH_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "storage/consent_store.h"
#include "storage/database.h"

namespace assent::server {

// Sweeps once after the start, for what a stop left, and then in each interval; see storage/erasure_sweep.h. What fails
// is logged and tried again a tenth of the interval later. Threads: one of its own. Ownership: borrows both.
class ErasureWatch {
 public:
  ErasureWatch(storage::Database& database, storage::ConsentStore& store, std::chrono::milliseconds interval);
  ~ErasureWatch() { Stop(); }
  ErasureWatch(const ErasureWatch&) = delete;
  ErasureWatch& operator=(const ErasureWatch&) = delete;

  // Ends a sweep that is under way. Idempotent.
  void Stop();

 private:
  void Watch();

  storage::Database& database_;
  storage::ConsentStore& store_;
  const std::chrono::milliseconds interval_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> stopping_{false};  // set under mutex_
  std::thread thread_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_ERASURE_WATCH_H_
