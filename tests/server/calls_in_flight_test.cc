// Unary calls beyond calls_in_flight_max, on the service that assentd serves.
#include <future>

#include "server/assignment_service.h"
#include "server/role_table.h"
#include "tests/server/error_info.h"
#include "tests/server/pipeline_fixture.h"
#include "tests/server/queue_fixture.h"

namespace assent::server {
namespace {

using grpc::StatusCode;

struct Sources : PipelineTest {
  void TestBody() override {}
  AssignmentService MakeService(const Authorizer& authorizer, DataPlaneCells& cells) {
    return {pipeline_->sources(), authorizer, cells, 0};
  }
};

class CallsInFlightTest : public QueueTest {
 protected:
  CallsInFlightTest() {
    share_.handler = &service_of_assentd_;
    share_.calls_in_flight_max = 1;
    share_.streams_max = 1;
    service_of_assentd_.Awake();
  }
  // Before the pool goes: its calls are what the events left in the queue point to.
  void End() {
    share_.closing = true;
    server_->Shutdown(std::chrono::system_clock::now());
    queue_->Shutdown();
    while (Next()) {
    }
  }
  // Without consent, so OK and refused once it is handled.
  std::future<grpc::Status> Assign() {
    return std::async(std::launch::async, [this] {
      grpc::ClientContext context;
      v1::AssignRequest request;
      request.mutable_subject()->set_namespace_("cookie");
      request.mutable_subject()->set_id("ada");
      request.set_purpose(v1::PURPOSE_SELECT_ADVERTISING);
      v1::AssignResponse response;
      return stub_->Assign(&context, request, &response);
    });
  }
  QueueEvent& Take() {
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue_->Next(&tag, &ok) && ok);
    return *static_cast<QueueEvent*>(tag);
  }
  uint64_t Calls(StatusCode code) const {
    return cells_.rpc[static_cast<size_t>(Method::kAssign)].by_code[static_cast<size_t>(code)].Read();
  }

  Sources sources_;
  Authorizer authorizer_{ServedRoleTable(), ~0u};
  DataPlaneCells cells_;
  AssignmentService service_of_assentd_ = sources_.MakeService(authorizer_, cells_);
};

TEST_F(CallsInFlightTest, OneTooManyIsRefusedAndServedAgainWhenThereIsRoom) {
  UnaryCallPool<AssignRpc> pool(share_);
  auto first_status = Assign();
  QueueEvent& first = Take();
  first.Proceed(true);  // handled; in flight until the test takes note that its reply has left
  auto second_status = Assign();
  QueueEvent* second = &Take();
  const bool first_has_left = second == &first;
  if (first_has_left) second = &Take();
  second->Proceed(true);
  EXPECT_EQ(share_.calls_in_flight, 2u);
  if (first_has_left) first.Proceed(true);
  while (share_.calls_in_flight != 0) Take().Proceed(true);
  EXPECT_TRUE(first_status.get().ok());
  const grpc::Status refused = second_status.get();
  EXPECT_EQ(refused.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(refused), "TOO_MANY_CALLS");
  EXPECT_EQ(Calls(StatusCode::RESOURCE_EXHAUSTED), 1u);

  auto third_status = Assign();
  Take().Proceed(true);
  Take().Proceed(true);
  EXPECT_TRUE(third_status.get().ok());
  EXPECT_EQ(Calls(StatusCode::OK), 2u);
  End();
}

// An idle stream takes nothing from unary calls, nor they from it: each has its own bound and its own reason.
TEST_F(CallsInFlightTest, StreamsAreNotCountedAsCalls) {
  share_.calls_in_flight = 1;
  EXPECT_EQ(ReasonOf(service_of_assentd_.Overloaded(Method::kStreamAssign)), "TOO_MANY_STREAMS");
  StreamCallPool pool(share_);
  grpc::ClientContext context;
  auto stream = stub_->StreamAssign(&context);
  Take().Proceed(true);
  EXPECT_EQ(share_.streams, 1u);
  EXPECT_EQ(share_.calls_in_flight, 1u);
  EXPECT_TRUE(stream->WritesDone());
  while (share_.streams != 0) Next();
  EXPECT_TRUE(stream->Finish().ok());
  End();
}

}  // namespace
}  // namespace assent::server
