#include "server/audit_conversion.h"

#include <string>

#include "assent/internal/v1/audit_record.pb.h"
#include "policy/merkle_tree.h"
#include "server/consent_conversion.h"

namespace assent::server {
namespace {

std::string StringOf(const policy::Sha256& hash) { return std::string(policy::BytesOf(hash)); }

void FillInclusion(const storage::AuditedChange& audited, v1::AuditInclusion& inclusion) {
  const size_t leaf = audited.change.audit_leaf();
  inclusion.set_leaf_index(leaf);
  inclusion.set_tree_size(audited.leaves.size());
  for (const policy::Sha256& beside : policy::MerklePath(audited.leaves, leaf)) inclusion.add_path(StringOf(beside));
  inclusion.set_root(StringOf(policy::MerkleRoot(audited.leaves)));
}

}  // namespace

void FillAuditEntry(const storage::AuditRecord& record, v1::AuditEntry& entry) {
  entry.set_index(record.entry.index);
  FillTime(absl::FromUnixMicros(record.entry.time_us), *entry.mutable_time());
  entry.set_kind(static_cast<v1::AuditEntryKind>(record.entry.kind));
  entry.set_actor(record.entry.actor);
  entry.set_commitment(StringOf(record.entry.commitment));
  entry.set_hash(StringOf(record.hash));
}

void FillAuditOpening(absl::string_view opening, v1::AuditEntry& entry) {
  internal::v1::AuditDetail detail;
  if (opening.empty() || !detail.ParseFromArray(opening.data(), static_cast<int>(opening.size()))) return;
  entry.set_opening(opening.data(), opening.size());
  entry.mutable_detail()->set_name(detail.name());
  entry.mutable_detail()->set_version(detail.version());
  entry.mutable_detail()->set_sha256(detail.sha256());
  entry.mutable_detail()->set_number(detail.number());
}

void FillAuditedChange(const storage::AuditedChange& audited, v1::AuditEntry& entry) {
  FillAuditEntry(audited.record, entry);
  entry.set_opening(audited.opening);
  FillChange(audited.revision, audited.change, *entry.mutable_change());
  if (!audited.leaves.empty()) FillInclusion(audited, *entry.mutable_inclusion());
}

}  // namespace assent::server
