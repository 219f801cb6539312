#include "storage/consent_store.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "storage/admission.h"
#include "storage/consent_change.h"
#include "storage/consent_commit.h"
#include "storage/engine_status.h"
#include "storage/meta_value.h"
#include "storage/record_codec.h"

namespace assent::storage {
namespace {

using policy::SubjectKey;

constexpr size_t kWaitingMax = 4096;                  // changes that wait; beyond it Apply waits for room
constexpr size_t kCommitChangesMax = 256;             // changes in one synced write
constexpr std::chrono::microseconds kGatherMax{100};  // what a commit waits for company

// A number that threads wait for. (std::atomic::wait yields the processor several times before it sleeps, which costs
// more than it saves when there are more threads than processors.)
class Gate {
 public:
  void Set(uint64_t value) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      value_ = value;
    }
    changed_.notify_all();  // one system call for all, and nobody wakes into a mutex that is held
  }
  void WaitFor(uint64_t value) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return value_ == value; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t value_ = 0;
};

// Changes that share a commit. Who opens a group leads it: waits for the turn, closes the group to others, commits. The
// others sleep until it is done.
struct Group {
  std::vector<PendingChange*> changes;
  uint64_t turn = 0;
  std::condition_variable joined;  // there are as many changes as its leader may wait for
  Gate done;                       // 1: the results are there
};

absl::Status CheckRequest(const ConsentRequest& request) {
  if (request.kind == internal::v1::CONSENT_CHANGE_KIND_UNSPECIFIED) {
    return absl::InvalidArgumentError("kind: required");
  }
  if (request.kind == internal::v1::CONSENT_CHANGE_KIND_GRANT && PurposesOf(request) == 0) {
    return absl::InvalidArgumentError("grants: required");
  }
  if (request.kind == internal::v1::CONSENT_CHANGE_KIND_LINK && !request.linked) {
    return absl::InvalidArgumentError("linked: required");
  }
  for (const Grant& grant : request.grants) {
    if (!policy::PurposeFromNumber(static_cast<int>(grant.purpose))) {
      return absl::InvalidArgumentError("grants.purpose: not a purpose");
    }
  }
  return absl::OkStatus();
}

}  // namespace

struct ConsentStore::Impl {
  Impl(Database& a_database, ConsentIndex& an_index, RefusalIndex& the_refusals,
       const policy::Jurisdictions& the_jurisdictions)
      : database(a_database),
        index(an_index),
        refusals(the_refusals),
        jurisdictions(the_jurisdictions),
        committer(a_database, an_index, the_refusals, the_jurisdictions, damaged) {}

  Database& database;
  ConsentIndex& index;
  RefusalIndex& refusals;
  const policy::Jurisdictions& jurisdictions;
  DamagedSubjects damaged;
  ConsentCommitter committer;

  Admission admission{kWaitingMax};
  std::mutex mutex;  // guards the three below
  uint64_t groups = 0;
  size_t expected = 0;  // changes of the next commit: who waits for it, and who was just answered and may come back
  std::shared_ptr<Group> open_group;  // takes more changes; null: the next change opens one
  Gate turn;                          // the group that may commit
  // Held by an import for its turn, so that a change waits for one of them at most.
  std::mutex importing;

  absl::Status ReadRecords();
  void Gather(Group& group);
  void Lead(Group& group);
  // Takes the turn, and returns the number to give it back with.
  uint64_t TakeTurn();
  // Runs `job` between two commits.
  void InTurn(absl::FunctionRef<void()> job);
};

absl::Status ConsentStore::Impl::ReadRecords() {
  return ScanRecords(database, nullptr, [&](const SubjectKey& subject, const internal::v1::ConsentRecord* record) {
    if (record == nullptr) {
      index.Close(subject, policy::kAllPurposeBits);
      damaged.Add(subject);
      return true;
    }
    if (record->has_preferences()) refusals.Put(subject, RefusalsOf(*record));
    index.Put(subject, StateOf(*record, jurisdictions));
    return true;
  });
}

// Closes the group. Writers that wait for their answer come back with the next change just after it: whom the last
// commit answered is given a moment to join. Without it 16 such writers split into two groups that take turns, and
// every sync serves half of them. A writer alone waits once at most, after a commit that it shared.
void ConsentStore::Impl::Gather(Group& group) {
  std::unique_lock<std::mutex> lock(mutex);
  if (open_group.get() != &group) return;  // full, and closed by who filled it
  group.joined.wait_for(lock, kGatherMax, [&] { return group.changes.size() >= expected; });
  if (open_group.get() == &group) open_group.reset();
}

void ConsentStore::Impl::Lead(Group& group) {
  turn.WaitFor(group.turn);
  Gather(group);
  committer.Commit(group.changes);
  {
    const std::lock_guard<std::mutex> lock(mutex);
    const size_t waiting = open_group == nullptr ? 0 : open_group->changes.size();
    expected = std::min(waiting + group.changes.size(), kCommitChangesMax);
  }
  group.done.Set(1);
  turn.Set(group.turn + 1);
}

uint64_t ConsentStore::Impl::TakeTurn() {
  uint64_t mine = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    mine = groups++;
  }
  turn.WaitFor(mine);
  return mine;
}

void ConsentStore::Impl::InTurn(absl::FunctionRef<void()> job) {
  const uint64_t mine = TakeTurn();
  job();
  turn.Set(mine + 1);
}

ConsentStore::ConsentStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ConsentStore::~ConsentStore() = default;

absl::StatusOr<std::unique_ptr<ConsentStore>> ConsentStore::Open(Database& database, ConsentIndex& index,
                                                                 RefusalIndex& refusals,
                                                                 const policy::Jurisdictions& jurisdictions) {
  auto impl = std::make_unique<Impl>(database, index, refusals, jurisdictions);
  if (absl::Status status = impl->committer.ReadSequence(); !status.ok()) return status;
  if (database.restored_us()) index.CloseGates();
  if (absl::Status status = impl->ReadRecords(); !status.ok()) return status;
  return std::unique_ptr<ConsentStore>(new ConsentStore(std::move(impl)));
}

absl::StatusOr<ConsentResult> ConsentStore::Apply(ConsentRequest request, absl::Time now) {
  if (absl::Status status = CheckRequest(request); !status.ok()) return status;
  PendingChange change;
  change.request = std::move(request);
  change.now = now;
  std::shared_ptr<Group> group;
  bool leads = false;
  impl_->admission.Enter();
  {
    const std::lock_guard<std::mutex> lock(impl_->mutex);
    leads = impl_->open_group == nullptr;
    if (leads) {
      impl_->open_group = std::make_shared<Group>();
      impl_->open_group->turn = impl_->groups++;
    }
    group = impl_->open_group;
    group->changes.push_back(&change);
    if (group->changes.size() == kCommitChangesMax) impl_->open_group.reset();
    if (group->changes.size() == impl_->expected) group->joined.notify_one();
  }
  if (leads) {
    impl_->Lead(*group);
  } else {
    group->done.WaitFor(1);
  }
  impl_->admission.Leave();
  return std::move(change.result);
}

absl::Status ConsentStore::Import(std::span<const ImportedRow> rows, const std::string& recorded_by, absl::Time now,
                                  std::span<ImportOutcome> outcomes) {
  std::vector<PendingRow> pending;
  pending.reserve(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) pending.push_back({&rows[i], &outcomes[i]});
  std::stable_sort(pending.begin(), pending.end(),
                   [](const PendingRow& a, const PendingRow& b) { return a.row->subject < b.row->subject; });
  for (std::span<const PendingRow> left = pending; !left.empty();) {
    absl::StatusOr<size_t> taken = 0;
    {
      const std::lock_guard<std::mutex> lock(impl_->importing);
      impl_->InTurn([&] {
        taken = impl_->committer.Import(left.first(std::min(left.size(), kImportRowsMax)), recorded_by, now);
      });
    }
    if (!taken.ok()) return taken.status();
    left = left.subspan(*taken);
  }
  return absl::OkStatus();
}

absl::Status ConsentStore::Scan(const SubjectKey* after, RecordVisitor visitor) const {
  return ScanRecords(impl_->database, after, visitor);
}

absl::StatusOr<ConsentResult> ConsentStore::Get(const SubjectKey& subject) const {
  const std::string key = ConsentKey(subject);
  Database& database = impl_->database;
  rocksdb::PinnableSlice value;
  const rocksdb::Status status =
      database.rocks().Get({}, database.family(Family::kConsent), rocksdb::Slice(key), &value);
  if (status.IsNotFound()) return absl::NotFoundError("consent: nothing is recorded for this subject");
  if (!status.ok()) return FromEngine(status, "read the consent record", database.data_dir());
  ConsentResult result;
  if (absl::Status decoded = database.codec(Family::kConsent).Decode(key, {value.data(), value.size()}, result.record);
      !decoded.ok()) {
    if (absl::IsDataLoss(decoded)) impl_->damaged.Add(subject);
    return decoded;
  }
  result.point = {.epoch = database.epoch(), .sequence = result.record.sequence()};
  return result;
}

absl::Status ConsentStore::History(
    const SubjectKey& subject, uint64_t before,
    absl::FunctionRef<bool(uint64_t revision, const internal::v1::ConsentChange& change)> visitor) const {
  Database& database = impl_->database;
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> entries(
      database.rocks().NewIterator(options, database.family(Family::kConsentHistory)));
  const std::string prefix = ConsentKey(subject);
  internal::v1::ConsentChange change;
  // Before 0 stands the largest revision that there can be.
  for (entries->SeekForPrev(HistoryKey(subject, before - 1)); entries->Valid() && entries->key().starts_with(prefix);
       entries->Prev()) {
    const rocksdb::Slice key = entries->key();
    const rocksdb::Slice value = entries->value();
    change.Clear();
    absl::Status decoded =
        database.codec(Family::kConsentHistory).Decode({key.data(), key.size()}, {value.data(), value.size()}, change);
    if (!decoded.ok()) return decoded;
    if (!visitor(RevisionOfHistoryKey({key.data(), key.size()}), change)) return absl::OkStatus();
  }
  if (entries->status().ok()) return absl::OkStatus();
  return FromEngine(entries->status(), "read the consent history", database.data_dir());
}

absl::Status ConsentStore::Write(absl::FunctionRef<void(rocksdb::WriteBatch&)> fill) {
  absl::Status status;
  impl_->InTurn([&] {
    status = impl_->committer.Write([&](rocksdb::WriteBatch& batch) {
      fill(batch);
      return absl::OkStatus();
    });
  });
  return status;
}

absl::Status ConsentStore::WriteAudited(const GovernanceChange& change, absl::Time now,
                                        absl::FunctionRef<void(rocksdb::WriteBatch&)> fill) {
  absl::Status status;
  impl_->InTurn([&] {
    status = impl_->committer.Write([&](rocksdb::WriteBatch& batch) {
      fill(batch);
      return impl_->committer.audit_chain().Append(change, now, batch);
    });
  });
  return status;
}

absl::Status ConsentStore::RecordGovernance(const GovernanceChange& change, absl::Time now) {
  absl::Status status;
  impl_->InTurn([&] {
    status = impl_->committer.Write(
        [&](rocksdb::WriteBatch& batch) { return impl_->committer.audit_chain().AppendIfNew(change, now, batch); });
  });
  return status;
}

AuditTail ConsentStore::audit_tail() const { return impl_->committer.audit_tail(); }

std::unique_ptr<CommitPause> ConsentStore::Pause() {
  const uint64_t mine = impl_->TakeTurn();
  return std::make_unique<CommitPause>([impl = impl_.get(), mine] { impl->turn.Set(mine + 1); });
}

absl::StatusOr<bool> ConsentStore::Release(absl::Time now, absl::string_view released_by) {
  absl::Status status;
  bool closed = false;
  impl_->InTurn([&] {
    closed = impl_->index.gates_closed();
    if (!closed) return;
    const std::string what = MetaNumber(static_cast<uint64_t>(absl::ToUnixMicros(now))) + std::string(released_by);
    rocksdb::ColumnFamilyHandle* const meta = impl_->database.family(Family::kMeta);
    status = impl_->committer.Write([&](rocksdb::WriteBatch& batch) {
      rocksdb::Status filled =
          batch.Put(meta, kMetaReleased, impl_->database.codec(Family::kMeta).Encode(kMetaReleased, what));
      if (filled.ok()) filled = batch.Delete(meta, kMetaRestored);
      if (!filled.ok()) return FromEngine(filled, "record the release", impl_->database.data_dir());
      return impl_->committer.audit_chain().Append({.kind = AuditKind::kRelease, .actor = std::string(released_by)},
                                                   now, batch);
    });
    if (status.ok()) impl_->index.OpenGates();
  });
  if (!status.ok()) return status;
  return closed;
}

bool ConsentStore::released() const { return !impl_->index.gates_closed(); }

void ConsentStore::SetProfileKeeper(ProfileKeeper* keeper) {
  impl_->InTurn([&] { impl_->committer.SetProfileKeeper(keeper); });
}

CommitPoint ConsentStore::applied() const { return impl_->committer.applied(); }
bool ConsentStore::disk_accepts() const { return !impl_->committer.engine_refused(); }
absl::Status ConsentStore::Resume() {
  absl::Status status;
  impl_->InTurn([&] { status = impl_->committer.ResumeEngine(); });
  return status;
}
uint64_t ConsentStore::damaged_records() const { return impl_->damaged.size(); }

}  // namespace assent::storage
