#include "server/backup_service.h"

#include "absl/time/clock.h"
#include "server/consent_conversion.h"
#include "server/log.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

absl::Status NoBackups() {
  return MakeError(Reason::kBackupsOff, "", "the server makes no backups: its configuration names no backup_dir");
}

// The backup store's error as the caller may see it. Logs what is the operator's business.
absl::Status ReportBackupError(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
      return MakeError(Reason::kBackupUnderWay, "",
                       "another backup is being made, or the server ends; try again later");
    case absl::StatusCode::kResourceExhausted:
      return MakeLimitError(Reason::kBackupsFull, "",
                            "there are as many backups as there may be:", storage::kBackupsMax);
    default:
      break;
  }
  Log(Severity::kError, "backup_failed", {{"code", status.code()}, {"cause", OperatorText(status.message())}});
  if (absl::IsUnavailable(status)) {
    return MakeError(Reason::kStorageUnavailable, "", "the disk refused; no backup was made or purged, try again");
  }
  return MakeError(Reason::kInternal, "", "internal error; the server's log has the cause");
}

void FillBackup(const storage::Backup& backup, v1::Backup& out) {
  out.set_id(backup.id);
  FillTime(backup.made, *out.mutable_create_time());
  out.set_bytes(backup.bytes);
  out.set_sequence(backup.point.sequence);
}

absl::StatusOr<absl::Time> ReadLimit(const v1::PurgeBackupsRequest& request, absl::Time now) {
  constexpr absl::string_view kField = "create_time_before";
  if (!request.has_create_time_before()) return MakeError(Reason::kFieldRequired, kField, "is required");
  const google::protobuf::Timestamp& stamp = request.create_time_before();
  if (stamp.nanos() < 0 || stamp.nanos() > 999'999'999 || stamp.seconds() < 0 ||
      stamp.seconds() > absl::ToUnixSeconds(now)) {
    return MakeError(Reason::kValueOutOfRange, kField, "must be a time since 1970, at the latest now");
  }
  return absl::FromUnixSeconds(stamp.seconds()) + absl::Nanoseconds(stamp.nanos());
}

}  // namespace

grpc::Status BackupService::CreateBackup(grpc::ServerContext* context, const v1::CreateBackupRequest*,
                                         v1::CreateBackupResponse* response) {
  return call_.Serve(*context, ControlMethod::kCreateBackup, [&]() -> absl::Status {
    if (backups_ == nullptr) return NoBackups();
    const auto backup = backups_->Create(database_, call_.store(), absl::Now());
    if (!backup.ok()) return ReportBackupError(backup.status());
    Log(Severity::kInfo, "backup_made",
        {{"id", backup->id}, {"bytes", backup->bytes}, {"sequence", backup->point.sequence}});
    FillBackup(*backup, *response->mutable_backup());
    return absl::OkStatus();
  });
}

grpc::Status BackupService::ListBackups(grpc::ServerContext* context, const v1::ListBackupsRequest*,
                                        v1::ListBackupsResponse* response) {
  return call_.Serve(*context, ControlMethod::kListBackups, [&]() -> absl::Status {
    if (backups_ == nullptr) return NoBackups();
    for (const storage::Backup& backup : backups_->List()) FillBackup(backup, *response->add_backups());
    return absl::OkStatus();
  });
}

grpc::Status BackupService::PurgeBackups(grpc::ServerContext* context, const v1::PurgeBackupsRequest* request,
                                         v1::PurgeBackupsResponse* response) {
  return call_.Serve(*context, ControlMethod::kPurgeBackups, [&]() -> absl::Status {
    if (backups_ == nullptr) return NoBackups();
    const auto limit = ReadLimit(*request, absl::Now());
    if (!limit.ok()) return limit.status();
    const auto purged = backups_->Purge(*limit);
    if (!purged.ok()) return ReportBackupError(purged.status());
    Log(Severity::kInfo, "backups_purged", {{"backups", *purged}});
    response->set_purged(static_cast<uint32_t>(*purged));
    return absl::OkStatus();
  });
}

grpc::Status BackupService::ReleaseRestored(grpc::ServerContext* context, const v1::ReleaseRestoredRequest*,
                                            v1::ReleaseRestoredResponse* response) {
  return call_.Serve(*context, ControlMethod::kReleaseRestored, [&]() -> absl::Status {
    const auto was_closed =
        call_.store().Release(absl::Now(), call_.PrincipalOf(*context, ControlMethod::kReleaseRestored));
    if (!was_closed.ok()) return ReportStoreError(was_closed.status());
    if (*was_closed) Log(Severity::kInfo, "restored_data_released", {});
    response->set_was_closed(*was_closed);
    return absl::OkStatus();
  });
}

}  // namespace assent::server
