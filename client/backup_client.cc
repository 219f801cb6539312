#include "client/backup_client.h"

#include <utility>

#include "client/unary_call.h"

namespace assent::client {
namespace {

using BackupStub = v1::BackupService::Stub;

}  // namespace

absl::StatusOr<BackupClient> BackupClient::Create(const ChannelOptions& options) {
  auto channel = OpenChannel(options);
  if (!channel.ok()) return channel.status();
  return BackupClient(*std::move(channel), options.deadline);
}

BackupClient::BackupClient(std::shared_ptr<grpc::Channel> channel, absl::Duration deadline)
    : stub_(v1::BackupService::NewStub(channel)), deadline_(deadline) {}

absl::StatusOr<v1::CreateBackupResponse> BackupClient::CreateBackup() const {
  return CallUnary(*stub_, &BackupStub::CreateBackup, v1::CreateBackupRequest(), deadline_);
}

absl::StatusOr<v1::ListBackupsResponse> BackupClient::ListBackups() const {
  return CallUnary(*stub_, &BackupStub::ListBackups, v1::ListBackupsRequest(), deadline_);
}

absl::StatusOr<v1::PurgeBackupsResponse> BackupClient::PurgeBackups(absl::Time limit) const {
  v1::PurgeBackupsRequest request;
  const int64_t seconds = absl::ToUnixSeconds(limit);
  request.mutable_create_time_before()->set_seconds(seconds);
  request.mutable_create_time_before()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(limit - absl::FromUnixSeconds(seconds))));
  return CallUnary(*stub_, &BackupStub::PurgeBackups, request, deadline_);
}

absl::StatusOr<v1::ReleaseRestoredResponse> BackupClient::ReleaseRestored() const {
  return CallUnary(*stub_, &BackupStub::ReleaseRestored, v1::ReleaseRestoredRequest(), deadline_);
}

}  // namespace assent::client
