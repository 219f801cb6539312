#include "storage/consent_index.h"

#include <algorithm>
#include <array>
#include <optional>

#include "storage/packed_state.h"
#include "storage/slot_table.h"

namespace assent::storage {
namespace {

using policy::ConsentState;
using policy::SubjectKey;

// mark: the first packed word. data[0]: the second.
using MainSlot = Slot<1>;
static_assert(sizeof(MainSlot) == 32);

// The side table, for subjects whose purposes end at different times. data: the ends. mark: the revision that they
// belong to, shifted left, with one of:
using SideSlot = Slot<3>;
constexpr uint64_t kSideStable = 1;
constexpr uint64_t kSideChanging = 2;
constexpr uint64_t kSideDead = 3;  // the subject does not overflow any more; dropped at the next growth
constexpr int kSideShift = 2;

constexpr uint64_t SideMark(uint32_t revision, uint64_t condition) {
  return (uint64_t{revision} << kSideShift) | condition;
}

// A reader that meets a change under way tries again at most this often, then uses what it has.
constexpr int kReadAttemptsMax = 16;
// FindBatch overlaps this many misses. More than a core can have outstanding gains nothing.
constexpr size_t kBlock = 64;

}  // namespace

struct ConsentIndex::Impl {
  explicit Impl(scoring::Quiescence& domain) : main(domain), side(domain) {}

  ShardedSlots<MainSlot> main;
  ShardedSlots<SideSlot> side;

  ConsentState Read(const MainSlot& slot, const SubjectKey& subject) const;
  std::optional<PackedEnds> ReadEnds(const SubjectKey& subject, uint32_t revision) const;
  void WriteEnds(const SubjectKey& subject, const ConsentState& state);
  void DropEnds(const SubjectKey& subject);
};

ConsentIndex::ConsentIndex(scoring::Quiescence& domain) : impl_(std::make_unique<Impl>(domain)) {}
ConsentIndex::~ConsentIndex() = default;

// Why every answer is safe. The first word is read whole, and it alone holds statuses, flags and an end that no granted
// purpose outlives. So whatever happens in between, the answer permits nothing that the state of that word does not
// permit. The rest only makes the answer exact: the second word tells whether a change was under way (then the revision
// could be that of the neighbouring state), and the side table has later ends, which are taken only when they carry the
// revision that was read together with the first word.
// The loads are acquire so that they are not reordered among themselves; their partners are the release stores in Put.
ConsentState ConsentIndex::Impl::Read(const MainSlot& slot, const SubjectKey& subject) const {
  uint64_t word = 0;
  uint64_t info = 0;
  for (int attempt = 0; attempt < kReadAttemptsMax; ++attempt) {
    const uint64_t info_before = slot.data[0].load(std::memory_order_acquire);
    word = slot.mark.load(std::memory_order_acquire);
    info = slot.data[0].load(std::memory_order_acquire);
    if (info_before != info || (info & packed::kChanging) != 0) continue;
    const auto revision = static_cast<uint32_t>(info);
    ConsentState state = UnpackState(word, revision);
    if ((word & packed::kOverflow) == 0) [[likely]]
      return state;
    if (const auto ends = ReadEnds(subject, revision)) {
      UnpackEnds(*ends, state);
      return state;
    }
  }
  return UnpackState(word, static_cast<uint32_t>(info));
}

std::optional<PackedEnds> ConsentIndex::Impl::ReadEnds(const SubjectKey& subject, uint32_t revision) const {
  const SideSlot& slot = side.Find(subject);
  const uint64_t wanted = SideMark(revision, kSideStable);
  if (slot.mark.load(std::memory_order_acquire) != wanted) return std::nullopt;
  PackedEnds ends;
  for (size_t i = 0; i < ends.size(); ++i) ends[i] = slot.data[i].load(std::memory_order_acquire);
  if (slot.mark.load(std::memory_order_acquire) != wanted) return std::nullopt;
  return ends;
}

void ConsentIndex::Impl::WriteEnds(const SubjectKey& subject, const ConsentState& state) {
  SideSlot& slot = side.Claim(
      subject, [](const SideSlot& kept) { return (kept.mark.load(std::memory_order_relaxed) & 3) != kSideDead; });
  // Release stores of the ends keep "changing" before them; the last store keeps them before "stable".
  if (slot.mark.load(std::memory_order_relaxed) != 0) {
    slot.mark.store(SideMark(state.revision, kSideChanging), std::memory_order_relaxed);
  }
  const PackedEnds ends = PackEnds(state);
  for (size_t i = 0; i < ends.size(); ++i) slot.data[i].store(ends[i], std::memory_order_release);
  slot.mark.store(SideMark(state.revision, kSideStable), std::memory_order_release);
}

void ConsentIndex::Impl::DropEnds(const SubjectKey& subject) {
  const SideSlot& found = side.Find(subject);
  if (found.mark.load(std::memory_order_relaxed) == 0) return;
  const_cast<SideSlot&>(found).mark.store(kSideDead, std::memory_order_release);
}

ConsentState ConsentIndex::Find(const scoring::Quiescence::Reader&, const SubjectKey& subject) const {
  const MainSlot& slot = impl_->main.Find(subject);
  if (slot.mark.load(std::memory_order_acquire) == 0) return {};
  return impl_->Read(slot, subject);
}

void ConsentIndex::FindBatch(const scoring::Quiescence::Reader&, std::span<const SubjectKey> subjects,
                             std::span<ConsentState> states) const {
  std::array<const SlotTable<MainSlot>*, kBlock> tables;
  std::array<MainSlot*, kBlock> homes;
  for (size_t begin = 0; begin < subjects.size(); begin += kBlock) {
    const size_t count = std::min(kBlock, subjects.size() - begin);
    for (size_t i = 0; i < count; ++i) {
      const SubjectKey& subject = subjects[begin + i];
      tables[i] = &impl_->main.TableOf(subject.high());
      homes[i] = tables[i]->Home(subject.low());
      __builtin_prefetch(homes[i]);
      __builtin_prefetch(reinterpret_cast<const char*>(homes[i]) + 64);  // where half of the probings end
    }
    for (size_t i = 0; i < count; ++i) {
      const SubjectKey& subject = subjects[begin + i];
      const MainSlot& slot = *tables[i]->Probe(homes[i], subject.high(), subject.low());
      states[begin + i] = slot.mark.load(std::memory_order_acquire) == 0 ? ConsentState{} : impl_->Read(slot, subject);
    }
  }
}

void ConsentIndex::Put(const SubjectKey& subject, const ConsentState& state) {
  MainSlot& slot = impl_->main.Claim(subject, [](const MainSlot&) { return true; });
  const uint64_t old_word = slot.mark.load(std::memory_order_relaxed);
  const uint64_t word = PackState(state);
  const uint64_t info = state.revision;
  if (old_word == 0) {
    if ((word & packed::kOverflow) != 0) impl_->WriteEnds(subject, state);
    slot.data[0].store(info, std::memory_order_relaxed);
    // Release: whoever sees the mark sees the key and the second word.
    slot.mark.store(word, std::memory_order_release);
    return;
  }
  // "Changing", the ends, the first word, the second: each store is a release store, so that a reader who sees one sees
  // those before it.
  slot.data[0].store(info | packed::kChanging, std::memory_order_relaxed);
  if ((word & packed::kOverflow) != 0) impl_->WriteEnds(subject, state);
  slot.mark.store(word, std::memory_order_release);
  slot.data[0].store(info, std::memory_order_release);
  if ((word & packed::kOverflow) == 0 && (old_word & packed::kOverflow) != 0) impl_->DropEnds(subject);
}

uint32_t ConsentIndex::Close(const SubjectKey& subject, uint32_t purpose_bits) {
  if ((purpose_bits & policy::kAllPurposeBits) == 0) {
    return ClosedPurposes(impl_->main.Find(subject).mark.load(std::memory_order_relaxed));
  }
  MainSlot& slot = impl_->main.Claim(subject, [](const MainSlot&) { return true; });
  const uint64_t old_word = slot.mark.load(std::memory_order_relaxed);
  if (old_word == 0) slot.data[0].store(0, std::memory_order_relaxed);
  // One store. Release: it may be the first mark of the slot.
  slot.mark.store(ClosePurposes(old_word | packed::kOccupied, purpose_bits), std::memory_order_release);
  return ClosedPurposes(old_word);
}

size_t ConsentIndex::size() const { return impl_->main.size(); }
size_t ConsentIndex::memory_bytes() const { return impl_->main.memory_bytes() + impl_->side.memory_bytes(); }

}  // namespace assent::storage
