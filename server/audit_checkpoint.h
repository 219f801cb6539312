// Signed statements of where the audit log ends.
#ifndef ASSENT_SERVER_AUDIT_CHECKPOINT_H_
#define ASSENT_SERVER_AUDIT_CHECKPOINT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "policy/signature.h"
#include "storage/consent_store.h"
#include "storage/database.h"

namespace assent::server {

inline constexpr char kCheckpointSchema[] = "assent.v1.AuditCheckpoint";

struct AuditCheckpoint {
  storage::AuditTail tail;
  std::string signed_json;  // as GetAuditCheckpoint answers it
};

// Threads: safe. Ownership: borrows all; `key`: null where the server signs nothing.
class AuditCheckpoints {
 public:
  AuditCheckpoints(storage::Database& database, storage::ConsentStore& store, const policy::SigningKey* key)
      : database_(database), store_(store), key_(key) {}

  // Null: none can be made.
  const policy::SigningKey* key() const { return key_; }
  // Signs the end of what is on the disk, and stores that. One of the same entry replaces the one before. Precondition:
  // there is a key. Errors: Unavailable. Blocks on the disk.
  absl::StatusOr<AuditCheckpoint> Make(absl::Time now) const;

 private:
  storage::Database& database_;
  storage::ConsentStore& store_;
  const policy::SigningKey* const key_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_AUDIT_CHECKPOINT_H_
