#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "server/health_service.h"
#include "tests/server/data_plane_fixture.h"

namespace assent::server {
namespace {

class HealthTest : public DataPlaneTest {
 protected:
  void SetUp() override { StartWithHealth({}); }
  void StartWithHealth(DataPlaneOptions options) {
    plane_.reset();
    Start(options);
    health_ = grpc::health::v1::Health::NewStub(channel_);
  }
  std::string Check(const std::string& service) {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);  // a first connection that fails is not what is tested here
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    grpc::health::v1::HealthCheckResponse response;
    const grpc::Status status = health_->Check(&context, request, &response);
    if (!status.ok()) return "error " + std::to_string(status.error_code());
    return grpc::health::v1::HealthCheckResponse::ServingStatus_Name(response.status());
  }
  std::unique_ptr<grpc::health::v1::Health::Stub> health_;
};

TEST_F(HealthTest, CheckByService) {
  EXPECT_EQ(Check(""), "SERVING");
  EXPECT_EQ(Check("assent.v1.AssignmentService"), "SERVING");
  plane_->SetServing(true, false);
  EXPECT_EQ(Check(""), "SERVING");
  EXPECT_EQ(Check("assent.v1.AssignmentService"), "NOT_SERVING");
  EXPECT_EQ(Check("assent.v1.NoService"), "error 5");
}

TEST_F(HealthTest, StartsAsItIsTold) {
  StartWithHealth({.assignment_service_serving = false});
  EXPECT_EQ(Check(""), "SERVING");
  EXPECT_EQ(Check("assent.v1.AssignmentService"), "NOT_SERVING");
}

TEST(HealthService, NothingServesAfterClose) {
  HealthService health(1);
  health.SetServing("", true);
  health.Close();
  health.SetServing("", true);
  health.SetServing("late", true);
  grpc::health::v1::HealthCheckRequest request;
  grpc::health::v1::HealthCheckResponse response;
  ASSERT_TRUE(health.Check(nullptr, &request, &response).ok());
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  request.set_service("late");
  EXPECT_EQ(health.Check(nullptr, &request, &response).error_code(), StatusCode::NOT_FOUND);
}

TEST_F(HealthTest, WatchTellsChangesAndEndsWithTheServer) {
  using grpc::health::v1::HealthCheckResponse;
  grpc::ClientContext context;
  auto watch = health_->Watch(&context, {});
  HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  plane_->SetServing(false, false);
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  plane_->SetServing(true, true);
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  plane_->Drain(std::chrono::system_clock::now() + std::chrono::seconds(60));  // does not wait for the watcher to go
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_FALSE(watch->Read(&response));
}

TEST_F(HealthTest, TooManyWatchersAreRefusedAndCallsAreServed) {
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<grpc::health::v1::HealthCheckResponse>>> watches;
  grpc::health::v1::HealthCheckResponse response;
  for (int i = 0; i < 32; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    watches.push_back(health_->Watch(contexts.back().get(), {}));
    ASSERT_TRUE(watches.back()->Read(&response)) << i;
  }
  grpc::ClientContext context;
  auto one_more = health_->Watch(&context, {});
  EXPECT_FALSE(one_more->Read(&response));
  EXPECT_EQ(one_more->Finish().error_code(), StatusCode::RESOURCE_EXHAUSTED);
  v1::AssignResponse answer;
  EXPECT_TRUE(Assign("x", answer).ok());
  EXPECT_EQ(Check(""), "SERVING");
  for (auto& cancelled : contexts) cancelled->TryCancel();
  for (auto& watch : watches) watch->Finish();
}

}  // namespace
}  // namespace assent::server
