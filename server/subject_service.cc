#include "server/subject_service.h"

#include "server/subject_conversion.h"

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
  return Change(*context, ControlMethod::kMarkChild, *request, ReadChildMark, *response);
}

grpc::Status SubjectService::EraseSubject(grpc::ServerContext* context, const v1::EraseSubjectRequest* request,
                                          v1::EraseSubjectResponse* response) {
  return Change(*context, ControlMethod::kEraseSubject, *request, ReadErasure, *response);
}

}  // namespace assent::server
