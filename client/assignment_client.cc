#include "client/assignment_client.h"

#include <utility>

#include "client/rpc_error.h"

namespace assent::client {

absl::StatusOr<AssignmentClient> AssignmentClient::Create(const ChannelOptions& options,
                                                          std::shared_ptr<ConsentToken> token) {
  auto channel = OpenChannel(options);
  if (!channel.ok()) return channel.status();
  return AssignmentClient(*std::move(channel), options.deadline, std::move(token));
}

AssignmentClient::AssignmentClient(std::shared_ptr<grpc::Channel> channel, absl::Duration deadline,
                                   std::shared_ptr<ConsentToken> token)
    : stub_(v1::AssignmentService::NewStub(channel)), deadline_(deadline), token_(std::move(token)) {}

std::string AssignmentClient::TokenFor(const std::string& given) const {
  return given.empty() && token_ != nullptr ? token_->Get() : given;
}

absl::StatusOr<v1::AssignResponse> AssignmentClient::Assign(v1::AssignRequest request) const {
  request.set_consent_token(TokenFor(request.consent_token()));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + deadline_));
  v1::AssignResponse response;
  if (absl::Status status = StatusFromRpc(stub_->Assign(&context, request, &response)); !status.ok()) return status;
  return response;
}

absl::StatusOr<v1::BatchAssignResponse> AssignmentClient::BatchAssign(v1::BatchAssignRequest request) const {
  request.set_consent_token(TokenFor(request.consent_token()));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + deadline_));
  v1::BatchAssignResponse response;
  if (absl::Status status = StatusFromRpc(stub_->BatchAssign(&context, request, &response)); !status.ok()) {
    return status;
  }
  return response;
}

absl::StatusOr<v1::ExplainResponse> AssignmentClient::Explain(v1::ExplainRequest request) const {
  if (request.has_request()) {
    request.mutable_request()->set_consent_token(TokenFor(request.request().consent_token()));
  }
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + deadline_));
  v1::ExplainResponse response;
  if (absl::Status status = StatusFromRpc(stub_->Explain(&context, request, &response)); !status.ok()) return status;
  return response;
}

absl::StatusOr<v1::RecordEventsResponse> AssignmentClient::RecordEvents(v1::RecordEventsRequest request) const {
  request.set_consent_token(TokenFor(request.consent_token()));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + deadline_));
  v1::RecordEventsResponse response;
  if (absl::Status status = StatusFromRpc(stub_->RecordEvents(&context, request, &response)); !status.ok()) {
    return status;
  }
  return response;
}

AssignmentClient::AssignStream AssignmentClient::StreamAssign(absl::Duration deadline) const {
  AssignStream stream;
  stream.token_ = token_;
  stream.context_ = std::make_unique<grpc::ClientContext>();
  stream.context_->set_deadline(absl::ToChronoTime(absl::Now() + deadline));
  stream.stream_ = stub_->StreamAssign(stream.context_.get());
  return stream;
}

bool AssignmentClient::AssignStream::Write(v1::StreamAssignRequest request) {
  if (token_ != nullptr && request.request().consent_token().empty()) {
    request.mutable_request()->set_consent_token(token_->Get());
  }
  return stream_->Write(request);
}

void AssignmentClient::AssignStream::WritesDone() { stream_->WritesDone(); }

bool AssignmentClient::AssignStream::Read(v1::StreamAssignResponse& response) { return stream_->Read(&response); }

absl::Status AssignmentClient::AssignStream::Finish() { return StatusFromRpc(stream_->Finish()); }

}  // namespace assent::client
