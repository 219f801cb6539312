// Explain's details, through the service: the smallest change, why not, what permitted it, sources, and words.
#include "server/explained_details.h"

#include <gmock/gmock.h>

#include "policy/consent_verdict.h"
#include "server/assignment_service.h"
#include "server/role_table.h"
#include "storage/model_file.h"
#include "tests/server/error_info.h"
#include "tests/server/pipeline_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ExplainedDetailsTest : public PipelineTest {
 protected:
  ExplainedDetailsTest() {
    PipelineSources sources = Sources();
    auto notices = storage::NoticeStore::Open(*database_, *store_, index_);
    EXPECT_TRUE(notices.ok()) << notices.status();
    notices_ = *std::move(notices);
    sources.notices = notices_.get();
    service_ = std::make_unique<AssignmentService>(sources, authorizer_, cells_, 0);
  }
  grpc::Status Explain(const v1::AssignRequest& request) {
    *question_.mutable_request() = request;
    CallContext context{.method = Method::kExplain};
    service_->Awake();
    grpc::Status status = service_->Explain(question_, answer_, context);
    service_->Idle();
    return status;
  }

  const Authorizer authorizer_{ServedRoleTable(), ~0u};
  std::unique_ptr<storage::NoticeStore> notices_;
  std::unique_ptr<AssignmentService> service_;
  v1::ExplainRequest question_;
  v1::ExplainResponse answer_;
};

TEST_F(ExplainedDetailsTest, TheSmallestChangeLeavesTheSegment) {
  model_.Publish(SampleModel());
  Grant("ada", policy::Purpose::kSelectContent);
  v1::AssignRequest request = Event("ada", kLight);
  request.set_purpose(v1::PURPOSE_SELECT_CONTENT);
  ASSERT_TRUE(Explain(request).ok());
  EXPECT_FALSE(answer_.has_smallest_change()) << "nobody asked";
  question_.set_smallest_change(true);
  ASSERT_TRUE(Explain(request).ok());
  const v1::SmallestChange change = answer_.smallest_change();
  ASSERT_TRUE(change.reachable());
  ASSERT_GE(change.changes_size(), 1);
  EXPECT_THAT(answer_.text(), HasSubstr("You would no longer be in it if " + change.changes(0).feature() + " were "));
  for (const v1::FeatureChange& feature : change.changes()) {
    const int position = feature.feature() == "minutes" ? 0 : 1;
    EXPECT_EQ(feature.from(), kLight[position]);
    EXPECT_EQ(feature.unit(), answer_.contributions(position).unit());
    request.mutable_features()->set_dense(position, static_cast<float>(feature.to()));
  }
  ASSERT_TRUE(Explain(request).ok());
  EXPECT_EQ(answer_.segment().segment_id(), change.nearest().segment_id());
  EXPECT_NE(answer_.segment().segment_id(), "light");
}

TEST_F(ExplainedDetailsTest, WhereNothingCanBeChangedItSaysSo) {
  internal::v1::ModelFile file = SampleModelFile();
  for (auto& feature : *file.mutable_schema()->mutable_features()) feature.set_changeable(false);
  model_.Publish(*storage::ModelFromMessage(file));
  Grant("ada");
  question_.set_smallest_change(true);
  ASSERT_TRUE(Explain(Event("ada", kLight)).ok());
  EXPECT_TRUE(answer_.has_smallest_change());
  EXPECT_FALSE(answer_.smallest_change().reachable());
  EXPECT_THAT(answer_.text(), HasSubstr(std::string(kEnglish.cannot_leave)));
}

TEST_F(ExplainedDetailsTest, WhyNotAddsUpToTheDifferenceOfTheDistances) {
  model_.Publish(SampleModel());
  Grant("ada");
  question_.set_why_not("heavy");
  ASSERT_TRUE(Explain(Event("ada", kLight)).ok());
  const v1::WhyNot& why = answer_.why_not();
  EXPECT_EQ(why.rule(), "");
  EXPECT_EQ(why.segment().segment_id(), "heavy");
  EXPECT_EQ(why.segment().distance(), 18) << "3 in each of two scaled features";
  EXPECT_EQ(why.difference(), why.segment().distance() - answer_.segment().distance());
  double sum = 0;
  for (const v1::FeatureTerm& term : why.terms()) sum += term.contribution();
  EXPECT_NEAR(sum, why.difference(), 1e-12);
  EXPECT_THAT(why.text(), StartsWith("You are not in the segment"));
  EXPECT_THAT(why.text(), HasSubstr("mostly because minutes is 30"));
  question_.set_why_not("light");
  ASSERT_TRUE(Explain(Event("ada", kLight)).ok());
  EXPECT_EQ(answer_.why_not().difference(), 0);
  EXPECT_THAT(answer_.why_not().text(), StartsWith("You are in the segment"));
}

TEST_F(ExplainedDetailsTest, WhyNotNamesTheRuleAndNothingElseWhereOneDecides) {
  model_.Publish(SampleModel());
  Grant("ada");
  question_.set_why_not("health");
  ASSERT_TRUE(Explain(Event("ada", kLight)).ok());
  EXPECT_EQ(answer_.why_not().rule(), "segment.special_category");
  EXPECT_EQ(answer_.why_not().terms_size(), 0);
  EXPECT_THAT(answer_.why_not().text(), testing::Not(HasSubstr("nearest"))) << "that is another one";
  EXPECT_EQ(answer_.why_not().segment().distance(), 0);
  question_.set_why_not("heavy");
  ASSERT_TRUE(Explain(Event("stranger", kLight)).ok());
  EXPECT_EQ(answer_.why_not().rule(), "consent.none");
  EXPECT_EQ(answer_.why_not().segment().label(), "") << "no model was read";
  ASSERT_TRUE(Explain(Event("ada", kHealth)).ok());
  EXPECT_EQ(answer_.why_not().rule(), "segment.special_category")
      << "that of the nearest: how far heavy is would tell of it";
  EXPECT_EQ(answer_.why_not().terms_size(), 0);
  ASSERT_TRUE(Explain(Event("ada", kBetween)).ok());
  EXPECT_EQ(answer_.decision().outcome(), v1::OUTCOME_ABSTAINED);
  EXPECT_THAT(answer_.why_not().text(), HasSubstr("You are not in the segment"));
  question_.set_why_not("nowhere");
  const grpc::Status status = Explain(Event("ada", kLight));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FieldOf(status), "why_not");
}

TEST_F(ExplainedDetailsTest, ConsentNamesThePermissionAndTheNotice) {
  model_.Publish(SampleModel());
  internal::v1::NoticeRecord notice;
  notice.set_id("welcome");
  notice.set_version("7");
  notice.set_purpose_bits(policy::kAllPurposeBits);
  ASSERT_TRUE(notices_->Register(notice).ok());
  storage::ConsentRequest grant;
  grant.subject = KeyOf("ada");
  grant.kind = internal::v1::CONSENT_CHANGE_KIND_GRANT;
  grant.grants.push_back({.purpose = policy::Purpose::kSelectAdvertising});
  grant.terms.notice_id = "welcome";
  grant.terms.notice_version = "7";
  grant.terms.notice_ordinal = 1;
  grant.terms.expire_time_s = 1'800'000'000;
  ASSERT_TRUE(store_->Apply(grant, absl::FromUnixMicros(kNowUs)).ok());
  ASSERT_TRUE(Explain(Event("ada", kLight)).ok());
  EXPECT_EQ(answer_.consent().permission(), "explicit_grant");
  EXPECT_EQ(answer_.consent().revision(), 1u);
  EXPECT_EQ(answer_.consent().notice_id(), "welcome");
  EXPECT_EQ(answer_.consent().notice_version(), "7");
  EXPECT_EQ(answer_.consent().expire_time().seconds(), 1'800'000'000);
  EXPECT_THAT(answer_.text(), HasSubstr("(notice welcome, version 7)"));
  ASSERT_TRUE(Explain(Event("stranger", kLight)).ok());
  EXPECT_EQ(answer_.consent().permission(), "none");
  EXPECT_EQ(answer_.consent().notice_id(), "");
  EXPECT_EQ(answer_.text(), std::string(kEnglish.rule(policy::Rule::kConsentNone)));
}

TEST_F(ExplainedDetailsTest, SaysWhichEventsAndSinceWhen) {
  model_.Publish(ProfileModel());
  Grant("ada");
  Grant("ada", policy::Purpose::kProfileAdvertising);
  v1::AssignRequest request = Event("ada", {});
  const int64_t now_us = absl::ToUnixMicros(absl::Now());  // the service has its own clock
  *request.add_events() = PurchaseEvent("1", 9, now_us, 3600);
  *request.add_events() = PurchaseEvent("2", 9, now_us, 60);
  ASSERT_TRUE(Decide(request, now_us).ok());
  request.clear_events();
  ASSERT_TRUE(Explain(request).ok());
  EXPECT_EQ(answer_.profile().purpose(), v1::PURPOSE_PROFILE_ADVERTISING);
  EXPECT_EQ(answer_.profile().events(), 2u);
  EXPECT_EQ(answer_.profile().first_event_time().seconds(), now_us / 1'000'000 - 3600);
  EXPECT_EQ(answer_.profile().last_event_time().seconds(), now_us / 1'000'000 - 60);
  EXPECT_EQ(answer_.contributions(0).source(), kEnglish.given_directly);
  EXPECT_EQ(answer_.contributions(1).source(), "How many events of type \"purchase\" of yours there were.");
  question_.set_language("de-DE");
  ASSERT_TRUE(Explain(request).ok());
  EXPECT_THAT(answer_.contributions(1).source(), HasSubstr("Anzahl Ihrer"));
  EXPECT_THAT(answer_.text(), StartsWith("Sie sind im Segment"));
  question_.set_language("xx");
  const grpc::Status status = Explain(request);
  EXPECT_EQ(FieldOf(status), "language");
}

}  // namespace
}  // namespace assent::server
