// Errors: made with a reason and a field, carried as absl::Status, sent as grpc::Status with a google.rpc.ErrorInfo.
#ifndef ASSENT_SERVER_STATUS_CONVERSION_H_
#define ASSENT_SERVER_STATUS_CONVERSION_H_

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"
#include "server/reason.h"

namespace assent::server {

using ErrorMetadata = std::initializer_list<std::pair<absl::string_view, absl::string_view>>;

// An error for the caller. `field` is a path in the request, such as "subject.id", or empty. `message` says what is
// wrong and which limit holds, never a value of the request. `metadata` repeats the numbers that the message mentions.
// The caller reads "field: message" and the ErrorInfo {reason, domain "assent.v1", metadata with "field"}.
absl::Status MakeError(Reason reason, absl::string_view field, absl::string_view message, ErrorMetadata metadata = {});

// The same for a limit: its value appears in the message, after `message`, and in the metadata as "limit".
absl::Status MakeLimitError(Reason reason, absl::string_view field, absl::string_view message, uint64_t limit);

// The error with `prefix` put before its field, for a request inside a request. OK stays OK.
absl::Status WithFieldPrefix(const absl::Status& status, absl::string_view prefix);

// What MakeError was given; "INTERNAL" and "" for a status from elsewhere.
std::string ReasonOf(const absl::Status& status);
std::string FieldOf(const absl::Status& status);

// Only errors of MakeError keep their message. A status from elsewhere (an engine's, the library's) may hold anything,
// so it becomes INTERNAL with a fixed text: log its cause before you convert it.
grpc::Status ToGrpcStatus(const absl::Status& status);
google::rpc::Status ToRpcStatus(const absl::Status& status);

}  // namespace assent::server

#endif  // ASSENT_SERVER_STATUS_CONVERSION_H_
