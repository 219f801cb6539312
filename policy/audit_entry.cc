#include "policy/audit_entry.h"

#include <algorithm>

namespace assent::policy {
namespace {

// With the zero behind it, so that no label is the beginning of another.
constexpr absl::string_view kEntryLabel("assent.audit.entry.v1", sizeof("assent.audit.entry.v1"));
constexpr absl::string_view kCommitmentLabel("assent.audit.commitment.v1", sizeof("assent.audit.commitment.v1"));

void PutLittleEndian(uint64_t number, int bytes, std::string& out) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>((number >> (8 * i)) & 0xFF));
}

uint64_t GetLittleEndian(absl::string_view bytes) {
  uint64_t number = 0;
  for (size_t i = 0; i < bytes.size(); ++i) number |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
  return number;
}

}  // namespace

std::string CanonicalBytes(const AuditEntry& entry) {
  const absl::string_view actor = absl::string_view(entry.actor).substr(0, kAuditActorBytesMax);
  std::string bytes;
  bytes.reserve(kAuditHeadBytes + actor.size());
  PutLittleEndian(entry.index, 8, bytes);
  PutLittleEndian(static_cast<uint64_t>(entry.time_us), 8, bytes);
  PutLittleEndian(entry.kind, 4, bytes);
  PutLittleEndian(actor.size(), 4, bytes);
  bytes.append(BytesOf(entry.commitment).data(), kSha256Bytes);
  bytes.append(actor.data(), actor.size());
  return bytes;
}

std::optional<AuditEntry> AuditEntryFromBytes(absl::string_view bytes) {
  if (bytes.size() < kAuditHeadBytes || bytes.size() > kAuditHeadBytes + kAuditActorBytesMax) return std::nullopt;
  if (GetLittleEndian(bytes.substr(20, 4)) != bytes.size() - kAuditHeadBytes) return std::nullopt;
  AuditEntry entry;
  entry.index = GetLittleEndian(bytes.substr(0, 8));
  entry.time_us = static_cast<int64_t>(GetLittleEndian(bytes.substr(8, 8)));
  entry.kind = static_cast<uint32_t>(GetLittleEndian(bytes.substr(16, 4)));
  entry.commitment = *Sha256FromBytes(bytes.substr(24, kSha256Bytes));
  entry.actor = std::string(bytes.substr(kAuditHeadBytes));
  return entry;
}

Sha256 ChainHash(const Sha256& before, absl::string_view canonical_bytes) {
  return Sha256Of({kEntryLabel, BytesOf(before), canonical_bytes});
}

Sha256 CommitmentTo(absl::string_view opening) { return Sha256Of({kCommitmentLabel, opening}); }

}  // namespace assent::policy
