#include "storage/refusal_index.h"

#include <atomic>
#include <cstdint>
#include <utility>

#include "storage/slot_table.h"

namespace assent::storage {
namespace {

using policy::Refusals;
using policy::SubjectKey;

struct RefusalSlot : SlotKey {
  std::atomic<uint64_t> mark;             // 1 once it is used
  std::atomic<const Refusals*> refusals;  // null: none any more

  void CopyFrom(const RefusalSlot& other) {
    CopyKeyFrom(other);
    refusals.store(other.refusals.load(std::memory_order_relaxed), std::memory_order_relaxed);
  }
};

}  // namespace

struct RefusalIndex::Impl {
  explicit Impl(scoring::Quiescence& its_domain) : domain(its_domain), slots(its_domain) {}

  scoring::Quiescence& domain;
  ShardedSlots<RefusalSlot> slots;
};

RefusalIndex::RefusalIndex(scoring::Quiescence& domain) : impl_(std::make_unique<Impl>(domain)) {}

RefusalIndex::~RefusalIndex() {
  impl_->slots.ForEach([](const RefusalSlot& slot) { delete slot.refusals.load(std::memory_order_relaxed); });
}

const Refusals* RefusalIndex::Find(const scoring::Quiescence::Reader&, const SubjectKey& subject) const {
  const RefusalSlot* const slot = impl_->slots.Find(subject);
  // Seq_cst orders the load after Reader::Online for the scan in Retire, as in scoring::Published.
  return slot == nullptr ? nullptr : slot->refusals.load(std::memory_order_seq_cst);
}

void RefusalIndex::Put(const SubjectKey& subject, Refusals refusals) {
  if (refusals.empty() && impl_->slots.Find(subject) == nullptr) return;
  RefusalSlot& slot = impl_->slots.Claim(
      subject, [](const RefusalSlot& kept) { return kept.refusals.load(std::memory_order_relaxed) != nullptr; });
  const Refusals* const before = slot.refusals.load(std::memory_order_relaxed);
  const Refusals* const next = refusals.empty() ? nullptr : new Refusals(std::move(refusals));
  // Seq_cst: before the scan in Retire, and before every Find that starts after this returns. It also shows what it
  // points to; the mark shows the key of a new slot.
  slot.refusals.store(next, std::memory_order_seq_cst);
  slot.mark.store(1, std::memory_order_release);
  if (before != nullptr) impl_->domain.Retire([before] { delete before; });
}

}  // namespace assent::storage
