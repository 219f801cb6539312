// Answers that another thread makes: over a real queue, before, after and instead of its end.
#include <future>
#include <thread>

#include "tests/server/data_plane_fixture.h"

namespace assent::server {
namespace {

class DeferringHandler final : public AssignmentHandler {
 public:
  DeferringHandler(std::promise<std::shared_ptr<DeferredExplanation>>& asked, Script& script)
      : asked_(asked), script_(script) {}

  grpc::Status Explain(const v1::ExplainRequest&, v1::ExplainResponse&, CallContext& context) override {
    context.deferred = std::make_shared<DeferredExplanation>();
    if (at_once) context.deferred->Finish(grpc::Status::OK);
    asked_.set_value(context.deferred);
    return grpc::Status::OK;
  }
  grpc::Status Assign(const v1::AssignRequest&, v1::AssignResponse&, CallContext&) override { return {}; }
  grpc::Status BatchAssign(const v1::BatchAssignRequest&, v1::BatchAssignResponse&, CallContext&) override {
    return {};
  }
  grpc::Status OpenStream(CallContext&) override { return {}; }
  grpc::Status AnswerStream(const v1::StreamAssignRequest&, v1::StreamAssignResponse&, CallContext&) override {
    return {};
  }
  const grpc::Status& Overloaded(Method) override { return grpc::Status::CANCELLED; }
  void Finished(const CallContext&, StatusCode code) override {
    script_.last_code = code;
    ++script_.finished;
  }

  static inline bool at_once = false;

 private:
  std::promise<std::shared_ptr<DeferredExplanation>>& asked_;
  Script& script_;
};

class DeferredExplanationTest : public DataPlaneTest {
 protected:
  DeferredExplanationTest() {
    DeferringHandler::at_once = false;
    auto plane = DataPlane::Start({}, [this](int) { return std::make_unique<DeferringHandler>(asked_, script_); });
    EXPECT_TRUE(plane.ok()) << plane.status();
    plane_ = *std::move(plane);
    stub_ = v1::AssignmentService::NewStub(grpc::CreateChannel(plane_->address(), grpc::InsecureChannelCredentials()));
  }
  void Explain() {
    caller_ = std::thread([this] {
      grpc::ClientContext context;
      status_ = stub_->Explain(&context, {}, &response_);
    });
  }
  std::shared_ptr<DeferredExplanation> Asked() { return asked_.get_future().get(); }

  std::promise<std::shared_ptr<DeferredExplanation>> asked_;
  std::thread caller_;
  grpc::Status status_;
  v1::ExplainResponse response_;
};

TEST_F(DeferredExplanationTest, TheAnswerOfAnotherThreadIsSent) {
  Explain();
  const auto answer = Asked();
  v1::AssignResponse other;
  grpc::ClientContext context;
  EXPECT_TRUE(stub_->Assign(&context, {}, &other).ok());  // the polling thread does not wait
  answer->response.set_margin(7);
  answer->Finish(grpc::Status::OK);
  caller_.join();
  EXPECT_TRUE(status_.ok()) << status_.error_message();
  EXPECT_EQ(response_.margin(), 7);
}

TEST_F(DeferredExplanationTest, AnErrorOfAnotherThreadIsSent) {
  Explain();
  Asked()->Finish({StatusCode::NOT_FOUND, "nothing there"});
  caller_.join();
  EXPECT_EQ(status_.error_code(), StatusCode::NOT_FOUND);
}

TEST_F(DeferredExplanationTest, AnAnswerThatIsThereAlreadyIsSentToo) {
  DeferringHandler::at_once = true;
  Explain();
  caller_.join();
  EXPECT_TRUE(status_.ok());
}

TEST_F(DeferredExplanationTest, TheEndWaitsForNobody) {
  Explain();
  const auto answer = Asked();
  plane_->Drain(std::chrono::system_clock::now());
  caller_.join();
  EXPECT_FALSE(status_.ok());
  EXPECT_EQ(script_.finished, 1);
  EXPECT_EQ(script_.last_code, StatusCode::CANCELLED);
  answer->Finish(grpc::Status::OK);  // finds nobody, and posts nothing to a queue that is gone
}

}  // namespace
}  // namespace assent::server
