#include "server/erasure_watch.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "server/log.h"
#include "storage/erasure_sweep.h"

namespace assent::server {
namespace {

constexpr std::chrono::hours kPurgeIntervalMax{1};

}  // namespace

ErasureWatch::ErasureWatch(storage::Database& database, storage::ConsentStore& store, storage::BackupStore* backups,
                           const ErasureTimes& times)
    : database_(database), store_(store), backups_(backups), times_(times), thread_([this] { Watch(); }) {}

void ErasureWatch::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool ErasureWatch::Sweep() {
  const auto swept = storage::SweepErased(database_, store_, stopping_);
  if (absl::IsCancelled(swept.status())) return false;
  if (!swept.ok()) {
    Log(Severity::kError, "erasure_sweep_failed",
        {{"code", swept.status().code()}, {"cause", OperatorText(swept.status().message())}});
  } else if (*swept > 0) {
    Log(Severity::kInfo, "erasures_swept", {{"subjects", *swept}});
  }
  return swept.ok();
}

void ErasureWatch::PurgeBackups() {
  if (backups_ == nullptr) return;
  const auto purged = backups_->Purge(absl::Now() - absl::FromChrono(times_.backup_retention));
  if (!purged.ok()) {
    Log(Severity::kError, "backup_purge_failed",
        {{"code", purged.status().code()}, {"cause", OperatorText(purged.status().message())}});
  } else if (*purged > 0) {
    Log(Severity::kInfo, "backups_purged", {{"backups", *purged}});
  }
}

void ErasureWatch::Watch() {
  Clock::time_point next_sweep = Clock::now();
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    if (Clock::now() >= next_sweep) next_sweep = Clock::now() + (Sweep() ? times_.sweep : times_.sweep / 10);
    if (!stopping_) PurgeBackups();
    lock.lock();
    wake_.wait_until(lock, std::min(next_sweep, Clock::now() + kPurgeIntervalMax), [this] { return stopping_.load(); });
  }
}

}  // namespace assent::server
