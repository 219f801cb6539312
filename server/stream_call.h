// StreamAssign on a completion queue: reads a message, answers it, writes the answer, until the caller is done.
#ifndef ASSENT_SERVER_STREAM_CALL_H_
#define ASSENT_SERVER_STREAM_CALL_H_

#include <optional>

#include "grpcpp/server_context.h"
#include "grpcpp/support/async_stream.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/call_store.h"
#include "server/polling_thread.h"

namespace assent::server {

class StreamCallPool final : public CallPool {
 public:
  explicit StreamCallPool(PollingShare& share);

 private:
  static constexpr size_t kWaiting = 8;

  // Exactly one operation is outstanding at any time, so one tag is enough.
  class Call final : public QueueEvent {
   public:
    explicit Call(StreamCallPool& pool) : pool_(pool) {}
    void Post();
    void Open(bool overloaded);
    void Proceed(bool ok) override;
    // Lets go of the caller, whose connection the context holds, and of what is too large to keep.
    void Clear();

    size_t place = 0;  // CallStore's

   private:
    enum class Step : uint8_t { kWaiting, kReading, kWriting, kFinishing };

    void Read();
    void Answer();
    void Finish(const grpc::Status& status);

    StreamCallPool& pool_;
    Step step_ = Step::kWaiting;
    grpc::StatusCode code_ = grpc::StatusCode::OK;
    CallContext context_;
    v1::StreamAssignRequest request_;
    v1::StreamAssignResponse response_;
    std::optional<grpc::ServerContext> server_context_;
    grpc::ByteBuffer received_;
    std::optional<grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> stream_;
  };

  void Post();
  void Accepted(Call& call);
  void Ended(Call& call);

  PollingShare& share_;
  size_t waiting_ = 0;
  CallStore<Call> calls_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_STREAM_CALL_H_
