#include "client/consent_client.h"

#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_format.h"
#include "client/unary_call.h"

namespace assent::client {
namespace {

using Stub = v1::ConsentService::Stub;

// The answer's consent token, if it has one, is kept.
template <typename Request, typename Response>
absl::StatusOr<Response> Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                              const Request& request, absl::Duration deadline, ConsentToken* token) {
  auto response = CallUnary(stub, method, request, deadline);
  if constexpr (requires(Response answer) { answer.consent_token(); }) {
    if (response.ok() && token != nullptr) token->Set(response->consent_token());
  }
  return response;
}

template <typename Request>
void FillRequestId(Request& request) {
  if (request.request_id().empty()) request.set_request_id(RandomUuid());
}

}  // namespace

std::string RandomUuid() {
  thread_local absl::BitGen generator;
  const uint64_t high = (absl::Uniform<uint64_t>(generator) & ~uint64_t{0xF000}) | 0x4000;
  const uint64_t low = (absl::Uniform<uint64_t>(generator) & ~(uint64_t{3} << 62)) | (uint64_t{2} << 62);
  return absl::StrFormat("%08x-%04x-%04x-%04x-%012x", high >> 32, (high >> 16) & 0xFFFF, high & 0xFFFF, low >> 48,
                         low & 0xFFFFFFFFFFFF);
}

absl::StatusOr<ConsentClient> ConsentClient::Create(const ChannelOptions& options,
                                                    std::shared_ptr<ConsentToken> token) {
  auto channel = OpenChannel(options);
  if (!channel.ok()) return channel.status();
  return ConsentClient(*std::move(channel), options.deadline, std::move(token));
}

ConsentClient::ConsentClient(std::shared_ptr<grpc::Channel> channel, absl::Duration deadline,
                             std::shared_ptr<ConsentToken> token)
    : stub_(v1::ConsentService::NewStub(channel)), deadline_(deadline), token_(std::move(token)) {}

absl::StatusOr<v1::RecordConsentResponse> ConsentClient::RecordConsent(v1::RecordConsentRequest request) const {
  FillRequestId(request);
  return Call(*stub_, &Stub::RecordConsent, request, deadline_, token_.get());
}

absl::StatusOr<v1::WithdrawConsentResponse> ConsentClient::WithdrawConsent(v1::WithdrawConsentRequest request) const {
  FillRequestId(request);
  return Call(*stub_, &Stub::WithdrawConsent, request, deadline_, token_.get());
}

absl::StatusOr<v1::OptOutResponse> ConsentClient::OptOut(v1::OptOutRequest request) const {
  FillRequestId(request);
  return Call(*stub_, &Stub::OptOut, request, deadline_, token_.get());
}

absl::StatusOr<v1::GetConsentResponse> ConsentClient::GetConsent(v1::GetConsentRequest request) const {
  return Call(*stub_, &Stub::GetConsent, request, deadline_, token_.get());
}

absl::StatusOr<v1::ListConsentHistoryResponse> ConsentClient::ListConsentHistory(
    v1::ListConsentHistoryRequest request) const {
  return Call(*stub_, &Stub::ListConsentHistory, request, deadline_, token_.get());
}

absl::StatusOr<v1::GetConsentReceiptResponse> ConsentClient::GetConsentReceipt(
    v1::GetConsentReceiptRequest request) const {
  return Call(*stub_, &Stub::GetConsentReceipt, request, deadline_, token_.get());
}

absl::StatusOr<v1::RegisterNoticeResponse> ConsentClient::RegisterNotice(v1::RegisterNoticeRequest request) const {
  return Call(*stub_, &Stub::RegisterNotice, request, deadline_, token_.get());
}

absl::StatusOr<v1::ListNoticesResponse> ConsentClient::ListNotices(v1::ListNoticesRequest request) const {
  return Call(*stub_, &Stub::ListNotices, request, deadline_, token_.get());
}

absl::StatusOr<v1::LinkSubjectsResponse> ConsentClient::LinkSubjects(v1::LinkSubjectsRequest request) const {
  FillRequestId(request);
  return Call(*stub_, &Stub::LinkSubjects, request, deadline_, token_.get());
}

absl::StatusOr<v1::UnlinkSubjectsResponse> ConsentClient::UnlinkSubjects(v1::UnlinkSubjectsRequest request) const {
  FillRequestId(request);
  return Call(*stub_, &Stub::UnlinkSubjects, request, deadline_, token_.get());
}

absl::StatusOr<v1::ImportConsentsResponse> ConsentClient::ImportConsents(
    std::span<v1::ImportConsentsRequest* const> messages) const {
  grpc::ClientContext context;
  SetDeadline(deadline_, context);
  v1::ImportConsentsResponse response;
  const auto writer = stub_->ImportConsents(&context, &response);
  for (const v1::ImportConsentsRequest* message : messages) {
    if (!writer->Write(*message)) break;  // Finish says why
  }
  writer->WritesDone();
  if (absl::Status status = StatusFromRpc(writer->Finish()); !status.ok()) return status;
  if (token_ != nullptr) token_->Set(response.consent_token());
  return response;
}

absl::Status ConsentClient::ExportConsents(
    const v1::ExportConsentsRequest& request,
    absl::FunctionRef<void(const v1::ExportConsentsResponse& response)> sink) const {
  grpc::ClientContext context;
  SetDeadline(deadline_, context);
  const auto reader = stub_->ExportConsents(&context, request);
  v1::ExportConsentsResponse response;
  while (reader->Read(&response)) sink(response);
  return StatusFromRpc(reader->Finish());
}

}  // namespace assent::client
