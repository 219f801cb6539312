// What every write to a subject's record carries: the subject, request_id and etag.
#ifndef ASSENT_SERVER_CHANGE_FRAME_H_
#define ASSENT_SERVER_CHANGE_FRAME_H_

#include <utility>

#include "absl/status/status.h"
#include "server/configuration.h"
#include "server/consent_conversion.h"
#include "server/request_validation.h"
#include "storage/consent_request.h"

namespace assent::server {

// Checks the three fields of `request` and puts them into `out`, save the subject, which ControlCall puts there.
// Errors: those of MakeError, with the field and the limit.
template <typename Request>
absl::Status ReadChangeFrame(const Request& request, const RequestLimits& limits, storage::ConsentRequest& out) {
  if (absl::Status status = ValidateSubject(request.has_subject(), request.subject(), limits); !status.ok()) {
    return status;
  }
  auto id = RequestIdBytes(request.request_id());
  if (!id.ok()) return id.status();
  out.request_id = *std::move(id);
  if (request.etag().empty()) return absl::OkStatus();
  const auto revision = RevisionOf(request.etag());
  if (!revision.ok()) return revision.status();
  out.expected_revision = *revision;
  out.check_revision = true;
  return absl::OkStatus();
}

}  // namespace assent::server

#endif  // ASSENT_SERVER_CHANGE_FRAME_H_
