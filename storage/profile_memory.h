// The profiles in memory: what Fold and Read do, and what the flush needs of it. No disk.
#ifndef ASSENT_STORAGE_PROFILE_MEMORY_H_
#define ASSENT_STORAGE_PROFILE_MEMORY_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "storage/consent_index.h"
#include "storage/profile_record.h"
#include "storage/profile_slabs.h"
#include "storage/profile_store.h"
#include "storage/profile_table.h"

namespace assent::storage {

// Threads: Fold, Read, Forget, Add and the getters from any; the others by one thread at a time (the flush). Who passes
// a reader is online.
class ProfileMemory final : public ProfileKeeper {
 public:
  using Reader = scoring::Quiescence::Reader;

  ProfileMemory(const ConsentIndex& index, size_t profiles_max, absl::Duration retention);

  absl::Status Register(const scoring::ProfileLayout& layout);
  FoldOutcome Fold(const Reader& reader, const policy::SubjectKey& subject, policy::Purpose purpose,
                   const scoring::ProfileLayout& layout, std::span<const scoring::Event> events, int64_t now_s,
                   std::span<uint8_t> state, FoldCounts& counts);
  bool Read(const Reader& reader, const policy::SubjectKey& subject, policy::Purpose purpose,
            const scoring::ProfileLayout& layout, int64_t now_s, std::span<uint8_t> state);
  bool ReadKept(const Reader& reader, const policy::SubjectKey& subject, policy::Purpose purpose,
                const scoring::ProfileLayout& layout, int64_t now_s, std::span<uint8_t> state);
  void Forget(const policy::SubjectKey& subject, policy::Purpose purpose) override;

  // Takes in a profile from the disk, of a layout that may never be known. False: no memory for more.
  bool Add(const policy::SubjectKey& subject, policy::Purpose purpose, const StoredProfile& profile);

  // A profile as the flush finds it.
  struct Found {
    policy::SubjectKey subject;
    policy::Purpose purpose = policy::Purpose::kUnspecified;
    bool is_void = false;        // not allowed at now_s, or past its retention
    uint64_t layout_digest = 0;  // this and the next two unless void
    uint32_t opened_revision = 0;
    std::vector<uint8_t> state;  // keeps its memory from one use to the next
  };
  // Copies the record's profile; false where the record is free.
  bool Copy(const Reader& reader, RecordId id, int64_t now_s, Found& found);
  // Whether the record has a profile that is void.
  bool IsVoid(const Reader& reader, RecordId id, int64_t now_s);
  // Deletes the profile if it is void (still); else it is marked as changed.
  void Drop(const Reader& reader, const policy::SubjectKey& subject, policy::Purpose purpose, int64_t now_s);

  // Gives memory of layouts that nobody uses back, and makes room for new profiles of the present one.
  void Tend();

  SlabDirectory& records() { return directory_; }
  size_t size() const { return profiles_.load(std::memory_order_relaxed); }
  size_t memory_bytes() const { return directory_.memory_bytes() + table_.memory_bytes(); }
  uint64_t refused_full() const { return refused_full_.load(std::memory_order_relaxed); }
  uint64_t dropped_layouts() const { return dropped_layouts_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kLayoutsMax = 1024;

  struct Layout {
    Layout(SlabDirectory& directory, uint16_t number, uint64_t a_digest, size_t state_bytes)
        : digest(a_digest), slabs(directory, number, state_bytes) {}

    const uint64_t digest;
    ProfileSlabs slabs;
    std::unique_ptr<const scoring::ProfileLayout> owned;
    std::atomic<const scoring::ProfileLayout*> layout{nullptr};  // owned; null: not known since the start
  };

  Layout* FindLayout(uint64_t digest, size_t state_bytes) const;
  Layout* MakeLayout(uint64_t digest, size_t state_bytes, const scoring::ProfileLayout* layout);
  Layout* KnownLayout(const scoring::ProfileLayout& layout);
  Layout& LayoutOf(const ProfileRecord& record) const { return *layouts_[record.layout]; }
  bool IsVoid(const Reader& reader, const ProfileRecord& record, int64_t now_s) const;
  bool IsPast(const ProfileRecord& record, int64_t now_s) const;
  bool Start(ProfileTable::Held& held, const policy::SubjectKey& subject, policy::Purpose purpose, Layout& layout,
             uint32_t revision);
  bool Convert(ProfileTable::Held& held, Layout& to);
  bool Prepare(ProfileTable::Held& held, const policy::SubjectKey& subject, policy::Purpose purpose, Layout& layout,
               uint32_t revision, int64_t now_s);
  bool CopyOut(const ProfileTable::Held& held, const scoring::ProfileLayout& layout, int64_t now_s,
               std::span<uint8_t> state) const;
  void Remove(ProfileTable::Held& held);

  const ConsentIndex& index_;
  const size_t profiles_max_;
  const int64_t retention_us_;
  SlabDirectory directory_;
  ProfileTable table_;
  std::mutex registering_;
  std::array<std::unique_ptr<Layout>, kLayoutsMax> layouts_;
  std::atomic<size_t> layout_count_{0};
  std::atomic<size_t> profiles_{0};
  std::atomic<uint64_t> refused_full_{0};
  std::atomic<uint64_t> dropped_layouts_{0};
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_PROFILE_MEMORY_H_
