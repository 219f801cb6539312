// Lock-free reading of fixed-size slots by subject: linear probing, one writer, growth beside the readers.
#ifndef ASSENT_STORAGE_SLOT_TABLE_H_
#define ASSENT_STORAGE_SLOT_TABLE_H_

#include <array>
#include <atomic>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "policy/subject.h"
#include "scoring/quiescence.h"
#include "storage/slot_mapping.h"

namespace assent::storage {

// What a slot is to a table. A slot that was never used has mark 0 and is zero throughout; the key is written before
// the first mark and never changes in a table. (The atomics are read by anybody and written by one writer.)
template <typename T>
concept TableSlot = requires(T& slot, const T& other, const policy::SubjectKey& subject) {
  { other.mark.load() } -> std::same_as<uint64_t>;
  { other.Holds(subject) } -> std::same_as<bool>;
  { other.key_low.load() } -> std::same_as<uint64_t>;
  slot.SetKey(subject);
  slot.CopyFrom(other);  // everything but the mark
};

// The key of a slot that keeps all of it.
struct SlotKey {
  std::atomic<uint64_t> key_high;
  std::atomic<uint64_t> key_low;

  bool Holds(const policy::SubjectKey& subject) const {
    return key_low.load(std::memory_order_relaxed) == subject.low() &&
           key_high.load(std::memory_order_relaxed) == subject.high();
  }
  void SetKey(const policy::SubjectKey& subject) {
    key_low.store(subject.low(), std::memory_order_relaxed);
    key_high.store(subject.high(), std::memory_order_relaxed);
  }
  void CopyKeyFrom(const SlotKey& other) {
    key_low.store(other.key_low.load(std::memory_order_relaxed), std::memory_order_relaxed);
    key_high.store(other.key_high.load(std::memory_order_relaxed), std::memory_order_relaxed);
  }
};

// One shard's table. Immutable in size; a shard grows by replacing it.
template <TableSlot SlotType>
class SlotTable {
 public:
  explicit SlotTable(size_t capacity)
      : mapping_(capacity * sizeof(SlotType)), slots_(static_cast<SlotType*>(mapping_.data())), capacity_(capacity) {}

  // Where the probing for the key begins: its low word, spread over the capacity by a multiplication, so that any
  // number of slots will do. Source: Lemire, "Fast Random Integer Generation in an Interval", 2019.
  SlotType* Home(uint64_t key_low) const {
    return slots_ + static_cast<size_t>((static_cast<unsigned __int128>(key_low) * capacity_) >> 64);
  }
  // Where the probing from `slot` ends. The table always has an unused slot.
  struct Place {
    SlotType* slot;
    bool taken;  // it holds the subject; else it was unused, and another subject may have it by now
  };
  Place Probe(SlotType* slot, const policy::SubjectKey& subject) const {
    for (;;) {
      // Acquire: pairs with the store of the first mark, so that the key is seen.
      if (slot->mark.load(std::memory_order_acquire) == 0) return {slot, false};
      if (slot->Holds(subject)) return {slot, true};
      slot = Next(slot);
    }
  }
  SlotType* Next(SlotType* slot) const { return ++slot == slots_ + capacity_ ? slots_ : slot; }

  size_t capacity() const { return capacity_; }
  size_t memory_bytes() const { return mapping_.size(); }
  SlotType* slots() const { return slots_; }

 private:
  SlotMapping mapping_;
  SlotType* slots_;
  size_t capacity_;
};

// kShards tables, chosen by the high word of the key.
// Threads: Find and the getters from any thread, Find's while online in the domain; Claim from one writer at a time.
// Memory: a shard is filled to 56.9 % to 64 % (each growth is by an eighth), and the shards are staggered so that at
// any time they are spread over that range: 1.66 slots a subject on average, 39.8 bytes at 24 bytes a slot.
template <TableSlot SlotType>
class ShardedSlots {
 public:
  static constexpr size_t kShards = 64;

  explicit ShardedSlots(scoring::Quiescence& domain) : domain_(domain) {
    for (size_t shard = 0; shard < kShards; ++shard) {
      const double stagger = std::pow(kGrowth, static_cast<double>(shard) / kShards);
      auto* table = new SlotTable<SlotType>(static_cast<size_t>(std::ceil(kCapacityMin * stagger)));
      memory_bytes_ += table->memory_bytes();
      tables_[shard].store(table, std::memory_order_relaxed);
    }
  }
  // No reader may be online.
  ~ShardedSlots() {
    for (auto& table : tables_) delete table.load(std::memory_order_acquire);
  }
  ShardedSlots(const ShardedSlots&) = delete;
  ShardedSlots& operator=(const ShardedSlots&) = delete;

  // Valid until the reader is next quiescent. Acquire pairs with the publication of a grown table, so that its slots
  // are seen. Seq_cst orders the load after Reader::Online for the writer's scan, as in scoring::Published; on x86-64
  // and AArch64 it costs the same.
  const SlotTable<SlotType>& TableOf(uint64_t key_high) const {
    return *tables_[ShardOf(key_high)].load(std::memory_order_seq_cst);
  }
  // The subject's slot; null where there is none.
  const SlotType* Find(const policy::SubjectKey& subject) const {
    const SlotTable<SlotType>& table = TableOf(subject.high());
    const auto place = table.Probe(table.Home(subject.low()), subject);
    return place.taken ? place.slot : nullptr;
  }

  // The subject's slot for the writer. A new one has mark 0 and becomes visible with the writer's first store to mark,
  // which must be a release store of another value. `keep(slot)` says which slots move along when the shard grows.
  template <typename Keep>
  SlotType& Claim(const policy::SubjectKey& subject, Keep keep) {
    const size_t shard = ShardOf(subject.high());
    SlotTable<SlotType>* table = tables_[shard].load(std::memory_order_relaxed);
    auto place = table->Probe(table->Home(subject.low()), subject);
    if (place.taken) return *place.slot;
    if (static_cast<double>(used_[shard] + 1) > kLoadMax * static_cast<double>(table->capacity())) {
      table = Grow(shard, keep);
      place = table->Probe(table->Home(subject.low()), subject);
    }
    place.slot->SetKey(subject);
    ++used_[shard];
    size_.store(size_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return *place.slot;
  }

  // Calls `visit` with each used slot. For the writer.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& shard : tables_) {
      const SlotTable<SlotType>& table = *shard.load(std::memory_order_relaxed);
      for (size_t i = 0; i < table.capacity(); ++i) {
        if (table.slots()[i].mark.load(std::memory_order_relaxed) != 0) visit(table.slots()[i]);
      }
    }
  }

  size_t size() const { return size_.load(std::memory_order_relaxed); }
  size_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr double kCapacityMin = 128;  // slots
  static constexpr double kGrowth = 1.125;
  static constexpr double kLoadMax = 0.64;

  static size_t ShardOf(uint64_t key_high) { return key_high >> 58; }
  static_assert(kShards == size_t{1} << 6);

  template <typename Keep>
  SlotTable<SlotType>* Grow(size_t shard, Keep keep) {
    SlotTable<SlotType>* old = tables_[shard].load(std::memory_order_relaxed);
    auto* grown =
        new SlotTable<SlotType>(static_cast<size_t>(std::ceil(static_cast<double>(old->capacity()) * kGrowth)));
    size_t kept = 0;
    for (size_t i = 0; i < old->capacity(); ++i) {
      const SlotType& from = old->slots()[i];
      if (from.mark.load(std::memory_order_relaxed) == 0 || !keep(from)) continue;
      SlotType* to = grown->Home(from.key_low.load(std::memory_order_relaxed));
      while (to->mark.load(std::memory_order_relaxed) != 0) to = grown->Next(to);
      to->CopyFrom(from);
      to->mark.store(from.mark.load(std::memory_order_relaxed), std::memory_order_relaxed);
      ++kept;
    }
    size_.store(size_.load(std::memory_order_relaxed) + kept - used_[shard], std::memory_order_relaxed);
    used_[shard] = kept;
    memory_bytes_.store(memory_bytes() + grown->memory_bytes() - old->memory_bytes(), std::memory_order_relaxed);
    // Release: a reader that takes the grown table sees its slots. Readers of the old one go on undisturbed: it is not
    // written any more, so to them no change has happened since, and none was acknowledged before this store. Seq_cst:
    // the total order puts it before the scan in Retire, and before every Find that starts after Put or Close returned.
    tables_[shard].store(grown, std::memory_order_seq_cst);
    domain_.Retire([old] { delete old; });
    return grown;
  }

  scoring::Quiescence& domain_;
  std::array<std::atomic<SlotTable<SlotType>*>, kShards> tables_;
  std::array<size_t, kShards> used_ = {};  // slots with a mark; the writer's
  std::atomic<size_t> size_{0};
  std::atomic<size_t> memory_bytes_{0};
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_SLOT_TABLE_H_
