// What the last signals decoded to, because most requests repeat those of another.
#ifndef ASSENT_POLICY_SIGNAL_CACHE_H_
#define ASSENT_POLICY_SIGNAL_CACHE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "policy/signal_reading.h"

namespace assent::policy {

inline constexpr size_t kSignalCacheSlots = 1024;  // a power of two
// The section ids and the strings of one request together; longer ones are decoded each time.
inline constexpr size_t kSignalCacheKeyBytes = 512;

// Direct-mapped: a hash picks the slot, and the slot is used only when everything in it equals what is asked for.
// Threads: one. Cost: 560 KiB from construction on; a hit is one hash and one comparison, no allocation.
class SignalCache {
 public:
  // A cache belongs to one policy, because a reading depends on it. Ownership: what the policy borrows outlives the
  // cache.
  explicit SignalCache(const SignalPolicy& policy) : policy_(policy), slots_(kSignalCacheSlots) {}

  // The same as ReadSignals(raw, policy).
  SignalReading Read(const RawSignals& raw);

  uint64_t hits() const { return hits_; }

 private:
  // The lengths and flags, which say how the bytes after them divide.
  struct Shape {
    uint16_t tcf = 0, gpp = 0, us_privacy = 0, gpp_sid = 0;
    uint8_t flags = 0;  // 0: the slot is empty

    friend bool operator==(const Shape&, const Shape&) = default;
  };
  struct Slot {
    Shape shape;
    std::array<char, kSignalCacheKeyBytes> bytes;
    SignalReading reading;
  };

  static Shape ShapeOf(const RawSignals& raw);

  SignalPolicy policy_;
  std::vector<Slot> slots_;
  uint64_t hits_ = 0;
};

}  // namespace assent::policy

#endif  // ASSENT_POLICY_SIGNAL_CACHE_H_
