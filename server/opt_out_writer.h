// Stores what signals of linked subjects opt out of, so that it reaches whom they are linked to.
#ifndef ASSENT_SERVER_OPT_OUT_WRITER_H_
#define ASSENT_SERVER_OPT_OUT_WRITER_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

#include "scoring/quiescence.h"
#include "server/opt_out_queue.h"
#include "storage/consent_index.h"
#include "storage/consent_store.h"

namespace assent::server {

// Takes what waits every `interval` and stores it as an opt-out of the subject, recorded by the signal's rule
// ("signal.gpc"). What the state shows by then, and whose subject is not linked any more, is let go. What the disk
// refuses is tried again first the next time; meanwhile the rest waits.
// Threads: one of its own. Ownership: borrows what it is given.
class OptOutWriter {
 public:
  // Since the start.
  struct Figures {
    uint64_t stored = 0;
    uint64_t known = 0;   // nothing was left to store
    uint64_t failed = 0;  // attempts
  };

  OptOutWriter(OptOutQueue& queue, storage::ConsentStore& store, const storage::ConsentIndex& index,
               scoring::Quiescence& domain, std::chrono::milliseconds interval = std::chrono::milliseconds(50));
  ~OptOutWriter() { Stop(); }
  OptOutWriter(const OptOutWriter&) = delete;
  OptOutWriter& operator=(const OptOutWriter&) = delete;

  Figures figures() const;
  // Stores what waits, unless the disk refuses, and takes nothing more. Idempotent.
  void Stop();

 private:
  void Watch();
  // True when nothing waits any more.
  bool WriteAll();
  bool Write(const OfferedOptOut& offered);

  OptOutQueue& queue_;
  storage::ConsentStore& store_;
  const storage::ConsentIndex& index_;
  scoring::Quiescence& domain_;
  const std::chrono::milliseconds interval_;
  std::optional<OfferedOptOut> refused_;  // the thread's: by the disk, to be tried again
  std::atomic<uint64_t> stored_{0};       // relaxed, as the two below: counts
  std::atomic<uint64_t> known_{0};
  std::atomic<uint64_t> failed_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_OPT_OUT_WRITER_H_
