#include "client/oversight_client.h"

#include "client/unary_call.h"

namespace assent::client {
namespace {

using OversightStub = v1::OversightService::Stub;

}  // namespace

absl::StatusOr<OversightClient> OversightClient::Create(const ChannelOptions& options) {
  auto channel = OpenChannel(options);
  if (!channel.ok()) return channel.status();
  return OversightClient(*std::move(channel), options.deadline);
}

OversightClient::OversightClient(std::shared_ptr<grpc::Channel> channel, absl::Duration deadline)
    : stub_(v1::OversightService::NewStub(channel)), deadline_(deadline) {}

absl::StatusOr<v1::ListAuditEntriesResponse> OversightClient::ListAuditEntries(
    const v1::ListAuditEntriesRequest& request) const {
  return CallUnary(*stub_, &OversightStub::ListAuditEntries, request, deadline_);
}

absl::StatusOr<v1::GetAuditCheckpointResponse> OversightClient::GetAuditCheckpoint() const {
  return CallUnary(*stub_, &OversightStub::GetAuditCheckpoint, v1::GetAuditCheckpointRequest(), deadline_);
}

absl::StatusOr<v1::ListDecisionsResponse> OversightClient::ListDecisions(
    const v1::ListDecisionsRequest& request) const {
  return CallUnary(*stub_, &OversightStub::ListDecisions, request, deadline_);
}

}  // namespace assent::client
