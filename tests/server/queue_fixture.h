// A completion queue whose events the test takes one by one: the test is the polling thread.
#ifndef ASSENT_TESTS_SERVER_QUEUE_FIXTURE_H_
#define ASSENT_TESTS_SERVER_QUEUE_FIXTURE_H_

#include <memory>
#include <string>

#include "grpcpp/create_channel.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "server/polling_thread.h"
#include "server/stream_call.h"
#include "server/unary_call.h"

namespace assent::server {

using AssignRpc =
    UnaryRpc<v1::AssignRequest, v1::AssignResponse, Method::kAssign, &AssignmentAsyncService::RequestAssign,
             &AssignmentHandler::Assign, /*kWaitingCalls=*/2, kKeptMessageBytes>;

// Its test sets the handler and the limits in share_ before it makes a pool.
class QueueTest : public testing::Test {
 protected:
  QueueTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    queue_ = builder.AddCompletionQueue();
    server_ = builder.BuildAndStart();
    stub_ = v1::AssignmentService::NewStub(
        grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
    share_.service = &service_;
    share_.queue = queue_.get();
  }
  bool Next() {
    void* tag = nullptr;
    bool ok = false;
    if (!queue_->Next(&tag, &ok)) return false;
    static_cast<QueueEvent*>(tag)->Proceed(ok);
    return true;
  }
  AssignmentAsyncService service_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::AssignmentService::Stub> stub_;
  PollingShare share_;
};

}  // namespace assent::server

#endif  // ASSENT_TESTS_SERVER_QUEUE_FIXTURE_H_
