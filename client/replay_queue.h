// Events on their way from a file to one of the threads that send them.
#ifndef ASSENT_CLIENT_REPLAY_QUEUE_H_
#define ASSENT_CLIENT_REPLAY_QUEUE_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "client/recorded_event.h"

namespace assent::client {

// An event, and when it was due; InfiniteFuture where there is no pace.
struct DueEvent {
  RecordedEvent event;
  absl::Time due = absl::InfiniteFuture();
};

// Bounded, in order. Threads: one that pushes, one that pops.
class ReplayQueue {
 public:
  explicit ReplayQueue(size_t capacity) : capacity_(capacity) {}

  // Waits for room. False: the queue was closed, and the event is gone.
  bool Push(DueEvent event) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return events_.size() < capacity_ || closed_; });
    if (closed_) return false;
    events_.push_back(std::move(event));
    changed_.notify_all();
    return true;
  }

  // The oldest event and those right behind it of the same subject, `most` in all. Empty: there is none now, or, where
  // `wait` is set, none will ever be.
  std::vector<DueEvent> Pop(size_t most, bool wait) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (wait) changed_.wait(lock, [&] { return !events_.empty() || closed_; });
    std::vector<DueEvent> taken;
    while (!events_.empty() && taken.size() < most &&
           (taken.empty() || taken.front().event.subject == events_.front().event.subject)) {
      taken.push_back(std::move(events_.front()));
      events_.pop_front();
    }
    changed_.notify_all();
    return taken;
  }

  // No more pushes; what is in it can still be popped.
  void Close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  const size_t capacity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<DueEvent> events_;
  bool closed_ = false;
};

}  // namespace assent::client

#endif  // ASSENT_CLIENT_REPLAY_QUEUE_H_
