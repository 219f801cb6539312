#include "storage/audit_chain.h"

#include <openssl/rand.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "assent/internal/v1/audit_record.pb.h"
#include "policy/merkle_tree.h"
#include "storage/audit_log.h"
#include "storage/engine_status.h"
#include "storage/meta_value.h"
#include "storage/record_codec.h"

namespace assent::storage {
namespace {

using policy::Sha256;

constexpr char kAppending[] = "append to the audit log";

// The key in `meta` under which the last sha256 of a kind stands.
std::string LastKeyOf(AuditKind kind) { return absl::StrCat(kMetaAudited, static_cast<uint32_t>(kind)); }

}  // namespace

std::string AuditKey(uint64_t index) {
  std::string key;
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>((index >> shift) & 0xFF));
  return key;
}

absl::StatusOr<std::string> AuditChain::NewSalt() {
  if (random_left_ == 0) {
    if (RAND_bytes(random_.data(), static_cast<int>(random_.size())) != 1) {
      return absl::UnavailableError("cannot append to the audit log: the system gave no random bytes");
    }
    random_left_ = random_.size();
  }
  random_left_ -= kSaltBytes;
  unsigned char* const salt = random_.data() + random_left_;
  std::string taken(reinterpret_cast<const char*>(salt), kSaltBytes);
  std::fill_n(salt, kSaltBytes, static_cast<unsigned char>(0));  // an erasure has to leave none
  return taken;
}

absl::Status AuditChain::ReadTail() {
  const auto last = LastAuditRecord(database_);
  if (!last.ok()) return last.status();
  Begin();
  if (*last) staged_ = {.index = (*last)->entry.index, .hash = (*last)->hash};
  Adopt();
  return absl::OkStatus();
}

void AuditChain::Adopt() {
  const std::lock_guard<std::mutex> lock(mutex_);
  durable_ = staged_;
}

AuditTail AuditChain::tail() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return durable_;
}

absl::StatusOr<AuditChain::SealedChange> AuditChain::Seal(const policy::SubjectKey& subject,
                                                          internal::v1::ConsentChange& change) {
  auto salt = NewSalt();
  if (!salt.ok()) return salt.status();
  change.set_audit_index(staged_.index + 1);
  change.set_audit_salt(*std::move(salt));
  SealedChange sealed;
  sealed.content = change.SerializeAsString();
  sealed.commitment = policy::CommitmentTo(OpeningOf(subject, sealed.content));
  return sealed;
}

absl::Status AuditChain::AppendEntry(uint32_t kind, int64_t time_us, const std::string& actor, const Sha256& commitment,
                                     rocksdb::WriteBatch& batch) {
  const std::string canonical = policy::CanonicalBytes(
      {.index = staged_.index + 1, .time_us = time_us, .kind = kind, .commitment = commitment, .actor = actor});
  const Sha256 hash = policy::ChainHash(staged_.hash, canonical);
  const std::string key = AuditKey(staged_.index + 1);
  const rocksdb::Status added =
      batch.Put(database_.family(Family::kAudit), key,
                database_.codec(Family::kAudit).Encode(key, absl::StrCat(policy::BytesOf(hash), canonical)));
  if (!added.ok()) return FromEngine(added, kAppending, database_.data_dir());
  staged_ = {.index = staged_.index + 1, .hash = hash};
  return absl::OkStatus();
}

absl::Status AuditChain::AppendChange(const internal::v1::ConsentChange& change, const Sha256& commitment,
                                      rocksdb::WriteBatch& batch) {
  return AppendEntry(static_cast<uint32_t>(change.kind()), change.time_us(), change.recorded_by(), commitment, batch);
}

absl::Status AuditChain::AppendImport(std::span<const Sha256> leaves, const std::string& actor, absl::Time now,
                                      rocksdb::WriteBatch& batch) {
  std::string joined;
  for (const Sha256& leaf : leaves) absl::StrAppend(&joined, policy::BytesOf(leaf));
  const std::string key = AuditKey(staged_.index + 1);
  const rocksdb::Status added =
      batch.Put(database_.family(Family::kAuditLeaves), key, database_.codec(Family::kAuditLeaves).Encode(key, joined));
  if (!added.ok()) return FromEngine(added, kAppending, database_.data_dir());
  return Append({.kind = AuditKind::kImport,
                 .actor = actor,
                 .sha256 = std::string(policy::BytesOf(policy::MerkleRoot(leaves))),
                 .number = leaves.size()},
                now, batch);
}

absl::Status AuditChain::Append(const GovernanceChange& change, absl::Time now, rocksdb::WriteBatch& batch) {
  auto salt = NewSalt();
  if (!salt.ok()) return salt.status();
  internal::v1::AuditDetail detail;
  detail.set_salt(*std::move(salt));
  detail.set_name(change.name);
  detail.set_version(change.version);
  detail.set_sha256(change.sha256);
  detail.set_number(change.number);
  const std::string opening = detail.SerializeAsString();
  const std::string key = AuditKey(staged_.index + 1);
  const rocksdb::Status added = batch.Put(database_.family(Family::kAuditOpening), key,
                                          database_.codec(Family::kAuditOpening).Encode(key, opening));
  if (!added.ok()) return FromEngine(added, kAppending, database_.data_dir());
  return AppendEntry(static_cast<uint32_t>(change.kind), absl::ToUnixMicros(now), change.actor,
                     policy::CommitmentTo(opening), batch);
}

absl::Status AuditChain::AppendIfNew(const GovernanceChange& change, absl::Time now, rocksdb::WriteBatch& batch) {
  rocksdb::ColumnFamilyHandle* const meta = database_.family(Family::kMeta);
  const std::string key = LastKeyOf(change.kind);
  std::string value;
  const rocksdb::Status read = database_.rocks().Get({}, meta, key, &value);
  if (!read.ok() && !read.IsNotFound()) return FromEngine(read, kAppending, database_.data_dir());
  if (read.ok()) {
    // One that cannot be read says nothing: the change is recorded once more.
    std::string opened;
    const auto last = database_.codec(Family::kMeta).Decode(key, value, opened);
    if (last.ok() && *last == change.sha256) return absl::OkStatus();
  }
  const rocksdb::Status added = batch.Put(meta, key, database_.codec(Family::kMeta).Encode(key, change.sha256));
  if (!added.ok()) return FromEngine(added, kAppending, database_.data_dir());
  return Append(change, now, batch);
}

}  // namespace assent::storage
