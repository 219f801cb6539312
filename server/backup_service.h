// BackupService on the control plane: backups of the data, and the release of a restored folder.
#ifndef ASSENT_SERVER_BACKUP_SERVICE_H_
#define ASSENT_SERVER_BACKUP_SERVICE_H_

#include "assent/v1/backup_service.grpc.pb.h"
#include "server/control_call.h"
#include "storage/backup_store.h"
#include "storage/database.h"

namespace assent::server {

// Threads: safe. Ownership: borrows what `call` borrows, and the two others. `backups`: null where there are none.
class BackupService final : public v1::BackupService::Service {
 public:
  BackupService(const ControlCall& call, storage::Database& database, storage::BackupStore* backups)
      : call_(call), database_(database), backups_(backups) {}

  grpc::Status CreateBackup(grpc::ServerContext* context, const v1::CreateBackupRequest* request,
                            v1::CreateBackupResponse* response) override;
  grpc::Status ListBackups(grpc::ServerContext* context, const v1::ListBackupsRequest* request,
                           v1::ListBackupsResponse* response) override;
  grpc::Status PurgeBackups(grpc::ServerContext* context, const v1::PurgeBackupsRequest* request,
                            v1::PurgeBackupsResponse* response) override;
  grpc::Status ReleaseRestored(grpc::ServerContext* context, const v1::ReleaseRestoredRequest* request,
                               v1::ReleaseRestoredResponse* response) override;

 private:
  const ControlCall call_;
  storage::Database& database_;
  storage::BackupStore* const backups_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_BACKUP_SERVICE_H_
