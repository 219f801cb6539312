// An entry of the audit log: its bytes, and the hashes that chain it. docs/storage_format.md has the layout for those
// who verify it with a program of their own.
#ifndef ASSENT_POLICY_AUDIT_ENTRY_H_
#define ASSENT_POLICY_AUDIT_ENTRY_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "policy/sha256.h"

namespace assent::policy {

// It says nothing of a person: who it is about stands in what the commitment was made of, which an erasure shreds.
struct AuditEntry {
  uint64_t index = 0;   // from 1, without gaps
  int64_t time_us = 0;  // since 1970
  uint32_t kind = 0;    // assent.v1.AuditEntryKind
  Sha256 commitment{};  // CommitmentTo
  std::string actor;    // the principal that asked
};

// The bytes that are hashed, always the same for the same entry. An actor of more than kAuditActorBytesMax is cut.
std::string CanonicalBytes(const AuditEntry& entry);
// Nothing where no entry has these bytes.
std::optional<AuditEntry> AuditEntryFromBytes(absl::string_view bytes);

inline constexpr size_t kAuditActorBytesMax = 4096;
// Before the actor.
inline constexpr size_t kAuditHeadBytes = 56;

// The hash of the entry and of all before it. `before`: that of the entry before; of the first one, zeros.
Sha256 ChainHash(const Sha256& before, absl::string_view canonical_bytes);

// Hides the opening, and binds to it. Random bytes must be in it, or whoever guesses it knows it.
Sha256 CommitmentTo(absl::string_view opening);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_AUDIT_ENTRY_H_
