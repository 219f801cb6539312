// The committer's way for many rows at once: no request ids, no etags, no reading of records that are not there, and
// keys in their order, which is what the engine's tables in memory take fastest.
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <utility>
#include <vector>

#include "storage/commit_staging.h"
#include "storage/consent_change.h"
#include "storage/consent_commit.h"
#include "storage/engine_status.h"
#include "storage/record_codec.h"
#include "storage/subject_links.h"

namespace assent::storage {
namespace {

using policy::SubjectKey;

// Of records that one write replaces. With what the rows add it stays below what the reading of a log takes for one
// commit (storage/log_scan.cc).
constexpr size_t kReplacedBytesMax = size_t{8} << 20;

rocksdb::Slice SliceOf(const SubjectKey& subject) {
  return {reinterpret_cast<const char*>(subject.bytes.data()), subject.bytes.size()};
}

}  // namespace

struct ConsentCommitter::ImportWrite {
  struct Staged {
    SubjectKey subject;
    TouchedSubject touched = {};
  };
  const std::string& recorded_by;
  absl::Time now;
  uint64_t sequence;
  std::vector<Staged> subjects = {};  // ascending
  rocksdb::WriteBatch batch{};
  std::vector<DenialOfLinked> linked = {};  // what rows deny anew of subjects that have links
  std::vector<policy::Sha256> leaves = {};  // what the entry of the audit log is committed to, of each change
};

// What the index does not know is not on the disk either: every record was put there. Takes the subjects, from the
// front, whose records fit a write.
void ConsentCommitter::ReadForImport(std::span<const PendingRow> rows, ImportWrite& write) {
  std::vector<rocksdb::Slice> keys;
  std::vector<size_t> places;  // of their subjects
  write.subjects.reserve(rows.size());
  for (const PendingRow& pending : rows) {
    const SubjectKey& subject = pending.row->subject;
    if (!write.subjects.empty() && write.subjects.back().subject == subject) continue;
    TouchedSubject& touched = write.subjects.emplace_back(ImportWrite::Staged{subject}).touched;
    touched.read = true;
    const std::optional<uint32_t> closed = index_.FindClosed(subject);
    if (!closed) continue;
    touched.closed_before = *closed;
    keys.push_back(SliceOf(subject));
    places.push_back(write.subjects.size() - 1);
  }
  if (keys.empty()) return;
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  database_.rocks().MultiGet({}, database_.family(Family::kConsent), keys.size(), keys.data(), values.data(),
                             statuses.data(), /*sorted_input=*/true);
  size_t bytes = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    bytes += values[i].size();
    if (bytes > kReplacedBytesMax && places[i] > 0) {
      write.subjects.resize(places[i]);
      return;
    }
    SetRecord(statuses[i], {keys[i].data(), keys[i].size()}, {values[i].data(), values[i].size()},
              write.subjects[places[i]].touched);
  }
}

absl::Status ConsentCommitter::StageEntry(const SubjectKey& subject, internal::v1::ConsentChange entry,
                                          TouchedSubject& touched, ImportWrite& write) {
  touched.changed = true;
  entry.set_audit_leaf(static_cast<uint32_t>(write.leaves.size()));
  const auto sealed = chain_.Seal(subject, entry);
  if (!sealed.ok()) return sealed.status();
  write.leaves.push_back(sealed->commitment);
  const std::string key = HistoryKey(subject, touched.record.revision());
  const rocksdb::Status added = write.batch.Put(database_.family(Family::kConsentHistory), key,
                                                database_.codec(Family::kConsentHistory).Encode(key, sealed->content));
  return added.ok() ? absl::OkStatus() : FromEngine(added, "record consent", database_.data_dir());
}

absl::StatusOr<ImportOutcome> ConsentCommitter::StageRow(const ImportedRow& row, TouchedSubject& touched,
                                                         ImportWrite& write) {
  if (touched.readable.code() == absl::StatusCode::kUnavailable) return touched.readable;
  if (!touched.readable.ok()) return ImportOutcome::kDamaged;
  if (touched.record.erased()) return ImportOutcome::kErased;
  const ImportPlan plan = PlanImport(row, touched.record, touched.closed_before, write.now);
  if (plan.empty()) return ImportOutcome::kUnchanged;
  touched.ended |= EndedProfiles(plan, touched.record, write.now);
  touched.closing |= plan.restricts || plan.marks_child ? policy::kAllPurposeBits : plan.denied_bits;
  for (const auto& [set, kind] : {std::pair(plan.marks_child, internal::v1::CONSENT_CHANGE_KIND_MARK_CHILD),
                                  std::pair(plan.restricts, internal::v1::CONSENT_CHANGE_KIND_RESTRICT)}) {
    if (!set) continue;
    ConsentRequest flag;
    flag.subject = row.subject;
    flag.kind = kind;
    flag.recorded_by = write.recorded_by;
    auto entry = ApplyChange(flag, write.now, ++write.sequence, touched.record);
    if (absl::Status staged = StageEntry(row.subject, std::move(entry), touched, write); !staged.ok()) return staged;
  }
  if (plan.purpose_bits() == 0) return ImportOutcome::kTaken;
  auto entry = ApplyImport(row, plan, write.recorded_by, write.now, ++write.sequence, touched.record);
  if (absl::Status staged = StageEntry(row.subject, std::move(entry), touched, write); !staged.ok()) return staged;
  return ImportOutcome::kTaken;
}

// Closes what the rows deny in the end (one that changes nothing closes nothing), then writes.
absl::Status ConsentCommitter::WriteImport(ImportWrite& write) {
  for (auto& [subject, touched] : write.subjects) {
    if (touched.closing == 0) continue;
    index_.Close(subject, touched.closing);
    touched.closed_here = true;
  }
  if (write.sequence == applied_.load(std::memory_order_relaxed)) return absl::OkStatus();
  absl::Status audited = chain_.AppendImport(write.leaves, write.recorded_by, write.now, write.batch);
  if (!audited.ok()) return audited;
  rocksdb::Status status;
  for (const auto& [subject, touched] : write.subjects) {
    if (status.ok()) status = PutRecord(subject, touched, write.batch);
  }
  return Finish(status, write.sequence, write.batch);
}

absl::StatusOr<size_t> ConsentCommitter::Import(std::span<const PendingRow> rows, const std::string& recorded_by,
                                                absl::Time now) {
  if (absl::Status resumed = ResumeEngine(); !resumed.ok()) return resumed;
  ImportWrite write{.recorded_by = recorded_by, .now = now, .sequence = applied_.load(std::memory_order_relaxed)};
  chain_.Begin();
  ReadForImport(rows, write);
  size_t count = 0;
  for (auto& [subject, touched] : write.subjects) {
    for (; count < rows.size() && rows[count].row->subject == subject; ++count) {
      const auto outcome = StageRow(*rows[count].row, touched, write);
      if (!outcome.ok()) return outcome.status();
      *rows[count].outcome = *outcome;
      if (*outcome != ImportOutcome::kTaken || LinkCount(touched.record) == 0) continue;
      const Denials denials = Both(DenialsOf(*rows[count].row), DenialsOf(touched.record));
      if (!denials.empty()) write.linked.push_back({subject, denials});
    }
  }
  if (absl::Status written = WriteImport(write); !written.ok()) return written;
  // What an earlier denial left closed stays closed: `written` is of the changes that know its time.
  for (const auto& [subject, touched] : write.subjects) PublishSubject(subject, touched);
  applied_.store(write.sequence, std::memory_order_release);
  // What is unchanged reached them before; the consents that they gave since stand.
  if (absl::Status spread = SpreadDenials(write.linked, recorded_by, now); !spread.ok()) return spread;
  return count;
}

}  // namespace assent::storage
