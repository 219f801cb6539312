// No allocation of ours on the way of an Assign: every operator new of this program is counted.
#include "absl/time/clock.h"
#include "server/assign_response.h"
#include "server/assignment_service.h"
#include "server/role_table.h"
#include "tests/harness/allocation_counter.h"
#include "tests/server/pipeline_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

constexpr size_t kDim = 64;

class AllocationTest : public PipelineTest {
 protected:
  AllocationTest() {
    model_.Publish(NoiseModel(256, kDim, 11));
    Grant("granted");
    Change("withdrawn", internal::v1::CONSENT_CHANGE_KIND_WITHDRAW, policy::Purpose::kSelectAdvertising);
    for (size_t i = 0; i < kDim; ++i) features_.push_back(static_cast<float>(i % 7) * 0.3f - 1.0f);
  }

  // Allocations of the second and later calls of the service that a polling thread would make for `request`.
  uint64_t AllocationsAfterWarmUp(const v1::AssignRequest& request, v1::Outcome outcome) {
    const Authorizer authorizer(ServedRoleTable(), ~0u);
    AssignmentService service(pipeline_->sources(), authorizer, cells_, 0, keeping_);
    v1::AssignResponse response;
    uint64_t counted = 0;
    for (int i = 0; i < 10; ++i) {
      CallContext context;
      const uint64_t before = AllocationsOfThread();
      service.Awake();
      const bool ok = service.Assign(request, response, context).ok();
      service.Idle();
      service.Finished(context, grpc::StatusCode::OK);
      if (i > 0) counted += AllocationsOfThread() - before;
      EXPECT_TRUE(ok);
    }
    EXPECT_EQ(response.outcome(), outcome);
    EXPECT_EQ(response.receipt().empty(), !request.return_receipt());
    EXPECT_EQ(response.decision_id().empty(), keeping_.log == nullptr);
    return counted;
  }

  std::vector<float> features_;
  DecisionKeeping keeping_;
};

TEST_F(AllocationTest, TheCounterCounts) {
  const uint64_t before = AllocationsOfThread();
  const std::string large(1000, 'x');  // a pair of new and delete could be left out by the compiler
  EXPECT_EQ(AllocationsOfThread() - before, 1u);
}

TEST_F(AllocationTest, AssignedDense) {
  EXPECT_EQ(AllocationsAfterWarmUp(Event("granted", features_), v1::OUTCOME_ASSIGNED), 0u);
}

TEST_F(AllocationTest, AssignedWithEveryOption) {
  auto request = Event("granted", {});
  for (size_t i = 0; i < kDim; ++i)
    (*request.mutable_features()->mutable_named())["f" + std::to_string(i)] = features_[i];
  request.set_max_segments(16);
  request.set_return_memberships(true);
  request.mutable_context()->set_placement("homepage");
  request.mutable_signals()->set_jurisdiction("DE");
  request.set_consent_token(ConsentTokenCodec(pseudonymizer_).Encode(store_->applied()));
  EXPECT_EQ(AllocationsAfterWarmUp(request, v1::OUTCOME_ASSIGNED), 0u);
}

TEST_F(AllocationTest, WithAReceiptAndTheLog) {
  const storage::SealingKeys keys(
      *policy::SealingRing::Create(std::vector{std::string(policy::kSealingKeyBytes, 'k')}));
  storage::DecisionStore decisions(*database_, *store_, index_, domain_);
  DecisionSettings settings;
  settings.logged_per_million = DecisionSettings::kEachDecision;
  DecisionLog log(decisions, settings, 1, std::chrono::hours(1));
  keeping_ = {.sealing = &keys, .log = &log};
  auto request = Event("granted", features_);
  EXPECT_EQ(AllocationsAfterWarmUp(request, v1::OUTCOME_ASSIGNED), 0u);
  request.set_return_receipt(true);
  request.set_max_segments(16);
  EXPECT_EQ(AllocationsAfterWarmUp(request, v1::OUTCOME_ASSIGNED), 0u);
  auto refused = Event("stranger", features_);
  refused.set_return_receipt(true);
  EXPECT_EQ(AllocationsAfterWarmUp(refused, v1::OUTCOME_NO_CONSENT), 0u);
  EXPECT_EQ(cells_.decisions_logged.Read(), 30u);
  keeping_ = {};
}

TEST_F(AllocationTest, Refused) {
  EXPECT_EQ(AllocationsAfterWarmUp(Event("stranger", features_), v1::OUTCOME_NO_CONSENT), 0u);
  EXPECT_EQ(AllocationsAfterWarmUp(Event("withdrawn", features_), v1::OUTCOME_NO_CONSENT), 0u);
}

// Each call offers the opt-out, since nobody stores it: also when the queue is full.
TEST_F(AllocationTest, ASignalOfALinkedSubject) {
  Link("person", "granted");
  auto request = Event("granted", features_);
  request.mutable_signals()->set_gpc(true);
  EXPECT_EQ(AllocationsAfterWarmUp(request, v1::OUTCOME_NO_CONSENT), 0u);
  EXPECT_EQ(opt_outs_.Take()->subject, KeyOf("granted"));
  while (opt_outs_.Offer({})) continue;
  const uint64_t dropped = opt_outs_.dropped();
  EXPECT_EQ(AllocationsAfterWarmUp(request, v1::OUTCOME_NO_CONSENT), 0u);
  EXPECT_EQ(opt_outs_.dropped(), dropped + 10);
}

TEST_F(AllocationTest, AssignedWithEvents) {
  model_.Publish(ProfileModel());
  Grant("granted", policy::Purpose::kProfileAdvertising);
  Grant("unprofiled");
  const int64_t now_us = absl::GetCurrentTimeNanos() / 1000;  // the service reads the real clock
  for (const char* id : {"granted", "unprofiled"}) {
    auto request = Event(id, {});
    for (int i = 0; i < 8; ++i) *request.add_events() = PurchaseEvent("e" + std::to_string(i), 10, now_us);
    (*request.mutable_events(0)->mutable_attributes())["colour"].set_text("green");
    request.mutable_events(1)->set_type("teleport");
    request.mutable_features()->add_dense(60);
    EXPECT_EQ(AllocationsAfterWarmUp(request, v1::OUTCOME_ASSIGNED), 0u) << id;
    request.clear_events();
    EXPECT_EQ(AllocationsAfterWarmUp(request, v1::OUTCOME_ASSIGNED), 0u) << id;
  }
  EXPECT_EQ(profiles_->size(), 1u);
}

TEST_F(AllocationTest, RecordedEvents) {
  model_.Publish(ProfileModel());
  Grant("granted", policy::Purpose::kProfileAdvertising);
  v1::RecordEventsRequest request;
  *request.mutable_subject() = Event("granted", {}).subject();
  request.set_purpose(v1::PURPOSE_PROFILE_ADVERTISING);
  const int64_t now_us = absl::GetCurrentTimeNanos() / 1000;  // the service reads the real clock
  for (int i = 0; i < 8; ++i) *request.add_events() = PurchaseEvent("e" + std::to_string(i), 10, now_us);
  const Authorizer authorizer(ServedRoleTable(), ~0u);
  AssignmentService service(pipeline_->sources(), authorizer, cells_, 0);
  v1::RecordEventsResponse response;
  uint64_t counted = 0;
  for (int call = 0; call < 20; ++call) {
    // New events each time, so that they are folded and not only recognised; the request is not ours.
    for (int i = 0; i < 8; ++i) request.mutable_events(i)->set_event_id(std::to_string(call * 8 + i));
    CallContext context{.method = Method::kRecordEvents};
    const uint64_t before = AllocationsOfThread();
    service.Awake();
    const bool ok = service.RecordEvents(request, response, context).ok();
    service.Idle();
    service.Finished(context, grpc::StatusCode::OK);
    if (call > 0) counted += AllocationsOfThread() - before;
    EXPECT_TRUE(ok);
    EXPECT_EQ(response.folded(), 8u);
  }
  EXPECT_EQ(counted, 0u);
}

TEST_F(AllocationTest, Batch) {
  v1::BatchAssignRequest request;
  request.set_purpose(v1::PURPOSE_SELECT_ADVERTISING);
  request.set_namespace_("cookie");
  request.mutable_features()->set_columns(kDim);
  for (int row = 0; row < 600; ++row) {
    request.add_subject_ids(row % 3 == 0 ? "granted" : row % 3 == 1 ? "withdrawn" : "stranger");
    for (const float value : features_) request.mutable_features()->add_values(value);
  }
  ASSERT_TRUE(DecideBatch(request).ok());
  const uint64_t before = AllocationsOfThread();
  ASSERT_TRUE(DecideBatch(request).ok());
  EXPECT_EQ(AllocationsOfThread() - before, 0u);
}

}  // namespace
}  // namespace assent::server
