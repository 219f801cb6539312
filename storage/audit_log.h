// The audit log as it is read: its entries, what they are committed to, and the checkpoints that were signed.
#ifndef ASSENT_STORAGE_AUDIT_LOG_H_
#define ASSENT_STORAGE_AUDIT_LOG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "assent/internal/v1/consent_record.pb.h"
#include "policy/audit_entry.h"
#include "policy/sha256.h"
#include "policy/subject.h"
#include "storage/database.h"

namespace assent::storage {

class ConsentStore;

// An entry as it stands in the log.
struct AuditRecord {
  policy::AuditEntry entry;
  policy::Sha256 hash = {};  // of it and all before, as it was written
};

// A change of one person with the entry that is committed to it.
struct AuditedChange {
  AuditRecord record;
  uint64_t revision = 0;
  internal::v1::ConsentChange change;
  std::string opening;  // of the change
  // Of an import: the commitments of all changes of its batch, of which audit_leaf says which is this one's.
  std::vector<policy::Sha256> leaves;
};

// All read what is on the disk, and may be used beside commits. Threads: safe. Errors: DataLoss, FailedPrecondition (of
// a newer version), Unavailable.

// Shows the entries after an index, ascending, until `visitor` says false.
absl::Status ReadAuditLog(Database& database, uint64_t after, absl::FunctionRef<bool(const AuditRecord&)> visitor);
// Nothing where there is no such entry.
absl::StatusOr<std::optional<AuditRecord>> FindAuditRecord(Database& database, uint64_t index);
absl::StatusOr<std::optional<AuditRecord>> LastAuditRecord(Database& database);
// What the entry is committed to, where it is about no person; empty for others.
absl::StatusOr<std::string> FindAuditOpening(Database& database, uint64_t index);
// Shows the changes of a person after a revision, ascending, until `visitor` says false; those of before there was an
// audit log are left out. None after an erasure.
absl::Status ReadAuditOf(Database& database, const policy::SubjectKey& subject, uint64_t after,
                         absl::FunctionRef<bool(const AuditedChange&)> visitor);

// What an entry is committed to of a change: the subject, and the change as it is stored.
std::string OpeningOf(const policy::SubjectKey& subject, absl::string_view change);

// The checkpoint that was made last, as it was signed; empty where there is none.
struct StoredCheckpoint {
  uint64_t index = 0;
  std::string signed_json;
};
absl::StatusOr<StoredCheckpoint> LastCheckpoint(Database& database);
// On the disk when it returns, instead of one of the same entry. Takes the turn among the commits. Errors: Unavailable.
absl::Status StoreCheckpoint(Database& database, ConsentStore& store, uint64_t index, const std::string& signed_json);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_AUDIT_LOG_H_
