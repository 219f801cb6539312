#include "server/opt_out_writer.h"

#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "policy/outcome.h"
#include "server/log.h"

namespace assent::server {

OptOutWriter::OptOutWriter(OptOutQueue& queue, storage::ConsentStore& store, const storage::ConsentIndex& index,
                           scoring::Quiescence& domain, std::chrono::milliseconds interval)
    : queue_(queue), store_(store), index_(index), domain_(domain), interval_(interval), thread_([this] { Watch(); }) {}

OptOutWriter::Figures OptOutWriter::figures() const {
  return {.stored = stored_.load(std::memory_order_relaxed),
          .known = known_.load(std::memory_order_relaxed),
          .failed = failed_.load(std::memory_order_relaxed)};
}

void OptOutWriter::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void OptOutWriter::Watch() {
  bool told = false;
  std::unique_lock lock(mutex_);
  for (bool last = false; !last;) {
    last = stopping_;
    lock.unlock();
    const bool all = WriteAll();
    if (!all && !told) Log(Severity::kError, "signal_opt_outs_wait", {{"cause", "the disk refuses them"}});
    told = !all;
    lock.lock();
    if (!last) wake_.wait_for(lock, interval_, [this] { return stopping_; });
  }
}

bool OptOutWriter::WriteAll() {
  if (refused_ && !Write(*refused_)) return false;
  refused_.reset();
  while (const std::optional<OfferedOptOut> offered = queue_.Take()) {
    if (Write(*offered)) continue;
    refused_ = *offered;
    return false;
  }
  return true;
}

bool OptOutWriter::Write(const OfferedOptOut& offered) {
  scoring::Quiescence::Reader reader(domain_);
  reader.Online();
  const policy::ConsentState state = index_.Find(reader, offered.subject);
  reader.Offline();
  const uint32_t missing = offered.opt_out.purposes & ~policy::OptedOut(state);
  if (!state.linked || missing == 0) {
    known_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  storage::ConsentRequest request;
  request.subject = offered.subject;
  request.kind = internal::v1::CONSENT_CHANGE_KIND_OPT_OUT;
  request.purpose_bits = missing;
  request.recorded_by = std::string(policy::RuleName(offered.opt_out.rule));
  const absl::Status status = store_.Apply(std::move(request), absl::Now()).status();
  (status.ok() ? stored_ : failed_).fetch_add(1, std::memory_order_relaxed);
  // Another error is of this one record, and would keep all others waiting.
  return !absl::IsUnavailable(status);
}

}  // namespace assent::server
