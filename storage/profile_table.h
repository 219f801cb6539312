// Finds a subject's profile and holds it: a table of buckets, each a one-word lock and a list of records.
#ifndef ASSENT_STORAGE_PROFILE_TABLE_H_
#define ASSENT_STORAGE_PROFILE_TABLE_H_

#include <cstddef>
#include <cstdint>

#include "policy/purpose.h"
#include "policy/subject.h"
#include "storage/profile_slabs.h"
#include "storage/slot_mapping.h"
#include "storage/spin_word.h"

namespace assent::storage {

// The size is fixed: two buckets of 4 bytes for each profile that may exist, so that a bucket holds one as a rule (1.25
// steps on average when it is full). More fit and take longer. Threads: safe.
class ProfileTable {
 public:
  ProfileTable(const SlabDirectory& directory, size_t profiles_max);

  // A bucket that is held, and the profile that was looked for. While it lives nobody else sees or changes what is in
  // the bucket: never wait for anything meanwhile.
  class Held {
   public:
    ~Held() { bucket_.Unlock(head_); }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

    RecordId id() const { return id_; }  // 0: there is none
    // Precondition: id() != 0.
    ProfileRecord& record() const { return directory_.Record(id_); }
    // Takes the profile out. Precondition: id() != 0.
    void Unlink();
    // Puts a record in and makes it the one that is held. Its key is set. Precondition: id() == 0.
    void Link(RecordId id);

   private:
    friend class ProfileTable;
    template <typename Wanted>
    Held(const SlabDirectory& directory, SpinWord& bucket, Wanted wanted);

    const SlabDirectory& directory_;
    SpinWord& bucket_;
    RecordId head_ = 0;
    RecordId before_ = 0;  // in the list; 0: id_ is its head
    RecordId id_ = 0;
  };

  Held Hold(const policy::SubjectKey& subject, policy::Purpose purpose);
  // The record of this id, if it is in the table: by the time that it is held it may be another's, or free.
  Held Hold(RecordId id);

  size_t memory_bytes() const { return mapping_.size(); }

 private:
  SpinWord& BucketOf(uint64_t key_high) const;

  const SlabDirectory& directory_;
  const size_t buckets_;
  SlotMapping mapping_;
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_PROFILE_TABLE_H_
