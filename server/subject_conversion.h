// Between the public messages of SubjectService and the store's values, with every check on the way in.
#ifndef ASSENT_SERVER_SUBJECT_CONVERSION_H_
#define ASSENT_SERVER_SUBJECT_CONVERSION_H_

#include "absl/status/statusor.h"
#include "assent/internal/v1/consent_record.pb.h"
#include "assent/v1/subject_service.pb.h"
#include "server/configuration.h"
#include "storage/consent_request.h"

namespace assent::server {

// The store's request, without `subject` and `recorded_by`, which ControlCall fills in.
// Errors: those of MakeError, with the field and the limit.
absl::StatusOr<storage::ConsentRequest> ReadSegmentPreference(const v1::SetSegmentPreferenceRequest& request,
                                                              const RequestLimits& limits);
absl::StatusOr<storage::ConsentRequest> ReadContest(const v1::ContestAssignmentRequest& request,
                                                    const RequestLimits& limits);
absl::StatusOr<storage::ConsentRequest> ReadRestriction(const v1::RestrictSubjectRequest& request,
                                                        const RequestLimits& limits);
absl::StatusOr<storage::ConsentRequest> ReadChildMark(const v1::MarkChildRequest& request, const RequestLimits& limits);
absl::StatusOr<storage::ConsentRequest> ReadErasure(const v1::EraseSubjectRequest& request,
                                                    const RequestLimits& limits);

void FillSubjectState(const internal::v1::ConsentRecord& record, v1::SubjectState& state);

}  // namespace assent::server

#endif  // ASSENT_SERVER_SUBJECT_CONVERSION_H_
