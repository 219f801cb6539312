#include "server/key_service.h"

#include "absl/strings/str_format.h"
#include "server/log.h"
#include "server/status_conversion.h"
#include "storage/key_file.h"
#include "storage/sealing_rotation.h"

namespace assent::server {
namespace {

constexpr absl::string_view kKeyFileField = "sealing_key_file";

// The error of a rotation as the caller may see it. Logs what is the operator's business.
absl::Status ReportRotationError(const absl::Status& status) {
  if (absl::IsCancelled(status)) {
    return MakeError(Reason::kRotationUnderWay, "", "the server ends; rotate again when it is back");
  }
  Log(Severity::kError, "sealing_rotation_failed",
      {{"code", status.code()}, {"cause", OperatorText(status.message())}});
  switch (status.code()) {
    case absl::StatusCode::kFailedPrecondition:
      return MakeError(Reason::kSealingKeysRefused, kKeyFileField,
                       "lacks a key that something is sealed with; put it back, the server's log names it");
    case absl::StatusCode::kAborted:
      return MakeError(Reason::kRotationUnderWay, "", "something is still sealed with another key; rotate again");
    case absl::StatusCode::kUnavailable:
      return MakeError(Reason::kStorageUnavailable, "", "the disk refused; the older keys are still needed, try again");
    default:
      return MakeError(Reason::kInternal, "", "internal error; the server's log has the cause");
  }
}

void FillRotation(const storage::SealingRotation& rotation, uint32_t current, v1::RotateSealingKeysResponse& out) {
  out.set_rewritten_values(rotation.rewritten);
  out.set_unsealed_values(rotation.not_sealed);
  out.set_unreadable_values(rotation.unreadable);
  auto values = rotation.values;
  values.try_emplace(current, 0);
  for (const auto& [id, count] : values) {
    v1::SealingKeyUse& key = *out.add_keys();
    key.set_key_id(absl::StrFormat("%08x", id));
    key.set_values(count);
    key.set_current(id == current);
  }
}

}  // namespace

absl::Status KeyService::Rotate(v1::RotateSealingKeysResponse& response) {
  if (sealing_key_file_.empty()) {
    return MakeError(Reason::kSealingOff, "", "nothing is sealed: the configuration names no sealing_key_file");
  }
  const std::unique_lock rotating(rotating_, std::try_to_lock);
  if (!rotating.owns_lock()) {
    return MakeError(Reason::kRotationUnderWay, "", "another rotation is under way; try again later");
  }
  const auto ring = storage::ReadSealingKeys(sealing_key_file_);
  if (!ring.ok()) {
    Log(Severity::kError, "sealing_keys_refused", {{"cause", OperatorText(ring.status().message())}});
    return MakeError(Reason::kSealingKeysRefused, kKeyFileField, "cannot be used; the server's log says why");
  }
  const auto rotation = storage::RotateSealing(database_, call_.store(), *ring, stop_);
  if (!rotation.ok()) return ReportRotationError(rotation.status());
  Log(Severity::kInfo, "sealing_keys_rotated",
      {{"rewritten", rotation->rewritten}, {"unreadable", rotation->unreadable}});
  FillRotation(*rotation, ring->sealing_key_id(), response);
  return absl::OkStatus();
}

grpc::Status KeyService::RotateSealingKeys(grpc::ServerContext* context, const v1::RotateSealingKeysRequest*,
                                           v1::RotateSealingKeysResponse* response) {
  return call_.Serve(*context, ControlMethod::kRotateSealingKeys, [&] { return Rotate(*response); });
}

}  // namespace assent::server
