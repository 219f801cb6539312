// A lock of one word for a few hundred nanoseconds: a bit beside a number.
#ifndef ASSENT_STORAGE_SPIN_WORD_H_
#define ASSENT_STORAGE_SPIN_WORD_H_

#include <atomic>
#include <cstdint>
#include <thread>

namespace assent::storage {

// The word is 0 when it was never used. Who holds it may change the number. Who waits spins, then yields: the holder
// never waits for anything but the processor. Threads: safe.
class SpinWord {
 public:
  static constexpr uint32_t kNumberMax = 0x7FFFFFFF;

  // Takes the lock; returns the number.
  uint32_t Lock() {
    for (int spins = 0;; ++spins) {
      uint32_t number = word_.load(std::memory_order_relaxed) & kNumberMax;
      // Acquire: pairs with Unlock, so that what the last holder did is seen.
      if (word_.compare_exchange_weak(number, number | kLocked, std::memory_order_acquire, std::memory_order_relaxed)) {
        return number;
      }
      if (spins < kSpinsMax) {
        Pause();
      } else {
        std::this_thread::yield();
      }
    }
  }
  // Precondition: held by the caller; number <= kNumberMax.
  void Unlock(uint32_t number) { word_.store(number, std::memory_order_release); }

 private:
  static constexpr uint32_t kLocked = 0x80000000;
  static constexpr int kSpinsMax = 64;

  static void Pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }

  std::atomic<uint32_t> word_{0};
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_SPIN_WORD_H_
