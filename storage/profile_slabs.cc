#include "storage/profile_slabs.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <utility>

namespace assent::storage {
namespace {

constexpr size_t kSlabBytesMax = size_t{8} << 20;

uint32_t SlotsFor(size_t record_bytes) {
  return static_cast<uint32_t>(
      std::clamp<size_t>(std::bit_floor(kSlabBytesMax / record_bytes), size_t{1}, kSlabRecordsMax));
}

}  // namespace

policy::SubjectKey ProfileRecord::subject() const {
  const std::array<uint64_t, 2> words = {key_high.load(std::memory_order_relaxed),
                                         key_low.load(std::memory_order_relaxed)};
  policy::SubjectKey key;
  std::memcpy(key.bytes.data(), words.data(), sizeof(words));
  return key;
}

ProfileSlab::ProfileSlab(uint32_t a_slots, size_t a_record_bytes)
    : mapping(a_slots * a_record_bytes),
      base(static_cast<uint8_t*>(mapping.data())),
      record_bytes(a_record_bytes),
      slots(a_slots) {}

SlabDirectory::SlabDirectory() : names_(kSlabsMax * sizeof(std::atomic<ProfileSlab*>)) {}

SlabDirectory::~SlabDirectory() {
  for (uint32_t number = 0; number < size(); ++number) delete &slab(number);
}

ProfileSlab* SlabDirectory::Add(uint32_t slots, size_t record_bytes) {
  auto made = std::make_unique<ProfileSlab>(slots, record_bytes);  // before the lock: it asks the kernel for memory
  const uint32_t number = adding_.Lock();
  ProfileSlab* added = nullptr;
  if (number < kSlabsMax) {
    added = made.release();
    added->number = number;
    slabs()[number].store(added, std::memory_order_release);  // pairs with slab()
    count_.store(number + 1, std::memory_order_release);      // pairs with size()
    memory_bytes_.fetch_add(added->mapping.size() + sizeof(ProfileSlab), std::memory_order_relaxed);
  }
  adding_.Unlock(added == nullptr ? number : number + 1);
  return added;
}

void SlabDirectory::MarkChanged(RecordId id) {
  // A mark that is there still stands for this change too: who takes it away holds the bucket after us.
  if ((Marks(id).load(std::memory_order_relaxed) & MarkOf(id)) == 0) MarkNew(id);
}

// Always a release: pairs with TakeMarks, so that the new key is seen. (A mark of the record's last owner may be
// there.)
void SlabDirectory::MarkNew(RecordId id) { Marks(id).fetch_or(MarkOf(id), std::memory_order_release); }

void SlabDirectory::TakeMarks(uint32_t number, uint32_t word, std::vector<RecordId>& ids) {
  std::atomic<uint64_t>& marks = slab(number).changed[word];
  if (marks.load(std::memory_order_relaxed) == 0) return;
  for (uint64_t taken = marks.exchange(0, std::memory_order_acq_rel); taken != 0; taken &= taken - 1) {
    ids.push_back(number * kSlabRecordsMax + word * 64 + static_cast<uint32_t>(std::countr_zero(taken)) + 1);
  }
}

size_t SlabDirectory::memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }

ProfileSlabs::ProfileSlabs(SlabDirectory& directory, uint16_t layout, size_t state_bytes)
    : directory_(directory),
      layout_(layout),
      state_bytes_(state_bytes),
      record_bytes_(RoundUp(sizeof(ProfileRecord) + state_bytes, alignof(ProfileRecord))),
      slab_slots_(SlotsFor(record_bytes_)),
      slab_numbers_(kSlabsMax * sizeof(uint32_t)) {}

RecordId ProfileSlabs::IdOf(uint64_t ordinal) const {
  const uint32_t slab = static_cast<const uint32_t*>(slab_numbers_.data())[ordinal / slab_slots_];
  return slab * kSlabRecordsMax + static_cast<uint32_t>(ordinal % slab_slots_) + 1;
}

RecordId ProfileSlabs::PopFree() {
  uint64_t head = free_.load(std::memory_order_acquire);
  for (;;) {
    const auto id = static_cast<RecordId>(head);
    if (id == 0) return 0;
    const RecordId next = directory_.Record(id).next.load(std::memory_order_relaxed);
    const uint64_t popped = ((head & ~(kTagUnit - 1)) + kTagUnit) | next;
    // Acquire pairs with the release in PushFree: the record is seen zeroed.
    if (free_.compare_exchange_weak(head, popped, std::memory_order_acquire, std::memory_order_acquire)) return id;
  }
}

void ProfileSlabs::PushFree(RecordId id) {
  ProfileRecord& record = directory_.Record(id);
  uint64_t head = free_.load(std::memory_order_relaxed);
  uint64_t pushed;
  do {
    record.next.store(static_cast<RecordId>(head), std::memory_order_relaxed);
    pushed = (head & ~(kTagUnit - 1)) | id;
  } while (!free_.compare_exchange_weak(head, pushed, std::memory_order_release, std::memory_order_relaxed));
}

RecordId ProfileSlabs::Take() {
  live_.fetch_add(1, std::memory_order_relaxed);
  RecordId id = PopFree();
  while (id == 0) {
    const uint64_t capacity = capacity_.load(std::memory_order_acquire);  // pairs with Grow
    uint64_t used = used_.load(std::memory_order_acquire);                // pairs with Release
    if (used < capacity) {
      if (used_.compare_exchange_weak(used, used + 1, std::memory_order_acquire, std::memory_order_relaxed)) {
        id = IdOf(used);
      }
    } else if (used == kReleasing) {
      growing_.Unlock(growing_.Lock());  // Release has it, and ends soon
    } else if (!Grow(capacity)) {
      live_.fetch_sub(1, std::memory_order_relaxed);
      return 0;
    }
    if (id == 0) id = PopFree();
  }
  ProfileRecord& record = directory_.Record(id);
  record.next.store(0, std::memory_order_relaxed);
  record.layout = layout_;
  return id;
}

void ProfileSlabs::Give(RecordId id) {
  ProfileRecord& record = directory_.Record(id);
  record.key_high.store(0, std::memory_order_relaxed);
  record.key_low.store(0, std::memory_order_relaxed);
  record.opened_revision = 0;
  record.layout = 0;
  record.purpose = policy::Purpose::kUnspecified;
  const std::span<uint8_t> state = record.state(state_bytes_);
  std::fill(state.begin(), state.end(), uint8_t{0});
  PushFree(id);
  live_.fetch_sub(1, std::memory_order_relaxed);
}

// Adds a slab where none was added since `capacity_seen`. False: none can be.
bool ProfileSlabs::Grow(uint64_t capacity_seen) {
  const uint32_t slabs = growing_.Lock();
  const bool grown_meanwhile = capacity_.load(std::memory_order_relaxed) != capacity_seen;
  ProfileSlab* const added = grown_meanwhile ? nullptr : directory_.Add(slab_slots_, record_bytes_);
  if (added != nullptr) {
    static_cast<uint32_t*>(slab_numbers_.data())[slabs] = added->number;
    // Release: who sees the capacity sees the number.
    capacity_.fetch_add(slab_slots_, std::memory_order_release);
  }
  growing_.Unlock(added == nullptr ? slabs : slabs + 1);
  return grown_meanwhile || added != nullptr;
}

void ProfileSlabs::MakeRoom(uint64_t records) {
  for (;;) {
    const uint64_t capacity = capacity_.load(std::memory_order_relaxed);
    if (capacity >= live() + records || !Grow(capacity)) return;
  }
}

// Detaches the free records. Where those are all that were ever taken, nobody holds one and nobody gets one before
// used_ says so again: the pages can go.
void ProfileSlabs::Release() {
  if (live() != 0 || used_.load(std::memory_order_relaxed) == 0) return;
  const uint32_t slabs = growing_.Lock();
  uint64_t used = used_.load(std::memory_order_relaxed);
  uint64_t head = free_.load(std::memory_order_acquire);
  while (!free_.compare_exchange_weak(head, (head & ~(kTagUnit - 1)) + kTagUnit, std::memory_order_acquire,
                                      std::memory_order_acquire)) {
  }
  uint64_t detached = 0;
  for (auto id = static_cast<RecordId>(head); id != 0; ++detached) {
    id = directory_.Record(id).next.load(std::memory_order_relaxed);
  }
  // Takes look at used_ next; kReleasing sends them to Grow, which waits for growing_.
  if (detached == used && used_.compare_exchange_strong(used, kReleasing, std::memory_order_acq_rel)) {
    for (uint32_t i = 0; i < slabs; ++i) {
      ProfileSlab& slab = directory_.slab(static_cast<const uint32_t*>(slab_numbers_.data())[i]);
      madvise(slab.base, slab.mapping.size(), MADV_DONTNEED);
    }
    used_.store(0, std::memory_order_release);
  } else {
    for (auto id = static_cast<RecordId>(head); id != 0;) {
      const RecordId next = directory_.Record(id).next.load(std::memory_order_relaxed);
      PushFree(id);
      id = next;
    }
  }
  growing_.Unlock(slabs);
}

}  // namespace assent::storage
