#include "storage/profile_store.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "storage/consent_change.h"
#include "storage/engine_status.h"
#include "storage/profile_memory.h"
#include "storage/profile_record.h"
#include "storage/record_codec.h"

namespace assent::storage {
namespace {

using policy::Purpose;
using policy::SubjectKey;

// One batch of a flush, which a consent change may have to wait for: the time of one sync and some milliseconds.
constexpr size_t kBatchProfilesMax = 1024;
constexpr size_t kBatchBytesMax = size_t{512} << 10;
// The flushing thread looks at everything for what has run out once in so many flushes.
constexpr uint32_t kFlushesASweep = 64;
constexpr size_t kReadAheadBytes = size_t{2} << 20;

// The consent records beside the profiles: both are in the order of the subjects.
class ConsentBeside {
 public:
  explicit ConsentBeside(Database& database) : codec_(database.codec(Family::kConsent)) {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    options.readahead_size = kReadAheadBytes;
    records_.reset(database.rocks().NewIterator(options, database.family(Family::kConsent)));
    records_->SeekToFirst();
  }

  // Whether the subject's grant of the purpose is recorded, and since no later a revision than `opened_revision`.
  // Expiry is not looked at. Precondition: subjects come in ascending order.
  bool Grants(const SubjectKey& subject, Purpose purpose, uint32_t opened_revision) {
    const std::string key = ConsentKey(subject);
    while (records_->Valid() && records_->key().compare(key) < 0) records_->Next();
    if (!records_->Valid() || records_->key() != rocksdb::Slice(key)) return false;
    internal::v1::ConsentRecord record;
    const rocksdb::Slice value = records_->value();
    if (!codec_.Decode(key, {value.data(), value.size()}, record).ok()) return false;
    if (record.child() || record.erased()) return false;  // who is restricted keeps it, unused
    for (const internal::v1::PurposeRecord& one : record.purposes()) {
      if (one.purpose() != static_cast<int32_t>(purpose)) continue;
      return one.status() == static_cast<int32_t>(policy::ConsentStatus::kGranted) &&
             one.since_revision() <= opened_revision;
    }
    return false;
  }
  rocksdb::Status status() const { return records_->status(); }

 private:
  const RecordCodec& codec_;
  std::unique_ptr<rocksdb::Iterator> records_;
};

}  // namespace

struct ProfileStore::Impl {
  Impl(Database& a_database, ConsentStore& a_consent, const ConsentIndex& index, scoring::Quiescence& a_domain,
       const ProfileStoreOptions& an_options)
      : database(a_database),
        consent(a_consent),
        domain(a_domain),
        options(an_options),
        memory(index, an_options.subjects_max, an_options.retention) {}

  Database& database;
  ConsentStore& consent;
  scoring::Quiescence& domain;
  const ProfileStoreOptions options;
  ProfileMemory memory;

  std::mutex flushing;  // one flush at a time; guards the three below
  uint32_t sweep_slab = 0;
  uint32_t sweep_slot = 0;
  ProfileMemory::Found found;

  std::atomic<uint64_t> written{0};
  std::atomic<uint64_t> deleted{0};
  std::atomic<uint64_t> damaged{0};
  std::atomic<uint64_t> flush_failures{0};
  std::atomic<int64_t> flushed_until_us{0};

  std::mutex waiting;  // guards stopping
  std::condition_variable stop;
  bool stopping = false;
  std::thread flusher;

  absl::Status Load();
  absl::Status Delete(std::vector<std::string>& keys);
  void Run();
  absl::Status Flush(absl::Time now, uint32_t sweep_parts);
  absl::Status FlushChanged(int64_t now_s);
  absl::Status Sweep(int64_t now_s, uint32_t parts);
  absl::Status WriteAll(std::span<const RecordId> ids, int64_t now_s);
  absl::Status WriteBatch(std::span<const RecordId> ids, int64_t now_s);
};

absl::Status ProfileStore::Impl::Delete(std::vector<std::string>& keys) {
  if (keys.empty()) return absl::OkStatus();
  absl::Status status = consent.Write([&](rocksdb::WriteBatch& batch) {
    for (const std::string& key : keys) {
      batch.Delete(database.family(Family::kProfiles), key).PermitUncheckedError();
    }
  });
  if (status.ok()) deleted.fetch_add(keys.size(), std::memory_order_relaxed);
  keys.clear();
  return status;
}

absl::Status ProfileStore::Impl::Load() {
  rocksdb::ReadOptions read;
  read.fill_cache = false;
  read.readahead_size = kReadAheadBytes;
  const std::unique_ptr<rocksdb::Iterator> profiles(
      database.rocks().NewIterator(read, database.family(Family::kProfiles)));
  ConsentBeside beside(database);
  std::vector<std::string> unwanted;
  std::vector<uint8_t> state;
  for (profiles->SeekToFirst(); profiles->Valid(); profiles->Next()) {
    const rocksdb::Slice key = profiles->key();
    const rocksdb::Slice value = profiles->value();
    const auto profile =
        DecodeProfile(database.codec(Family::kProfiles), {key.data(), key.size()}, {value.data(), value.size()}, state);
    if (absl::IsFailedPrecondition(profile.status()))
      return profile.status();  // of a newer version: not ours to delete
    if (profile.ok() && key.size() == kProfileKeyBytes) {
      SubjectKey subject;
      std::copy_n(key.data(), subject.bytes.size(), reinterpret_cast<char*>(subject.bytes.data()));
      const auto purpose = static_cast<Purpose>(key[kProfileKeyBytes - 1]);
      const bool granted = beside.Grants(subject, purpose, profile->opened_revision);
      if (granted && !memory.Add(subject, purpose, *profile)) {
        return absl::ResourceExhaustedError("profiles: more on the disk than there is memory for");
      }
      if (granted) continue;
      // What cannot be read is no reason to delete.
      if (!beside.status().ok()) return FromEngine(beside.status(), "read the consent records", database.data_dir());
    } else {
      damaged.fetch_add(1, std::memory_order_relaxed);
    }
    unwanted.push_back(key.ToString());
    if (unwanted.size() < kBatchProfilesMax) continue;
    if (absl::Status status = Delete(unwanted); !status.ok()) return status;
  }
  for (const rocksdb::Status& status : {profiles->status(), beside.status()}) {
    if (!status.ok()) return FromEngine(status, "read the profiles", database.data_dir());
  }
  return Delete(unwanted);
}

// Writes the profiles of the records as they are by then, and deletes those that are void. On failure everything stays
// to be done: marked, and in memory.
absl::Status ProfileStore::Impl::WriteBatch(std::span<const RecordId> ids, int64_t now_s) {
  std::vector<std::pair<SubjectKey, Purpose>> voids;
  uint64_t put = 0;
  scoring::Quiescence::Reader reader(domain);
  // Under the turn: no consent changes between this look at the permission and the write.
  absl::Status status = consent.Write([&](rocksdb::WriteBatch& batch) {
    rocksdb::ColumnFamilyHandle* const family = database.family(Family::kProfiles);
    for (const RecordId id : ids) {
      reader.Online();
      const bool is_there = memory.Copy(reader, id, now_s, found);
      reader.Offline();
      if (!is_there) continue;
      const std::string key = ProfileKey(found.subject, found.purpose);
      if (found.is_void) {
        voids.emplace_back(found.subject, found.purpose);
        batch.Delete(family, key).PermitUncheckedError();
      } else {
        ++put;
        const StoredProfile profile = {
            .layout_digest = found.layout_digest, .opened_revision = found.opened_revision, .state = found.state};
        batch.Put(family, key, EncodeProfile(database.codec(Family::kProfiles), key, profile)).PermitUncheckedError();
      }
    }
  });
  if (!status.ok()) {
    for (const RecordId id : ids) memory.records().MarkNew(id);
    return status;
  }
  for (const auto& [subject, purpose] : voids) {
    reader.Online();
    memory.Drop(reader, subject, purpose, now_s);
    reader.Offline();
  }
  written.fetch_add(put, std::memory_order_relaxed);
  deleted.fetch_add(voids.size(), std::memory_order_relaxed);
  return absl::OkStatus();
}

// In batches. After a failure the rest is marked again.
absl::Status ProfileStore::Impl::WriteAll(std::span<const RecordId> ids, int64_t now_s) {
  while (!ids.empty()) {
    size_t count = 0;
    for (size_t bytes = 0; count < std::min(ids.size(), kBatchProfilesMax) && bytes < kBatchBytesMax; ++count) {
      bytes += memory.records().slab((ids[count] - 1) / kSlabRecordsMax).record_bytes;
    }
    if (absl::Status status = WriteBatch(ids.first(count), now_s); !status.ok()) {
      for (const RecordId id : ids.subspan(count)) memory.records().MarkNew(id);
      return status;
    }
    ids = ids.subspan(count);
  }
  return absl::OkStatus();
}

absl::Status ProfileStore::Impl::FlushChanged(int64_t now_s) {
  std::vector<RecordId> ids;
  const uint32_t slabs = memory.records().size();
  for (uint32_t slab = 0; slab < slabs; ++slab) {
    const uint32_t words = (memory.records().slab(slab).slots + 63) / 64;
    for (uint32_t word = 0; word < words; ++word) {
      memory.records().TakeMarks(slab, word, ids);
      if (ids.size() < kBatchProfilesMax) continue;
      if (absl::Status status = WriteAll(ids, now_s); !status.ok()) return status;
      ids.clear();
    }
  }
  return WriteAll(ids, now_s);
}

// Looks through the next of `parts` of all records for profiles that are void.
absl::Status ProfileStore::Impl::Sweep(int64_t now_s, uint32_t parts) {
  const uint32_t slabs = memory.records().size();
  uint64_t left = 0;
  for (uint32_t slab = 0; slab < slabs; ++slab) left += memory.records().slab(slab).slots;
  left = (left + parts - 1) / parts;
  scoring::Quiescence::Reader reader(domain);
  std::vector<RecordId> ids;
  while (left > 0) {
    if (sweep_slab >= slabs) sweep_slab = sweep_slot = 0;
    const ProfileSlab& slab = memory.records().slab(sweep_slab);
    const auto end = static_cast<uint32_t>(std::min<uint64_t>(slab.slots, sweep_slot + left));
    left -= end - sweep_slot;
    reader.Online();
    for (; sweep_slot < end; ++sweep_slot) {
      const RecordId id = sweep_slab * kSlabRecordsMax + sweep_slot + 1;
      const ProfileRecord& record = memory.records().Record(id);
      // Free as a rule; whoever takes it now will be looked at the next time.
      if (record.key_low.load(std::memory_order_relaxed) == 0) continue;
      if (memory.IsVoid(reader, id, now_s)) ids.push_back(id);
    }
    reader.Offline();
    if (sweep_slot == slab.slots) {
      ++sweep_slab;
      sweep_slot = 0;
    }
    if (absl::Status status = WriteAll(ids, now_s); !status.ok()) return status;
    ids.clear();
  }
  return absl::OkStatus();
}

absl::Status ProfileStore::Impl::Flush(absl::Time now, uint32_t sweep_parts) {
  const std::lock_guard<std::mutex> lock(flushing);
  const int64_t now_s = absl::ToUnixSeconds(now);
  absl::Status status = FlushChanged(now_s);
  if (status.ok()) flushed_until_us.store(absl::ToUnixMicros(now), std::memory_order_relaxed);
  if (status.ok() && sweep_parts != 0) status = Sweep(now_s, sweep_parts);
  if (!status.ok()) flush_failures.fetch_add(1, std::memory_order_relaxed);
  memory.Tend();
  return status;
}

void ProfileStore::Impl::Run() {
  const bool endless = options.flush_interval == absl::InfiniteDuration();
  std::unique_lock<std::mutex> lock(waiting);
  while (!stopping) {
    if (endless) {
      stop.wait(lock, [&] { return stopping; });
    } else {
      stop.wait_for(lock, absl::ToChronoNanoseconds(options.flush_interval), [&] { return stopping; });
    }
    if (stopping) return;
    lock.unlock();
    Flush(options.clock(), kFlushesASweep).IgnoreError();  // counted, and tried again
    lock.lock();
  }
}

ProfileStore::ProfileStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ProfileStore::~ProfileStore() {
  if (impl_->flusher.joinable()) {
    {
      const std::lock_guard<std::mutex> lock(impl_->waiting);
      impl_->stopping = true;
    }
    impl_->stop.notify_all();
    impl_->flusher.join();
    impl_->Flush(impl_->options.clock(), 0).IgnoreError();
  }
  impl_->consent.SetProfileKeeper(nullptr);
}

absl::StatusOr<std::unique_ptr<ProfileStore>> ProfileStore::Open(Database& database, ConsentStore& consent,
                                                                 const ConsentIndex& index, scoring::Quiescence& domain,
                                                                 const ProfileStoreOptions& options) {
  std::unique_ptr<ProfileStore> store(
      new ProfileStore(std::make_unique<Impl>(database, consent, index, domain, options)));
  Impl& impl = *store->impl_;
  consent.SetProfileKeeper(&impl.memory);
  if (absl::Status status = impl.Load(); !status.ok()) return status;
  impl.flushed_until_us.store(absl::ToUnixMicros(options.clock()), std::memory_order_relaxed);
  impl.flusher = std::thread([&impl] { impl.Run(); });
  return store;
}

absl::Status ProfileStore::Register(const scoring::ProfileLayout& layout) { return impl_->memory.Register(layout); }

FoldOutcome ProfileStore::Fold(const scoring::Quiescence::Reader& reader, const SubjectKey& subject, Purpose purpose,
                               const scoring::ProfileLayout& layout, std::span<const scoring::Event> events,
                               int64_t now_s, std::span<uint8_t> state, FoldCounts* counts) {
  FoldCounts ignored;
  return impl_->memory.Fold(reader, subject, purpose, layout, events, now_s, state,
                            counts == nullptr ? ignored : *counts);
}

bool ProfileStore::Read(const scoring::Quiescence::Reader& reader, const SubjectKey& subject, Purpose purpose,
                        const scoring::ProfileLayout& layout, int64_t now_s, std::span<uint8_t> state) const {
  return impl_->memory.Read(reader, subject, purpose, layout, now_s, state);
}

bool ProfileStore::ReadKept(const scoring::Quiescence::Reader& reader, const SubjectKey& subject, Purpose purpose,
                            const scoring::ProfileLayout& layout, int64_t now_s, std::span<uint8_t> state) const {
  return impl_->memory.ReadKept(reader, subject, purpose, layout, now_s, state);
}

size_t ProfileStore::size() const { return impl_->memory.size(); }
size_t ProfileStore::memory_bytes() const { return impl_->memory.memory_bytes(); }
uint64_t ProfileStore::refused_full() const { return impl_->memory.refused_full(); }

ProfileFigures ProfileStore::figures() const {
  return {.profiles = impl_->memory.size(),
          .memory_bytes = impl_->memory.memory_bytes(),
          .refused_full = impl_->memory.refused_full(),
          .written = impl_->written.load(std::memory_order_relaxed),
          .deleted = impl_->deleted.load(std::memory_order_relaxed),
          .damaged = impl_->damaged.load(std::memory_order_relaxed),
          .dropped_layouts = impl_->memory.dropped_layouts(),
          .flush_failures = impl_->flush_failures.load(std::memory_order_relaxed),
          .flushed_until = absl::FromUnixMicros(impl_->flushed_until_us.load(std::memory_order_relaxed))};
}

absl::Status ProfileStore::Flush(absl::Time now) { return impl_->Flush(now, 1); }

}  // namespace assent::storage
