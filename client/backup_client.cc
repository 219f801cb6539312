#include "client/backup_client.h"

#include <utility>

#include "absl/time/clock.h"
#include "client/rpc_error.h"

namespace assent::client {
namespace {

using BackupStub = v1::BackupService::Stub;

template <typename Request, typename Response>
absl::StatusOr<Response> CallBackups(BackupStub& stub,
                                     grpc::Status (BackupStub::*method)(grpc::ClientContext*, const Request&,
                                                                        Response*),
                                     const Request& request, absl::Duration deadline) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + deadline));
  Response response;
  if (absl::Status status = StatusFromRpc((stub.*method)(&context, request, &response)); !status.ok()) return status;
  return response;
}

}  // namespace

absl::StatusOr<BackupClient> BackupClient::Create(const ChannelOptions& options) {
  auto channel = OpenChannel(options);
  if (!channel.ok()) return channel.status();
  return BackupClient(*std::move(channel), options.deadline);
}

BackupClient::BackupClient(std::shared_ptr<grpc::Channel> channel, absl::Duration deadline)
    : stub_(v1::BackupService::NewStub(channel)), deadline_(deadline) {}

absl::StatusOr<v1::CreateBackupResponse> BackupClient::CreateBackup() const {
  return CallBackups(*stub_, &BackupStub::CreateBackup, v1::CreateBackupRequest(), deadline_);
}

absl::StatusOr<v1::ListBackupsResponse> BackupClient::ListBackups() const {
  return CallBackups(*stub_, &BackupStub::ListBackups, v1::ListBackupsRequest(), deadline_);
}

absl::StatusOr<v1::PurgeBackupsResponse> BackupClient::PurgeBackups(absl::Time limit) const {
  v1::PurgeBackupsRequest request;
  const int64_t seconds = absl::ToUnixSeconds(limit);
  request.mutable_create_time_before()->set_seconds(seconds);
  request.mutable_create_time_before()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(limit - absl::FromUnixSeconds(seconds))));
  return CallBackups(*stub_, &BackupStub::PurgeBackups, request, deadline_);
}

absl::StatusOr<v1::ReleaseRestoredResponse> BackupClient::ReleaseRestored() const {
  return CallBackups(*stub_, &BackupStub::ReleaseRestored, v1::ReleaseRestoredRequest(), deadline_);
}

}  // namespace assent::client
