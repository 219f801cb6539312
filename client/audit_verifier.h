// Verifies an export of the audit log, line by line, without a server.
#ifndef ASSENT_CLIENT_AUDIT_VERIFIER_H_
#define ASSENT_CLIENT_AUDIT_VERIFIER_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/audit_line.h"
#include "policy/signature.h"

namespace assent::client {

// An export is all entries from the first on, one a line, and a checkpoint of the last one as its last line. What is
// found: any byte that is another, is missing or was put in, any line that was, and any other order of them; a missing
// end where a checkpoint is given that was kept elsewhere. Not found: what somebody did who holds the signing key. A
// value: a copy goes on from where the original stood. Threads: one at a time.
class AuditVerifier {
 public:
  // `kept`: a checkpoint that was kept elsewhere, which the export has to continue.
  explicit AuditVerifier(policy::VerifyingKey key, std::optional<CheckpointFacts> kept = std::nullopt)
      : key_(std::move(key)), kept_(kept) {}

  // The next line, with its line end. After an error it takes no other. Errors: DataLoss, which says what is wrong with
  // this line; FailedPrecondition (signed with another key).
  absl::Status Add(absl::string_view line);
  // There is no other line. Errors: DataLoss.
  absl::Status Finish() const;

  uint64_t entries() const { return last_; }
  // Of the last line; of use when Finish is OK.
  const CheckpointFacts& checkpoint() const { return *signed_; }

 private:
  absl::Status AddEntry(const AuditLine& line);
  absl::Status AddCheckpoint(const std::string& signed_json);

  policy::VerifyingKey key_;
  std::optional<CheckpointFacts> kept_;
  uint64_t last_ = 0;
  policy::Sha256 hash_ = {};
  std::optional<CheckpointFacts> signed_;
};

}  // namespace assent::client

#endif  // ASSENT_CLIENT_AUDIT_VERIFIER_H_
