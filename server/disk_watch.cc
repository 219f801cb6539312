#include "server/disk_watch.h"

#include <optional>
#include <utility>

#include "server/log.h"

namespace assent::server {

using Clock = std::chrono::steady_clock;

DiskWatch::DiskWatch(storage::ConsentStore& store, std::function<void(bool accepts)> tell, Options options)
    : store_(store), tell_(std::move(tell)), options_(options), thread_([this] { Watch(); }) {}

void DiskWatch::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void DiskWatch::Watch() {
  std::optional<bool> told;
  Clock::time_point attempt = Clock::now() - options_.resume;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const bool accepts = store_.disk_accepts();
    if (told != accepts) {
      if (!accepts) Log(Severity::kError, "disk_refuses_consent");
      if (accepts && told.has_value()) Log(Severity::kInfo, "disk_takes_consent_again");
      tell_(accepts);
      told = accepts;
    }
    if (!accepts && Clock::now() - attempt >= options_.resume) {
      store_.Resume().IgnoreError();  // told by the next look
      attempt = Clock::now();
    }
    lock.lock();
    wake_.wait_for(lock, options_.look, [this] { return stopping_; });
  }
}

}  // namespace assent::server
