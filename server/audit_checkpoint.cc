#include "server/audit_checkpoint.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/signed_document.h"
#include "storage/audit_log.h"

namespace assent::server {

absl::StatusOr<AuditCheckpoint> AuditCheckpoints::Make(absl::Time now) const {
  AuditCheckpoint checkpoint{.tail = store_.audit_tail(), .signed_json = {}};
  const std::string json =
      absl::StrCat(R"({"schema":")", kCheckpointSchema, R"(","epoch":)", database_.epoch(), R"(,"index":)",
                   checkpoint.tail.index, R"(,"hash":")", absl::BytesToHexString(policy::BytesOf(checkpoint.tail.hash)),
                   R"(","time_us":)", absl::ToUnixMicros(now), "}");
  checkpoint.signed_json = SignDocument(kCheckpointSchema, json, *key_);
  absl::Status stored = storage::StoreCheckpoint(database_, store_, checkpoint.tail.index, checkpoint.signed_json);
  if (!stored.ok()) return stored;
  return checkpoint;
}

}  // namespace assent::server
