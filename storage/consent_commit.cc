#include "storage/consent_commit.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "storage/commit_staging.h"
#include "storage/consent_change.h"
#include "storage/decision_erasure.h"
#include "storage/engine_status.h"
#include "storage/meta_value.h"
#include "storage/profile_record.h"
#include "storage/record_codec.h"

namespace assent::storage {
namespace {

using policy::ConsentState;
using policy::ConsentStatus;
using policy::SubjectKey;

// What the deletion of one logged decision adds to a batch: two keys and what the engine puts around them.
constexpr size_t kDecisionDeletionBytes = 64;

// The state with the purposes of `bits` closed.
ConsentState WithClosed(ConsentState state, uint32_t bits) {
  for (int number = 1; number <= policy::kPurposeCount; ++number) {
    if ((bits & policy::PurposeBit(static_cast<policy::Purpose>(number))) == 0) continue;
    state.status[static_cast<size_t>(number)] = ConsentStatus::kClosed;
  }
  return state;
}

// Grants before what denies, so that the denial stays; but what denies under an etag, which a grant would make stale,
// comes first, and the grants that meet it fail. Links carry over what was denied, and after them what is denied uses
// them, before they end.
int PlaceInCommit(const ConsentRequest& request) {
  switch (request.kind) {
    case internal::v1::CONSENT_CHANGE_KIND_LINK:
      return 2;
    case internal::v1::CONSENT_CHANGE_KIND_UNLINK:
      return 4;
    default:
      break;
  }
  if (ClosedBy(request) == 0) return 1;
  return request.check_revision ? 0 : 3;
}

// The highest revision in the subject's history; 0 when there is none.
absl::StatusOr<uint64_t> LastRevision(Database& database, const SubjectKey& subject) {
  const std::unique_ptr<rocksdb::Iterator> history(
      database.rocks().NewIterator({}, database.family(Family::kConsentHistory)));
  const std::string prefix = ConsentKey(subject);
  history->SeekForPrev(HistoryKey(subject, ~uint64_t{0}));
  if (!history->status().ok()) return FromEngine(history->status(), "read the history", database.data_dir());
  if (!history->Valid() || !history->key().starts_with(prefix)) return 0;
  return RevisionOfHistoryKey({history->key().data(), history->key().size()});
}

}  // namespace

void DamagedSubjects::Add(const SubjectKey& subject) {
  const std::lock_guard<std::mutex> lock(mutex_);
  subjects_.insert(subject);
  size_.store(subjects_.size(), std::memory_order_relaxed);
}

void DamagedSubjects::Remove(const SubjectKey& subject) {
  const std::lock_guard<std::mutex> lock(mutex_);
  subjects_.erase(subject);
  size_.store(subjects_.size(), std::memory_order_relaxed);
}

ConsentCommitter::ConsentCommitter(Database& database, ConsentIndex& index, RefusalIndex& refusals,
                                   const policy::Jurisdictions& jurisdictions, DamagedSubjects& damaged)
    : database_(database),
      index_(index),
      refusals_(refusals),
      jurisdictions_(jurisdictions),
      damaged_(damaged),
      chain_(database) {}

absl::Status ConsentCommitter::ReadSequence() {
  std::string value;
  const rocksdb::Status status =
      database_.rocks().Get({}, database_.family(Family::kMeta), rocksdb::Slice(kMetaSequence), &value);
  if (!status.ok() && !status.IsNotFound()) return FromEngine(status, "read the sequence", database_.data_dir());
  std::string unused;
  const absl::StatusOr<absl::string_view> content = database_.codec(Family::kMeta).Decode(kMetaSequence, value, unused);
  const auto number = content.ok() ? MetaNumberOf(*content) : std::nullopt;
  if (!number) {
    return FromEngine(rocksdb::Status::Corruption("meta/sequence"), "read the sequence", database_.data_dir());
  }
  applied_.store(*number, std::memory_order_release);
  return chain_.ReadTail();
}

CommitPoint ConsentCommitter::applied() const {
  return {.epoch = database_.epoch(), .sequence = applied_.load(std::memory_order_acquire)};
}

void ConsentCommitter::Commit(std::span<PendingChange*> changes) {
  // Nobody was answered yet, so any order is one in which they may have come.
  std::stable_sort(changes.begin(), changes.end(), [](const PendingChange* a, const PendingChange* b) {
    return PlaceInCommit(a->request) < PlaceInCommit(b->request);
  });
  CommitStaging staging;
  for (std::span<PendingChange* const> left = changes; !left.empty();) left = left.subspan(CommitBatch(left, staging));
}

size_t ConsentCommitter::CommitBatch(std::span<PendingChange* const> changes, CommitStaging& staging) {
  const uint64_t before = applied_.load(std::memory_order_relaxed);
  staging.StartBatch(before);
  chain_.Begin();
  for (const PendingChange* change : changes) Touch(change->request.subject, ClosedBy(change->request), staging);
  size_t staged = 0;
  while (staged < changes.size() && staging.bytes < kBatchBytes) {
    PendingChange& change = *changes[staged++];
    change.result = Stage(change, staging);
  }
  // Only now, so that what the changes reach is closed too where the disk refuses.
  absl::Status written = staging.torn.ok() ? ResumeEngine() : staging.torn;
  if (written.ok() && staging.sequence != before) written = Write(staging);
  if (written.ok()) {
    Publish(staging);
  } else {
    // Not even "stale etag": it was judged against changes that are not on disk.
    for (PendingChange* change : changes.first(staged)) change->result = written;
  }
  return staged;
}

TouchedSubject& ConsentCommitter::Touch(const SubjectKey& subject, uint32_t closing, CommitStaging& staging) {
  const uint32_t closed = index_.Close(subject, closing);
  const auto [place, first] = staging.subjects.try_emplace(subject);
  TouchedSubject& touched = place->second;
  if (first) touched.closed_before = closed;
  touched.closed_here |= closing != 0;
  return touched;
}

TouchedSubject& ConsentCommitter::TouchAndRead(const SubjectKey& subject, CommitStaging& staging) {
  TouchedSubject& touched = Touch(subject, 0, staging);
  if (!touched.read) Read(subject, touched);
  return touched;
}

absl::Status ConsentCommitter::ResumeEngine() {
  if (!engine_refused()) return absl::OkStatus();
  absl::Status status = database_.Resume();
  engine_refused_.store(!status.ok(), std::memory_order_relaxed);
  return status;
}

void ConsentCommitter::Read(const SubjectKey& subject, TouchedSubject& touched) {
  touched.read = true;
  const std::string key = ConsentKey(subject);
  rocksdb::PinnableSlice value;
  const rocksdb::Status status =
      database_.rocks().Get({}, database_.family(Family::kConsent), rocksdb::Slice(key), &value);
  SetRecord(status, key, {value.data(), value.size()}, touched);
}

// `status`: that of the reading of `value`.
void ConsentCommitter::SetRecord(const rocksdb::Status& status, absl::string_view key, absl::string_view value,
                                 TouchedSubject& touched) {
  if (status.IsNotFound()) return;
  if (!status.ok()) {
    touched.readable = FromEngine(status, "read the consent record", database_.data_dir());
  } else {
    touched.readable = database_.codec(Family::kConsent).Decode(key, value, touched.record);
  }
  if (!touched.readable.ok()) touched.record.Clear();
}

// Only a protective change replaces what cannot be read, and then for every purpose: any of them may have been denied.
// Nor does anybody know whether the subject was a child, restricted or erased: the new record is restricted, so that no
// later grant permits what one of these forbade.
absl::Status ConsentCommitter::ReplaceUnreadable(ConsentRequest& request, absl::Time now, TouchedSubject& touched) {
  if (!IsProtective(request) || touched.readable.code() == absl::StatusCode::kUnavailable) return touched.readable;
  const absl::StatusOr<uint64_t> revision = LastRevision(database_, request.subject);
  if (!revision.ok()) return revision.status();
  request.purpose_bits = policy::kAllPurposeBits;
  ReplaceByDenial(request, now, *revision, touched.record);
  touched.readable = absl::OkStatus();
  return absl::OkStatus();
}

absl::StatusOr<ConsentResult> ConsentCommitter::Stage(PendingChange& change, CommitStaging& staging) {
  ConsentRequest& request = change.request;
  TouchedSubject& touched = TouchAndRead(request.subject, staging);
  const bool replaces = !touched.readable.ok();
  if (replaces) {
    if (absl::Status status = ReplaceUnreadable(request, change.now, touched); !status.ok()) return status;
  } else if (const Repetition repetition = RepetitionOf(touched.record, request); repetition == Repetition::kSame) {
    return ConsentResult{touched.record, {database_.epoch(), touched.record.sequence()}};
  } else if (repetition == Repetition::kOtherAsked) {
    return absl::InvalidArgumentError("request_id: it stands for another request already; take a new one");
  } else if (request.check_revision && request.expected_revision != touched.record.revision()) {
    return absl::AbortedError("etag: the record has changed since it was read; read it again and repeat the change");
  } else if (!IsProtective(request) &&
             (PurposesOf(request) & ~ClosedBy(request) & staging.DeniedTo(request.subject)) != 0) {
    return absl::AbortedError("the person denied it at the same moment; read the record again");
  } else if (absl::Status allowed = CheckChange(request, touched.record); !allowed.ok()) {
    return allowed;
  }
  const uint64_t sequence = staging.sequence;
  if (absl::Status staged = StageAllowed(request, change.now, touched, staging); !staged.ok()) {
    if (staging.sequence != sequence) staging.torn = staged;
    if (absl::IsUnavailable(staged)) touched.left_closed |= ClosedBy(request);
    return staged;
  }
  return ConsentResult{touched.record,
                       {database_.epoch(), touched.changed ? staging.sequence : touched.record.sequence()}};
}

absl::Status ConsentCommitter::StageAllowed(const ConsentRequest& request, absl::Time now, TouchedSubject& touched,
                                            CommitStaging& staging) {
  switch (request.kind) {
    case internal::v1::CONSENT_CHANGE_KIND_LINK:
      return StageLink(request, now, touched, staging);
    case internal::v1::CONSENT_CHANGE_KIND_UNLINK:
      return StageUnlink(request, now, touched, staging);
    case internal::v1::CONSENT_CHANGE_KIND_ERASE:
      return StageErasure(request, now, touched, staging);
    default:
      break;
  }
  const Denials denials = DenialsOf(request);
  if (denials.empty() || LinkCount(touched.record) == 0) return Record(request, now, touched, staging);
  const absl::StatusOr<Star> star = StarOf(request.subject, touched, staging);
  if (!star.ok()) return star.status();
  absl::Status recorded = Record(request, now, touched, staging);
  return recorded.ok() ? Spread(denials, *star, request, now, staging) : recorded;
}

absl::Status ConsentCommitter::Record(const ConsentRequest& request, absl::Time now, TouchedSubject& touched,
                                      CommitStaging& staging) {
  // Where an earlier withdrawal was closed and not written, its profile goes with the next change that is.
  touched.ended |= EndedProfiles(request, now, touched.record) |
                   (touched.closed_before & PurposesOf(request) & policy::kProfilePurposeBits);
  internal::v1::ConsentChange entry = ApplyChange(request, now, ++staging.sequence, touched.record);
  touched.changed = true;
  touched.written |= PurposesOf(request);
  if (const uint32_t denied = ClosedBy(request); denied != 0) staging.denied[request.subject] |= denied;
  rocksdb::ColumnFamilyHandle* const history = database_.family(Family::kConsentHistory);
  const std::string key = HistoryKey(request.subject, touched.record.revision());
  const auto sealed = chain_.Seal(request.subject, entry);
  if (!sealed.ok()) return sealed.status();
  absl::Status audited = chain_.AppendChange(entry, sealed->commitment, staging.batch);
  if (!audited.ok()) return audited;
  const std::string value = database_.codec(Family::kConsentHistory).Encode(key, sealed->content);
  staging.bytes +=
      key.size() + value.size() + touched.record.ByteSizeLong() + kAuditEntryBytes + request.recorded_by.size();
  if (request.kind == internal::v1::CONSENT_CHANGE_KIND_ERASE) {
    const auto deleted = DeleteDecisionsOf(database_, request.subject, kAllDecisions, staging.batch);
    if (!deleted.ok()) return deleted.status();
    staging.bytes += *deleted * kDecisionDeletionBytes;
  }
  // Of an erasure nothing is kept that opens the entry. What was staged in this batch before goes as well. The last
  // revision there can be is never reached.
  const rocksdb::Status added = request.kind == internal::v1::CONSENT_CHANGE_KIND_ERASE
                                    ? staging.batch.DeleteRange(history, HistoryKey(request.subject, 0),
                                                                HistoryKey(request.subject, ~uint64_t{0}))
                                    : staging.batch.Put(history, key, value);
  return added.ok() ? absl::OkStatus() : FromEngine(added, "record consent", database_.data_dir());
}

// The purposes are closed while the profiles go, so that no fold begins one before the new state is published. (Of a
// denial they are already; a grant that had run out permits nothing anyway.)
rocksdb::Status ConsentCommitter::DeleteProfiles(const SubjectKey& subject, uint32_t purpose_bits,
                                                 rocksdb::WriteBatch& batch) {
  index_.Close(subject, purpose_bits);
  rocksdb::Status status;
  for (const policy::Purpose purpose : {policy::Purpose::kProfileAdvertising, policy::Purpose::kProfileContent}) {
    if ((purpose_bits & policy::PurposeBit(purpose)) == 0) continue;
    if (profile_keeper_ != nullptr) profile_keeper_->Forget(subject, purpose);
    if (status.ok()) status = batch.Delete(database_.family(Family::kProfiles), ProfileKey(subject, purpose));
  }
  return status;
}

rocksdb::Status ConsentCommitter::PutRecord(const SubjectKey& subject, const TouchedSubject& touched,
                                            rocksdb::WriteBatch& batch) {
  if (!touched.changed) return rocksdb::Status::OK();
  const std::string key = ConsentKey(subject);
  rocksdb::Status status =
      batch.Put(database_.family(Family::kConsent), key, database_.codec(Family::kConsent).Encode(key, touched.record));
  if (status.ok() && touched.ended != 0) status = DeleteProfiles(subject, touched.ended, batch);
  return status;
}

absl::Status ConsentCommitter::Write(CommitStaging& staging) {
  rocksdb::Status status;
  for (const auto& [subject, touched] : staging.subjects) {
    if (status.ok()) status = PutRecord(subject, touched, staging.batch);
  }
  return Finish(status, staging.sequence, staging.batch);
}

// `status`: of what was put into the batch so far.
absl::Status ConsentCommitter::Finish(rocksdb::Status status, uint64_t sequence, rocksdb::WriteBatch& batch) {
  if (status.ok()) {
    status = batch.Put(database_.family(Family::kMeta), kMetaSequence,
                       database_.codec(Family::kMeta).Encode(kMetaSequence, MetaNumber(sequence)));
  }
  if (!status.ok()) return FromEngine(status, "record consent", database_.data_dir());
  return Sync(batch, "record consent");
}

absl::Status ConsentCommitter::Sync(rocksdb::WriteBatch& batch, absl::string_view doing) {
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const rocksdb::Status status = database_.rocks().Write(synced, &batch);
  if (status.ok()) {
    chain_.Adopt();
    return absl::OkStatus();
  }
  engine_refused_.store(true, std::memory_order_relaxed);
  return FromEngine(status, doing, database_.data_dir());
}

absl::Status ConsentCommitter::Write(absl::FunctionRef<absl::Status(rocksdb::WriteBatch&)> fill) {
  if (absl::Status resumed = ResumeEngine(); !resumed.ok()) return resumed;
  rocksdb::WriteBatch batch;
  chain_.Begin();
  if (absl::Status filled = fill(batch); !filled.ok()) return filled;
  return batch.Count() == 0 ? absl::OkStatus() : Sync(batch, "write profiles");
}

void ConsentCommitter::Publish(const CommitStaging& staging) {
  for (const auto& [subject, touched] : staging.subjects) PublishSubject(subject, touched);
  applied_.store(staging.sequence, std::memory_order_release);
}

void ConsentCommitter::PublishSubject(const SubjectKey& subject, const TouchedSubject& touched) {
  if (!touched.read) return;  // of a change that is yet to be staged: it stays closed
  if (!touched.readable.ok()) {
    // The disk did not answer: the index still says what was last committed, with what was closed just now.
    if (touched.readable.code() == absl::StatusCode::kUnavailable) return;
    index_.Close(subject, policy::kAllPurposeBits);
    damaged_.Add(subject);
    return;
  }
  if (touched.changed) damaged_.Remove(subject);
  if (!touched.changed && !touched.closed_here) return;
  // First what is refused, then the flag that makes a reader look for it.
  if (touched.changed) refusals_.Put(subject, RefusalsOf(touched.record));
  index_.Put(subject, WithClosed(StateOf(touched.record, jurisdictions_),
                                 (touched.closed_before & ~touched.written) | touched.left_closed));
}

}  // namespace assent::storage
