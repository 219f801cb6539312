#include "server/consent_service.h"

#include <utility>

#include "absl/time/clock.h"
#include "server/consent_conversion.h"
#include "server/request_validation.h"
#include "storage/subject_links.h"

namespace assent::server {

template <typename Response>
absl::Status ConsentService::Apply(const grpc::ServerContext& context, ControlMethod method, const v1::Subject& subject,
                                   absl::StatusOr<storage::ConsentRequest> change, Response& response) const {
  const auto result = call_.Apply(context, method, subject, std::move(change));
  if (!result.ok()) return result.status();
  FillConsent(result->record, *response.mutable_consent());
  response.set_consent_token(call_.TokenOf(result->point));
  return absl::OkStatus();
}

template <typename Request, typename Response>
absl::Status ConsentService::ApplyLink(const grpc::ServerContext& context, ControlMethod method, const Request& request,
                                       absl::StatusOr<storage::ConsentRequest> change, Response& response) const {
  if (change.ok() && request.has_linked()) change->linked = call_.KeyOf(request.linked());
  const auto result = call_.Apply(context, method, request.subject(), std::move(change));
  if (!result.ok()) return result.status();
  FillConsent(result->record, *response.mutable_consent());
  response.set_consent_token(call_.TokenOf(result->point));
  response.set_links(static_cast<uint32_t>(storage::LinkCount(result->record)));
  return absl::OkStatus();
}

grpc::Status ConsentService::RecordConsent(grpc::ServerContext* context, const v1::RecordConsentRequest* request,
                                           v1::RecordConsentResponse* response) {
  return call_.Serve(*context, ControlMethod::kRecordConsent, [&] {
    return Apply(*context, ControlMethod::kRecordConsent, request->subject(),
                 ReadGrant(*request, call_.limits(), absl::Now()), *response);
  });
}

grpc::Status ConsentService::WithdrawConsent(grpc::ServerContext* context, const v1::WithdrawConsentRequest* request,
                                             v1::WithdrawConsentResponse* response) {
  return call_.Serve(*context, ControlMethod::kWithdrawConsent, [&] {
    return Apply(*context, ControlMethod::kWithdrawConsent, request->subject(),
                 ReadWithdrawal(*request, call_.limits()), *response);
  });
}

grpc::Status ConsentService::OptOut(grpc::ServerContext* context, const v1::OptOutRequest* request,
                                    v1::OptOutResponse* response) {
  return call_.Serve(*context, ControlMethod::kOptOut, [&] {
    return Apply(*context, ControlMethod::kOptOut, request->subject(), ReadOptOut(*request, call_.limits()), *response);
  });
}

grpc::Status ConsentService::GetConsent(grpc::ServerContext* context, const v1::GetConsentRequest* request,
                                        v1::GetConsentResponse* response) {
  return call_.Serve(*context, ControlMethod::kGetConsent, [&]() -> absl::Status {
    absl::Status valid = ValidateSubject(request->has_subject(), request->subject(), call_.limits());
    if (!valid.ok()) return valid;
    const auto result = call_.Read(request->subject());
    if (!result.ok()) return result.status();
    FillConsent(result->record, *response->mutable_consent());
    response->set_consent_token(call_.TokenOf(result->point));
    return absl::OkStatus();
  });
}

grpc::Status ConsentService::LinkSubjects(grpc::ServerContext* context, const v1::LinkSubjectsRequest* request,
                                          v1::LinkSubjectsResponse* response) {
  return call_.Serve(*context, ControlMethod::kLinkSubjects, [&] {
    return ApplyLink(*context, ControlMethod::kLinkSubjects, *request, ReadLink(*request, call_.limits()), *response);
  });
}

grpc::Status ConsentService::UnlinkSubjects(grpc::ServerContext* context, const v1::UnlinkSubjectsRequest* request,
                                            v1::UnlinkSubjectsResponse* response) {
  return call_.Serve(*context, ControlMethod::kUnlinkSubjects, [&] {
    return ApplyLink(*context, ControlMethod::kUnlinkSubjects, *request, ReadUnlink(*request, call_.limits()),
                     *response);
  });
}

}  // namespace assent::server
