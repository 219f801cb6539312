#include "server/consent_service.h"

#include <chrono>
#include <utility>

#include "absl/time/clock.h"
#include "server/consent_conversion.h"
#include "server/consent_token.h"
#include "server/log.h"
#include "server/request_validation.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr absl::string_view kControlPaths[kControlMethodCount] = {
    "/assent.v1.ConsentService/RecordConsent", "/assent.v1.ConsentService/WithdrawConsent",
    "/assent.v1.ConsentService/OptOut", "/assent.v1.ConsentService/GetConsent"};

absl::string_view PathOf(ControlMethod method) { return kControlPaths[static_cast<size_t>(method)]; }

// What the caller may do something about is not the operator's business.
void LogStoreError(const absl::Status& status) {
  if (status.code() == absl::StatusCode::kAborted || status.code() == absl::StatusCode::kNotFound) return;
  const auto message = status.message();
  Log(Severity::kError, "consent_store_failed", {{"code", status.code()}, {"cause", OperatorText(message)}});
}

}  // namespace

template <typename Work>
grpc::Status ConsentService::Serve(const grpc::ServerContext& context, ControlMethod method, const Work& work) const {
  const Clock::time_point start = Clock::now();
  const absl::string_view path = PathOf(method);
  const bool allowed = authorizer_.AllowsEveryone(path) || authorizer_.Allows(path, *context.auth_context());
  const absl::Status status =
      allowed ? work() : MakeError(Reason::kRoleRequired, "", "the caller holds no role that may call this");
  metrics_.CountCall(method, static_cast<grpc::StatusCode>(status.code()), Clock::now() - start);
  return ToGrpcStatus(status);
}

template <typename Response>
absl::Status ConsentService::Apply(const grpc::ServerContext& context, ControlMethod method, const v1::Subject& subject,
                                   absl::StatusOr<storage::ConsentRequest> change, Response& response) const {
  if (!change.ok()) return change.status();
  change->subject = KeyOf(subject);
  change->recorded_by = authorizer_.PrincipalFor(PathOf(method), *context.auth_context());
  const Clock::time_point start = Clock::now();
  const auto result = store_.Apply(*std::move(change), absl::Now());
  if (!result.ok()) {
    LogStoreError(result.status());
    return StoreError(result.status());
  }
  metrics_.CountWrite(Clock::now() - start);
  FillConsent(result->record, *response.mutable_consent());
  response.set_consent_token(ConsentTokenCodec(pseudonymizer_).Encode(result->point));
  return absl::OkStatus();
}

policy::SubjectKey ConsentService::KeyOf(const v1::Subject& subject) const {
  return pseudonymizer_.Pseudonymize(policy::RawSubject(subject.namespace_(), subject.id()));
}

grpc::Status ConsentService::RecordConsent(grpc::ServerContext* context, const v1::RecordConsentRequest* request,
                                           v1::RecordConsentResponse* response) {
  return Serve(*context, ControlMethod::kRecordConsent, [&] {
    return Apply(*context, ControlMethod::kRecordConsent, request->subject(), ReadGrant(*request, limits_, absl::Now()),
                 *response);
  });
}

grpc::Status ConsentService::WithdrawConsent(grpc::ServerContext* context, const v1::WithdrawConsentRequest* request,
                                             v1::WithdrawConsentResponse* response) {
  return Serve(*context, ControlMethod::kWithdrawConsent, [&] {
    return Apply(*context, ControlMethod::kWithdrawConsent, request->subject(), ReadWithdrawal(*request, limits_),
                 *response);
  });
}

grpc::Status ConsentService::OptOut(grpc::ServerContext* context, const v1::OptOutRequest* request,
                                    v1::OptOutResponse* response) {
  return Serve(*context, ControlMethod::kOptOut, [&] {
    return Apply(*context, ControlMethod::kOptOut, request->subject(), ReadOptOut(*request, limits_), *response);
  });
}

grpc::Status ConsentService::GetConsent(grpc::ServerContext* context, const v1::GetConsentRequest* request,
                                        v1::GetConsentResponse* response) {
  return Serve(*context, ControlMethod::kGetConsent, [&]() -> absl::Status {
    absl::Status valid = ValidateSubject(request->has_subject(), request->subject(), limits_);
    if (!valid.ok()) return valid;
    const auto result = store_.Get(KeyOf(request->subject()));
    if (!result.ok()) {
      LogStoreError(result.status());
      return StoreError(result.status());
    }
    FillConsent(result->record, *response->mutable_consent());
    response->set_consent_token(ConsentTokenCodec(pseudonymizer_).Encode(result->point));
    return absl::OkStatus();
  });
}

}  // namespace assent::server
