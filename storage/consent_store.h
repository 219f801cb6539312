// Consent on disk and in memory: every acknowledged change is synced, and obeyed by every reader that starts after it.
#ifndef ASSENT_STORAGE_CONSENT_STORE_H_
#define ASSENT_STORAGE_CONSENT_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "assent/internal/v1/consent_record.pb.h"
#include "policy/jurisdiction.h"
#include "policy/purpose.h"
#include "policy/subject.h"
#include "storage/audit_chain.h"
#include "storage/consent_import.h"
#include "storage/consent_index.h"
#include "storage/consent_request.h"
#include "storage/consent_scan.h"
#include "storage/database.h"
#include "storage/refusal_index.h"

namespace rocksdb {
class WriteBatch;
}  // namespace rocksdb

namespace assent::storage {

// Who keeps profiles in memory. Forget is called under the committer's turn, after the index was closed and before the
// change is acknowledged: when it returns, the profile is gone and no fold that is under way brings it back.
class ProfileKeeper {
 public:
  virtual void Forget(const policy::SubjectKey& subject, policy::Purpose purpose) = 0;

 protected:
  ~ProfileKeeper() = default;
};

// Rows of an import in one synced write. What a change waits for at most, and what one sync serves.
inline constexpr size_t kImportRowsMax = 500;

// Where the log stands: a commit adds one for each change. The epoch is the time at which the database was made, or
// restored from a backup, so that tokens of another one are told apart; a mere copy of a folder keeps its epoch.
struct CommitPoint {
  uint64_t epoch = 0;
  uint64_t sequence = 0;
};

// While it lives, no consent changes and nothing is written. Threads: one at a time. Ownership: the store outlives it.
class CommitPause {
 public:
  explicit CommitPause(std::function<void()> end) : end_(std::move(end)) {}
  ~CommitPause() { End(); }
  CommitPause(const CommitPause&) = delete;
  CommitPause& operator=(const CommitPause&) = delete;
  // Commits go on. Idempotent.
  void End() {
    if (end_) std::exchange(end_, nullptr)();
  }

 private:
  std::function<void()> end_;
};

struct ConsentResult {
  internal::v1::ConsentRecord record;
  CommitPoint point;
};

// Threads: all methods are safe. Apply blocks on the disk: not for the data plane.
class ConsentStore {
 public:
  // Reads every record into the two indices. A record whose checksum is wrong closes its subject for every purpose and
  // is counted. In a restored folder that was not released all gates are closed. Errors: DataLoss or Unavailable when
  // the database itself cannot be read. `jurisdictions` give each record its regime; borrowed.
  static absl::StatusOr<std::unique_ptr<ConsentStore>> Open(Database& database, ConsentIndex& index,
                                                            RefusalIndex& refusals,
                                                            const policy::Jurisdictions& jurisdictions);
  ~ConsentStore();

  // Applies one change. Concurrent calls share a synced write, in the order in which they arrived. A protective change
  // closes the index before the sync and stays closed if the sync fails; a grant opens it after.
  // A request that the record remembers by its id changes nothing and is answered with the present state; so does the
  // link of what is linked, and the end of a link that is not there.
  // What denies reaches who is linked, in the same write (storage/subject_links.h).
  // Of changes of one subject that share a write the protective ones come last, so that a race ends protective.
  // Errors: InvalidArgument (the request id stands for another request: nothing is changed), Aborted (stale etag, or a
  // grant that met a protective change in the same write), ResourceExhausted (too many preferences, contests or links),
  // DataLoss (the stored record is damaged; a protective change still replaces it, then counts for every purpose and
  // restricts the subject, because nobody knows what the others held), FailedPrecondition (the record was written by a
  // newer version; or the subject was erased, and the change is neither an explicit grant nor a denial; or a link has
  // no place: IsLinkRefusal), Unavailable (the disk refused; nothing is acknowledged, and it may be tried again).
  absl::StatusOr<ConsentResult> Apply(ConsentRequest request, absl::Time now);

  // Records rows of an import, those of one subject in their order; consent_import.h has the rules. Several synced
  // writes of at most kImportRowsMax rows, between which other changes have their turn; one import at a time. Each row
  // is recorded whole or not at all. On the disk, and obeyed, when it returns. Shape: `outcomes` is as long as `rows`.
  // Errors: Unavailable: some of the rows may be recorded; import them again.
  absl::Status Import(std::span<const ImportedRow> rows, const std::string& recorded_by, absl::Time now,
                      std::span<ImportOutcome> outcomes);

  // Shows every record behind `after`, or all: see ScanRecords.
  absl::Status Scan(const policy::SubjectKey* after, RecordVisitor visitor) const;

  // The point is that of the commit that wrote the state. Errors: NotFound, DataLoss, FailedPrecondition, Unavailable.
  absl::StatusOr<ConsentResult> Get(const policy::SubjectKey& subject) const;

  // Shows the subject's changes before the revision (0: all), the newest first, until `visitor` says false. None where
  // nothing is recorded, and after an erasure. The changes are those of one moment; the record that Get answers with
  // may be a later one. `visitor` runs in this thread and may keep nothing of what it is shown. Errors: DataLoss,
  // FailedPrecondition, Unavailable.
  absl::Status History(
      const policy::SubjectKey& subject, uint64_t before,
      absl::FunctionRef<bool(uint64_t revision, const internal::v1::ConsentChange& change)> visitor) const;

  // The last commit that readers of the index are sure to see. Threads: safe, lock-free: the data plane reads it.
  CommitPoint applied() const;

  // One writer for all: takes the turn among the commits, lets `fill` put what it has into a batch, writes and syncs
  // it. Synced, because the reading of the log after a crash rests on it that each write is synced before the next
  // (storage/log_scan.h). Commits wait meanwhile: keep the batch small. `fill` runs while no consent changes.
  // Errors: Unavailable; nothing was written.
  absl::Status Write(absl::FunctionRef<void(rocksdb::WriteBatch&)> fill);

  // As Write, with an entry of the audit log for `change` in the same batch. Errors: Unavailable; nothing was written.
  absl::Status WriteAudited(const GovernanceChange& change, absl::Time now,
                            absl::FunctionRef<void(rocksdb::WriteBatch&)> fill);
  // An entry of the audit log by itself, unless the last one of its kind has the same sha256: what is told again at
  // each start is recorded once. On the disk when it returns. Errors: Unavailable, DataLoss.
  absl::Status RecordGovernance(const GovernanceChange& change, absl::Time now);
  // Where the audit log ends, of what is on the disk. Threads: safe. Cost: a lock.
  AuditTail audit_tail() const;

  // Takes the turn among the commits, and keeps it until the pause ends. What is acknowledged by then is in the
  // database, and applied() stands still: keep it short.
  std::unique_ptr<CommitPause> Pause();

  // After a restore: opens the gates, when that is on the disk, with when and by whom and an entry of the audit log.
  // Returns whether they were
  // closed; where they were not it changes nothing. Errors: Unavailable; then they stay closed.
  absl::StatusOr<bool> Release(absl::Time now, absl::string_view released_by);
  // False from a restore until its release. Threads: safe, lock-free.
  bool released() const;

  // From then on each change that voids a profile tells `keeper`; null: nobody. Takes the turn. Borrowed.
  void SetProfileKeeper(ProfileKeeper* keeper);

  // False from a commit that the disk refused until the engine has gone on: by a later change, or by Resume.
  // Threads: safe, lock-free.
  bool disk_accepts() const;
  // Asks the engine to go on after a refused commit, in turn with the commits, without a change of its own. OK where
  // nothing was refused. Blocks on the disk. Errors: Unavailable (it still refuses, or only a restart helps).
  absl::Status Resume();

  // Records that were found damaged and not replaced since.
  uint64_t damaged_records() const;

 private:
  struct Impl;
  explicit ConsentStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_CONSENT_STORE_H_
