#include "server/decision_watch.h"

#include <algorithm>
#include <utility>

#include "server/log.h"

namespace assent::server {

DecisionWatch::DecisionWatch(storage::DecisionStore& decisions, storage::ModelArchive& models,
                             const ModelSource& source, const DecisionSettings& settings,
                             std::chrono::milliseconds interval, std::function<absl::Time()> clock)
    : decisions_(decisions),
      models_(models),
      source_(source),
      settings_(settings),
      interval_(interval),
      clock_(std::move(clock)),
      thread_([this] { Watch(); }) {}

void DecisionWatch::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void DecisionWatch::Watch() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    KeepModels(clock_());
    DeleteOld(clock_());
    lock.lock();
    wake_.wait_for(lock, interval_, [this] { return stopping_.load(); });
  }
}

void DecisionWatch::KeepModels(absl::Time now) {
  if (const auto facts = source_.facts()) {
    const absl::Status noted = models_.NoteServed(facts->digest, now);
    if (!noted.ok() && !absl::IsNotFound(noted)) {  // a model that came without a file is not kept
      Log(Severity::kError, "model_archive_failed", {{"cause", OperatorText(noted.message())}});
      return;  // or the present model might go
    }
  }
  const auto kept =
      absl::FromChrono(std::max(settings_.receipt_lifetime, settings_.log_retention)) + absl::FromChrono(interval_);
  const auto removed = models_.RemoveBefore(now - kept);
  if (!removed.ok()) {
    Log(Severity::kError, "model_archive_failed", {{"cause", OperatorText(removed.status().message())}});
  } else if (*removed > 0) {
    Log(Severity::kInfo, "archived_models_removed", {{"models", *removed}});
  }
}

void DecisionWatch::DeleteOld(absl::Time now) {
  const absl::Time before = now - absl::FromChrono(settings_.log_retention);
  const auto deleted = decisions_.DeleteBefore(absl::ToUnixMicros(before), stopping_);
  if (!deleted.ok()) {
    Log(Severity::kError, "decision_retention_failed",
        {{"code", deleted.status().code()}, {"cause", OperatorText(deleted.status().message())}});
  } else if (*deleted > 0) {
    Log(Severity::kInfo, "old_decisions_deleted", {{"decisions", *deleted}});
  }
}

}  // namespace assent::server
