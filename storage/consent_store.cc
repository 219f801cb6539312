#include "storage/consent_store.h"

#include <rocksdb/db.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "storage/consent_change.h"
#include "storage/consent_commit.h"
#include "storage/engine_status.h"
#include "storage/record_codec.h"

namespace assent::storage {
namespace {

using policy::SubjectKey;

constexpr size_t kQueueMax = 4096;         // changes that wait; beyond it Apply waits for room
constexpr size_t kCommitChangesMax = 256;  // changes in one synced write
constexpr size_t kReadAheadBytes = size_t{2} << 20;

// One call of Apply. `ready` wakes it when it is done, or when it is its turn to lead.
struct Call {
  PendingChange change;
  bool done = false;
  std::condition_variable ready;
};

absl::Status CheckRequest(const ConsentRequest& request) {
  if (request.kind == internal::v1::CONSENT_CHANGE_KIND_UNSPECIFIED) {
    return absl::InvalidArgumentError("kind: required");
  }
  if (!IsProtective(request) && request.grants.empty()) return absl::InvalidArgumentError("grants: required");
  for (const Grant& grant : request.grants) {
    if (!policy::PurposeFromNumber(static_cast<int>(grant.purpose))) {
      return absl::InvalidArgumentError("grants.purpose: not a purpose");
    }
  }
  return absl::OkStatus();
}

}  // namespace

struct ConsentStore::Impl {
  Impl(Database& a_database, ConsentIndex& an_index)
      : database(a_database), index(an_index), committer(a_database, an_index, damaged) {}

  Database& database;
  ConsentIndex& index;
  DamagedSubjects damaged;
  ConsentCommitter committer;

  std::mutex mutex;
  std::condition_variable room;
  std::deque<Call*> queue;  // in order of arrival; the front leads

  absl::Status ReadRecords();
  void Lead(std::unique_lock<std::mutex>& lock);
};

absl::Status ConsentStore::Impl::ReadRecords() {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = kReadAheadBytes;
  const std::unique_ptr<rocksdb::Iterator> records(
      database.rocks().NewIterator(options, database.family(Family::kConsent)));
  internal::v1::ConsentRecord record;
  for (records->SeekToFirst(); records->Valid(); records->Next()) {
    const rocksdb::Slice key = records->key();
    SubjectKey subject;
    if (key.size() != subject.bytes.size()) {
      return FromEngine(rocksdb::Status::Corruption("consent key"), "read the consent records", database.data_dir());
    }
    std::copy_n(key.data(), key.size(), reinterpret_cast<char*>(subject.bytes.data()));
    const rocksdb::Slice value = records->value();
    record.Clear();
    if (DecodeRecord({key.data(), key.size()}, {value.data(), value.size()}, record).ok()) {
      index.Put(subject, StateOf(record));
    } else {
      index.Close(subject, policy::kAllPurposeBits);
      damaged.Add(subject);
    }
  }
  if (records->status().ok()) return absl::OkStatus();
  return FromEngine(records->status(), "read the consent records", database.data_dir());
}

// Commits what stands at the front of the queue. Precondition: the caller's call is the first.
void ConsentStore::Impl::Lead(std::unique_lock<std::mutex>& lock) {
  const size_t count = std::min(queue.size(), kCommitChangesMax);
  const std::vector<Call*> calls(queue.begin(), queue.begin() + static_cast<ptrdiff_t>(count));
  lock.unlock();
  std::vector<PendingChange*> changes;
  changes.reserve(count);
  for (Call* call : calls) changes.push_back(&call->change);
  committer.Commit(changes);
  lock.lock();
  queue.erase(queue.begin(), queue.begin() + static_cast<ptrdiff_t>(count));
  if (!queue.empty()) queue.front()->ready.notify_one();  // first, so that the next commit begins at once
  for (Call* call : calls) {
    call->done = true;
    call->ready.notify_one();
  }
  room.notify_all();
}

ConsentStore::ConsentStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ConsentStore::~ConsentStore() = default;

absl::StatusOr<std::unique_ptr<ConsentStore>> ConsentStore::Open(Database& database, ConsentIndex& index) {
  auto impl = std::make_unique<Impl>(database, index);
  if (absl::Status status = impl->committer.ReadSequence(); !status.ok()) return status;
  if (absl::Status status = impl->ReadRecords(); !status.ok()) return status;
  return std::unique_ptr<ConsentStore>(new ConsentStore(std::move(impl)));
}

absl::StatusOr<ConsentResult> ConsentStore::Apply(ConsentRequest request, absl::Time now) {
  if (absl::Status status = CheckRequest(request); !status.ok()) return status;
  Call call;
  call.change.request = std::move(request);
  call.change.now = now;
  std::unique_lock<std::mutex> lock(impl_->mutex);
  impl_->room.wait(lock, [&] { return impl_->queue.size() < kQueueMax; });
  impl_->queue.push_back(&call);
  call.ready.wait(lock, [&] { return call.done || impl_->queue.front() == &call; });
  if (!call.done) impl_->Lead(lock);
  return std::move(call.change.result);
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
  if (absl::Status decoded = DecodeRecord(key, {value.data(), value.size()}, result.record); !decoded.ok()) {
    if (absl::IsDataLoss(decoded)) impl_->damaged.Add(subject);
    return decoded;
  }
  result.point = {.epoch = database.epoch(), .sequence = result.record.sequence()};
  return result;
}

CommitPoint ConsentStore::applied() const { return impl_->committer.applied(); }
uint64_t ConsentStore::damaged_records() const { return impl_->damaged.size(); }

}  // namespace assent::storage
