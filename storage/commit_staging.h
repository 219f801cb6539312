// What a commit has gathered so far and not written yet.
#ifndef ASSENT_STORAGE_COMMIT_STAGING_H_
#define ASSENT_STORAGE_COMMIT_STAGING_H_

#include <rocksdb/write_batch.h>

#include <cstddef>
#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "assent/internal/v1/consent_record.pb.h"
#include "policy/subject.h"
#include "storage/consent_commit.h"

namespace assent::storage {

// A subject of the commit: its record as the changes so far leave it.
struct TouchedSubject {
  internal::v1::ConsentRecord record;
  absl::Status readable;       // of the stored record
  bool read = false;           // an attempt was made
  bool changed = false;        // the record has to be written
  bool closed_here = false;    // this commit closed something
  uint32_t closed_before = 0;  // purposes that an earlier, failed commit left closed
  uint32_t left_closed = 0;    // purposes of a protective change of this commit that failed for want of the disk
  uint32_t written = 0;        // purposes that this commit sets
  uint32_t ended = 0;          // profile purposes whose profile this commit deletes
  uint32_t closing = 0;        // purposes that an import closes before it writes
};

struct CommitStaging {
  // Of the batch. References hold while others are added.
  absl::node_hash_map<policy::SubjectKey, TouchedSubject, SubjectKeyHash> subjects;
  rocksdb::WriteBatch batch;
  size_t bytes = 0;       // that the changes write, at most
  uint64_t sequence = 0;  // of the last change
  absl::Status torn;      // why a change was staged in part: nothing of the batch may be written
  // Of the whole commit: purposes that a protective change denied already.
  absl::flat_hash_map<policy::SubjectKey, uint32_t, SubjectKeyHash> denied;

  void StartBatch(uint64_t after) {
    subjects.clear();
    batch.Clear();
    bytes = 0;
    sequence = after;
    torn = absl::OkStatus();
  }
  uint32_t DeniedTo(const policy::SubjectKey& subject) const {
    const auto found = denied.find(subject);
    return found == denied.end() ? 0 : found->second;
  }
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_COMMIT_STAGING_H_
