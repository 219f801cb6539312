// A line of an export of the audit log: always the same bytes for the same entry, so that no byte can be changed
// unseen.
#ifndef ASSENT_CLIENT_AUDIT_LINE_H_
#define ASSENT_CLIENT_AUDIT_LINE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "policy/audit_entry.h"
#include "policy/sha256.h"
#include "policy/signature.h"

namespace assent::client {

struct AuditLine {
  policy::AuditEntry entry;
  policy::Sha256 hash = {};
  std::string opening;  // what the entry is committed to; empty: it is not shown
};

// What a checkpoint says.
struct CheckpointFacts {
  uint64_t index = 0;
  policy::Sha256 hash = {};
  int64_t time_us = 0;
  uint64_t epoch = 0;
};

// With its line end.
std::string RenderAuditLine(const AuditLine& line);
std::string RenderCheckpointLine(const std::string& signed_json);

// The kind as a line names it: "grant". A number where this version has no name for it.
std::string AuditKindName(uint32_t kind);

// Errors: DataLoss where no export has that line.
absl::StatusOr<AuditLine> ParseAuditLine(absl::string_view line);
// The signed JSON of a line that RenderCheckpointLine made. Nothing for other lines. Errors: DataLoss where it is one
// and not as it was made.
absl::StatusOr<std::optional<std::string>> ParseCheckpointLine(absl::string_view line);

// Errors: those of VerifiedJson; InvalidArgument where it is signed and no checkpoint.
absl::StatusOr<CheckpointFacts> VerifyCheckpoint(const std::string& signed_json, const policy::VerifyingKey& key);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_AUDIT_LINE_H_
