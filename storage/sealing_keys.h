// The sealing keys in use, which a rotation replaces while others seal and open.
#ifndef ASSENT_STORAGE_SEALING_KEYS_H_
#define ASSENT_STORAGE_SEALING_KEYS_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include "policy/sealing.h"

namespace assent::storage {

// Who seals keeps a policy::Sealer of ring() of its own, and makes another one when generation() is another. Threads:
// safe.
class SealingKeys {
 public:
  // Nothing: nothing is sealed.
  explicit SealingKeys(std::optional<policy::SealingRing> ring) : generation_(ring ? 1 : 0), ring_(std::move(ring)) {}
  SealingKeys(const SealingKeys&) = delete;
  SealingKeys& operator=(const SealingKeys&) = delete;

  // 0: there are no keys. Another number after each Replace; the ring that is asked for afterwards is that one, or a
  // later one. Cost: one load, for the hot path too.
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  // Cost: a mutex for moments, a reference count.
  std::optional<policy::SealingRing> ring() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return ring_;
  }

  void Replace(policy::SealingRing ring) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ring_ = std::move(ring);
    generation_.fetch_add(1, std::memory_order_release);
  }

 private:
  // Release when stored, under the mutex and after the ring; acquire when loaded, before the ring is asked for.
  std::atomic<uint64_t> generation_;
  mutable std::mutex mutex_;
  std::optional<policy::SealingRing> ring_;  // guarded by mutex_
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_SEALING_KEYS_H_
