// A client of SubjectService: a person's controls, with writes that are safe to retry.
#ifndef ASSENT_CLIENT_SUBJECT_CLIENT_H_
#define ASSENT_CLIENT_SUBJECT_CLIENT_H_

#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "assent/v1/subject_service.grpc.pb.h"
#include "client/channel.h"

namespace assent::client {

// Threads: safe. Errors of calls: as ConsentClient; ResourceExhausted where the record holds as many preferences as it
// can. A write without a request_id gets a random one, so that a retry inside the call cannot apply it twice.
class SubjectClient {
 public:
  // Errors: as OpenChannel.
  static absl::StatusOr<SubjectClient> Create(const ChannelOptions& options);

  absl::StatusOr<v1::SetSegmentPreferenceResponse> SetSegmentPreference(v1::SetSegmentPreferenceRequest request) const;
  absl::StatusOr<v1::ContestAssignmentResponse> ContestAssignment(v1::ContestAssignmentRequest request) const;
  absl::StatusOr<v1::RestrictSubjectResponse> RestrictSubject(v1::RestrictSubjectRequest request) const;
  absl::StatusOr<v1::MarkChildResponse> MarkChild(v1::MarkChildRequest request) const;
  absl::StatusOr<v1::EraseSubjectResponse> EraseSubject(v1::EraseSubjectRequest request) const;
  absl::StatusOr<v1::ListSubjectSegmentsResponse> ListSubjectSegments(
      const v1::ListSubjectSegmentsRequest& request) const;
  // Shows the document in parts, in their order. After an error, what was shown is not all of it.
  absl::Status ExportSubject(const v1::ExportSubjectRequest& request,
                             absl::FunctionRef<void(absl::string_view part)> sink) const;

 private:
  SubjectClient(std::shared_ptr<grpc::Channel> channel, absl::Duration deadline);

  std::shared_ptr<v1::SubjectService::Stub> stub_;
  absl::Duration deadline_;
};

}  // namespace assent::client

#endif  // ASSENT_CLIENT_SUBJECT_CLIENT_H_
