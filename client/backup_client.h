// A client of BackupService.
#ifndef ASSENT_CLIENT_BACKUP_CLIENT_H_
#define ASSENT_CLIENT_BACKUP_CLIENT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "assent/v1/backup_service.grpc.pb.h"
#include "client/channel.h"

namespace assent::client {

// Threads: safe. Errors of calls: as AssignmentClient; FailedPrecondition where the server makes no backups.
class BackupClient {
 public:
  // Errors: as OpenChannel.
  static absl::StatusOr<BackupClient> Create(const ChannelOptions& options);

  // Takes as long as copying what is new since the last one.
  absl::StatusOr<v1::CreateBackupResponse> CreateBackup() const;
  absl::StatusOr<v1::ListBackupsResponse> ListBackups() const;
  // Those that were made before `limit`.
  absl::StatusOr<v1::PurgeBackupsResponse> PurgeBackups(absl::Time limit) const;
  absl::StatusOr<v1::ReleaseRestoredResponse> ReleaseRestored() const;

 private:
  BackupClient(std::shared_ptr<grpc::Channel> channel, absl::Duration deadline);

  std::shared_ptr<v1::BackupService::Stub> stub_;
  absl::Duration deadline_;
};

}  // namespace assent::client

#endif  // ASSENT_CLIENT_BACKUP_CLIENT_H_
