#include "scoring/quiescence.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <utility>

namespace assent::scoring {

Quiescence::Reader::Reader(Quiescence& domain) : Reader(domain, TakeSlot(domain)) {}

Quiescence::Reader::Reader(Quiescence& domain, size_t slot)
    : epoch_(domain.epoch_), seen_(domain.slots_[slot].seen), taken_(domain.slots_[slot].taken) {}

Quiescence::Reader::~Reader() {
  Offline();
  taken_.store(false, std::memory_order_release);  // pairs with the acquire in TakeSlot
}

size_t Quiescence::Reader::TakeSlot(Quiescence& domain) {
  for (size_t slot = 0; slot < kReadersMax; ++slot) {
    bool expected = false;
    // Acquire: pairs with the release in ~Reader, so that the former owner's last store to `seen` comes first.
    if (domain.slots_[slot].taken.compare_exchange_strong(expected, true, std::memory_order_acquire)) return slot;
  }
  std::fprintf(stderr, "assent: more than %zu readers of one Quiescence\n", kReadersMax);
  std::abort();
}

Quiescence::Quiescence() : slots_(std::make_unique<Slot[]>(kReadersMax)) {}

Quiescence::~Quiescence() {
  // Freeing one value may retire another, so repeat.
  while (!retired_.empty()) {
    std::vector<Retired> last = std::exchange(retired_, {});
    for (Retired& retired : last) retired.reclaim();
  }
}

uint64_t Quiescence::OldestSeen() const {
  uint64_t oldest = UINT64_MAX;
  for (size_t i = 0; i < kReadersMax; ++i) {
    // Seq_cst: a reader that this load sees offline goes online later in the single total order, and so reads what was
    // published before (Online, Published::Read). As an acquire it pairs with the release in Offline and Quiescent:
    // the reader's use of an old value happens before that value is freed.
    const uint64_t seen = slots_[i].seen.load(std::memory_order_seq_cst);
    if (seen != kOffline) oldest = std::min(oldest, seen);
  }
  return oldest;
}

void Quiescence::Retire(std::function<void()> reclaim) {
  {
    const std::lock_guard<std::mutex> lock(writers_);
    // Seq_cst, and as a release it pairs with the acquire in Quiescent: a reader that announces this epoch sees what
    // was published before it.
    const uint64_t epoch = epoch_.fetch_add(1, std::memory_order_seq_cst) + 1;
    retired_.push_back({epoch, std::move(reclaim)});
  }
  Collect();
}

size_t Quiescence::Collect() {
  std::vector<Retired> ready;
  size_t waiting;
  {
    const std::lock_guard<std::mutex> lock(writers_);
    const uint64_t oldest = OldestSeen();
    // `retired_` is ascending by epoch, because epochs are drawn under the lock.
    const auto end = std::find_if(retired_.begin(), retired_.end(),
                                  [oldest](const Retired& retired) { return retired.epoch > oldest; });
    ready.assign(std::make_move_iterator(retired_.begin()), std::make_move_iterator(end));
    retired_.erase(retired_.begin(), end);
    waiting = retired_.size();
  }
  // Outside the lock: freeing a value may take long, or retire another.
  for (Retired& retired : ready) retired.reclaim();
  return waiting;
}

}  // namespace assent::scoring
