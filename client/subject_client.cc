#include "client/subject_client.h"

#include <utility>

#include "client/consent_client.h"
#include "client/unary_call.h"

namespace assent::client {
namespace {

using SubjectStub = v1::SubjectService::Stub;

template <typename Request, typename Response>
absl::StatusOr<Response> CallWrite(SubjectStub& stub,
                                   grpc::Status (SubjectStub::*method)(grpc::ClientContext*, const Request&, Response*),
                                   Request request, absl::Duration deadline) {
  if (request.request_id().empty()) request.set_request_id(RandomUuid());
  return CallUnary(stub, method, request, deadline);
}

}  // namespace

absl::StatusOr<SubjectClient> SubjectClient::Create(const ChannelOptions& options) {
  auto channel = OpenChannel(options);
  if (!channel.ok()) return channel.status();
  return SubjectClient(*std::move(channel), options.deadline);
}

SubjectClient::SubjectClient(std::shared_ptr<grpc::Channel> channel, absl::Duration deadline)
    : stub_(v1::SubjectService::NewStub(channel)), deadline_(deadline) {}

absl::StatusOr<v1::SetSegmentPreferenceResponse> SubjectClient::SetSegmentPreference(
    v1::SetSegmentPreferenceRequest request) const {
  return CallWrite(*stub_, &SubjectStub::SetSegmentPreference, std::move(request), deadline_);
}

absl::StatusOr<v1::ContestAssignmentResponse> SubjectClient::ContestAssignment(
    v1::ContestAssignmentRequest request) const {
  return CallWrite(*stub_, &SubjectStub::ContestAssignment, std::move(request), deadline_);
}

absl::StatusOr<v1::RestrictSubjectResponse> SubjectClient::RestrictSubject(v1::RestrictSubjectRequest request) const {
  return CallWrite(*stub_, &SubjectStub::RestrictSubject, std::move(request), deadline_);
}

absl::StatusOr<v1::MarkChildResponse> SubjectClient::MarkChild(v1::MarkChildRequest request) const {
  return CallWrite(*stub_, &SubjectStub::MarkChild, std::move(request), deadline_);
}

absl::StatusOr<v1::EraseSubjectResponse> SubjectClient::EraseSubject(v1::EraseSubjectRequest request) const {
  return CallWrite(*stub_, &SubjectStub::EraseSubject, std::move(request), deadline_);
}

absl::StatusOr<v1::ListSubjectSegmentsResponse> SubjectClient::ListSubjectSegments(
    const v1::ListSubjectSegmentsRequest& request) const {
  return CallUnary(*stub_, &SubjectStub::ListSubjectSegments, request, deadline_);
}

absl::Status SubjectClient::ExportSubject(const v1::ExportSubjectRequest& request,
                                          absl::FunctionRef<void(absl::string_view part)> sink) const {
  grpc::ClientContext context;
  SetDeadline(deadline_, context);
  const auto reader = stub_->ExportSubject(&context, request);
  v1::ExportSubjectResponse part;
  while (reader->Read(&part)) sink(part.chunk());
  return StatusFromRpc(reader->Finish());
}

}  // namespace assent::client
