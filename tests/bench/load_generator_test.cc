#include "client/load_generator.h"

#include <unistd.h>

#include <atomic>
#include <set>
#include <string>

#include "assent/v1/assignment_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"

namespace assent::client {
namespace {

using ::testing::HasSubstr;

// Answers everything, remembers the subjects, and refuses every `refuse_every`th call.
class FakeService final : public v1::AssignmentService::Service {
 public:
  grpc::Status Assign(grpc::ServerContext*, const v1::AssignRequest* request, v1::AssignResponse* response) override {
    dim = request->features().dense_size();
    purpose = request->purpose();
    space = request->subject().namespace_();
    Remember(request->subject().id());
    const uint64_t call = ++calls;
    if (refuse_every > 0 && call % refuse_every == 0) return {grpc::StatusCode::RESOURCE_EXHAUSTED, "full"};
    response->set_outcome(v1::OUTCOME_ASSIGNED);
    return grpc::Status::OK;
  }

  grpc::Status BatchAssign(grpc::ServerContext*, const v1::BatchAssignRequest* request,
                           v1::BatchAssignResponse* response) override {
    ++calls;
    dim = static_cast<int>(request->features().columns());
    for (const std::string& id : request->subject_ids()) Remember(id);
    if (request->features().values_size() != request->subject_ids_size() * dim) bad = true;
    for (int i = 0; i < request->subject_ids_size(); ++i) response->add_outcomes(v1::OUTCOME_ASSIGNED);
    return grpc::Status::OK;
  }

  grpc::Status StreamAssign(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::StreamAssignResponse, v1::StreamAssignRequest>* stream) override {
    v1::StreamAssignRequest request;
    while (stream->Read(&request)) {
      ++calls;
      dim = request.request().features().dense_size();
      Remember(request.request().subject().id());
      v1::StreamAssignResponse response;
      response.mutable_response()->set_outcome(v1::OUTCOME_ABSTAINED);
      stream->Write(response);
    }
    return grpc::Status::OK;
  }

  void Remember(const std::string& id) {
    const std::lock_guard<std::mutex> lock(mutex);
    subjects.insert(id);
  }

  std::atomic<uint64_t> calls{0};
  std::atomic<int> dim{0};
  std::atomic<int> purpose{0};
  std::atomic<bool> bad{false};
  std::string space;
  uint64_t refuse_every = 0;
  std::mutex mutex;
  std::set<std::string> subjects;
};

class LoadGenerator : public ::testing::Test {
 protected:
  void SetUp() override {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    options_.connection.target = "127.0.0.1:" + std::to_string(port);
    options_.warm_up = absl::ZeroDuration();
    options_.duration = absl::Minutes(10);  // ended by calls_max
    options_.payload.dim = 5;
    options_.payload.subjects = 7;
    options_.in_flight = 4;
  }
  void TearDown() override {
    if (server_) server_->Shutdown();
  }

  LoadReport Run() {
    auto report = RunLoad(options_);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? **report : LoadReport();
  }

  FakeService service_;
  std::unique_ptr<grpc::Server> server_;
  LoadOptions options_;
};

TEST_F(LoadGenerator, ClosedLoopSendsExactlyTheCallsAsked) {
  options_.calls_max = 300;
  const LoadReport report = Run();
  EXPECT_EQ(report.calls, 300u);
  EXPECT_EQ(report.latency.count(), 300u);
  EXPECT_EQ(service_.calls, 300u);
  EXPECT_EQ(service_.dim, 5);
  EXPECT_EQ(service_.purpose, v1::PURPOSE_SELECT_ADVERTISING);
  EXPECT_EQ(service_.space, "bench");
  EXPECT_EQ(service_.subjects.size(), 7u);
  EXPECT_EQ(*service_.subjects.begin(), LoadSubjectId(0));
  EXPECT_TRUE(report.failures.empty());
  EXPECT_EQ(report.outcomes.size(), 1u);
  EXPECT_EQ(report.outcomes.begin()->first, "OUTCOME_ASSIGNED");
}

TEST_F(LoadGenerator, FailuresAreCountedByCode) {
  service_.refuse_every = 3;
  options_.calls_max = 90;
  const LoadReport report = Run();
  EXPECT_EQ(report.calls, 60u);
  ASSERT_EQ(report.failures.count(grpc::StatusCode::RESOURCE_EXHAUSTED), 1u);
  EXPECT_EQ(report.failures.at(grpc::StatusCode::RESOURCE_EXHAUSTED), 30u);
}

TEST_F(LoadGenerator, OpenLoopSendsOnSchedule) {
  options_.rate_per_s = 2000;
  options_.calls_max = 200;
  const LoadReport report = Run();
  EXPECT_EQ(report.calls, 200u);
  EXPECT_EQ(report.not_sent, 0u);
  // 200 calls at 2000/s cannot be over before the last one is due.
  EXPECT_GE(report.seconds, 0.0995);
}

TEST_F(LoadGenerator, OpenLoopChargesTheDelayToTheCallsThatWereDue) {
  // One call at a time may be in flight and far more are due: the last ones waited for nearly the whole run.
  options_.in_flight = 1;
  options_.rate_per_s = 1e6;
  options_.calls_max = 400;
  const LoadReport report = Run();
  EXPECT_EQ(report.calls, 400u);
  EXPECT_GE(report.latency.max(), static_cast<int64_t>(report.seconds * 1e9 * 0.5));
  EXPECT_GE(report.latency.Quantile(0.5), report.latency.max() / 8);
}

TEST_F(LoadGenerator, BatchesAreWellFormed) {
  options_.payload.method = LoadMethod::kBatchAssign;
  options_.payload.rows = 16;
  options_.calls_max = 65;
  const LoadReport report = Run();
  EXPECT_EQ(report.calls, 65u);
  EXPECT_EQ(report.events, 65u * 16u);
  EXPECT_FALSE(service_.bad);
  EXPECT_EQ(service_.dim, 5);
  EXPECT_EQ(service_.subjects.size(), 7u);
  EXPECT_EQ(report.outcomes.at("OUTCOME_ASSIGNED"), 2u * 16u);
}

TEST_F(LoadGenerator, StreamsKeepTheirWindowFullAndEnd) {
  options_.payload.method = LoadMethod::kStreamAssign;
  options_.connections = 2;
  options_.calls_max = 500;
  const LoadReport report = Run();
  EXPECT_EQ(report.calls, 500u);
  EXPECT_EQ(service_.calls, 500u);
  EXPECT_EQ(service_.dim, 5);
  EXPECT_TRUE(report.failures.empty());
  EXPECT_GT(report.outcomes.at("OUTCOME_ABSTAINED"), 0u);
}

TEST_F(LoadGenerator, ReportsTheCpuOfTheServerItIsGiven) {
  options_.calls_max = 300;
  options_.server_pid = getpid();
  EXPECT_GT(Run().server_cpu_us_per_call, 0);
}

TEST(LoadGeneratorTarget, OnlyLoopbackWithoutAsking) {
  for (const char* target :
       {"127.0.0.1:1", "127.9.9.9:1", "localhost:7", "[::1]:7", "unix:/run/x", "ipv4:127.0.0.1:1"}) {
    EXPECT_TRUE(IsLoopbackTarget(target)) << target;
  }
  for (const char* target : {"10.0.0.1:1", "example.org:443", "127.example.org:1", "[::]:1", "0.0.0.0:1", ""}) {
    EXPECT_FALSE(IsLoopbackTarget(target)) << target;
  }
  LoadOptions options;
  options.connection.target = "192.0.2.1:7400";
  EXPECT_THAT(RunLoad(options).status().message(), HasSubstr("not a loopback address"));
}

TEST(LoadGeneratorOptions, OutOfRangeIsNamed) {
  LoadOptions loopback;
  loopback.connection.target = "127.0.0.1:1";
  LoadOptions options = loopback;
  options.in_flight = 0;
  EXPECT_THAT(RunLoad(options).status().message(), HasSubstr("in_flight"));
  options = loopback;
  options.rate_per_s = -1;
  EXPECT_THAT(RunLoad(options).status().message(), HasSubstr("rate"));
  options = loopback;
  options.duration = absl::Hours(2);
  EXPECT_THAT(RunLoad(options).status().message(), HasSubstr("duration"));
  options = loopback;
  options.payload.rows = 5000;
  EXPECT_THAT(RunLoad(options).status().message(), HasSubstr("rows"));
}

}  // namespace
}  // namespace assent::client
