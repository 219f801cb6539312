// One commit: many changes, one synced write.
#ifndef ASSENT_STORAGE_CONSENT_COMMIT_H_
#define ASSENT_STORAGE_CONSENT_COMMIT_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "storage/consent_import.h"
#include "storage/consent_store.h"

namespace rocksdb {
class Status;
class WriteBatch;
}  // namespace rocksdb

namespace assent::storage {

// A change that waits for its commit.
struct PendingChange {
  ConsentRequest request;
  absl::Time now;
  absl::StatusOr<ConsentResult> result = absl::UnknownError("not committed");
};

// A row of an import that waits for its commit. Ownership: borrows both.
struct PendingRow {
  const ImportedRow* row;
  ImportOutcome* outcome;
};

// A pseudonym is uniform already.
struct SubjectKeyHash {
  size_t operator()(const policy::SubjectKey& subject) const { return subject.low(); }
};

// The subjects whose record cannot be read. Threads: safe.
class DamagedSubjects {
 public:
  void Add(const policy::SubjectKey& subject);
  void Remove(const policy::SubjectKey& subject);
  uint64_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  std::mutex mutex_;
  absl::flat_hash_set<policy::SubjectKey, SubjectKeyHash> subjects_;
  std::atomic<uint64_t> size_{0};
};

// Commits changes. Threads: all but applied and engine_refused by one thread at a time (who has the turn).
class ConsentCommitter {
 public:
  ConsentCommitter(Database& database, ConsentIndex& index, RefusalIndex& refusals,
                   const policy::Jurisdictions& jurisdictions, DamagedSubjects& damaged);

  // Continues after the last commit of the folder. Errors: DataLoss, Unavailable.
  absl::Status ReadSequence();

  // Sets the result of every change. The changes are put in another order: a race of a grant and a protective change of
  // one subject ends protective. In this order: all protective changes close the index; the records are read; one
  // batch with record and history of each change is written and synced; the index gets the new states; applied() moves.
  // When the write fails nothing is acknowledged and what was closed stays closed, until a later change of the same
  // purposes is on disk.
  // The batch also deletes the profiles that a change voids; in memory they are gone before the sync.
  void Commit(std::span<PendingChange*> changes);

  // Records rows of an import, in their order, by the rules of PlanImport, in one synced write; with the index as
  // Commit has it. Takes as many rows from the front as fit a write, at least one, sets their outcomes and returns
  // their number. Shape: ascending by subject, and not empty. Errors: Unavailable: none of these rows is acknowledged.
  absl::StatusOr<size_t> Import(std::span<const PendingRow> rows, const std::string& recorded_by, absl::Time now);

  // Writes and syncs what `fill` puts into a batch; nothing where it puts nothing. Errors: Unavailable.
  absl::Status Write(absl::FunctionRef<void(rocksdb::WriteBatch&)> fill);

  // Who keeps the profiles in memory; null: nobody.
  void SetProfileKeeper(ProfileKeeper* keeper) { profile_keeper_ = keeper; }

  // After a refused write the engine accepts no other until it is told to go on. OK where it refused nothing. As
  // Commit, by one thread at a time.
  absl::Status ResumeEngine();

  CommitPoint applied() const;
  bool engine_refused() const { return engine_refused_.load(std::memory_order_relaxed); }

 private:
  // A subject of the commit: its record as the changes so far leave it.
  struct Touched {
    internal::v1::ConsentRecord record;
    absl::Status readable;       // of the stored record
    bool read = false;           // an attempt was made
    bool changed = false;        // the record has to be written
    bool closed_here = false;    // this commit closed something
    uint32_t denied = 0;         // purposes that a protective change of this commit denied already
    uint32_t closed_before = 0;  // purposes that an earlier, failed commit left closed
    uint32_t written = 0;        // purposes that this commit sets
    uint32_t ended = 0;          // profile purposes whose profile this commit deletes
    uint32_t closing = 0;        // purposes that an import closes before it writes
  };
  using TouchedSubjects = absl::flat_hash_map<policy::SubjectKey, Touched, SubjectKeyHash>;

  void CloseProtective(std::span<PendingChange* const> changes, TouchedSubjects& subjects);
  void Read(const policy::SubjectKey& subject, Touched& touched);
  void SetRecord(const rocksdb::Status& status, absl::string_view key, absl::string_view value, Touched& touched);
  absl::Status ReplaceUnreadable(Touched& touched, PendingChange& change);
  absl::StatusOr<ConsentResult> Stage(PendingChange& change, Touched& touched, uint64_t& sequence,
                                      rocksdb::WriteBatch& batch);
  rocksdb::Status DeleteProfiles(const policy::SubjectKey& subject, uint32_t purpose_bits, rocksdb::WriteBatch& batch);
  absl::Status Write(const TouchedSubjects& subjects, uint64_t sequence, rocksdb::WriteBatch& batch);
  rocksdb::Status PutRecord(const policy::SubjectKey& subject, const Touched& touched, rocksdb::WriteBatch& batch);
  absl::Status Finish(rocksdb::Status status, uint64_t sequence, rocksdb::WriteBatch& batch);
  absl::Status Sync(rocksdb::WriteBatch& batch, absl::string_view doing);
  void Publish(const TouchedSubjects& subjects, uint64_t sequence);
  void PublishSubject(const policy::SubjectKey& subject, const Touched& touched);

  // Of Import, in import_commit.cc.
  struct ImportWrite;
  void ReadForImport(std::span<const PendingRow> rows, ImportWrite& write);
  absl::StatusOr<ImportOutcome> StageRow(const ImportedRow& row, Touched& touched, ImportWrite& write);
  absl::Status WriteImport(ImportWrite& write);
  absl::Status StageEntry(const policy::SubjectKey& subject, const internal::v1::ConsentChange& entry, Touched& touched,
                          ImportWrite& write);

  Database& database_;
  ConsentIndex& index_;
  RefusalIndex& refusals_;
  const policy::Jurisdictions& jurisdictions_;
  DamagedSubjects& damaged_;
  ProfileKeeper* profile_keeper_ = nullptr;
  std::atomic<bool> engine_refused_{false};  // relaxed: it tells of the disk and orders nothing
  // Release when stored, after the index has the states; acquire when loaded, before the index is read.
  std::atomic<uint64_t> applied_{0};
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_CONSENT_COMMIT_H_
