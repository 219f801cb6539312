#include "server/recall_desk.h"

#include <utility>

#include "server/status_conversion.h"

namespace assent::server {

std::shared_ptr<DeferredExplanation> RecallDesk::Ask(const v1::ExplainRequest& request, const RecallCaller& caller,
                                                     int64_t now_us) {
  auto answer = std::make_shared<DeferredExplanation>();
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_.size() >= kRecallsWaitingMax) return nullptr;
    waiting_.push_back({.request = request, .caller = caller, .now_us = now_us, .answer = answer});
  }
  wake_.notify_one();
  return answer;
}

void RecallDesk::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void RecallDesk::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const Asked asked = std::move(waiting_.front());
    waiting_.pop_front();
    const bool stopping = stopping_;
    lock.unlock();
    const absl::Status status =
        stopping ? MakeError(Reason::kStorageUnavailable, "", "the server is going away")
                 : recall_.Explain(asked.request, asked.caller, asked.now_us, asked.answer->response);
    asked.answer->Finish(ToGrpcStatus(status));
    lock.lock();
  }
}

}  // namespace assent::server
