#include "client/oversight_client.h"

#include "absl/time/clock.h"
#include "client/rpc_error.h"

namespace assent::client {

absl::StatusOr<OversightClient> OversightClient::Create(const ChannelOptions& options) {
  auto channel = OpenChannel(options);
  if (!channel.ok()) return channel.status();
  return OversightClient(*std::move(channel), options.deadline);
}

OversightClient::OversightClient(std::shared_ptr<grpc::Channel> channel, absl::Duration deadline)
    : stub_(v1::OversightService::NewStub(channel)), deadline_(deadline) {}

absl::StatusOr<v1::ListAuditEntriesResponse> OversightClient::ListAuditEntries(
    const v1::ListAuditEntriesRequest& request) const {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + deadline_));
  v1::ListAuditEntriesResponse response;
  absl::Status status = StatusFromRpc(stub_->ListAuditEntries(&context, request, &response));
  if (!status.ok()) return status;
  return response;
}

absl::StatusOr<v1::GetAuditCheckpointResponse> OversightClient::GetAuditCheckpoint() const {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + deadline_));
  v1::GetAuditCheckpointResponse response;
  absl::Status status = StatusFromRpc(stub_->GetAuditCheckpoint(&context, {}, &response));
  if (!status.ok()) return status;
  return response;
}

}  // namespace assent::client
