#include "server/consent_service.h"

#include <utility>

#include "absl/time/clock.h"
#include "server/consent_conversion.h"
#include "server/consent_export.h"
#include "server/consent_import.h"
#include "server/request_validation.h"

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

template <typename Work>
grpc::Status ConsentService::ServeBulk(const grpc::ServerContext& context, ControlMethod method, const Work& work) {
  return call_.Serve(context, method, [&]() -> absl::Status {
    const int others = bulk_calls_.fetch_add(1, std::memory_order_relaxed);
    absl::Status status =
        others < kBulkCallsMax
            ? work()
            : MakeLimitError(Reason::kTooManyCalls, "", "imports and exports are under way, as many as", kBulkCallsMax);
    bulk_calls_.fetch_sub(1, std::memory_order_relaxed);
    return status;
  });
}

grpc::Status ConsentService::ImportConsents(grpc::ServerContext* context,
                                            grpc::ServerReader<v1::ImportConsentsRequest>* reader,
                                            v1::ImportConsentsResponse* response) {
  return ServeBulk(*context, ControlMethod::kImportConsents, [&]() -> absl::Status {
    ConsentImport import(call_, call_.PrincipalOf(*context, ControlMethod::kImportConsents));
    while (reader->Read(&import.Next())) {
      absl::Status status = call_.CheckRole(*context, ControlMethod::kImportConsents);
      if (status.ok()) status = import.Take(absl::Now());
      if (!status.ok()) return status;
    }
    return import.Finish(absl::Now(), *response);
  });
}

grpc::Status ConsentService::ExportConsents(grpc::ServerContext* context, const v1::ExportConsentsRequest* request,
                                            grpc::ServerWriter<v1::ExportConsentsResponse>* writer) {
  return ServeBulk(*context, ControlMethod::kExportConsents, [&] {
    return ExportRows(call_, *request,
                      [&](const v1::ExportConsentsResponse& response) { return writer->Write(response); });
  });
}

}  // namespace assent::server
