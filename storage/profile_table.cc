#include "storage/profile_table.h"

#include <algorithm>

namespace assent::storage {
namespace {

constexpr size_t kBucketsAProfile = 2;
constexpr size_t kBucketsMin = 1024;

}  // namespace

template <typename Wanted>
ProfileTable::Held::Held(const SlabDirectory& directory, SpinWord& bucket, Wanted wanted)
    : directory_(directory), bucket_(bucket), head_(bucket.Lock()) {
  for (RecordId id = head_; id != 0;) {
    ProfileRecord& record = directory_.Record(id);
    if (wanted(id, record)) {
      id_ = id;
      return;
    }
    before_ = id;
    id = record.next.load(std::memory_order_relaxed);
  }
  before_ = 0;
}

void ProfileTable::Held::Unlink() {
  const RecordId next = record().next.load(std::memory_order_relaxed);
  if (before_ == 0) {
    head_ = next;
  } else {
    directory_.Record(before_).next.store(next, std::memory_order_relaxed);
  }
  id_ = 0;
  before_ = 0;
}

void ProfileTable::Held::Link(RecordId id) {
  directory_.Record(id).next.store(head_, std::memory_order_relaxed);
  head_ = id;
  id_ = id;
  before_ = 0;
}

ProfileTable::ProfileTable(const SlabDirectory& directory, size_t profiles_max)
    : directory_(directory),
      buckets_(std::max(kBucketsMin, kBucketsAProfile * profiles_max)),
      mapping_(buckets_ * sizeof(SpinWord)) {}

// Source: Lemire, "Fast Random Integer Generation in an Interval", 2019.
SpinWord& ProfileTable::BucketOf(uint64_t key_high) const {
  const auto bucket = static_cast<size_t>((static_cast<unsigned __int128>(key_high) * buckets_) >> 64);
  return static_cast<SpinWord*>(mapping_.data())[bucket];
}

ProfileTable::Held ProfileTable::Hold(const policy::SubjectKey& subject, policy::Purpose purpose) {
  return Held(directory_, BucketOf(subject.high()),
              [&](RecordId, const ProfileRecord& record) { return record.Holds(subject, purpose); });
}

ProfileTable::Held ProfileTable::Hold(RecordId id) {
  return Held(directory_, BucketOf(directory_.Record(id).key_high.load(std::memory_order_relaxed)),
              [id](RecordId other, const ProfileRecord&) { return other == id; });
}

}  // namespace assent::storage
