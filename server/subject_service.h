// SubjectService on the control plane: what the person at the other end may ask for.
#ifndef ASSENT_SERVER_SUBJECT_SERVICE_H_
#define ASSENT_SERVER_SUBJECT_SERVICE_H_

#include <string>

#include "absl/status/statusor.h"
#include "assent/v1/subject_service.grpc.pb.h"
#include "server/control_call.h"
#include "server/decision_listing.h"
#include "server/disclosure_settings.h"
#include "server/subject_view.h"

namespace assent::server {

// Threads: safe. Ownership: borrows what `call` borrows, and the others. `decisions`: null: none were ever logged.
class SubjectService final : public v1::SubjectService::Service {
 public:
  SubjectService(const ControlCall& call, SubjectView& view, const DisclosureSettings& disclosure,
                 DecisionListing* decisions = nullptr)
      : call_(call), view_(view), disclosure_(disclosure), decisions_(decisions) {}

  grpc::Status SetSegmentPreference(grpc::ServerContext* context, const v1::SetSegmentPreferenceRequest* request,
                                    v1::SetSegmentPreferenceResponse* response) override;
  grpc::Status ContestAssignment(grpc::ServerContext* context, const v1::ContestAssignmentRequest* request,
                                 v1::ContestAssignmentResponse* response) override;
  grpc::Status RestrictSubject(grpc::ServerContext* context, const v1::RestrictSubjectRequest* request,
                               v1::RestrictSubjectResponse* response) override;
  grpc::Status MarkChild(grpc::ServerContext* context, const v1::MarkChildRequest* request,
                         v1::MarkChildResponse* response) override;
  grpc::Status EraseSubject(grpc::ServerContext* context, const v1::EraseSubjectRequest* request,
                            v1::EraseSubjectResponse* response) override;
  grpc::Status ListSubjectSegments(grpc::ServerContext* context, const v1::ListSubjectSegmentsRequest* request,
                                   v1::ListSubjectSegmentsResponse* response) override;
  grpc::Status ExportSubject(grpc::ServerContext* context, const v1::ExportSubjectRequest* request,
                             grpc::ServerWriter<v1::ExportSubjectResponse>* writer) override;
  grpc::Status GetDisclosure(grpc::ServerContext* context, const v1::GetDisclosureRequest* request,
                             v1::GetDisclosureResponse* response) override;

 private:
  // Serves a write: `read` makes the store's change of the request.
  template <typename Request, typename Response, typename Reader>
  grpc::Status Change(const grpc::ServerContext& context, ControlMethod method, const Request& request,
                      const Reader& read, Response& response) const;

  // The document of an export.
  absl::StatusOr<std::string> Export(const v1::ExportSubjectRequest& request) const;

  const ControlCall call_;
  SubjectView& view_;
  const DisclosureSettings& disclosure_;
  DecisionListing* const decisions_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_SUBJECT_SERVICE_H_
