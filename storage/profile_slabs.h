// Memory for the profiles of one layout: records of one size, given out and taken back without a lock.
#ifndef ASSENT_STORAGE_PROFILE_SLABS_H_
#define ASSENT_STORAGE_PROFILE_SLABS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "policy/purpose.h"
#include "policy/subject.h"
#include "storage/slot_mapping.h"
#include "storage/spin_word.h"

namespace assent::storage {

// Names a record of a store: 1 to kRecordIdMax; 0: none.
using RecordId = uint32_t;
inline constexpr uint32_t kSlabRecordsMax = 1u << 14;
inline constexpr uint32_t kSlabsMax = (1u << 17) - 1;
inline constexpr RecordId kRecordIdMax = kSlabRecordsMax * kSlabsMax;
static_assert(kRecordIdMax <= SpinWord::kNumberMax);

// The head of a record; its state follows. All but the atomics belong to who holds the record's bucket (or, between
// Take and the bucket, to who took it). The atomics are written by the same and read by anybody as a hint.
struct ProfileRecord {
  std::atomic<uint64_t> key_high;
  std::atomic<uint64_t> key_low;
  std::atomic<RecordId> next;  // in the bucket, or among the free
  uint32_t opened_revision;
  uint16_t layout;  // its number in the store
  policy::Purpose purpose;
  uint8_t spare[5];

  // Precondition: the size is that of the record's layout.
  std::span<uint8_t> state(size_t bytes) { return {reinterpret_cast<uint8_t*>(this + 1), bytes}; }
  std::span<const uint8_t> state(size_t bytes) const { return {reinterpret_cast<const uint8_t*>(this + 1), bytes}; }
  policy::SubjectKey subject() const;
  bool Holds(const policy::SubjectKey& subject, policy::Purpose a_purpose) const {
    return key_low.load(std::memory_order_relaxed) == subject.low() &&
           key_high.load(std::memory_order_relaxed) == subject.high() && purpose == a_purpose;
  }
};
static_assert(sizeof(ProfileRecord) == 32);

// Records beside each other, and a bit each: changed since it was last written.
struct ProfileSlab {
  ProfileSlab(uint32_t a_slots, size_t a_record_bytes);

  SlotMapping mapping;
  uint8_t* const base;
  const size_t record_bytes;
  const uint32_t slots;
  uint32_t number = 0;  // set once, before anybody else sees the slab
  std::array<std::atomic<uint64_t>, kSlabRecordsMax / 64> changed = {};

  ProfileRecord& at(uint32_t slot) { return *reinterpret_cast<ProfileRecord*>(base + slot * record_bytes); }
};

// The slabs of all layouts, by number. Threads: safe.
class SlabDirectory {
 public:
  SlabDirectory();
  ~SlabDirectory();
  SlabDirectory(const SlabDirectory&) = delete;
  SlabDirectory& operator=(const SlabDirectory&) = delete;

  // Null when kSlabsMax exist. Cost: maps memory, which is not resident before it is used.
  ProfileSlab* Add(uint32_t slots, size_t record_bytes);
  // Precondition: the number of a slab of this directory.
  ProfileSlab& slab(uint32_t number) const { return *slabs()[number].load(std::memory_order_acquire); }
  uint32_t size() const { return count_.load(std::memory_order_acquire); }

  ProfileRecord& Record(RecordId id) const { return slab((id - 1) / kSlabRecordsMax).at((id - 1) % kSlabRecordsMax); }
  // To be called by who holds the record's bucket, after the change; for a record that is new in the bucket, MarkNew.
  void MarkChanged(RecordId id);
  void MarkNew(RecordId id);
  // Takes away the marks of 64 neighbours and appends their ids. Who then holds the bucket of one sees what was marked.
  void TakeMarks(uint32_t slab, uint32_t word, std::vector<RecordId>& ids);

  size_t memory_bytes() const;

 private:
  std::atomic<ProfileSlab*>* slabs() const { return static_cast<std::atomic<ProfileSlab*>*>(names_.data()); }
  std::atomic<uint64_t>& Marks(RecordId id) const {
    return slab((id - 1) / kSlabRecordsMax).changed[(id - 1) % kSlabRecordsMax / 64];
  }
  static uint64_t MarkOf(RecordId id) { return uint64_t{1} << ((id - 1) % kSlabRecordsMax % 64); }

  SlotMapping names_;
  SpinWord adding_;
  std::atomic<uint32_t> count_{0};
  std::atomic<size_t> memory_bytes_{0};
};

// Threads: all methods are safe; Release by one thread at a time.
class ProfileSlabs {
 public:
  ProfileSlabs(SlabDirectory& directory, uint16_t layout, size_t state_bytes);
  ProfileSlabs(const ProfileSlabs&) = delete;
  ProfileSlabs& operator=(const ProfileSlabs&) = delete;

  // A record that is zero throughout, save its layout; 0 when no slab can be added. Cost: no lock and no allocation
  // while there is room; otherwise a slab is mapped (a few microseconds).
  RecordId Take();
  // Zeroes the record and takes it back. Precondition: it is in no bucket.
  void Give(RecordId id);
  // Sees to it that at least `records` can be taken at once.
  void MakeRoom(uint64_t records);
  // Gives the memory back to the system where no record is in use.
  void Release();

  size_t state_bytes() const { return state_bytes_; }
  uint64_t live() const { return live_.load(std::memory_order_relaxed); }

 private:
  static constexpr uint64_t kTagUnit = uint64_t{1} << 32;
  static constexpr uint64_t kReleasing = ~uint64_t{0};

  RecordId PopFree();
  void PushFree(RecordId id);
  RecordId IdOf(uint64_t ordinal) const;
  bool Grow(uint64_t capacity_seen);

  SlabDirectory& directory_;
  const uint16_t layout_;
  const size_t state_bytes_;
  const size_t record_bytes_;
  const uint32_t slab_slots_;
  // A stack of free records: the id of the first below, above a tag that grows with each pop, so that a pop that was
  // overtaken fails. Source: Treiber, "Systems Programming: Coping with Parallelism", 1986; the tag is IBM's.
  std::atomic<uint64_t> free_{0};
  std::atomic<uint64_t> used_{0};  // records that were taken at least once; or kReleasing
  std::atomic<uint64_t> capacity_{0};
  std::atomic<uint64_t> live_{0};
  SlotMapping slab_numbers_;  // uint32_t by ordinal of the slab; an entry is written before capacity_ admits it
  SpinWord growing_;          // its number: slabs of this layout
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_PROFILE_SLABS_H_
