// From the data plane to who may wait for the disk: opt-outs that signals of linked subjects bring.
#ifndef ASSENT_SERVER_OPT_OUT_QUEUE_H_
#define ASSENT_SERVER_OPT_OUT_QUEUE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "policy/consent_verdict.h"
#include "policy/subject.h"

namespace assent::server {

// What waits to be stored. It is offered again by each call until the state shows it, so an entry may be lost.
struct OfferedOptOut {
  policy::SubjectKey subject;
  policy::SignalOptOut opt_out;
};

// Bounded, without a lock. Source: Vyukov, "Bounded MPMC queue" (1024cores.net), with one taker.
// Threads: Offer from any; Take from one at a time. Cost: neither allocates nor waits; Offer is one exchange as a rule.
// Memory: 128 KiB from construction on.
class OptOutQueue {
 public:
  static constexpr size_t kEntries = 4096;  // a power of two

  OptOutQueue();
  OptOutQueue(const OptOutQueue&) = delete;
  OptOutQueue& operator=(const OptOutQueue&) = delete;

  // False, and counted: kEntries wait already.
  bool Offer(const OfferedOptOut& offered);
  // The oldest; none where nothing waits.
  std::optional<OfferedOptOut> Take();

  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    // The number of the turn for which it is free; one more: filled in that turn. Release when stored, acquire when
    // loaded, so that who sees the number sees what was written or taken before it.
    std::atomic<uint64_t> turn;
    OfferedOptOut offered;
  };

  const std::unique_ptr<std::array<Entry, kEntries>> entries_;
  alignas(64) std::atomic<uint64_t> offers_{0};  // relaxed: it only divides the entries among those who offer
  alignas(64) uint64_t takes_ = 0;               // the taker's
  std::atomic<uint64_t> dropped_{0};             // relaxed: a count
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_OPT_OUT_QUEUE_H_
