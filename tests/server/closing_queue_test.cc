// Calls whose events are taken from a queue that is being shut: gRPC ends the process when anything is posted then.
#include <thread>

#include "tests/server/queue_fixture.h"

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

class ClosingQueueTest : public QueueTest {
 protected:
  ClosingQueueTest() {
    share_.handler = &handler_;
    share_.calls_in_flight_max = 8;
    share_.streams_max = 8;
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

  CountingHandler handler_;
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
