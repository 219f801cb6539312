#include "server/opt_out_queue.h"

namespace assent::server {

OptOutQueue::OptOutQueue() : entries_(std::make_unique<std::array<Entry, kEntries>>()) {
  for (size_t i = 0; i < kEntries; ++i) (*entries_)[i].turn.store(i, std::memory_order_relaxed);
}

bool OptOutQueue::Offer(const OfferedOptOut& offered) {
  uint64_t turn = offers_.load(std::memory_order_relaxed);
  for (;;) {
    Entry& entry = (*entries_)[turn % kEntries];
    const uint64_t free_for = entry.turn.load(std::memory_order_acquire);
    if (free_for == turn) {
      if (!offers_.compare_exchange_weak(turn, turn + 1, std::memory_order_relaxed)) continue;
      entry.offered = offered;
      entry.turn.store(turn + 1, std::memory_order_release);
      return true;
    }
    if (free_for < turn) {  // not taken since the round before
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    turn = offers_.load(std::memory_order_relaxed);  // another was quicker
  }
}

std::optional<OfferedOptOut> OptOutQueue::Take() {
  Entry& entry = (*entries_)[takes_ % kEntries];
  if (entry.turn.load(std::memory_order_acquire) != takes_ + 1) return std::nullopt;
  const OfferedOptOut offered = entry.offered;
  entry.turn.store(takes_ + kEntries, std::memory_order_release);
  ++takes_;
  return offered;
}

}  // namespace assent::server
