// Signs the audit log from time to time, so that what is changed behind the server's back is found.
#ifndef ASSENT_SERVER_AUDIT_WATCH_H_
#define ASSENT_SERVER_AUDIT_WATCH_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "server/audit_checkpoint.h"

namespace assent::server {

// Makes a checkpoint where entries were appended since the last: after `interval`, after `entries_max` entries, and
// when it ends. Each stands in the server's log as well, which operators keep elsewhere. What fails is logged and tried
// again after an interval. Does nothing where the server has no key to sign with. Threads: one of its own. Ownership:
// borrows both.
class AuditWatch {
 public:
  struct Options {
    std::chrono::milliseconds interval{std::chrono::minutes(10)};
    uint64_t entries_max = 10'000;
    std::chrono::milliseconds look{1000};  // how often it looks at the number of entries
  };
  AuditWatch(const AuditCheckpoints& checkpoints, storage::Database& database, storage::ConsentStore& store,
             Options options);
  ~AuditWatch() { Stop(); }
  AuditWatch(const AuditWatch&) = delete;
  AuditWatch& operator=(const AuditWatch&) = delete;

  // Makes the last checkpoint. Idempotent.
  void Stop();

 private:
  using Clock = std::chrono::steady_clock;

  void Watch();
  void Make();

  const AuditCheckpoints& checkpoints_;
  storage::ConsentStore& store_;
  const Options options_;
  uint64_t last_ = 0;  // the entry of the last checkpoint; of the watch's thread
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_AUDIT_WATCH_H_
