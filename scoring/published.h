// One value that is read by many without waiting and replaced as a whole.
#ifndef ASSENT_SCORING_PUBLISHED_H_
#define ASSENT_SCORING_PUBLISHED_H_

#include <atomic>
#include <memory>

#include "scoring/quiescence.h"

namespace assent::scoring {

// Threads: Read from any online reader of the domain; Publish from any thread.
template <typename T>
class Published {
 public:
  explicit Published(Quiescence& domain) : domain_(domain) {}
  // No reader may be online in the domain with a pointer from here.
  ~Published() { delete value_.load(std::memory_order_acquire); }
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;

  // The present value, or null before the first Publish. Valid until the reader is next quiescent or offline.
  // Cost: one load.
  const T* Read(const Quiescence::Reader&) const {
    // Acquire pairs with the exchange in Publish, so that the value's content is seen. Seq_cst orders the load after
    // Reader::Online for the writer's scan (Quiescence::OldestSeen); on x86-64 and AArch64 it costs the same.
    return value_.load(std::memory_order_seq_cst);
  }

  // Replaces the value; the old one is freed when no reader can hold it. Cost: never waits for readers.
  void Publish(std::unique_ptr<const T> value) {
    // Seq_cst: release pairs with Read; acquire orders the old value before its deletion; the total order puts it
    // before the scan in Retire.
    const T* old = value_.exchange(value.release(), std::memory_order_seq_cst);
    domain_.Retire([old] { delete old; });
  }

 private:
  Quiescence& domain_;
  std::atomic<const T*> value_{nullptr};
};

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_PUBLISHED_H_
