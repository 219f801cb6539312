#include "storage/audit_log.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/audit_chain.h"
#include "storage/consent_change.h"
#include "storage/consent_store.h"
#include "storage/engine_status.h"
#include "storage/record_codec.h"

namespace assent::storage {
namespace {

constexpr char kReading[] = "read the audit log";

absl::string_view ViewOf(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

absl::Status DamagedEntry(Database& database) {
  return FromEngine(rocksdb::Status::Corruption("audit entry"), kReading, database.data_dir());
}

absl::StatusOr<AuditRecord> RecordOf(Database& database, absl::string_view key, absl::string_view value) {
  std::string opened;
  const auto content = database.codec(Family::kAudit).Decode(key, value, opened);
  if (!content.ok()) return content.status();
  if (content->size() < policy::kSha256Bytes) return DamagedEntry(database);
  auto entry = policy::AuditEntryFromBytes(content->substr(policy::kSha256Bytes));
  if (!entry || AuditKey(entry->index) != key) return DamagedEntry(database);
  return AuditRecord{.entry = *std::move(entry),
                     .hash = *policy::Sha256FromBytes(content->substr(0, policy::kSha256Bytes))};
}

// The content; empty where there is none.
absl::StatusOr<std::string> FindContent(Database& database, Family family, uint64_t index) {
  const std::string key = AuditKey(index);
  std::string value;
  const rocksdb::Status status = database.rocks().Get({}, database.family(family), key, &value);
  if (status.IsNotFound()) return std::string();
  if (!status.ok()) return FromEngine(status, kReading, database.data_dir());
  std::string opened;
  const auto content = database.codec(family).Decode(key, value, opened);
  if (!content.ok()) return content.status();
  return std::string(*content);
}

absl::StatusOr<std::vector<policy::Sha256>> FindLeaves(Database& database, uint64_t index) {
  const auto joined = FindContent(database, Family::kAuditLeaves, index);
  if (!joined.ok()) return joined.status();
  std::vector<policy::Sha256> leaves;
  for (absl::string_view left = *joined; left.size() >= policy::kSha256Bytes;
       left.remove_prefix(policy::kSha256Bytes)) {
    leaves.push_back(*policy::Sha256FromBytes(left.substr(0, policy::kSha256Bytes)));
  }
  return leaves;
}

// Fills in the entry, and the leaves of its batch.
absl::Status FindEntryOf(Database& database, AuditedChange& audited) {
  auto record = FindAuditRecord(database, audited.change.audit_index());
  if (!record.ok()) return record.status();
  if (!*record) return DamagedEntry(database);
  audited.record = **std::move(record);
  audited.leaves.clear();
  if (audited.record.entry.kind != static_cast<uint32_t>(AuditKind::kImport)) return absl::OkStatus();
  auto leaves = FindLeaves(database, audited.change.audit_index());
  if (!leaves.ok()) return leaves.status();
  if (audited.change.audit_leaf() >= leaves->size()) return DamagedEntry(database);
  audited.leaves = *std::move(leaves);
  return absl::OkStatus();
}

std::unique_ptr<rocksdb::Iterator> IteratorOf(Database& database, Family family) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  return std::unique_ptr<rocksdb::Iterator>(database.rocks().NewIterator(options, database.family(family)));
}

}  // namespace

std::string OpeningOf(const policy::SubjectKey& subject, absl::string_view change) {
  return absl::StrCat(ConsentKey(subject), change);
}

absl::Status ReadAuditLog(Database& database, uint64_t after, absl::FunctionRef<bool(const AuditRecord&)> visitor) {
  const auto entries = IteratorOf(database, Family::kAudit);
  for (entries->Seek(AuditKey(after + 1)); entries->Valid(); entries->Next()) {
    const auto record = RecordOf(database, ViewOf(entries->key()), ViewOf(entries->value()));
    if (!record.ok()) return record.status();
    if (!visitor(*record)) return absl::OkStatus();
  }
  if (entries->status().ok()) return absl::OkStatus();
  return FromEngine(entries->status(), kReading, database.data_dir());
}

absl::StatusOr<std::optional<AuditRecord>> FindAuditRecord(Database& database, uint64_t index) {
  const std::string key = AuditKey(index);
  std::string value;
  const rocksdb::Status status = database.rocks().Get({}, database.family(Family::kAudit), key, &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return FromEngine(status, kReading, database.data_dir());
  auto record = RecordOf(database, key, value);
  if (!record.ok()) return record.status();
  return std::optional<AuditRecord>(*std::move(record));
}

absl::StatusOr<std::optional<AuditRecord>> LastAuditRecord(Database& database) {
  const auto entries = IteratorOf(database, Family::kAudit);
  entries->SeekToLast();
  if (!entries->status().ok()) return FromEngine(entries->status(), kReading, database.data_dir());
  if (!entries->Valid()) return std::nullopt;
  auto record = RecordOf(database, ViewOf(entries->key()), ViewOf(entries->value()));
  if (!record.ok()) return record.status();
  return std::optional<AuditRecord>(*std::move(record));
}

absl::StatusOr<std::string> FindAuditOpening(Database& database, uint64_t index) {
  return FindContent(database, Family::kAuditOpening, index);
}

absl::Status ReadAuditOf(Database& database, const policy::SubjectKey& subject, uint64_t after,
                         absl::FunctionRef<bool(const AuditedChange&)> visitor) {
  const auto changes = IteratorOf(database, Family::kConsentHistory);
  const std::string prefix = ConsentKey(subject);
  AuditedChange audited;
  for (changes->Seek(HistoryKey(subject, after + 1)); changes->Valid() && changes->key().starts_with(prefix);
       changes->Next()) {
    const absl::string_view key = ViewOf(changes->key());
    std::string opened;
    const auto content = database.codec(Family::kConsentHistory).Decode(key, ViewOf(changes->value()), opened);
    if (!content.ok()) return content.status();
    audited.change.Clear();
    if (!audited.change.ParseFromArray(content->data(), static_cast<int>(content->size()))) {
      return DamagedEntry(database);
    }
    if (audited.change.audit_index() == 0) continue;
    audited.revision = RevisionOfHistoryKey(key);
    audited.opening = OpeningOf(subject, *content);
    if (absl::Status status = FindEntryOf(database, audited); !status.ok()) return status;
    if (!visitor(audited)) return absl::OkStatus();
  }
  if (changes->status().ok()) return absl::OkStatus();
  return FromEngine(changes->status(), kReading, database.data_dir());
}

absl::StatusOr<StoredCheckpoint> LastCheckpoint(Database& database) {
  const auto checkpoints = IteratorOf(database, Family::kAuditCheckpoint);
  checkpoints->SeekToLast();
  if (!checkpoints->status().ok()) return FromEngine(checkpoints->status(), kReading, database.data_dir());
  if (!checkpoints->Valid()) return StoredCheckpoint();
  const absl::string_view key = ViewOf(checkpoints->key());
  std::string opened;
  const auto content = database.codec(Family::kAuditCheckpoint).Decode(key, ViewOf(checkpoints->value()), opened);
  if (!content.ok()) return content.status();
  StoredCheckpoint checkpoint{.signed_json = std::string(*content)};
  for (const char byte : key) checkpoint.index = checkpoint.index << 8 | static_cast<uint8_t>(byte);
  return checkpoint;
}

absl::Status StoreCheckpoint(Database& database, ConsentStore& store, uint64_t index, const std::string& signed_json) {
  const std::string key = AuditKey(index);
  rocksdb::Status added;
  absl::Status written = store.Write([&](rocksdb::WriteBatch& batch) {
    added = batch.Put(database.family(Family::kAuditCheckpoint), key,
                      database.codec(Family::kAuditCheckpoint).Encode(key, signed_json));
  });
  if (written.ok() && !added.ok()) return FromEngine(added, "store a checkpoint", database.data_dir());
  return written;
}

}  // namespace assent::storage
