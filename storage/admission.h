// At most so many at a time; who comes later waits.
#ifndef ASSENT_STORAGE_ADMISSION_H_
#define ASSENT_STORAGE_ADMISSION_H_

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace assent::storage {

// Threads: safe. Every Leave makes one place and wakes one who waits for it, so nobody sleeps beside a free place.
class Admission {
 public:
  explicit Admission(size_t places) : free_(places) {}

  void Enter() {
    std::unique_lock<std::mutex> lock(mutex_);
    ++waiting_;
    room_.wait(lock, [&] { return free_ > 0; });
    --waiting_;
    --free_;
  }
  void Leave() {
    bool wake = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++free_;
      wake = waiting_ > 0;
    }
    if (wake) room_.notify_one();
  }
  // How many wait in Enter now.
  size_t waiting() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return waiting_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable room_;
  size_t free_;
  size_t waiting_ = 0;
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_ADMISSION_H_
