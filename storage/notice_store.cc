#include "storage/notice_store.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "policy/sha256.h"
#include "storage/engine_status.h"
#include "storage/packed_state.h"
#include "storage/record_codec.h"

namespace assent::storage {
namespace {

using internal::v1::NoticeRecord;

std::string NoticeKey(uint16_t ordinal) { return {static_cast<char>(ordinal >> 8), static_cast<char>(ordinal & 0xFF)}; }

// Neither has control characters.
std::string NameOf(absl::string_view id, absl::string_view version) { return absl::StrCat(id, "\n", version); }

// Whether a person who agreed to `earlier` has not agreed to `later`.
bool Outdates(const NoticeRecord& later, const NoticeRecord& earlier) {
  return later.requires_new_consent() || (later.purpose_bits() & ~earlier.purpose_bits()) != 0;
}

}  // namespace

struct NoticeStore::Impl {
  Impl(Database& a_database, ConsentStore& a_store, ConsentIndex& an_index)
      : database(a_database), store(a_store), index(an_index) {}

  Database& database;
  ConsentStore& store;
  ConsentIndex& index;
  std::mutex registering;                                            // one registration at a time; taken before `mutex`
  mutable std::mutex mutex;                                          // guards the three below
  std::vector<RegisteredNotice> notices;                             // by ordinal - 1
  absl::flat_hash_map<std::string, uint16_t> ordinals;               // by NameOf
  absl::flat_hash_map<std::string, std::vector<uint16_t>> versions;  // by id, ascending

  absl::Status Read();
  const RegisteredNotice* Find(absl::string_view id, absl::string_view version) const;
  // Outdates the earlier versions of the same notice that ask for less.
  void OutdateFor(const NoticeRecord& later);
  void Add(RegisteredNotice notice);
};

absl::Status NoticeStore::Impl::Read() {
  absl::StatusOr<std::vector<NoticeRecord>> all = ReadNotices(database);
  if (!all.ok()) return all.status();
  for (NoticeRecord& record : *all) {
    OutdateFor(record);
    Add({.ordinal = static_cast<uint16_t>(notices.size() + 1), .record = std::move(record)});
  }
  return absl::OkStatus();
}

const RegisteredNotice* NoticeStore::Impl::Find(absl::string_view id, absl::string_view version) const {
  const auto found = ordinals.find(NameOf(id, version));
  return found == ordinals.end() ? nullptr : &notices[found->second - size_t{1}];
}

void NoticeStore::Impl::OutdateFor(const NoticeRecord& later) {
  const auto found = versions.find(later.id());
  if (found == versions.end()) return;
  for (const uint16_t ordinal : found->second) {
    RegisteredNotice& earlier = notices[ordinal - size_t{1}];
    if (!Outdates(later, earlier.record)) continue;
    earlier.outdated = true;
    index.Outdate(ordinal);
  }
}

void NoticeStore::Impl::Add(RegisteredNotice notice) {
  ordinals[NameOf(notice.record.id(), notice.record.version())] = notice.ordinal;
  versions[notice.record.id()].push_back(notice.ordinal);
  notices.push_back(std::move(notice));
}

absl::StatusOr<std::vector<NoticeRecord>> ReadNotices(Database& database) {
  const std::unique_ptr<rocksdb::Iterator> all(database.rocks().NewIterator({}, database.family(Family::kNotices)));
  std::vector<NoticeRecord> records;
  for (all->SeekToFirst(); all->Valid(); all->Next()) {
    const std::string key = all->key().ToString();
    if (key != NoticeKey(static_cast<uint16_t>(records.size() + 1))) {
      return absl::DataLossError("notices: one is missing");
    }
    const rocksdb::Slice value = all->value();
    absl::Status decoded =
        database.codec(Family::kNotices).Decode(key, {value.data(), value.size()}, records.emplace_back());
    if (!decoded.ok()) return decoded;
  }
  if (all->status().ok()) return records;
  return FromEngine(all->status(), "read the notices", database.data_dir());
}

NoticeStore::NoticeStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
NoticeStore::~NoticeStore() = default;

absl::StatusOr<std::unique_ptr<NoticeStore>> NoticeStore::Open(Database& database, ConsentStore& store,
                                                               ConsentIndex& index) {
  auto impl = std::make_unique<Impl>(database, store, index);
  if (absl::Status status = impl->Read(); !status.ok()) return status;
  return std::unique_ptr<NoticeStore>(new NoticeStore(std::move(impl)));
}

absl::StatusOr<RegisteredNotice> NoticeStore::Register(NoticeRecord record) {
  const std::lock_guard<std::mutex> one_at_a_time(impl_->registering);
  RegisteredNotice made;
  {
    const std::lock_guard<std::mutex> lock(impl_->mutex);
    if (const RegisteredNotice* const found = impl_->Find(record.id(), record.version()); found != nullptr) {
      if (found->record.notice() == record.notice()) return *found;
      return absl::AlreadyExistsError("notice: this version is registered with another content");
    }
    if (impl_->notices.size() >= kNoticeOrdinalMax) {
      return absl::ResourceExhaustedError("notices: as many versions are registered as can be");
    }
    made.ordinal = static_cast<uint16_t>(impl_->notices.size() + 1);
    impl_->OutdateFor(record);
  }
  made.record = std::move(record);
  rocksdb::Status added;
  const GovernanceChange change{.kind = AuditKind::kNotice,
                                .actor = made.record.recorded_by(),
                                .name = made.record.id(),
                                .version = made.record.version(),
                                .sha256 = std::string(policy::BytesOf(policy::Sha256Of({made.record.notice()})))};
  const absl::Time now = absl::FromUnixMicros(made.record.time_us());
  absl::Status status = impl_->store.WriteAudited(change, now, [&](rocksdb::WriteBatch& batch) {
    const std::string key = NoticeKey(made.ordinal);
    added = batch.Put(impl_->database.family(Family::kNotices), key,
                      impl_->database.codec(Family::kNotices).Encode(key, made.record));
  });
  if (status.ok() && !added.ok()) status = FromEngine(added, "register a notice", impl_->database.data_dir());
  if (!status.ok()) return status;
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  impl_->Add(made);
  return made;
}

std::optional<NoticeTerms> NoticeStore::Terms(absl::string_view id, absl::string_view version) const {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  const RegisteredNotice* const found = impl_->Find(id, version);
  if (found == nullptr) return std::nullopt;
  return NoticeTerms{.ordinal = found->ordinal,
                     .purpose_bits = found->record.purpose_bits(),
                     .jurisdiction = found->record.jurisdiction(),
                     .outdated = found->outdated};
}

std::optional<RegisteredNotice> NoticeStore::Find(absl::string_view id, absl::string_view version) const {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  const RegisteredNotice* const found = impl_->Find(id, version);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

std::vector<RegisteredNotice> NoticeStore::List(absl::string_view id, uint16_t after, size_t count) const {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  std::vector<RegisteredNotice> listed;
  for (size_t i = after; i < impl_->notices.size() && listed.size() < count; ++i) {
    if (id.empty() || impl_->notices[i].record.id() == id) listed.push_back(impl_->notices[i]);
  }
  return listed;
}

}  // namespace assent::storage
