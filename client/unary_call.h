// One unary call with a deadline, as every client of the library makes it.
#ifndef ASSENT_CLIENT_UNARY_CALL_H_
#define ASSENT_CLIENT_UNARY_CALL_H_

#include <grpcpp/grpcpp.h>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/rpc_error.h"

namespace assent::client {

inline void SetDeadline(absl::Duration deadline, grpc::ClientContext& context) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + deadline));
}

// Shape: `method` is one of the stub's synchronous methods. Errors: as StatusFromRpc. Threads: safe on one stub.
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> CallUnary(Stub& stub,
                                   grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                   const Request& request, absl::Duration deadline) {
  grpc::ClientContext context;
  SetDeadline(deadline, context);
  Response response;
  if (absl::Status status = StatusFromRpc((stub.*method)(&context, request, &response)); !status.ok()) return status;
  return response;
}

}  // namespace assent::client

#endif  // ASSENT_CLIENT_UNARY_CALL_H_
