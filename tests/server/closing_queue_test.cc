// Calls whose events are taken from a queue that is being shut: gRPC ends the process when anything is posted then.
#include <memory>
#include <thread>

#include "grpcpp/create_channel.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "server/polling_thread.h"
#include "server/stream_call.h"
#include "server/unary_call.h"

namespace assent::server {
namespace {

class CountingHandler final : public AssignmentHandler {
 public:
  grpc::Status Assign(const v1::AssignRequest&, v1::AssignResponse&, CallContext&) override { return {}; }
  grpc::Status BatchAssign(const v1::BatchAssignRequest&, v1::BatchAssignResponse&, CallContext&) override {
    return {};
  }
  grpc::Status Explain(const v1::ExplainRequest&, v1::ExplainResponse&, CallContext&) override { return {}; }
  grpc::Status OpenStream(CallContext&) override { return {}; }
  grpc::Status AnswerStream(const v1::StreamAssignRequest&, v1::StreamAssignResponse&, CallContext&) override {
    return {};
  }
  const grpc::Status& Overloaded(Method) override { return grpc::Status::CANCELLED; }
  void Finished(const CallContext&, grpc::StatusCode code) override {
    ++finished;
    last_code = code;
  }

  int finished = 0;
  grpc::StatusCode last_code = grpc::StatusCode::OK;
};

struct AssignRpc {
  using Request = v1::AssignRequest;
  using Response = v1::AssignResponse;
  static constexpr Method kMethod = Method::kAssign;
  static constexpr size_t kWaiting = 2;
  static constexpr size_t kKeptBytes = kKeptMessageBytes;
  static void Post(v1::AssignmentService::AsyncService& service, grpc::ServerContext* context, Request* request,
                   grpc::ServerAsyncResponseWriter<Response>* writer, grpc::ServerCompletionQueue* queue, void* tag) {
    service.RequestAssign(context, request, writer, queue, queue, tag);
  }
  static grpc::Status Handle(AssignmentHandler& handler, const Request& request, Response& response,
                             CallContext& context) {
    return handler.Assign(request, response, context);
  }
};

// The test is the polling thread.
class ClosingQueueTest : public testing::Test {
 protected:
  ClosingQueueTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    queue_ = builder.AddCompletionQueue();
    server_ = builder.BuildAndStart();
    stub_ = v1::AssignmentService::NewStub(
        grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
    share_ = {
        .service = &service_, .queue = queue_.get(), .handler = &handler_, .calls_in_flight_max = 8, .streams_max = 8};
  }
  bool Next() {
    void* tag = nullptr;
    bool ok = false;
    if (!queue_->Next(&tag, &ok)) return false;
    static_cast<QueueEvent*>(tag)->Proceed(ok);
    return true;
  }
  // Takes the next event while the queue is being shut, then everything that is left.
  void Close() {
    void* tag = nullptr;
    bool ok = false;
    ASSERT_TRUE(queue_->Next(&tag, &ok));
    ASSERT_TRUE(ok);
    share_.closing = true;
    queue_->Shutdown();
    static_cast<QueueEvent*>(tag)->Proceed(ok);
    std::thread shutdown([this] { server_->Shutdown(std::chrono::system_clock::now()); });
    while (Next()) {
    }
    shutdown.join();
  }

  v1::AssignmentService::AsyncService service_;
  CountingHandler handler_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::AssignmentService::Stub> stub_;
  PollingShare share_;
};

TEST_F(ClosingQueueTest, ACallThatIsAcceptedLateIsCancelled) {
  UnaryCallPool<AssignRpc> pool(share_);
  grpc::Status status;
  std::thread caller([&] {
    grpc::ClientContext context;
    v1::AssignResponse response;
    status = stub_->Assign(&context, {}, &response);
  });
  Close();
  caller.join();
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(handler_.finished, 1);
  EXPECT_EQ(handler_.last_code, grpc::StatusCode::CANCELLED);
}

TEST_F(ClosingQueueTest, AMessageThatIsReadLateIsNotAnswered) {
  StreamCallPool pool(share_);
  grpc::Status status;
  std::thread caller([&] {
    grpc::ClientContext context;
    auto stream = stub_->StreamAssign(&context);
    stream->Write({});
    v1::StreamAssignResponse answer;
    while (stream->Read(&answer)) {
    }
    status = stream->Finish();
  });
  ASSERT_TRUE(Next());  // the stream; its read is outstanding now
  Close();
  caller.join();
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(handler_.finished, 1);
  EXPECT_EQ(handler_.last_code, grpc::StatusCode::CANCELLED);
}

TEST_F(ClosingQueueTest, AStreamThatIsAcceptedLateIsCancelled) {
  StreamCallPool pool(share_);
  grpc::Status status;
  std::thread caller([&] {
    grpc::ClientContext context;
    status = stub_->StreamAssign(&context)->Finish();
  });
  Close();
  caller.join();
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(handler_.finished, 1);
}

}  // namespace
}  // namespace assent::server
