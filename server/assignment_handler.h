// What the data plane drives: one handler a polling thread, called with parsed messages.
#ifndef ASSENT_SERVER_ASSIGNMENT_HANDLER_H_
#define ASSENT_SERVER_ASSIGNMENT_HANDLER_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>

#include "assent/v1/assignment_service.pb.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/status.h"
#include "server/deferred_explanation.h"

namespace assent::server {

// The methods of AssignmentService, dense from 0, for counters.
enum class Method : uint8_t { kAssign = 0, kBatchAssign, kStreamAssign, kExplain, kRecordEvents };
inline constexpr int kMethodCount = 5;

// What a handler knows of one call.
struct CallContext {
  static constexpr int64_t kNoDeadline = std::numeric_limits<int64_t>::max();

  Method method = Method::kAssign;
  int64_t deadline_ns = kNoDeadline;  // on std::chrono::steady_clock
  int64_t start_ns = 0;               // on the same clock; the handler's own, for Finished
  // gRPC's, for as long as the call lasts: whom to ask who calls. Null only where nothing came over a wire.
  const grpc::ServerContext* server = nullptr;
  // Of a stream: the handler's own note of the principals by which it last judged the caller.
  uint64_t principals_version = 0;
  // Set by Explain where another thread makes the answer: what Explain returns, and its response, then mean nothing.
  std::shared_ptr<DeferredExplanation> deferred = nullptr;
};

// The work behind AssignmentService.
// Threads: every method of one handler is called on one polling thread, one at a time; none may block.
// Messages: a request is valid during the call. A response is the call object's own, as its last call left it: the
// handler sets or clears every field. That saves an allocation for each submessage that stays.
class AssignmentHandler {
 public:
  virtual ~AssignmentHandler() = default;

  // Between Awake and Idle the thread does not block, and may hold what published values gave it.
  virtual void Awake() {}
  virtual void Idle() {}

  virtual grpc::Status Assign(const v1::AssignRequest& request, v1::AssignResponse& response, CallContext& context) = 0;
  virtual grpc::Status BatchAssign(const v1::BatchAssignRequest& request, v1::BatchAssignResponse& response,
                                   CallContext& context) = 0;
  // May set context.deferred.
  virtual grpc::Status Explain(const v1::ExplainRequest& request, v1::ExplainResponse& response,
                               CallContext& context) = 0;

  virtual grpc::Status RecordEvents(const v1::RecordEventsRequest& /*request*/, v1::RecordEventsResponse& /*response*/,
                                    CallContext& /*context*/) {
    return {grpc::StatusCode::UNIMPLEMENTED, "this handler keeps no events"};
  }

  // A stream opens, answers each of its messages, one after the other, and ends with Finished. An error of either ends
  // the stream with that status; the response is not sent.
  virtual grpc::Status OpenStream(CallContext& context) = 0;
  virtual grpc::Status AnswerStream(const v1::StreamAssignRequest& request, v1::StreamAssignResponse& response,
                                    CallContext& context) = 0;

  // The status that refuses a call because as many are in flight as may be: calls_in_flight_max, or streams_max.
  virtual const grpc::Status& Overloaded(Method method) = 0;
  // The reply has left, or the caller is gone (CANCELLED). Called once for each call, refused ones included.
  virtual void Finished(const CallContext& /*context*/, grpc::StatusCode /*code*/) {}
};

// Makes the handler of polling thread `thread`, counted from 0. Called before the thread starts.
using AssignmentHandlerFactory = std::function<std::unique_ptr<AssignmentHandler>(int thread)>;

}  // namespace assent::server

#endif  // ASSENT_SERVER_ASSIGNMENT_HANDLER_H_
