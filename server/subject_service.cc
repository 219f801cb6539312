#include "server/subject_service.h"

#include "absl/time/clock.h"
#include "server/request_validation.h"
#include "server/status_conversion.h"
#include "server/subject_conversion.h"
#include "server/subject_export.h"

namespace assent::server {

template <typename Request, typename Response, typename Reader>
grpc::Status SubjectService::Change(const grpc::ServerContext& context, ControlMethod method, const Request& request,
                                    const Reader& read, Response& response) const {
  return call_.Serve(context, method, [&]() -> absl::Status {
    const auto result = call_.Apply(context, method, request.subject(), read(request, call_.limits()));
    if (!result.ok()) return result.status();
    FillSubjectState(result->record, *response.mutable_state());
    response.set_consent_token(call_.TokenOf(result->point));
    return absl::OkStatus();
  });
}

grpc::Status SubjectService::SetSegmentPreference(grpc::ServerContext* context,
                                                  const v1::SetSegmentPreferenceRequest* request,
                                                  v1::SetSegmentPreferenceResponse* response) {
  return Change(*context, ControlMethod::kSetSegmentPreference, *request, ReadSegmentPreference, *response);
}

grpc::Status SubjectService::ContestAssignment(grpc::ServerContext* context,
                                               const v1::ContestAssignmentRequest* request,
                                               v1::ContestAssignmentResponse* response) {
  return Change(*context, ControlMethod::kContestAssignment, *request, ReadContest, *response);
}

grpc::Status SubjectService::RestrictSubject(grpc::ServerContext* context, const v1::RestrictSubjectRequest* request,
                                             v1::RestrictSubjectResponse* response) {
  return Change(*context, ControlMethod::kRestrictSubject, *request, ReadRestriction, *response);
}

grpc::Status SubjectService::MarkChild(grpc::ServerContext* context, const v1::MarkChildRequest* request,
                                       v1::MarkChildResponse* response) {
  // Whom others protect as a child must not be able to say that there is no child.
  const auto read = [&](const v1::MarkChildRequest& mark,
                        const RequestLimits& limits) -> absl::StatusOr<storage::ConsentRequest> {
    if (mark.has_child() && !mark.child()) {
      if (absl::Status status = call_.RequireRole(*context, v1::ROLE_PRIVACY); !status.ok()) return status;
    }
    return ReadChildMark(mark, limits);
  };
  return Change(*context, ControlMethod::kMarkChild, *request, read, *response);
}

grpc::Status SubjectService::EraseSubject(grpc::ServerContext* context, const v1::EraseSubjectRequest* request,
                                          v1::EraseSubjectResponse* response) {
  return Change(*context, ControlMethod::kEraseSubject, *request, ReadErasure, *response);
}

grpc::Status SubjectService::ListSubjectSegments(grpc::ServerContext* context,
                                                 const v1::ListSubjectSegmentsRequest* request,
                                                 v1::ListSubjectSegmentsResponse* response) {
  return call_.Serve(*context, ControlMethod::kListSubjectSegments, [&]() -> absl::Status {
    absl::Status valid = ValidateSubject(request->has_subject(), request->subject(), call_.limits());
    if (!valid.ok()) return valid;
    const auto phrases = PhrasesFor(request->language());
    if (!phrases.ok()) return phrases.status();
    return view_.ListSegments(request->subject(), **phrases, absl::ToUnixMicros(absl::Now()), *response);
  });
}

absl::StatusOr<std::string> SubjectService::Export(const v1::ExportSubjectRequest& request) const {
  absl::Status valid = ValidateSubject(request.has_subject(), request.subject(), call_.limits());
  if (!valid.ok()) return valid;
  const policy::SubjectKey subject = call_.KeyOf(request.subject());
  const absl::Time now = absl::Now();
  v1::SubjectExport document;
  if (decisions_ != nullptr) {
    if (absl::Status listed = decisions_->FillExport(subject, now, document); !listed.ok()) return listed;
  }
  const auto result = call_.Read(subject);
  // Refusals of a stranger may be logged, too.
  if (!result.ok() && document.decisions().empty()) return result.status();
  if (result.ok()) {
    absl::Status filled = FillExport(call_.store(), subject, result->record, now, document);
    if (!filled.ok()) return ReportStoreError(filled);
  } else if (ReasonOf(result.status()) != FactsOf(Reason::kConsentNotFound).name) {
    return result.status();
  }
  view_.FillProfiles(subject, absl::ToUnixMicros(now), document);
  return ExportText(document, request.format());
}

grpc::Status SubjectService::ExportSubject(grpc::ServerContext* context, const v1::ExportSubjectRequest* request,
                                           grpc::ServerWriter<v1::ExportSubjectResponse>* writer) {
  return call_.Serve(*context, ControlMethod::kExportSubject, [&]() -> absl::Status {
    const auto text = Export(*request);
    if (!text.ok()) return text.status();
    ForEachChunk(*text, [&](absl::string_view part) {
      v1::ExportSubjectResponse response;
      response.set_chunk(part.data(), part.size());
      return writer->Write(response);  // false: the caller has gone
    });
    return absl::OkStatus();
  });
}

grpc::Status SubjectService::GetDisclosure(grpc::ServerContext* context, const v1::GetDisclosureRequest*,
                                           v1::GetDisclosureResponse* response) {
  return call_.Serve(*context, ControlMethod::kGetDisclosure, [&] {
    *response->mutable_disclosure() = view_.Disclose(disclosure_);
    return absl::OkStatus();
  });
}

}  // namespace assent::server
