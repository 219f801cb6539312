#include "client/audit_verifier.h"

#include "absl/strings/str_cat.h"

namespace assent::client {

absl::Status AuditVerifier::Add(absl::string_view line) {
  if (signed_) return absl::DataLossError("the line stands behind the checkpoint, which is the last one");
  const auto checkpoint = ParseCheckpointLine(line);
  if (!checkpoint.ok()) return checkpoint.status();
  if (*checkpoint) return AddCheckpoint(**checkpoint);
  const auto entry = ParseAuditLine(line);
  return entry.ok() ? AddEntry(*entry) : entry.status();
}

absl::Status AuditVerifier::AddEntry(const AuditLine& line) {
  if (line.entry.index != last_ + 1) {
    return absl::DataLossError(absl::StrCat("entry ", line.entry.index, " stands where entry ", last_ + 1,
                                            " has to: entries are missing, were put in or stand in another order"));
  }
  const policy::Sha256 hash = policy::ChainHash(hash_, policy::CanonicalBytes(line.entry));
  if (hash != line.hash) {
    return absl::DataLossError("the hash does not fit: this entry was changed, or put in place of another");
  }
  if (!line.opening.empty() && policy::CommitmentTo(line.opening) != line.entry.commitment) {
    return absl::DataLossError("the opening is not what the entry is committed to");
  }
  if (kept_ && kept_->index == line.entry.index && kept_->hash != hash) {
    return absl::DataLossError(
        "the checkpoint that was kept names another hash: the log was rewritten up to here, or the data were restored "
        "from a backup that is older than the checkpoint");
  }
  last_ = line.entry.index;
  hash_ = hash;
  return absl::OkStatus();
}

absl::Status AuditVerifier::AddCheckpoint(const std::string& signed_json) {
  const auto facts = VerifyCheckpoint(signed_json, key_);
  if (!facts.ok()) return facts.status();
  if (facts->index != last_ || facts->hash != hash_) {
    return absl::DataLossError(
        absl::StrCat("the checkpoint is of entry ", facts->index, " and its hash, and not of the entry before it"));
  }
  signed_ = *facts;
  return absl::OkStatus();
}

absl::Status AuditVerifier::Finish() const {
  if (!signed_) return absl::DataLossError("the end is missing: the last line has to be a checkpoint");
  if (kept_ && kept_->index > last_) {
    return absl::DataLossError(absl::StrCat("the end is missing: there was an entry ", kept_->index,
                                            ", of which the checkpoint was kept, and the last one is ", last_));
  }
  return absl::OkStatus();
}

}  // namespace assent::client
