// Checks what callers send to AssignmentService, before anything is looked up.
#ifndef ASSENT_SERVER_REQUEST_VALIDATION_H_
#define ASSENT_SERVER_REQUEST_VALIDATION_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "assent/v1/assignment_service.pb.h"
#include "assent/v1/signals.pb.h"
#include "assent/v1/subject.pb.h"
#include "server/configuration.h"

namespace assent::server {

// Errors of all: those of MakeError, with the field and the limit. Cost when valid: no allocation.

// Everything of a request but its features, its events and its token: those are read later, features and events only
// with permission.
absl::Status ValidateAssign(const v1::AssignRequest& request, const RequestLimits& limits);
// Everything of a RecordEvents but its token and what the events say.
absl::Status ValidateRecordEvents(const v1::RecordEventsRequest& request, const RequestLimits& limits);
// Everything of a batch that is not one row's: purpose, context, namespace, and sizes that must agree.
absl::Status ValidateBatch(const v1::BatchAssignRequest& request, const RequestLimits& limits);

// `present`: the request has a subject at all. `field` names it.
absl::Status ValidateSubject(bool present, const v1::Subject& subject, const RequestLimits& limits,
                             absl::string_view field = "subject");
// Why `id` is no subject id. Precondition: it is none, and the namespace is well formed. `field` names it.
absl::Status SubjectIdError(absl::string_view field, absl::string_view id, const RequestLimits& limits);
absl::Status ValidateSelectionPurpose(v1::Purpose purpose);
// `field` is the path of `signals` in the request.
absl::Status ValidateSignals(absl::string_view field, const v1::PrivacySignals& signals);
// As long as a segment card may have it.
inline constexpr size_t kSegmentIdBytesMax = 128;
// A text that is stored as it came. Protobuf has checked that it is UTF-8. Without control characters it cannot be made
// to look like a record of the engine's log (docs/storage_format.md): the types of those are 1 to 4, and a line feed is
// 10. Nor does it then break a line where it is printed.
enum class LineFeeds : uint8_t { kRefused, kAllowed };
absl::Status ValidateText(absl::string_view field, absl::string_view text, size_t bytes_max,
                          LineFeeds line_feeds = LineFeeds::kRefused);
// ISO 3166-1 alpha-2 or 3166-2, or empty.
absl::Status ValidateJurisdiction(absl::string_view field, absl::string_view jurisdiction);

}  // namespace assent::server

#endif  // ASSENT_SERVER_REQUEST_VALIDATION_H_
