// Errors of calls as absl::Status, with the server's ErrorInfo readable.
#ifndef ASSENT_CLIENT_RPC_ERROR_H_
#define ASSENT_CLIENT_RPC_ERROR_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

namespace assent::client {

// The same code and message; the ErrorInfo of `grpc-status-details-bin`, where there is one, becomes a payload.
absl::Status StatusFromRpc(const grpc::Status& status);
// The same for an error inside an answer (StreamAssign).
absl::Status StatusFromProto(const google::rpc::Status& status);

// The ErrorInfo that the server sent, or nothing.
std::optional<google::rpc::ErrorInfo> ErrorInfoOf(const absl::Status& status);
// Its reason, such as "FEATURE_UNKNOWN"; docs/errors.md lists them. Empty where the server sent none.
std::string ReasonOf(const absl::Status& status);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_RPC_ERROR_H_
