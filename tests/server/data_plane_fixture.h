// A data plane whose handler does what the test's script says.
#ifndef ASSENT_TESTS_SERVER_DATA_PLANE_FIXTURE_H_
#define ASSENT_TESTS_SERVER_DATA_PLANE_FIXTURE_H_

#include <atomic>
#include <future>
#include <memory>
#include <string>

#include "assent/v1/assignment_service.grpc.pb.h"
#include "grpcpp/create_channel.h"
#include "gtest/gtest.h"
#include "server/data_plane.h"

namespace assent::server {

using grpc::StatusCode;

// What the test and the polling thread share.
struct Script {
  std::promise<void> entered;           // Assign was called
  std::shared_future<void> may_return;  // Assign waits for it, where it is set
  std::atomic<int> finished{0};
  std::atomic<int> last_code{-1};
  std::atomic<int64_t> deadline_ns{0};
};

class ScriptedHandler final : public AssignmentHandler {
 public:
  explicit ScriptedHandler(Script& script) : script_(script) {}

  grpc::Status Assign(const v1::AssignRequest& request, v1::AssignResponse& response, CallContext& context) override {
    script_.deadline_ns = context.deadline_ns;
    if (script_.may_return.valid()) {
      script_.entered.set_value();
      script_.may_return.wait();
    }
    response.set_reason(request.subject().id());
    return grpc::Status::OK;
  }
  grpc::Status BatchAssign(const v1::BatchAssignRequest& request, v1::BatchAssignResponse& response,
                           CallContext&) override {
    response.clear_outcomes();
    for (int i = 0; i < request.subject_ids_size(); ++i) response.add_outcomes(v1::OUTCOME_ABSTAINED);
    return grpc::Status::OK;
  }
  grpc::Status Explain(const v1::ExplainRequest&, v1::ExplainResponse&, CallContext&) override {
    return {StatusCode::NOT_FOUND, "nothing to explain", "details"};
  }
  grpc::Status OpenStream(CallContext&) override { return grpc::Status::OK; }
  grpc::Status AnswerStream(const v1::StreamAssignRequest& request, v1::StreamAssignResponse& response,
                            CallContext&) override {
    response.set_tag(request.tag() + 100);
    return grpc::Status::OK;
  }
  const grpc::Status& Overloaded(Method method) override {
    return method == Method::kStreamAssign ? too_many_streams_ : overloaded_;
  }
  void Finished(const CallContext&, StatusCode code) override {
    script_.last_code = code;
    ++script_.finished;
  }

 private:
  Script& script_;
  const grpc::Status overloaded_{StatusCode::RESOURCE_EXHAUSTED, "enough"};
  const grpc::Status too_many_streams_{StatusCode::RESOURCE_EXHAUSTED, "enough streams"};
};

class DataPlaneTest : public testing::Test {
 protected:
  void Start(DataPlaneOptions options = {}) {
    auto plane = DataPlane::Start(options, [this](int) { return std::make_unique<ScriptedHandler>(script_); });
    ASSERT_TRUE(plane.ok()) << plane.status();
    plane_ = *std::move(plane);
    channel_ = grpc::CreateChannel(plane_->address(), grpc::InsecureChannelCredentials());
    stub_ = v1::AssignmentService::NewStub(channel_);
  }

  grpc::Status Assign(const std::string& id, v1::AssignResponse& response) {
    grpc::ClientContext context;
    v1::AssignRequest request;
    request.mutable_subject()->set_id(id);
    return stub_->Assign(&context, request, &response);
  }

  Script script_;
  std::unique_ptr<DataPlane> plane_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::AssignmentService::Stub> stub_;
};

}  // namespace assent::server

#endif  // ASSENT_TESTS_SERVER_DATA_PLANE_FIXTURE_H_
