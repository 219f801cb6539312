// One unary call on a completion queue: waits for a caller, handles, replies, and is used again.
#ifndef ASSENT_SERVER_UNARY_CALL_H_
#define ASSENT_SERVER_UNARY_CALL_H_

#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "grpcpp/server_context.h"
#include "grpcpp/support/async_unary_call.h"
#include "server/call_deadline.h"
#include "server/call_store.h"
#include "server/polling_thread.h"

namespace assent::server {

// A method: its messages, the members of service and handler that stand for it, the calls that are kept waiting, and
// kKeptBytes (see call_store.h).
template <typename RequestMessage, typename ResponseMessage, Method kOfMethod, auto kRequestCall, auto kHandleCall,
          size_t kWaitingCalls, size_t kBytes>
struct UnaryRpc {
  using Request = RequestMessage;
  using Response = ResponseMessage;
  static constexpr Method kMethod = kOfMethod;
  static constexpr size_t kWaiting = kWaitingCalls;
  static constexpr size_t kKeptBytes = kBytes;
  static void Post(AssignmentAsyncService& service, grpc::ServerContext* context, Request* request,
                   grpc::ServerAsyncResponseWriter<Response>* writer, grpc::ServerCompletionQueue* queue, void* tag) {
    (service.*kRequestCall)(context, request, writer, queue, queue, tag);
  }
  static grpc::Status Handle(AssignmentHandler& handler, const Request& request, Response& response,
                             CallContext& context) {
    return (handler.*kHandleCall)(request, response, context);
  }
};

// `Rpc`: a UnaryRpc.
template <typename Rpc>
class UnaryCallPool final : public CallPool {
 public:
  explicit UnaryCallPool(PollingShare& share) : share_(share), calls_(Rpc::kWaiting) {
    for (size_t i = 0; i < Rpc::kWaiting; ++i) Post();
  }

 private:
  class Call final : public QueueEvent, public WaitingCall {
   public:
    explicit Call(UnaryCallPool& pool) : pool_(pool) {}

    void Post() {
      replying_ = false;
      server_context_.emplace();
      responder_.emplace(&*server_context_);
      auto* queue = pool_.share_.queue;
      Rpc::Post(*pool_.share_.service, &*server_context_, &request_, &*responder_, queue, this);
    }

    void Proceed(bool ok) override {
      if (context_.deferred != nullptr) return TakeDeferred();
      if (replying_) {
        pool_.share_.handler->Finished(context_, ok ? code_ : grpc::StatusCode::CANCELLED);
        return pool_.Ended(*this);
      }
      if (!ok) return;  // the server is shut down; the pool frees this call with itself
      if (pool_.share_.closing) {
        // The queue takes no reply any more: the call ends with its context, when the pool goes.
        context_ = {.method = Rpc::kMethod};
        return pool_.share_.handler->Finished(context_, grpc::StatusCode::CANCELLED);
      }
      pool_.Accepted(*this);
    }

    // Lets go of the caller, whose connection the context holds, and of what is too large to keep.
    void Clear() {
      FreeIfLarge(request_, request_.ByteSizeLong(), Rpc::kKeptBytes);
      FreeIfLarge(response_, static_cast<size_t>(response_.GetCachedSize()), Rpc::kKeptBytes);
      responder_.reset();
      server_context_.reset();
    }

    void Handle(bool overloaded) {
      context_ = {.method = Rpc::kMethod, .deadline_ns = SteadyDeadline(server_context_->raw_deadline())};
      context_.server = &*server_context_;
      AssignmentHandler& handler = *pool_.share_.handler;
      grpc::Status status =
          overloaded ? handler.Overloaded(Rpc::kMethod) : Rpc::Handle(handler, request_, response_, context_);
      if (context_.deferred == nullptr) return Reply(status);
      pool_.share_.waiting.push_back(this);
      context_.deferred->Arm(pool_.share_.queue, this);
    }

    void Abandon() override {
      if (!context_.deferred->Abandon()) return;  // Proceed comes
      EndDeferred();
    }

    size_t place = 0;  // CallStore's

   private:
    void Reply(const grpc::Status& status) {
      code_ = status.error_code();
      replying_ = true;
      if (status.ok()) {
        responder_->Finish(response_, status, this);
      } else {
        responder_->FinishWithError(status, this);
      }
    }

    void TakeDeferred() {
      if (pool_.share_.closing) return EndDeferred();
      std::erase(pool_.share_.waiting, this);
      const auto deferred = std::move(context_.deferred);
      context_.deferred = nullptr;
      if constexpr (std::is_same_v<typename Rpc::Response, v1::ExplainResponse>) Reply(deferred->Take(response_));
    }

    // Where the queue takes no reply any more.
    void EndDeferred() {
      context_.deferred = nullptr;
      pool_.share_.handler->Finished(context_, grpc::StatusCode::CANCELLED);
    }

    UnaryCallPool& pool_;
    bool replying_ = false;
    grpc::StatusCode code_ = grpc::StatusCode::OK;
    CallContext context_;
    typename Rpc::Request request_;
    typename Rpc::Response response_;
    std::optional<grpc::ServerContext> server_context_;
    std::optional<grpc::ServerAsyncResponseWriter<typename Rpc::Response>> responder_;
  };

  void Post() {
    ++waiting_;
    calls_.Take(*this).Post();
  }

  void Accepted(Call& call) {
    --waiting_;
    // A second call waits before this one is handled, so that gRPC never has to queue callers itself.
    if (waiting_ < Rpc::kWaiting / 2 && !share_.closing) Post();
    const bool overloaded = share_.calls_in_flight >= share_.calls_in_flight_max;
    ++share_.calls_in_flight;
    call.Handle(overloaded);
  }

  void Ended(Call& call) {
    --share_.calls_in_flight;
    call.Clear();
    calls_.Return(call);
    if (waiting_ < Rpc::kWaiting && !share_.closing) Post();
  }

  PollingShare& share_;
  size_t waiting_ = 0;
  CallStore<Call> calls_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_UNARY_CALL_H_
