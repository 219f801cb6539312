#include "storage/restore_replay.h"

#include <rocksdb/db.h>
#include <rocksdb/snapshot.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "assent/internal/v1/consent_record.pb.h"
#include "policy/consent_state.h"
#include "scoring/quiescence.h"
#include "storage/consent_change.h"
#include "storage/consent_scan.h"
#include "storage/consent_store.h"
#include "storage/engine_status.h"
#include "storage/notice_store.h"
#include "storage/record_codec.h"
#include "storage/subject_links.h"

namespace assent::storage {
namespace {

using internal::v1::ConsentChange;
using internal::v1::ConsentRecord;
using policy::ConsentStatus;
using policy::SubjectKey;

// A subject's changes after a revision, ascending.
struct LaterChanges {
  std::vector<std::pair<uint64_t, ConsentChange>> changes;
  bool readable = true;
};

absl::StatusOr<LaterChanges> ChangesAfter(Database& from, const SubjectKey& subject, uint64_t revision) {
  const std::unique_ptr<rocksdb::Iterator> entries(from.rocks().NewIterator({}, from.family(Family::kConsentHistory)));
  const std::string prefix = ConsentKey(subject);
  LaterChanges later;
  for (entries->Seek(HistoryKey(subject, revision + 1)); entries->Valid() && entries->key().starts_with(prefix);
       entries->Next()) {
    const rocksdb::Slice key = entries->key();
    const rocksdb::Slice value = entries->value();
    ConsentChange change;
    later.readable &=
        from.codec(Family::kConsentHistory).Decode({key.data(), key.size()}, {value.data(), value.size()}, change).ok();
    later.changes.emplace_back(RevisionOfHistoryKey({key.data(), key.size()}), std::move(change));
  }
  if (entries->status().ok()) return later;
  return FromEngine(entries->status(), "read the consent history", from.data_dir());
}

// Applies the denials of one subject to the restored folder.
class SubjectReplay {
 public:
  SubjectReplay(ConsentStore& store, const SubjectKey& subject, ReplayedDenials& counts)
      : store_(store), subject_(subject), counts_(counts) {}

  absl::Status Erase(absl::Time time) { return Apply(internal::v1::CONSENT_CHANGE_KIND_ERASE, 0, "", time); }
  absl::Status Restrict(absl::Time time) { return Apply(internal::v1::CONSENT_CHANGE_KIND_RESTRICT, 0, "", time); }
  // What the change denied; nothing where it denied nothing.
  absl::Status Deny(const ConsentChange& change);
  // What the person refuses. Where the record has no room for all of it, it is restricted instead.
  absl::Status Refuse(const internal::v1::Preferences& preferences, absl::Time time);
  // Links the subject as its record does, or to nobody. A link that the restored records refuse is left out: what was
  // denied by it stands in the history of each side.
  absl::Status Link(const ConsentRecord& record, absl::Time time);

 private:
  absl::Status Apply(ConsentRequest request, absl::Time time);
  absl::Status Apply(internal::v1::ConsentChangeKind kind, uint32_t bits, const std::string& recorded_by,
                     absl::Time time);

  ConsentStore& store_;
  const SubjectKey& subject_;
  ReplayedDenials& counts_;
};

absl::Status SubjectReplay::Apply(ConsentRequest request, absl::Time time) {
  request.subject = subject_;
  const auto result = store_.Apply(std::move(request), time);
  counts_.changes += result.ok();
  return result.status();
}

absl::Status SubjectReplay::Apply(internal::v1::ConsentChangeKind kind, uint32_t bits, const std::string& recorded_by,
                                  absl::Time time) {
  ConsentRequest request;
  request.kind = kind;
  request.purpose_bits = bits;
  request.recorded_by = recorded_by;
  return Apply(std::move(request), time);
}

absl::Status SubjectReplay::Deny(const ConsentChange& change) {
  const absl::Time time = absl::FromUnixMicros(change.time_us());
  if (change.kind() == internal::v1::CONSENT_CHANGE_KIND_RESTRICT ||
      change.kind() == internal::v1::CONSENT_CHANGE_KIND_MARK_CHILD) {
    return Apply(change.kind(), 0, change.recorded_by(), time);
  }
  uint32_t withdrawn = 0;
  uint32_t opted_out = 0;
  for (const internal::v1::PurposeRecord& purpose : change.purposes()) {
    const auto known = policy::PurposeFromNumber(purpose.purpose());
    if (!known) continue;
    if (purpose.status() == static_cast<int>(ConsentStatus::kWithdrawn)) withdrawn |= policy::PurposeBit(*known);
    if (purpose.status() == static_cast<int>(ConsentStatus::kOptedOut)) opted_out |= policy::PurposeBit(*known);
  }
  absl::Status status;
  if (withdrawn != 0) {
    status = Apply(internal::v1::CONSENT_CHANGE_KIND_WITHDRAW, withdrawn, change.recorded_by(), time);
  }
  if (status.ok() && opted_out != 0) {
    status = Apply(internal::v1::CONSENT_CHANGE_KIND_OPT_OUT, opted_out, change.recorded_by(), time);
  }
  return status;
}

absl::Status SubjectReplay::Refuse(const internal::v1::Preferences& preferences, absl::Time time) {
  std::vector<SegmentPreference> refusals;
  for (const std::string& segment : preferences.refused_segments()) refusals.push_back({.segment_id = segment});
  for (const int32_t row : preferences.refused_taxonomy_ids()) refusals.push_back({.taxonomy_id = row});
  for (SegmentPreference& refusal : refusals) {
    ConsentRequest request;
    request.kind = internal::v1::CONSENT_CHANGE_KIND_SET_PREFERENCES;
    request.preference = std::move(refusal);
    absl::Status status = Apply(std::move(request), time);
    if (absl::IsResourceExhausted(status)) return Restrict(time);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status SubjectReplay::Link(const ConsentRecord& record, absl::Time time) {
  ConsentRequest request;
  request.kind = internal::v1::CONSENT_CHANGE_KIND_UNLINK;
  const auto person = PersonOf(record);
  if (!person) return LinkCount(record) == 0 ? Apply(std::move(request), time) : absl::OkStatus();
  absl::Status status = Apply(request, time);
  if (!status.ok()) return status;
  request.kind = internal::v1::CONSENT_CHANGE_KIND_LINK;
  request.subject = *person;
  request.linked = subject_;
  status = store_.Apply(std::move(request), time).status();
  return IsLinkRefusal(status) || IsErasure(status) ? absl::OkStatus() : status;
}

// Reads records as they were restored: what is replayed for one subject may reach others by links.
class RestoredRecords {
 public:
  explicit RestoredRecords(Database& database) : database_(database), snapshot_(&database.rocks()) {}

  // 0 where there was none. Errors: DataLoss, FailedPrecondition, Unavailable.
  absl::StatusOr<uint64_t> RevisionOf(const SubjectKey& subject) {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot_.snapshot();
    const std::string key = ConsentKey(subject);
    std::string value;
    const rocksdb::Status status = database_.rocks().Get(options, database_.family(Family::kConsent), key, &value);
    if (status.IsNotFound()) return 0;
    if (!status.ok()) return FromEngine(status, "read a restored record", database_.data_dir());
    ConsentRecord record;
    if (absl::Status decoded = database_.codec(Family::kConsent).Decode(key, value, record); !decoded.ok())
      return decoded;
    return record.revision();
  }

 private:
  Database& database_;
  rocksdb::ManagedSnapshot snapshot_;
};

absl::Status ReplaySubject(Database& from, const SubjectKey& subject, const ConsentRecord& record,
                           RestoredRecords& restored, ConsentStore& store, ReplayedDenials& counts) {
  SubjectReplay replay(store, subject, counts);
  if (record.erased()) return replay.Erase(absl::FromUnixMicros(record.erase_time_us()));
  const auto revision = restored.RevisionOf(subject);
  if (!revision.ok()) return replay.Restrict(absl::Now());  // its own record is damaged: that replaces it by denials
  const auto later = ChangesAfter(from, subject, *revision);
  if (!later.ok()) return later.status();
  if (later->changes.empty() || !later->readable) {
    ++counts.unreadable;
    return replay.Restrict(absl::Now());
  }
  absl::Status status;
  // An erasure takes the history with it: the first change that is left does not continue what was restored.
  const ConsentChange& first = later->changes.front().second;
  if (later->changes.front().first != *revision + 1) status = replay.Erase(absl::FromUnixMicros(first.time_us()));
  bool refuses = false;
  bool links = false;
  for (const auto& [number, change] : later->changes) {
    if (status.ok()) status = replay.Deny(change);
    refuses |= change.kind() == internal::v1::CONSENT_CHANGE_KIND_SET_PREFERENCES;
    links |= change.kind() == internal::v1::CONSENT_CHANGE_KIND_LINK ||
             change.kind() == internal::v1::CONSENT_CHANGE_KIND_UNLINK;
  }
  const absl::Time last = absl::FromUnixMicros(later->changes.back().second.time_us());
  if (status.ok() && refuses) status = replay.Refuse(record.preferences(), last);
  if (status.ok() && links) status = replay.Link(record, last);
  return status;
}

// Registers what was registered since: a later version of a notice may outdate what was restored.
absl::Status ReplayNotices(Database& from, Database& to, ConsentStore& store, ConsentIndex& index) {
  const auto restored = NoticeStore::Open(to, store, index);
  if (!restored.ok()) return restored.status();
  const auto all = ReadNotices(from);
  if (!all.ok()) return all.status();
  for (const internal::v1::NoticeRecord& record : *all) {
    const auto registered = (*restored)->Register(record);
    if (!registered.ok()) return registered.status();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ReplayedDenials> ReplayDenials(Database& from, uint64_t since, Database& to) {
  scoring::Quiescence domain;
  ConsentIndex index(domain);
  RefusalIndex refusals(domain);
  const policy::Jurisdictions jurisdictions;
  const auto store = ConsentStore::Open(to, index, refusals, jurisdictions);
  if (!store.ok()) return store.status();
  if (absl::Status status = ReplayNotices(from, to, **store, index); !status.ok()) return status;
  RestoredRecords restored(to);
  ReplayedDenials counts;
  absl::Status replayed;
  absl::Status scanned = ScanRecords(from, nullptr, [&](const SubjectKey& subject, const ConsentRecord* record) {
    if (record == nullptr) {
      ++counts.unreadable;
      replayed = SubjectReplay(**store, subject, counts).Restrict(absl::Now());
    } else if (record->sequence() > since) {
      ++counts.subjects;
      replayed = ReplaySubject(from, subject, *record, restored, **store, counts);
    }
    return replayed.ok();
  });
  if (!scanned.ok()) return scanned;
  if (!replayed.ok()) return replayed;
  return counts;
}

}  // namespace assent::storage
