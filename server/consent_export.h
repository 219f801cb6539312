// Everyone's consents, as a stream of rows that an import takes.
#ifndef ASSENT_SERVER_CONSENT_EXPORT_H_
#define ASSENT_SERVER_CONSENT_EXPORT_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "assent/v1/consent_service.pb.h"
#include "server/control_call.h"

namespace assent::server {

// Rows in a message.
inline constexpr int kExportedRowsMax = 1000;

// Shows the messages to `send`, at least one, until it says false: the caller has gone. Errors: FIELD_INVALID
// (after_pseudonym), and of the store, when what was sent is not all. Blocks on the disk, and on the caller.
absl::Status ExportRows(const ControlCall& call, const v1::ExportConsentsRequest& request,
                        absl::FunctionRef<bool(const v1::ExportConsentsResponse& response)> send);

}  // namespace assent::server

#endif  // ASSENT_SERVER_CONSENT_EXPORT_H_
