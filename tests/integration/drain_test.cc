// A server that ends while it is called, and streams that wait on the control plane.
#include <atomic>
#include <future>
#include <map>
#include <thread>
#include <vector>

#include "client/channel.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "server/support_services.h"
#include "tests/integration/server_fixture.h"

namespace assent::server {
namespace {

using grpc::StatusCode;

// Two servers; a client that knows both calls the first, which drains without a delay while it is called.
class DrainTest : public ServerTest {
 protected:
  void StartBoth() {
    Start();
    Configuration configuration = Defaults();
    configuration.data_dir = folder_.Path("other");
    auto server = Server::Start(configuration);
    ASSERT_TRUE(server.ok()) << server.status();
    other_ = *std::move(server);
  }
  // How the calls of some callers end across the drain of the first server, by code.
  std::map<StatusCode, int> CallAcrossDrain(int attempts) {
    client::ChannelOptions options;
    options.target = "ipv4:" + server_->data_address() + "," + other_->data_address();
    options.attempts = attempts;
    auto channel = client::OpenChannel(options);
    EXPECT_TRUE(channel.ok()) << channel.status();
    const auto stub = v1::AssignmentService::NewStub(*channel);
    std::atomic<bool> stop{false};
    std::atomic<int> done{0};
    std::vector<std::future<std::map<StatusCode, int>>> callers;
    for (int i = 0; i < 8; ++i) {
      callers.push_back(std::async(std::launch::async, [&] {
        std::map<StatusCode, int> codes;
        while (!stop) {
          grpc::ClientContext context;
          v1::AssignResponse answer;
          ++codes[stub->Assign(&context, EventOf("ada", {}), &answer).error_code()];
          ++done;
        }
        return codes;
      }));
    }
    Until([&] { return done > 200; });
    server_->Drain();
    const int then = done;
    Until([&] { return done > then + 200; });  // the other server answers
    stop = true;
    std::map<StatusCode, int> sum;
    for (auto& caller : callers) {
      for (const auto& [code, count] : caller.get()) sum[code] += count;
    }
    return sum;
  }
  std::unique_ptr<Server> other_;
};

TEST_F(DrainTest, AClientThatTriesAgainSeesNoFailure) {
  StartBoth();
  for (const auto& [code, count] : CallAcrossDrain(3)) EXPECT_EQ(code, StatusCode::OK) << count << " calls";
}

// Calls on their way when the server says goodbye end with one of two codes. How many depends on the moment.
TEST_F(DrainTest, AClientThatDoesNotHearsThatItMayTryAgain) {
  StartBoth();
  int failed = 0;
  for (const auto& [code, count] : CallAcrossDrain(1)) {
    if (code == StatusCode::OK) continue;
    failed += count;
    EXPECT_TRUE(code == StatusCode::CANCELLED || code == StatusCode::UNAVAILABLE) << code;
  }
  RecordProperty("failed", failed);
}

TEST_F(ServerTest, StreamsThatWaitTakeNoThreadFromConsent) {
  Configuration configuration = Defaults();
  configuration.control_threads_max = 4;
  Start(configuration);
  const auto channel = grpc::CreateChannel(server_->control_address(), grpc::InsecureChannelCredentials());
  const auto health = grpc::health::v1::Health::NewStub(channel);
  const auto reflection = grpc::reflection::v1alpha::ServerReflection::NewStub(channel);
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  const auto context = [&] {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    return contexts.back().get();
  };
  grpc::health::v1::HealthCheckResponse status;
  std::vector<std::unique_ptr<grpc::ClientReader<grpc::health::v1::HealthCheckResponse>>> watches;
  for (int i = 0; i < SupportServices::kWatchersMax; ++i) {
    watches.push_back(health->Watch(context(), {}));
    ASSERT_TRUE(watches.back()->Read(&status)) << i;
  }
  EXPECT_EQ(ReasonOf(health->Watch(context(), {})->Finish()), "TOO_MANY_WATCHERS");
  grpc::reflection::v1alpha::ServerReflectionRequest question;
  grpc::reflection::v1alpha::ServerReflectionResponse answer;
  question.set_file_containing_symbol("assent.v1.ConsentService");
  std::vector<decltype(reflection->ServerReflectionInfo(nullptr))> streams;
  for (int i = 0; i < SupportServices::kReflectionStreamsMax; ++i) {
    streams.push_back(reflection->ServerReflectionInfo(context()));
    ASSERT_TRUE(streams.back()->Write(question));
    ASSERT_TRUE(streams.back()->Read(&answer)) << i;
    ASSERT_GT(answer.file_descriptor_response().file_descriptor_proto_size(), 1);
  }
  EXPECT_EQ(ReasonOf(reflection->ServerReflectionInfo(context())->Finish()), "TOO_MANY_STREAMS");
  std::vector<std::future<bool>> people;
  for (int i = 0; i < configuration.control_threads_max; ++i) {
    people.push_back(std::async(std::launch::async, [this, id = "person-" + std::to_string(i)] {
      v1::WithdrawConsentResponse withdrawn;
      return caller_->Withdraw(id, withdrawn).ok();
    }));
  }
  for (auto& person : people) EXPECT_TRUE(person.get());
  for (auto& open : contexts) open->TryCancel();
  for (auto& watch : watches) watch->Finish();
  for (auto& stream : streams) stream->Finish();
}

}  // namespace
}  // namespace assent::server
