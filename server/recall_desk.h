// Where polling threads leave what may take a while: explanations of decisions that were made before.
#ifndef ASSENT_SERVER_RECALL_DESK_H_
#define ASSENT_SERVER_RECALL_DESK_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "assent/v1/assignment_service.pb.h"
#include "server/decision_recall.h"
#include "server/deferred_explanation.h"

namespace assent::server {

// Asks waiting at most; beyond it the caller is told to come again.
inline constexpr size_t kRecallsWaitingMax = 256;

// Threads: Ask from any; one thread of its own makes the answers, in the order of asking. Ownership: borrows the
// recall.
class RecallDesk {
 public:
  explicit RecallDesk(DecisionRecall& recall) : recall_(recall), thread_([this] { Work(); }) {}
  ~RecallDesk() { Stop(); }
  RecallDesk(const RecallDesk&) = delete;
  RecallDesk& operator=(const RecallDesk&) = delete;

  // The answer to come; null where kRecallsWaitingMax wait, or the desk is closed. Cost: a mutex, and a copy of the
  // request.
  std::shared_ptr<DeferredExplanation> Ask(const v1::ExplainRequest& request, const RecallCaller& caller,
                                           int64_t now_us);
  // Answers what waits with UNAVAILABLE, and nothing more. Idempotent.
  void Stop();

 private:
  struct Asked {
    v1::ExplainRequest request;
    RecallCaller caller;
    int64_t now_us = 0;
    std::shared_ptr<DeferredExplanation> answer;
  };

  void Work();

  DecisionRecall& recall_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Asked> waiting_;  // guarded by mutex_
  bool stopping_ = false;      // guarded by mutex_
  std::thread thread_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_RECALL_DESK_H_
