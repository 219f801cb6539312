// One commit: many changes, one synced write.
#ifndef ASSENT_STORAGE_CONSENT_COMMIT_H_
#define ASSENT_STORAGE_CONSENT_COMMIT_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "storage/audit_chain.h"
#include "storage/consent_import.h"
#include "storage/consent_store.h"
#include "storage/subject_links.h"

namespace rocksdb {
class Status;
class WriteBatch;
}  // namespace rocksdb

namespace assent::storage {

struct CommitStaging;
struct TouchedSubject;

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

// Commits changes. Threads: all but applied, audit_tail and engine_refused by one thread at a time (who has the turn).
class ConsentCommitter {
 public:
  ConsentCommitter(Database& database, ConsentIndex& index, RefusalIndex& refusals,
                   const policy::Jurisdictions& jurisdictions, DamagedSubjects& damaged);

  // Continues after the last commit of the folder, and the last entry of its audit log. Errors: DataLoss, Unavailable.
  absl::Status ReadSequence();

  // Sets the result of every change. The changes are put in another order: a race of a grant and a protective change of
  // one subject ends protective. In this order: all protective changes close the index; the records are read; one
  // batch with record and history of each change is written and synced; the index gets the new states; applied() moves.
  // When the write fails nothing is acknowledged and what was closed stays closed, until a later change of the same
  // purposes is on disk.
  // Each change has an entry of the audit log in its batch. The batch also deletes the profiles that a change voids; in
  // memory they are gone before the sync. What of a change reaches other subjects by links is in the same batch. A
  // commit beyond kBatchBytes is written in several batches, each of which is a commit by itself.
  void Commit(std::span<PendingChange*> changes);

  // Records rows of an import, in their order, by the rules of PlanImport, in one synced write; with the index as
  // Commit has it. Takes as many rows from the front as fit a write, at least one, sets their outcomes and returns
  // their number. Shape: ascending by subject, and not empty. Errors: Unavailable: none of these rows is acknowledged.
  absl::StatusOr<size_t> Import(std::span<const PendingRow> rows, const std::string& recorded_by, absl::Time now);

  // Writes and syncs what `fill` puts into a batch; nothing where it puts nothing. What it appends to audit_chain()
  // counts when the batch is on the disk. Errors: Unavailable, and those of `fill`: then nothing was written.
  absl::Status Write(absl::FunctionRef<absl::Status(rocksdb::WriteBatch&)> fill);
  AuditChain& audit_chain() { return chain_; }
  AuditTail audit_tail() const { return chain_.tail(); }

  // Who keeps the profiles in memory; null: nobody.
  void SetProfileKeeper(ProfileKeeper* keeper) { profile_keeper_ = keeper; }

  // After a refused write the engine accepts no other until it is told to go on. OK where it refused nothing. As
  // Commit, by one thread at a time.
  absl::Status ResumeEngine();

  CommitPoint applied() const;
  bool engine_refused() const { return engine_refused_.load(std::memory_order_relaxed); }

  // From so many bytes on the rest of a commit is written apart: with what one change can reach it stays below what
  // storage/log_scan.h takes for the torn end of a log.
  static constexpr size_t kBatchBytes = size_t{8} << 20;

 private:
  // Commits the first changes in one batch; returns how many.
  size_t CommitBatch(std::span<PendingChange* const> changes, CommitStaging& staging);
  // The subject among those of the commit, with the purposes closed in the index. Also notes what was closed already:
  // an earlier commit closed it and could not reach the disk, or the record is damaged.
  TouchedSubject& Touch(const policy::SubjectKey& subject, uint32_t closing, CommitStaging& staging);
  TouchedSubject& TouchAndRead(const policy::SubjectKey& subject, CommitStaging& staging);
  void Read(const policy::SubjectKey& subject, TouchedSubject& touched);
  absl::Status ReplaceUnreadable(ConsentRequest& request, absl::Time now, TouchedSubject& touched);
  absl::StatusOr<ConsentResult> Stage(PendingChange& change, CommitStaging& staging);
  absl::Status StageAllowed(const ConsentRequest& request, absl::Time now, TouchedSubject& touched,
                            CommitStaging& staging);
  // Applies the change to its record and adds the entry to the history.
  absl::Status Record(const ConsentRequest& request, absl::Time now, TouchedSubject& touched, CommitStaging& staging);
  rocksdb::Status DeleteProfiles(const policy::SubjectKey& subject, uint32_t purpose_bits, rocksdb::WriteBatch& batch);
  absl::Status Write(CommitStaging& staging);
  void SetRecord(const rocksdb::Status& status, absl::string_view key, absl::string_view value,
                 TouchedSubject& touched);
  rocksdb::Status PutRecord(const policy::SubjectKey& subject, const TouchedSubject& touched,
                            rocksdb::WriteBatch& batch);
  absl::Status Finish(rocksdb::Status status, uint64_t sequence, rocksdb::WriteBatch& batch);
  absl::Status Sync(rocksdb::WriteBatch& batch, absl::string_view doing);
  void Publish(const CommitStaging& staging);
  void PublishSubject(const policy::SubjectKey& subject, const TouchedSubject& touched);

  // Of Import, in import_commit.cc.
  struct ImportWrite;
  void ReadForImport(std::span<const PendingRow> rows, ImportWrite& write);
  absl::StatusOr<ImportOutcome> StageRow(const ImportedRow& row, TouchedSubject& touched, ImportWrite& write);
  absl::Status WriteImport(ImportWrite& write);
  absl::Status StageEntry(const policy::SubjectKey& subject, internal::v1::ConsentChange entry, TouchedSubject& touched,
                          ImportWrite& write);

  // Links; in consent_commit_links.cc. Those who are linked to each other, as far as a change of one reaches the
  // others.
  struct Star {
    policy::SubjectKey person;
    std::vector<policy::SubjectKey> others;  // all but who was asked
  };
  // Errors: Unavailable. Nothing was changed then.
  absl::StatusOr<Star> StarOf(const policy::SubjectKey& subject, const TouchedSubject& touched, CommitStaging& staging);
  absl::Status ReadAll(std::span<const policy::SubjectKey> subjects, CommitStaging& staging);
  // Whether what happens to the person happens to the subject: not where its record names another person.
  static bool Belongs(const policy::SubjectKey& subject, const policy::SubjectKey& person,
                      const TouchedSubject& touched);
  // Brings to each of the star what it does not have yet.
  absl::Status Spread(const Denials& denials, const Star& star, const ConsentRequest& asked, absl::Time now,
                      CommitStaging& staging);
  struct DenialOfLinked {
    policy::SubjectKey subject;
    Denials denials;
  };
  // What these subjects deny reaches all that is linked to them; a synced write for each of whom something was missing.
  // Errors: Unavailable.
  absl::Status SpreadDenials(std::span<const DenialOfLinked> all, const std::string& recorded_by, absl::Time now);
  absl::Status StageErasure(const ConsentRequest& request, absl::Time now, TouchedSubject& touched,
                            CommitStaging& staging);
  absl::Status StageLink(const ConsentRequest& request, absl::Time now, TouchedSubject& touched,
                         CommitStaging& staging);
  absl::Status StageUnlink(const ConsentRequest& request, absl::Time now, TouchedSubject& touched,
                           CommitStaging& staging);

  Database& database_;
  ConsentIndex& index_;
  RefusalIndex& refusals_;
  const policy::Jurisdictions& jurisdictions_;
  DamagedSubjects& damaged_;
  ProfileKeeper* profile_keeper_ = nullptr;
  AuditChain chain_;
  std::atomic<bool> engine_refused_{false};  // relaxed: it tells of the disk and orders nothing
  // Release when stored, after the index has the states; acquire when loaded, before the index is read.
  std::atomic<uint64_t> applied_{0};
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_CONSENT_COMMIT_H_
