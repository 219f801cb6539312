// Whether the disk takes consent changes: looked at, told, and tried again when nobody else would.
#ifndef ASSENT_SERVER_DISK_WATCH_H_
#define ASSENT_SERVER_DISK_WATCH_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "storage/consent_store.h"

namespace assent::server {

// The engine goes on after a refused write when the next change asks it to. But callers that heed health send no change
// while it says NOT_SERVING, so this asks in their place.
// Threads: one of its own. Ownership: borrows the store.
class DiskWatch {
 public:
  struct Options {
    std::chrono::milliseconds look{200};     // how soon a refusal is told
    std::chrono::milliseconds resume{5000};  // between two attempts to go on, each of which writes to the disk
  };
  // `tell` is called on the watch's thread: with the state at the start, and with each change of it.
  DiskWatch(storage::ConsentStore& store, std::function<void(bool accepts)> tell, Options options);
  DiskWatch(storage::ConsentStore& store, std::function<void(bool accepts)> tell)
      : DiskWatch(store, std::move(tell), Options()) {}
  ~DiskWatch() { Stop(); }
  DiskWatch(const DiskWatch&) = delete;
  DiskWatch& operator=(const DiskWatch&) = delete;

  // Afterwards nothing is told any more. Idempotent.
  void Stop();

 private:
  void Watch();

  storage::ConsentStore& store_;
  const std::function<void(bool)> tell_;
  const Options options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_DISK_WATCH_H_
