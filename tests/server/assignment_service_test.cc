#include "server/assignment_service.h"

#include "google/rpc/error_details.pb.h"
#include "server/role_table.h"
#include "tests/server/pipeline_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

using grpc::StatusCode;

class AssignmentServiceTest : public PipelineTest {
 protected:
  AssignmentServiceTest() { UseRoles(~0u); }

  void UseRoles(uint32_t roles) {
    service_.reset();
    authorizer_ = std::make_unique<Authorizer>(ServedRoleTable(), roles);
    service_ = std::make_unique<AssignmentService>(pipeline_->sources(), *authorizer_, cells_, 0);
  }
  grpc::Status Assign(const v1::AssignRequest& request, CallContext context = {}) {
    service_->Awake();
    grpc::Status status = service_->Assign(request, response_, context);
    service_->Idle();
    service_->Finished(context, status.error_code());
    return status;
  }
  v1::StreamAssignResponse Answer(const v1::StreamAssignRequest& request) {
    CallContext context{.method = Method::kStreamAssign};
    service_->Awake();
    EXPECT_TRUE(service_->AnswerStream(request, stream_response_, context).ok());
    service_->Idle();
    return stream_response_;
  }
  uint64_t Calls(Method method, StatusCode code) const {
    return cells_.rpc[static_cast<size_t>(method)].by_code[static_cast<size_t>(code)].Read();
  }
  uint64_t Outcomes(policy::Outcome outcome) const {
    return cells_.outcomes[static_cast<size_t>(policy::Purpose::kSelectAdvertising)][static_cast<size_t>(outcome)]
        .Read();
  }

  std::unique_ptr<Authorizer> authorizer_;
  std::unique_ptr<AssignmentService> service_;
  v1::AssignResponse response_;
  v1::StreamAssignResponse stream_response_;
};

TEST_F(AssignmentServiceTest, AnswersAndCounts) {
  model_.Publish(SampleModel());
  Grant("ada");
  auto request = Event("ada", kLight);
  request.set_max_segments(2);
  request.set_return_memberships(true);
  ASSERT_TRUE(Assign(request).ok());
  EXPECT_EQ(response_.outcome(), v1::OUTCOME_ASSIGNED);
  EXPECT_EQ(response_.reason(), "model.nearest");
  ASSERT_EQ(response_.segments_size(), 1);  // the second nearest is not for advertising
  EXPECT_EQ(response_.segments(0).segment_id(), "light");
  EXPECT_EQ(response_.segments(0).label(), "Label of light");
  EXPECT_EQ(response_.segments(0).iab_audience_id(), 7);
  EXPECT_GT(response_.segments(0).membership(), 0.9);
  EXPECT_EQ(response_.margin(), 9);
  EXPECT_EQ(response_.model().name(), "sample");
  EXPECT_EQ(response_.model().digest().size(), 64u);
  EXPECT_EQ(Calls(Method::kAssign, StatusCode::OK), 1u);
  EXPECT_EQ(Outcomes(policy::Outcome::kAssigned), 1u);
  EXPECT_EQ(model_.segment_totals().Read().at("light"), 1u);
}

// The response object is used again: nothing of one answer may be left in the next.
TEST_F(AssignmentServiceTest, NothingOfTheLastAnswerIsLeft) {
  model_.Publish(SampleModel());
  Grant("ada");
  const auto fresh = [&](const v1::AssignRequest& request) {
    v1::AssignResponse reused = response_;
    response_.Clear();
    EXPECT_TRUE(Assign(request).ok());
    const std::string expected = response_.DebugString();
    response_ = reused;
    EXPECT_TRUE(Assign(request).ok());
    EXPECT_EQ(response_.DebugString(), expected);
  };
  auto all = Event("ada", kLight);
  all.set_max_segments(4);
  all.set_return_memberships(true);
  for (int round = 0; round < 2; ++round) {
    for (const auto& request : {all, Event("stranger", kLight), Event("ada", kHeavy), Event("ada", kBetween),
                                Event("ada", kHealth), all, Event("ada", kFarAway), Event("ada", kLight)}) {
      fresh(request);
    }
    model_.Publish(SampleModel("other"));
  }
}

TEST_F(AssignmentServiceTest, AnExpiredDeadlineDoesNoWork) {
  model_.Publish(SampleModel());
  Grant("ada");
  const grpc::Status status = Assign(Event("ada", kLight), {.deadline_ns = 1});
  EXPECT_EQ(status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(Outcomes(policy::Outcome::kAssigned), 0u);
  EXPECT_EQ(Calls(Method::kAssign, StatusCode::DEADLINE_EXCEEDED), 1u);
}

TEST_F(AssignmentServiceTest, RolesAreCheckedBeforeAnythingElse) {
  UseRoles(RoleBitFromName("consent"));
  EXPECT_EQ(Assign({}, {.deadline_ns = 1}).error_code(), StatusCode::PERMISSION_DENIED);
  UseRoles(RoleBitFromName("reviewer"));  // may explain, not assign
  EXPECT_EQ(Assign({}).error_code(), StatusCode::PERMISSION_DENIED);
  CallContext context{.method = Method::kExplain};
  v1::ExplainResponse explained;
  EXPECT_EQ(service_->Explain({}, explained, context).error_code(), StatusCode::INVALID_ARGUMENT);
  context.method = Method::kStreamAssign;
  EXPECT_EQ(service_->OpenStream(context).error_code(), StatusCode::PERMISSION_DENIED);
}

TEST_F(AssignmentServiceTest, WithMutualTlsACallOfNobodyIsRefused) {
  authorizer_ = std::make_unique<Authorizer>(ServedRoleTable(), Principals());
  service_ = std::make_unique<AssignmentService>(pipeline_->sources(), *authorizer_, cells_, 0);
  EXPECT_EQ(Assign({}).error_code(), StatusCode::PERMISSION_DENIED);
  CallContext context{.method = Method::kStreamAssign};
  EXPECT_EQ(service_->OpenStream(context).error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(service_->AnswerStream({}, stream_response_, context).error_code(), StatusCode::PERMISSION_DENIED);
}

TEST_F(AssignmentServiceTest, ABadStreamMessageFailsAlone) {
  model_.Publish(SampleModel());
  Grant("ada");
  v1::StreamAssignRequest good;
  good.set_tag(7);
  *good.mutable_request() = Event("ada", kLight);
  v1::StreamAssignRequest bad = good;
  bad.set_tag(8);
  bad.mutable_request()->mutable_subject()->clear_id();
  v1::StreamAssignRequest empty;
  empty.set_tag(9);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Answer(good).tag(), 7u);
    EXPECT_EQ(stream_response_.response().outcome(), v1::OUTCOME_ASSIGNED);
    EXPECT_EQ(Answer(bad).tag(), 8u);
    google::rpc::ErrorInfo info;
    ASSERT_TRUE(stream_response_.error().details(0).UnpackTo(&info));
    EXPECT_EQ(stream_response_.error().code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(info.metadata().at("field"), "request.subject.id");
    ASSERT_TRUE(Answer(empty).error().details(0).UnpackTo(&info));
    EXPECT_EQ(info.metadata().at("field"), "request");
  }
  EXPECT_EQ(Outcomes(policy::Outcome::kAssigned), 2u);
  EXPECT_EQ(cells_.entry_errors.Read(), 4u);
}

class ExplainTest : public AssignmentServiceTest {
 protected:
  grpc::Status Explain(const v1::AssignRequest& request) {
    v1::ExplainRequest explain;
    *explain.mutable_request() = request;
    CallContext context{.method = Method::kExplain};
    service_->Awake();
    grpc::Status status = service_->Explain(explain, explained_, context);
    service_->Idle();
    return status;
  }
  v1::ExplainResponse explained_;
};

TEST_F(ExplainTest, SaysWhyInRawUnitsAndCountsNothing) {
  model_.Publish(SampleModel());
  Grant("ada");
  auto request = Event("ada", {});
  (*request.mutable_features()->mutable_named())["minutes"] = 33;
  ASSERT_TRUE(Explain(request).ok());
  EXPECT_EQ(explained_.decision().outcome(), v1::OUTCOME_ASSIGNED);
  EXPECT_GT(explained_.decision().segments(0).membership(), 0);
  EXPECT_EQ(explained_.segment().segment_id(), "light");
  EXPECT_GT(explained_.segment().membership(), explained_.runner_up().membership());
  ASSERT_EQ(explained_.contributions_size(), 2);
  const auto& minutes = explained_.contributions(0);
  EXPECT_EQ(minutes.feature(), "minutes");
  EXPECT_EQ(minutes.unit(), "units of minutes");
  EXPECT_NEAR(minutes.value(), 33, 1e-5);
  EXPECT_EQ(minutes.typical_value(), 60);
  EXPECT_FALSE(minutes.missing());
  EXPECT_TRUE(minutes.changeable());
  EXPECT_TRUE(explained_.contributions(1).missing());
  EXPECT_EQ(explained_.contributions(1).value(), 10);
  double terms = 0;
  double shapley = 0;
  for (const auto& contribution : explained_.contributions()) {
    terms += contribution.contribution();
    shapley += contribution.shapley();
  }
  EXPECT_NEAR(terms, explained_.margin(), 1e-12);
  EXPECT_NEAR(shapley, explained_.margin() - explained_.expected_margin(), 1e-12);
  EXPECT_EQ(Outcomes(policy::Outcome::kAssigned), 0u);
  EXPECT_TRUE(model_.segment_totals().Read().at("light") == 0);
}

TEST_F(ExplainTest, RefusalsShowNoFeature) {
  model_.Publish(SampleModel());
  ASSERT_TRUE(Explain(Event("stranger", kLight)).ok());
  EXPECT_EQ(explained_.decision().outcome(), v1::OUTCOME_NO_CONSENT);
  EXPECT_EQ(explained_.contributions_size(), 0);
  EXPECT_FALSE(explained_.has_segment());
  Grant("ada");
  ASSERT_TRUE(Explain(Event("ada", kHealth)).ok());
  EXPECT_EQ(explained_.decision().outcome(), v1::OUTCOME_RESTRICTED);
  EXPECT_FALSE(explained_.has_segment());  // naming it would tell what may not be used
}

TEST_F(ExplainTest, ARunnerUpThatThePurposeMayNotUseHasNoName) {
  model_.Publish(SampleModel());
  Grant("ada");
  Grant("ada", policy::Purpose::kSelectContent);
  auto request = Event("ada", kLight);
  (*request.mutable_features()->mutable_dense())[1] = 6;  // towards "content-only"
  ASSERT_TRUE(Explain(request).ok());
  EXPECT_EQ(explained_.segment().segment_id(), "light");
  EXPECT_EQ(explained_.runner_up().segment_id(), "");
  EXPECT_EQ(explained_.runner_up().label(), "");
  EXPECT_EQ(explained_.runner_up().iab_audience_id(), 0);
  // The comparison is with it all the same.
  EXPECT_EQ(explained_.runner_up().distance() - explained_.segment().distance(), explained_.margin());
  double terms = 0;
  for (const auto& contribution : explained_.contributions()) terms += contribution.contribution();
  EXPECT_NEAR(terms, explained_.margin(), 1e-12);
  const double margin = explained_.margin();
  request.set_purpose(v1::PURPOSE_SELECT_CONTENT);
  ASSERT_TRUE(Explain(request).ok());
  EXPECT_EQ(explained_.runner_up().segment_id(), "content-only");
  EXPECT_EQ(explained_.margin(), margin);
}

TEST_F(ExplainTest, AbstentionIsExplained) {
  model_.Publish(SampleModel());
  Grant("ada", policy::Purpose::kSelectContent);
  auto request = Event("ada", kBetween);
  request.set_purpose(v1::PURPOSE_SELECT_CONTENT);
  ASSERT_TRUE(Explain(request).ok());
  EXPECT_EQ(explained_.decision().outcome(), v1::OUTCOME_ABSTAINED);
  EXPECT_TRUE(explained_.has_segment());
  EXPECT_EQ(explained_.contributions_size(), 2);
}

}  // namespace
}  // namespace assent::server
