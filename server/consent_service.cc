#include "server/consent_service.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "server/consent_conversion.h"
#include "server/consent_export.h"
#include "server/consent_import.h"
#include "server/consent_receipt.h"
#include "server/grant_conversion.h"
#include "server/notice_conversion.h"
#include "server/page.h"
#include "server/request_validation.h"
#include "storage/packed_state.h"
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

absl::StatusOr<storage::ConsentRequest> ConsentService::ReadGrantUnderNotice(v1::RecordConsentRequest request) const {
  // Before the signals are read: what Global Privacy Control objects to depends on the place.
  if (request.has_signals() && request.jurisdiction().empty() && request.signals().jurisdiction().empty()) {
    if (auto notice = notices_.Terms(request.notice_id(), request.notice_version())) {
      request.set_jurisdiction(std::move(notice->jurisdiction));
    }
  }
  auto grant = ReadGrant(request, call_.limits(), signals_, jurisdictions_, absl::Now());
  if (!grant.ok() || grant->terms.notice_id.empty()) return grant;
  if (absl::Status status = BindNotice(notices_, *grant); !status.ok()) return status;
  return grant;
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
    return Apply(*context, ControlMethod::kRecordConsent, request->subject(), ReadGrantUnderNotice(*request),
                 *response);
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

absl::Status ConsentService::ListHistory(const v1::ListConsentHistoryRequest& request,
                                         v1::ListConsentHistoryResponse& response) const {
  absl::Status status = ValidateSubject(request.has_subject(), request.subject(), call_.limits());
  if (!status.ok()) return status;
  const auto page = ReadPage(request.page_size(), request.page_token());
  if (!page.ok()) return page.status();
  const policy::SubjectKey subject = call_.KeyOf(request.subject());
  size_t bytes = 0;
  const auto add = [&](uint64_t revision, const internal::v1::ConsentChange& change) {
    if (static_cast<size_t>(response.changes_size()) == page->size || bytes >= kPageBytes) {
      response.set_next_page_token(PageTokenOf(response.changes().rbegin()->revision()));
      return false;
    }
    FillChange(revision, change, *response.add_changes());
    bytes += response.changes().rbegin()->ByteSizeLong();
    return true;
  };
  return ReportStoreError(call_.store().History(subject, page->last, add));
}

grpc::Status ConsentService::ListConsentHistory(grpc::ServerContext* context,
                                                const v1::ListConsentHistoryRequest* request,
                                                v1::ListConsentHistoryResponse* response) {
  return call_.Serve(*context, ControlMethod::kListConsentHistory, [&] { return ListHistory(*request, *response); });
}

absl::Status ConsentService::IssueReceipt(const v1::GetConsentReceiptRequest& request,
                                          v1::GetConsentReceiptResponse& response) const {
  absl::Status valid = ValidateSubject(request.has_subject(), request.subject(), call_.limits());
  if (!valid.ok()) return valid;
  if (signing_key_ == nullptr) {
    return MakeError(Reason::kReceiptsNotConfigured, "", "this server has no signing key for receipts");
  }
  const policy::SubjectKey subject = call_.KeyOf(request.subject());
  const auto result = call_.Read(subject);
  if (!result.ok()) return result.status();
  response.set_receipt(SignReceipt(MakeConsentReceipt(subject, result->record, notices_, absl::Now()), *signing_key_));
  response.set_public_key_pem(signing_key_->verifying().ToPem());
  return absl::OkStatus();
}

grpc::Status ConsentService::GetConsentReceipt(grpc::ServerContext* context,
                                               const v1::GetConsentReceiptRequest* request,
                                               v1::GetConsentReceiptResponse* response) {
  return call_.Serve(*context, ControlMethod::kGetConsentReceipt, [&] { return IssueReceipt(*request, *response); });
}

absl::Status ConsentService::Register(const grpc::ServerContext& context, const v1::Notice& notice,
                                      v1::Notice& registered) const {
  auto record = ReadNotice(notice, absl::Now());
  if (!record.ok()) return record.status();
  record->set_recorded_by(call_.PrincipalOf(context, ControlMethod::kRegisterNotice));
  const auto made = notices_.Register(*std::move(record));
  if (!made.ok()) return ReportNoticeError(made.status());
  FillNotice(*made, registered);
  return absl::OkStatus();
}

grpc::Status ConsentService::RegisterNotice(grpc::ServerContext* context, const v1::RegisterNoticeRequest* request,
                                            v1::RegisterNoticeResponse* response) {
  return call_.Serve(*context, ControlMethod::kRegisterNotice,
                     [&] { return Register(*context, request->notice(), *response->mutable_notice()); });
}

absl::Status ConsentService::List(const v1::ListNoticesRequest& request, v1::ListNoticesResponse& response) const {
  const auto page = ReadPage(request.page_size(), request.page_token());
  if (!page.ok()) return page.status();
  const auto last = static_cast<uint16_t>(std::min<uint64_t>(page->last, storage::kNoticeOrdinalMax));
  size_t bytes = 0;
  uint16_t ordinal = 0;
  for (const storage::RegisteredNotice& notice : notices_.List(request.notice_id(), last, page->size + 1)) {
    if (static_cast<size_t>(response.notices_size()) == page->size || bytes >= kPageBytes) {
      response.set_next_page_token(PageTokenOf(ordinal));
      break;
    }
    FillNotice(notice, *response.add_notices());
    bytes += response.notices().rbegin()->ByteSizeLong();
    ordinal = notice.ordinal;
  }
  return absl::OkStatus();
}

grpc::Status ConsentService::ListNotices(grpc::ServerContext* context, const v1::ListNoticesRequest* request,
                                         v1::ListNoticesResponse* response) {
  return call_.Serve(*context, ControlMethod::kListNotices, [&] { return List(*request, *response); });
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
    ConsentImport import(call_, notices_, call_.PrincipalOf(*context, ControlMethod::kImportConsents));
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
