#include "server/audit_watch.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/time/clock.h"
#include "server/log.h"
#include "storage/audit_log.h"

namespace assent::server {

AuditWatch::AuditWatch(const AuditCheckpoints& checkpoints, storage::Database& database, storage::ConsentStore& store,
                       Options options)
    : checkpoints_(checkpoints), store_(store), options_(options) {
  if (checkpoints_.key() == nullptr) return;
  // One that cannot be read, or is of another chain, is made anew.
  const auto last = storage::LastCheckpoint(database);
  if (last.ok()) last_ = last->index;
  thread_ = std::thread([this] { Watch(); });
}

void AuditWatch::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void AuditWatch::Make() {
  const auto made = checkpoints_.Make(absl::Now());
  if (!made.ok()) {
    Log(Severity::kError, "audit_checkpoint_failed",
        {{"code", made.status().code()}, {"cause", OperatorText(made.status().message())}});
    return;
  }
  last_ = made->tail.index;
  const std::string hash = absl::BytesToHexString(policy::BytesOf(made->tail.hash));
  Log(Severity::kInfo, "audit_checkpoint", {{"index", made->tail.index}, {"hash", OperatorText(hash)}});
}

void AuditWatch::Watch() {
  Clock::time_point tried = Clock::now();
  std::unique_lock lock(mutex_);
  for (bool ends = false; !ends;) {
    wake_.wait_for(lock, std::min(options_.look, options_.interval), [this] { return stopping_; });
    ends = stopping_;
    lock.unlock();
    const uint64_t index = store_.audit_tail().index;
    const bool waited = Clock::now() - tried >= options_.interval;
    if (index != last_ && (ends || waited || index >= last_ + options_.entries_max)) {
      Make();
      tried = Clock::now();
    }
    lock.lock();
  }
}

}  // namespace assent::server
