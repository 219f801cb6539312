#include "server/erasure_watch.h"

#include "server/log.h"
#include "storage/erasure_sweep.h"

namespace assent::server {

ErasureWatch::ErasureWatch(storage::Database& database, storage::ConsentStore& store,
                           std::chrono::milliseconds interval)
    : database_(database), store_(store), interval_(interval), thread_([this] { Watch(); }) {}

void ErasureWatch::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ErasureWatch::Watch() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const auto swept = storage::SweepErased(database_, store_, stopping_);
    if (absl::IsCancelled(swept.status())) return;
    if (!swept.ok()) {
      Log(Severity::kError, "erasure_sweep_failed",
          {{"code", swept.status().code()}, {"cause", OperatorText(swept.status().message())}});
    } else if (*swept > 0) {
      Log(Severity::kInfo, "erasures_swept", {{"subjects", *swept}});
    }
    lock.lock();
    wake_.wait_for(lock, swept.ok() ? interval_ : interval_ / 10, [this] { return stopping_.load(); });
  }
}

}  // namespace assent::server
