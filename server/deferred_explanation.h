// An answer to Explain that another thread makes, so that the polling thread never waits for the disk.
#ifndef ASSENT_SERVER_DEFERRED_EXPLANATION_H_
#define ASSENT_SERVER_DEFERRED_EXPLANATION_H_

#include <mutex>

#include "assent/v1/assignment_service.pb.h"
#include "grpcpp/alarm.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/support/status.h"

namespace assent::server {

// Shared by the call and by who makes the answer. Threads: Arm, Abandon and the members after the wake-up belong to the
// polling thread; Finish to the other.
class DeferredExplanation {
 public:
  // From now on Finish posts `tag` to the queue; at once where the answer is there already.
  void Arm(grpc::CompletionQueue* queue, void* tag) {
    const std::lock_guard lock(mutex_);
    queue_ = queue;
    tag_ = tag;
    if (finished_) Post();
  }
  // Nothing is posted any more, because the queue is about to be shut. False: the tag is on the queue already.
  bool Abandon() {
    const std::lock_guard lock(mutex_);
    queue_ = nullptr;
    return !posted_;
  }
  // Once. The answer may not be touched after it.
  void Finish(grpc::Status result) {
    const std::lock_guard lock(mutex_);
    status = std::move(result);
    finished_ = true;
    if (queue_ != nullptr) Post();
  }

  // The status, with the answer in `out`, once the tag has come. The queue orders it behind Finish already; the lock
  // says so where the queue's own locks cannot be seen.
  grpc::Status Take(v1::ExplainResponse& out) {
    const std::lock_guard lock(mutex_);
    out.Swap(&response);
    return std::move(status);
  }

  grpc::Status status;
  v1::ExplainResponse response;

 private:
  void Post() {
    posted_ = true;
    wake_up_.Set(queue_, gpr_now(GPR_CLOCK_MONOTONIC), tag_);
  }

  std::mutex mutex_;
  grpc::CompletionQueue* queue_ = nullptr;  // guarded by mutex_, as all below; null: nobody waits (yet, or any more)
  void* tag_ = nullptr;
  bool finished_ = false;
  bool posted_ = false;
  grpc::Alarm wake_up_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_DEFERRED_EXPLANATION_H_
