#include "storage/consent_index.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <tuple>

#include "storage/packed_state.h"
#include "storage/slot_table.h"

namespace assent::storage {
namespace {

using policy::ConsentState;
using policy::SubjectKey;

// 24 bytes a subject. Of the key's 128 bits the slot keeps 80; six more are the number of the shard. Two subjects of a
// hundred million agree in those 86 with a probability of 6.5e-11, and only by chance: nobody can choose a pseudonym
// without the key. The 42 bits that are left out buy the low load that makes the probing short.
struct MainSlot {
  std::atomic<uint64_t> mark;  // the first packed word
  std::atomic<uint64_t> key_low;
  std::atomic<uint64_t> info;  // the second packed word, with 16 bits of the key

  static uint64_t KeyBits(const SubjectKey& subject) { return subject.high() << packed::kKeyShift; }
  bool Holds(const SubjectKey& subject) const {
    return key_low.load(std::memory_order_relaxed) == subject.low() &&
           (info.load(std::memory_order_relaxed) ^ KeyBits(subject)) >> packed::kKeyShift == 0;
  }
  void SetKey(const SubjectKey& subject) {
    key_low.store(subject.low(), std::memory_order_relaxed);
    info.store(KeyBits(subject), std::memory_order_relaxed);
  }
  void CopyFrom(const MainSlot& other) {
    key_low.store(other.key_low.load(std::memory_order_relaxed), std::memory_order_relaxed);
    info.store(other.info.load(std::memory_order_relaxed), std::memory_order_relaxed);
  }
};
static_assert(sizeof(MainSlot) == 24);

// The side table, for subjects whose purposes end at different times or were granted under different notices.
struct SideSlot : SlotKey {
  // The revision that the details belong to, shifted left, with the condition below.
  std::atomic<uint64_t> mark;
  std::array<std::atomic<uint64_t>, std::tuple_size_v<PackedDetails>> details;

  void CopyFrom(const SideSlot& other) {
    CopyKeyFrom(other);
    for (size_t i = 0; i < details.size(); ++i) {
      details[i].store(other.details[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
  }
};
constexpr uint64_t kSideStable = 1;
constexpr uint64_t kSideChanging = 2;
constexpr uint64_t kSideDead = 3;  // the subject does not overflow any more; dropped at the next growth
constexpr uint64_t kSideConditions = 3;
constexpr int kSideShift = 2;

constexpr uint64_t SideMark(uint32_t revision, uint64_t condition) {
  return (uint64_t{revision} << kSideShift) | condition;
}

// A reader that meets a change under way tries again at most this often, then uses what it has.
constexpr int kReadAttemptsMax = 16;
// FindBatch overlaps this many misses. More than a core can have outstanding gains nothing.
constexpr size_t kBlock = 32;
constexpr uintptr_t kLineBytes = 64;

uintptr_t LineOf(const void* address) { return reinterpret_cast<uintptr_t>(address) / kLineBytes; }

// Fetches the slot. Returns the last line that it fetches.
uintptr_t Fetch(const MainSlot* slot) {
  const char* const end = reinterpret_cast<const char*>(slot + 1) - 1;
  __builtin_prefetch(slot);
  __builtin_prefetch(end);
  return LineOf(end);
}

}  // namespace

struct ConsentIndex::Impl {
  explicit Impl(scoring::Quiescence& domain) : main(domain), side(domain) {}

  ShardedSlots<MainSlot> main;
  ShardedSlots<SideSlot> side;
  // By ordinal. Release when set, acquire when read, so that a grant that is seen after it is judged by it.
  std::array<std::atomic<bool>, packed::kNoticesDiffer> outdated = {};

  // Release when stored, acquire when loaded: who finds the gates open sees every state that was put before.
  std::atomic<bool> gates_closed{false};

  // Sets `outdated` of a state from the ordinals of its notices.
  void JudgeNotices(ConsentState& state) const;
  void Read(const MainSlot& slot, const SubjectKey& subject, ConsentState& state) const;
  void ReadSlowly(const MainSlot& slot, const SubjectKey& subject, ConsentState& state) const;
  std::optional<PackedDetails> ReadDetails(const SubjectKey& subject, uint32_t revision) const;
  void WriteDetails(const SubjectKey& subject, const ConsentState& state);
  void DropDetails(const SubjectKey& subject);
};

ConsentIndex::ConsentIndex(scoring::Quiescence& domain) : impl_(std::make_unique<Impl>(domain)) {}
ConsentIndex::~ConsentIndex() = default;

// Why every answer is safe. The first word is read whole, and it alone holds statuses, flags and an end that no granted
// purpose outlives. So whatever happens in between, the answer permits nothing that the state of that word does not
// permit. The rest only makes the answer exact: the second word tells whether a change was under way (then the revision
// could be that of the neighbouring state), and the side table has later ends and each notice, which are taken only
// when they carry the revision that was read together with the first word. The loads are acquire so that they are not
// reordered among themselves; their partners are the release stores in Put.
inline void ConsentIndex::Impl::Read(const MainSlot& slot, const SubjectKey& subject, ConsentState& state) const {
  const uint64_t info_before = slot.info.load(std::memory_order_acquire);
  const uint64_t word = slot.mark.load(std::memory_order_acquire);
  const uint64_t info = slot.info.load(std::memory_order_acquire);
  const bool changing = info_before != info || (info & packed::kChanging) != 0;
  if (!changing && (word & packed::kOverflow) == 0) [[likely]] {
    UnpackState(word, info, state);
    if ((info >> packed::kNoticeShift & packed::kNoticesDiffer) == 0) return;
  } else {
    ReadSlowly(slot, subject, state);
  }
  JudgeNotices(state);
}

// kNoticesDiffer: which notices is not known, because changes were under way all the time. Then none is believed.
void ConsentIndex::Impl::JudgeNotices(ConsentState& state) const {
  for (size_t purpose = 1; purpose <= policy::kPurposeCount; ++purpose) {
    const uint16_t notice = state.notice[purpose];
    if (notice == 0) continue;
    if (notice >= outdated.size() || outdated[notice].load(std::memory_order_acquire)) {
      state.outdated |= policy::PurposeBit(static_cast<policy::Purpose>(purpose));
    }
  }
}

void ConsentIndex::Impl::ReadSlowly(const MainSlot& slot, const SubjectKey& subject, ConsentState& state) const {
  for (int attempt = 0; attempt < kReadAttemptsMax; ++attempt) {
    const uint64_t info_before = slot.info.load(std::memory_order_acquire);
    const uint64_t word = slot.mark.load(std::memory_order_acquire);
    const uint64_t info = slot.info.load(std::memory_order_acquire);
    // Whole changes may lie between the two loads of the second word when the reader's thread was put aside there: then
    // the revision can be far from the first word's. A later attempt is never kept when it has that.
    if (info_before != info && attempt > 0) continue;
    UnpackState(word, info, state);
    if (info_before != info || (info & packed::kChanging) != 0) continue;
    if ((word & packed::kOverflow) == 0) return;
    if (const auto details = ReadDetails(subject, state.revision)) {
      UnpackDetails(*details, state);
      return;
    }
  }
}

std::optional<PackedDetails> ConsentIndex::Impl::ReadDetails(const SubjectKey& subject, uint32_t revision) const {
  const SideSlot* const slot = side.Find(subject);
  const uint64_t wanted = SideMark(revision, kSideStable);
  if (slot == nullptr || slot->mark.load(std::memory_order_acquire) != wanted) return std::nullopt;
  PackedDetails details;
  for (size_t i = 0; i < details.size(); ++i) details[i] = slot->details[i].load(std::memory_order_acquire);
  if (slot->mark.load(std::memory_order_acquire) != wanted) return std::nullopt;
  return details;
}

void ConsentIndex::Impl::WriteDetails(const SubjectKey& subject, const ConsentState& state) {
  const uint32_t revision = std::min(state.revision, packed::kRevisionMax);
  SideSlot& slot = side.Claim(subject, [](const SideSlot& kept) {
    return (kept.mark.load(std::memory_order_relaxed) & kSideConditions) != kSideDead;
  });
  // Release stores of the details keep "changing" before them; the last store keeps them before "stable".
  if (slot.mark.load(std::memory_order_relaxed) != 0) {
    slot.mark.store(SideMark(revision, kSideChanging), std::memory_order_relaxed);
  }
  const PackedDetails details = PackDetails(state);
  for (size_t i = 0; i < details.size(); ++i) slot.details[i].store(details[i], std::memory_order_release);
  slot.mark.store(SideMark(revision, kSideStable), std::memory_order_release);
}

void ConsentIndex::Impl::DropDetails(const SubjectKey& subject) {
  const SideSlot* const found = side.Find(subject);
  if (found == nullptr) return;
  const_cast<SideSlot*>(found)->mark.store(kSideDead, std::memory_order_release);
}

ConsentState ConsentIndex::Find(const scoring::Quiescence::Reader&, const SubjectKey& subject) const {
  const SlotTable<MainSlot>& table = impl_->main.TableOf(subject.high());
  MainSlot* const home = table.Home(subject.low());
  Fetch(home);
  const bool gates_closed = impl_->gates_closed.load(std::memory_order_acquire);
  const auto place = table.Probe(home, subject);
  ConsentState state;
  if (place.taken) impl_->Read(*place.slot, subject, state);
  state.gates_closed = gates_closed;
  return state;
}

// In rounds: each looks as far as the lines that the round before has fetched; who has to look further is fetched for
// and waits for the next round, so that nobody waits for memory alone.
void ConsentIndex::FindBatch(const scoring::Quiescence::Reader&, std::span<const SubjectKey> subjects,
                             std::span<ConsentState> states) const {
  struct Probing {
    const SlotTable<MainSlot>* table;
    MainSlot* slot;
    uintptr_t last_line;
    size_t index;
  };
  std::array<Probing, kBlock> open;
  const bool gates_closed = impl_->gates_closed.load(std::memory_order_acquire);
  for (size_t begin = 0; begin < subjects.size(); begin += kBlock) {
    size_t count = std::min(kBlock, subjects.size() - begin);
    for (size_t i = 0; i < count; ++i) {
      const SubjectKey& subject = subjects[begin + i];
      const SlotTable<MainSlot>* table = &impl_->main.TableOf(subject.high());
      MainSlot* const home = table->Home(subject.low());
      open[i] = {table, home, Fetch(home), begin + i};
    }
    while (count > 0) {
      size_t left = 0;
      for (size_t i = 0; i < count; ++i) {
        Probing probing = open[i];
        const SubjectKey& subject = subjects[probing.index];
        for (;;) {
          // Acquire: as in SlotTable::Probe.
          if (probing.slot->mark.load(std::memory_order_acquire) == 0) {
            states[probing.index] = {};
            break;
          }
          if (probing.slot->Holds(subject)) {
            impl_->Read(*probing.slot, subject, states[probing.index]);
            break;
          }
          probing.slot = probing.table->Next(probing.slot);
          if (LineOf(probing.slot + 1) > probing.last_line) {
            probing.last_line = Fetch(probing.slot);
            open[left++] = probing;
            break;
          }
        }
      }
      count = left;
    }
  }
  for (ConsentState& state : states) state.gates_closed = gates_closed;
}

void ConsentIndex::Put(const SubjectKey& subject, const ConsentState& state) {
  MainSlot& slot = impl_->main.Claim(subject, [](const MainSlot&) { return true; });
  const uint64_t old_word = slot.mark.load(std::memory_order_relaxed);
  const auto [word, reported] = PackState(state);
  const uint64_t info = MainSlot::KeyBits(subject) | reported;
  // "Changing", the details, the first word, the second: each but the first is a release store, so that a reader who
  // sees one sees those before it. In a new slot the first word is also the mark that shows the key.
  slot.info.store(info | packed::kChanging, std::memory_order_relaxed);
  if ((word & packed::kOverflow) != 0) impl_->WriteDetails(subject, state);
  slot.mark.store(word, std::memory_order_release);
  slot.info.store(info, std::memory_order_release);
  if ((word & packed::kOverflow) == 0 && (old_word & packed::kOverflow) != 0) impl_->DropDetails(subject);
}

uint32_t ConsentIndex::Close(const SubjectKey& subject, uint32_t purpose_bits) {
  if ((purpose_bits & policy::kAllPurposeBits) == 0) return FindClosed(subject).value_or(0);
  MainSlot& slot = impl_->main.Claim(subject, [](const MainSlot&) { return true; });
  const uint64_t old_word = slot.mark.load(std::memory_order_relaxed);
  // One store. Release: it may be the first mark of the slot.
  slot.mark.store(ClosePurposes(old_word | packed::kOccupied, purpose_bits), std::memory_order_release);
  return ClosedPurposes(old_word);
}

std::optional<uint32_t> ConsentIndex::FindClosed(const SubjectKey& subject) const {
  const MainSlot* const slot = impl_->main.Find(subject);
  if (slot == nullptr) return std::nullopt;
  return ClosedPurposes(slot->mark.load(std::memory_order_relaxed));
}

void ConsentIndex::Outdate(uint16_t notice) {
  if (notice < impl_->outdated.size()) impl_->outdated[notice].store(true, std::memory_order_release);
}

void ConsentIndex::CloseGates() { impl_->gates_closed.store(true, std::memory_order_release); }
void ConsentIndex::OpenGates() { impl_->gates_closed.store(false, std::memory_order_release); }
bool ConsentIndex::gates_closed() const { return impl_->gates_closed.load(std::memory_order_acquire); }

size_t ConsentIndex::size() const { return impl_->main.size(); }
size_t ConsentIndex::memory_bytes() const { return impl_->main.memory_bytes() + impl_->side.memory_bytes(); }

}  // namespace assent::storage
