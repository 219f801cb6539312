#include "server/data_plane.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "assent/v1/assignment_service.grpc.pb.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "gtest/gtest.h"
#include "tests/server/data_plane_fixture.h"

namespace assent::server {
namespace {

TEST_F(DataPlaneTest, AnswersEveryMethodManyTimes) {
  Start({.threads = 2});
  for (int i = 0; i < 500; ++i) {  // more than the calls that are kept waiting, so that each is used again
    v1::AssignResponse response;
    ASSERT_TRUE(Assign(std::to_string(i), response).ok());
    ASSERT_EQ(response.reason(), std::to_string(i));
  }
  for (int rows = 1; rows < 50; ++rows) {
    grpc::ClientContext context;
    v1::BatchAssignRequest request;
    v1::BatchAssignResponse response;
    for (int i = 0; i < rows; ++i) request.add_subject_ids("x");
    ASSERT_TRUE(stub_->BatchAssign(&context, request, &response).ok());
    ASSERT_EQ(response.outcomes_size(), rows);
  }
  for (int i = 0; i < 50; ++i) {
    grpc::ClientContext context;
    v1::ExplainResponse response;
    const grpc::Status status = stub_->Explain(&context, {}, &response);
    ASSERT_EQ(status.error_code(), StatusCode::NOT_FOUND);
    ASSERT_EQ(status.error_details(), "details");
  }
  for (int i = 0; i < 20; ++i) {
    grpc::ClientContext context;
    auto stream = stub_->StreamAssign(&context);
    v1::StreamAssignRequest request;
    v1::StreamAssignResponse response;
    for (uint64_t tag = 0; tag < 10; ++tag) {
      request.set_tag(tag);
      ASSERT_TRUE(stream->Write(request));
      ASSERT_TRUE(stream->Read(&response));
      ASSERT_EQ(response.tag(), tag + 100);
    }
    stream->WritesDone();
    ASSERT_FALSE(stream->Read(&response));
    ASSERT_TRUE(stream->Finish().ok());
  }
  plane_->Drain(std::chrono::system_clock::now() + std::chrono::seconds(60));
  EXPECT_EQ(script_.finished, 500 + 49 + 50 + 20);
}

TEST_F(DataPlaneTest, StreamAnswersInOrderWhatWasWrittenAhead) {
  Start();
  grpc::ClientContext context;
  auto stream = stub_->StreamAssign(&context);
  v1::StreamAssignRequest request;
  for (uint64_t tag = 0; tag < 100; ++tag) {
    request.set_tag(tag);
    ASSERT_TRUE(stream->Write(request));
  }
  stream->WritesDone();
  v1::StreamAssignResponse response;
  for (uint64_t tag = 0; tag < 100; ++tag) {
    ASSERT_TRUE(stream->Read(&response));
    ASSERT_EQ(response.tag(), tag + 100);
  }
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(DataPlaneTest, OpenStreamsHaveABoundOfTheirOwn) {
  Start({.calls_in_flight_max = 1, .streams_max = 2});
  std::unique_ptr<grpc::ClientContext> contexts[2];
  std::unique_ptr<grpc::ClientReaderWriter<v1::StreamAssignRequest, v1::StreamAssignResponse>> streams[2];
  v1::StreamAssignResponse answer;
  for (int i = 0; i < 2; ++i) {
    contexts[i] = std::make_unique<grpc::ClientContext>();
    streams[i] = stub_->StreamAssign(contexts[i].get());
    ASSERT_TRUE(streams[i]->Write({}));
    ASSERT_TRUE(streams[i]->Read(&answer));  // so that it is in flight
  }
  v1::AssignResponse response;
  EXPECT_TRUE(Assign("x", response).ok());  // idle streams take nothing from unary calls
  const auto one_more = [&] {
    grpc::ClientContext context;
    auto stream = stub_->StreamAssign(&context);
    stream->WritesDone();
    return stream->Finish();
  };
  EXPECT_EQ(one_more().error_message(), "enough streams");
  for (auto& stream : streams) {
    stream->WritesDone();
    EXPECT_FALSE(stream->Read(&answer));
    EXPECT_TRUE(stream->Finish().ok());
  }
  // The client hears of the end a moment before the server's queue does, so the next may still be refused.
  grpc::Status status = one_more();
  while (status.error_code() == StatusCode::RESOURCE_EXHAUSTED) status = one_more();
  EXPECT_TRUE(status.ok());
}

// A generic client, because ours cannot be made to send what is no message.
TEST_F(DataPlaneTest, AStreamEndsWithAnErrorWhenAMessageCannotBeParsed) {
  Start();
  grpc::GenericStub generic(channel_);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto stream = generic.PrepareCall(&context, "/assent.v1.AssignmentService/StreamAssign", &queue);
  const auto done = [&] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const auto bytes = [](const std::string& content) {
    const grpc::Slice slice(content);
    return grpc::ByteBuffer(&slice, 1);
  };
  stream->StartCall(nullptr);
  ASSERT_TRUE(done());
  v1::StreamAssignRequest good;
  good.set_tag(7);
  stream->Write(bytes(good.SerializeAsString()), nullptr);
  ASSERT_TRUE(done());
  grpc::ByteBuffer answer;
  stream->Read(&answer, nullptr);
  ASSERT_TRUE(done());
  v1::StreamAssignResponse response;
  ASSERT_TRUE(grpc::SerializationTraits<v1::StreamAssignResponse>::Deserialize(&answer, &response).ok());
  EXPECT_EQ(response.tag(), 107u);
  stream->Write(bytes("\xff\xff\xff"), nullptr);
  ASSERT_TRUE(done());
  grpc::Status status;
  stream->Finish(&status, nullptr);
  ASSERT_TRUE(done());
  EXPECT_EQ(status.error_code(), StatusCode::INTERNAL) << status.error_message();
  plane_->Drain(std::chrono::system_clock::now() + std::chrono::seconds(60));
  EXPECT_EQ(script_.last_code, static_cast<int>(StatusCode::INTERNAL));
}

// The descriptors of this process that are open.
size_t OpenFiles() {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) count += entry.is_symlink() ? 1 : 0;
  return count;
}

TEST_F(DataPlaneTest, CallsThatEndedHoldNoConnection) {
  Start();
  v1::AssignResponse response;
  ASSERT_TRUE(Assign("x", response).ok());
  const size_t before = OpenFiles();
  {
    struct Caller {
      std::unique_ptr<v1::AssignmentService::Stub> stub;
      grpc::ClientContext context;
      std::unique_ptr<grpc::ClientReaderWriter<v1::StreamAssignRequest, v1::StreamAssignResponse>> stream;
    };
    std::vector<std::unique_ptr<Caller>> callers;
    for (int i = 0; i < 40; ++i) {
      grpc::ChannelArguments own;
      own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
      auto caller = std::make_unique<Caller>();
      caller->stub = v1::AssignmentService::NewStub(
          grpc::CreateCustomChannel(plane_->address(), grpc::InsecureChannelCredentials(), own));
      caller->stream = caller->stub->StreamAssign(&caller->context);
      v1::StreamAssignResponse answer;
      ASSERT_TRUE(caller->stream->Write({}));
      ASSERT_TRUE(caller->stream->Read(&answer));
      callers.push_back(std::move(caller));
    }
    EXPECT_GE(OpenFiles(), before + 80);  // both ends are in this process
    for (auto& caller : callers) {
      caller->stream->WritesDone();
      EXPECT_TRUE(caller->stream->Finish().ok());
    }
  }
  // The test's own limit ends a wait in vain.
  while (OpenFiles() > before) ASSERT_TRUE(Assign("x", response).ok());
}

// Speaks just enough HTTP/2 to be a client, and then is silent.
TEST_F(DataPlaneTest, AConnectionThatAnswersNoPingIsClosed) {
  Start(
      {.transport = {.keepalive = std::chrono::milliseconds(20), .keepalive_timeout = std::chrono::milliseconds(20)}});
  const int silent = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(plane_->port()));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(silent, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
  const std::string hello = std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + std::string("\0\0\0\4\0\0\0\0\0", 9);
  ASSERT_EQ(write(silent, hello.data(), hello.size()), static_cast<ssize_t>(hello.size()));
  char buffer[4096];
  while (read(silent, buffer, sizeof(buffer)) > 0) {
  }  // until it is closed; the test's own limit ends a wait in vain
  close(silent);
}

TEST_F(DataPlaneTest, DeadlineReachesTheHandlerOnTheSteadyClock) {
  Start();
  const auto now_ns = [] { return std::chrono::steady_clock::now().time_since_epoch().count(); };
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::hours(1));
  const int64_t before = now_ns();
  v1::AssignResponse response;
  ASSERT_TRUE(stub_->Assign(&context, {}, &response).ok());
  constexpr double kHourNs = 3600e9;
  constexpr double kMinuteNs = 60e9;
  EXPECT_NEAR(static_cast<double>(script_.deadline_ns - before), kHourNs, kMinuteNs);
  ASSERT_TRUE(Assign("x", response).ok());
  EXPECT_EQ(script_.deadline_ns, CallContext::kNoDeadline);
}

TEST_F(DataPlaneTest, DrainLetsTheCallInFlightEnd) {
  std::promise<void> release;
  script_.may_return = release.get_future();
  Start();
  v1::AssignResponse response;
  auto call = std::async(std::launch::async, [&] { return Assign("slow", response); });
  script_.entered.get_future().wait();
  auto drain = std::async(std::launch::async,
                          [&] { plane_->Drain(std::chrono::system_clock::now() + std::chrono::seconds(60)); });
  // The client leaves READY when it hears that the server goes away: from then on the drain has begun.
  ASSERT_TRUE(
      channel_->WaitForStateChange(GRPC_CHANNEL_READY, std::chrono::system_clock::now() + std::chrono::seconds(60)));
  release.set_value();
  const grpc::Status status = call.get();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.reason(), "slow");
  drain.get();
  EXPECT_EQ(script_.finished, 1);
}

TEST_F(DataPlaneTest, DrainCancelsWhatDoesNotEnd) {
  Start();
  grpc::ClientContext context;
  auto stream = stub_->StreamAssign(&context);
  v1::StreamAssignResponse answer;
  ASSERT_TRUE(stream->Write({}));
  ASSERT_TRUE(stream->Read(&answer));
  plane_->Drain(std::chrono::system_clock::now() +
                std::chrono::milliseconds(1));  // returns although the stream is open
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_FALSE(stream->Finish().ok());
  EXPECT_EQ(script_.last_code, StatusCode::CANCELLED);
}

TEST_F(DataPlaneTest, OversizedMessageIsRefusedAndTheNextIsServed) {
  Start({.transport = {.message_bytes_max = 1024}});
  v1::AssignResponse response;
  EXPECT_EQ(Assign(std::string(2000, 'x'), response).error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(Assign("x", response).ok());
  plane_->Drain(std::chrono::system_clock::now() + std::chrono::seconds(60));
  EXPECT_EQ(script_.finished, 1);  // the first never reached the handler
}

TEST_F(DataPlaneTest, OversizedMetadataIsRefused) {
  Start({.transport = {.metadata_bytes_max = 1024}});
  grpc::ClientContext context;
  context.AddMetadata("big", std::string(4000, 'm'));
  v1::AssignResponse response;
  EXPECT_FALSE(stub_->Assign(&context, {}, &response).ok());
  // gRPC may close the connection that it came on; others are served.
  grpc::ChannelArguments own_connection;
  own_connection.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto other = v1::AssignmentService::NewStub(
      grpc::CreateCustomChannel(plane_->address(), grpc::InsecureChannelCredentials(), own_connection));
  grpc::ClientContext other_context;
  const grpc::Status next = other->Assign(&other_context, {}, &response);
  EXPECT_TRUE(next.ok()) << next.error_code() << " " << next.error_message();
  plane_->Drain(std::chrono::system_clock::now() + std::chrono::seconds(60));
  EXPECT_EQ(script_.finished, 1);  // the first never reached the handler
}

TEST_F(DataPlaneTest, ATakenAddressIsNamed) {
  Start();
  const auto second = DataPlane::Start({.listen = plane_->address()},
                                       [this](int) { return std::make_unique<ScriptedHandler>(script_); });
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(second.status().message().find(plane_->address()), absl::string_view::npos);
}

TEST_F(DataPlaneTest, BadOptionsAreNamed) {
  const auto start = [this](DataPlaneOptions options) {
    return std::string(DataPlane::Start(options, [this](int) { return std::make_unique<ScriptedHandler>(script_); })
                           .status()
                           .message());
  };
  EXPECT_NE(start({.threads = 0}).find("threads"), std::string::npos);
  EXPECT_NE(start({.calls_in_flight_max = 0}).find("calls_in_flight_max"), std::string::npos);
  EXPECT_NE(start({.streams_max = 0}).find("streams_max"), std::string::npos);
}

}  // namespace
}  // namespace assent::server
