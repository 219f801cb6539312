#include "server/decision_log.h"

#include <set>

#include "server/assignment_service.h"
#include "server/decision_recorder.h"
#include "server/role_table.h"
#include "tests/server/pipeline_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

class DecisionLogTest : public PipelineTest {
 protected:
  DecisionLogTest() {
    settings_.logged_per_million = DecisionSettings::kEachDecision;
    settings_.ring_bytes = 64 << 10;
    model_.Publish(SampleModel());
    Grant("ada");
  }
  void Start() {
    service_.reset();
    log_ = std::make_unique<DecisionLog>(decisions_, settings_, 1, std::chrono::hours(1));
    authorizer_ = std::make_unique<Authorizer>(ServedRoleTable(), ~0u);
    service_ = std::make_unique<AssignmentService>(pipeline_->sources(), *authorizer_, cells_, 0,
                                                   DecisionKeeping{.log = log_.get()});
  }
  grpc::Status Assign(const v1::AssignRequest& request) {
    CallContext context;
    service_->Awake();
    grpc::Status status = service_->Assign(request, response_, context);
    service_->Idle();
    return status;
  }
  std::set<std::string> Logged() {
    std::set<std::string> ids;
    EXPECT_TRUE(decisions_
                    .List({},
                          [&](const policy::DecisionId& id, const policy::RecordedDecision&) {
                            ids.insert(policy::DecisionIdText(id));
                            return true;
                          })
                    .ok());
    return ids;
  }
  uint64_t Outcomes() const {
    uint64_t all = 0;
    for (const Cell& cell : cells_.outcomes[static_cast<size_t>(policy::Purpose::kSelectAdvertising)]) {
      all += cell.Read();
    }
    return all;
  }

  DecisionSettings settings_;
  storage::DecisionStore decisions_{*database_, *store_, index_, domain_};
  std::unique_ptr<DecisionLog> log_;
  std::unique_ptr<Authorizer> authorizer_;
  std::unique_ptr<AssignmentService> service_;
  v1::AssignResponse response_;
};

TEST_F(DecisionLogTest, EachDecisionIsThereUnderItsId) {
  Start();
  std::set<std::string> answered;
  for (const char* id : {"ada", "stranger", "ada", "ada"}) {
    ASSERT_TRUE(Assign(Event(id, kLight)).ok());
    answered.insert(response_.decision_id());
  }
  EXPECT_EQ(answered.size(), 4u);
  EXPECT_EQ(Logged().size(), 0u);  // the writer's turn has not come
  EXPECT_TRUE(log_->WriteAll());
  EXPECT_EQ(Logged(), answered);
  EXPECT_EQ(log_->figures().written, 4u);
}

TEST_F(DecisionLogTest, TheEndWritesWhatWaits) {
  Start();
  ASSERT_TRUE(Assign(Event("ada", kLight)).ok());
  log_->Stop();
  EXPECT_EQ(Logged().size(), 1u);
}

TEST_F(DecisionLogTest, AStreamIsLoggedToo) {
  Start();
  v1::StreamAssignRequest request;
  *request.mutable_request() = Event("ada", kLight);
  v1::StreamAssignResponse response;
  CallContext context{.method = Method::kStreamAssign};
  service_->Awake();
  ASSERT_TRUE(service_->AnswerStream(request, response, context).ok());
  service_->Idle();
  EXPECT_TRUE(log_->WriteAll());
  EXPECT_EQ(Logged().count(response.response().decision_id()), 1u);
}

TEST_F(DecisionLogTest, AFullRingDropsAndCounts) {
  Start();
  uint64_t logged = 0;
  while (Assign(Event("ada", kLight)).ok() && !response_.decision_id().empty()) ++logged;
  EXPECT_EQ(response_.outcome(), v1::OUTCOME_ASSIGNED);  // answered all the same
  EXPECT_GT(logged, 100u);
  ASSERT_TRUE(Assign(Event("ada", kLight)).ok());
  EXPECT_EQ(cells_.decisions_dropped.Read(), 2u);
  EXPECT_EQ(cells_.decisions_logged.Read(), logged);
  EXPECT_TRUE(log_->WriteAll());
  EXPECT_EQ(Logged().size(), logged);
  ASSERT_TRUE(Assign(Event("ada", kLight)).ok());
  EXPECT_FALSE(response_.decision_id().empty());
}

TEST_F(DecisionLogTest, AFullRingRefusesBeforeAnythingIsDecided) {
  settings_.refuse_when_full = true;
  Start();
  uint64_t logged = 0;
  grpc::Status status;
  for (; status.ok(); ++logged) status = Assign(Event("ada", kLight));
  --logged;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Outcomes(), logged);
  EXPECT_EQ(cells_.decisions_refused.Read(), 1u);
  EXPECT_EQ(cells_.decisions_dropped.Read(), 0u);
  EXPECT_TRUE(log_->WriteAll());
  EXPECT_EQ(Logged().size(), logged);
  EXPECT_TRUE(Assign(Event("ada", kLight)).ok());
}

TEST_F(DecisionLogTest, ASampleIsAChoiceOfTheDecisionItself) {
  settings_.logged_per_million = 250'000;
  Start();
  policy::Decision decision;
  int chosen = 0;
  constexpr int kDecisions = 100'000;
  for (int i = 0; i < kDecisions; ++i) {
    decision.subject = KeyOf(std::to_string(i % 100));
    decision.time_us = kNowUs + i;
    const bool first = log_->Chooses(decision);
    ASSERT_EQ(log_->Chooses(decision), first);
    chosen += first ? 1 : 0;
  }
  EXPECT_NEAR(chosen, kDecisions / 4, 5 * 137);  // five standard deviations of a binomial
  decision.rule = policy::Rule::kSubjectErased;
  for (int i = 0; i < 100; ++i, ++decision.time_us) ASSERT_FALSE(log_->Chooses(decision));
}

}  // namespace
}  // namespace assent::server
