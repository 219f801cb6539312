// Decisions of a model with aggregates: what is kept, for whom, and what is scored.
#include <cmath>

#include "server/event_recorder.h"
#include "server/status_conversion.h"
#include "tests/server/pipeline_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

using policy::Outcome;
using policy::Purpose;
using policy::Rule;

class ProfilePipelineTest : public PipelineTest {
 protected:
  ProfilePipelineTest() : recorder_(*pipeline_) { model_.Publish(ProfileModel()); }

  void GrantBoth(const std::string& id) {
    Grant(id);
    Grant(id, Purpose::kProfileAdvertising);
  }
  static v1::AssignRequest With(const std::string& id, std::initializer_list<v1::Event> events) {
    v1::AssignRequest request = Event(id, {});
    for (const v1::Event& event : events) *request.add_events() = event;
    return request;
  }
  static v1::RecordEventsRequest Record(const std::string& id, std::initializer_list<v1::Event> events) {
    v1::RecordEventsRequest request;
    *request.mutable_subject() = Event(id, {}).subject();
    request.set_purpose(v1::PURPOSE_PROFILE_ADVERTISING);
    for (const v1::Event& event : events) *request.add_events() = event;
    return request;
  }
  static v1::Event Purchase(const std::string& event_id, double price = 10) {
    return PurchaseEvent(event_id, price, kNowUs);
  }
  absl::Status Fold(const v1::RecordEventsRequest& request) {
    pipeline_->Online();
    absl::Status status = recorder_.Record(request, kNowUs, decision_);
    pipeline_->Offline();
    return status;
  }
  // The raw number of purchases that a decision without events scores.
  float PurchasesOf(const std::string& id, Purpose purpose = Purpose::kSelectAdvertising) {
    v1::AssignRequest request = Event(id, {});
    request.set_purpose(static_cast<v1::Purpose>(purpose));
    EXPECT_TRUE(Decide(request).ok());
    return decision_.scaled.empty() ? NAN : decision_.scaled[1];
  }
  std::string Error(const absl::Status& status) { return ReasonOf(status) + " " + FieldOf(status); }
  const EventCounts& counts() { return pipeline_->profile().counts(); }

  EventRecorder recorder_;
};

TEST_F(ProfilePipelineTest, EventsAreFoldedAndScoredInOneCall) {
  GrantBoth("ada");
  ASSERT_TRUE(Decide(With("ada", {Purchase("a"), Purchase("b", 30)})).ok());
  EXPECT_EQ(decision_.outcome, Outcome::kAssigned);
  EXPECT_EQ(decision_.scaled[1], 2);
  EXPECT_EQ(decision_.scaled[2], 4);
  EXPECT_EQ(counts().folded, 2u);
  EXPECT_EQ(PurchasesOf("ada"), 2);
  ASSERT_TRUE(Decide(With("ada", {Purchase("c"), Purchase("d"), Purchase("e"), Purchase("f")})).ok());
  EXPECT_EQ(decision_.model->segments()[decision_.assignment.winner].segment_id, "collector");
  EXPECT_EQ(profiles_->size(), 1u);
}

TEST_F(ProfilePipelineTest, DirectFeaturesComeFromTheRequestAndAggregatesDoNot) {
  GrantBoth("ada");
  auto request = With("ada", {Purchase("a")});
  request.mutable_features()->add_dense(90);
  ASSERT_TRUE(Decide(request).ok());
  EXPECT_EQ(decision_.scaled[0], 1);
  EXPECT_EQ(decision_.scaled[1], 1);
  request.clear_features();
  (*request.mutable_features()->mutable_named())["minutes"] = 120;
  ASSERT_TRUE(Decide(request).ok());
  EXPECT_EQ(decision_.scaled[0], 2);
  (*request.mutable_features()->mutable_named())["purchases"] = 3;
  EXPECT_EQ(Error(Decide(request)), "FEATURE_UNKNOWN features.named[purchases]");
}

TEST_F(ProfilePipelineTest, ARepeatedEventCountsOnce) {
  GrantBoth("ada");
  ASSERT_TRUE(Decide(With("ada", {Purchase("a")})).ok());
  ASSERT_TRUE(Decide(With("ada", {Purchase("a"), Purchase("b")})).ok());
  EXPECT_EQ(counts().folded, 1u);
  EXPECT_EQ(counts().repeated, 1u);
  EXPECT_EQ(decision_.scaled[1], 2);
}

TEST_F(ProfilePipelineTest, WithoutTheProfilePurposeEventsCountForTheAnswerOnly) {
  Grant("ada");
  ASSERT_TRUE(Decide(With("ada", {Purchase("a"), Purchase("b")})).ok());
  EXPECT_EQ(decision_.outcome, Outcome::kAssigned);
  EXPECT_EQ(decision_.scaled[1], 2);
  EXPECT_EQ(counts().not_kept, 2u);
  EXPECT_EQ(profiles_->size(), 0u);
  EXPECT_EQ(PurchasesOf("ada"), 0);
}

TEST_F(ProfilePipelineTest, ASignalThatDeniesProfilingKeepsNothingThoughItDeniesTheAnswerToo) {
  GrantBoth("ada");
  auto request = With("ada", {Purchase("a")});
  request.mutable_signals()->set_gpc(true);
  ASSERT_TRUE(Decide(request).ok());
  EXPECT_EQ(decision_.rule, Rule::kSignalGpc);
  EXPECT_EQ(profiles_->size(), 0u);
}

TEST_F(ProfilePipelineTest, ARefusedSelectionKeepsNothing) {
  Grant("ada", Purpose::kProfileAdvertising);
  ASSERT_TRUE(Decide(With("ada", {Purchase("a")})).ok());
  EXPECT_EQ(decision_.outcome, Outcome::kNoConsent);
  EXPECT_EQ(profiles_->size(), 0u);
  // And what the events say is not even looked at.
  EXPECT_TRUE(Decide(With("ada", {v1::Event()})).ok());
}

TEST_F(ProfilePipelineTest, AWithdrawalOfTheProfilePurposeLeavesNothingAndTheNextEventStartsNothing) {
  GrantBoth("ada");
  ASSERT_TRUE(Decide(With("ada", {Purchase("a"), Purchase("b")})).ok());
  Change("ada", internal::v1::CONSENT_CHANGE_KIND_WITHDRAW, Purpose::kProfileAdvertising);
  EXPECT_EQ(PurchasesOf("ada"), 0);
  EXPECT_EQ(profiles_->size(), 0u);
  ASSERT_TRUE(Decide(With("ada", {Purchase("c")})).ok());
  EXPECT_EQ(decision_.scaled[1], 1);
  ASSERT_TRUE(Fold(Record("ada", {Purchase("d")})).ok());
  EXPECT_EQ(decision_.outcome, Outcome::kNoConsent);
  EXPECT_EQ(decision_.rule, Rule::kConsentWithdrawn);
  EXPECT_EQ(profiles_->size(), 0u);
  Grant("ada", Purpose::kProfileAdvertising);
  EXPECT_EQ(PurchasesOf("ada"), 0);
}

TEST_F(ProfilePipelineTest, AdvertisingNeverSeesWhatWasCollectedForContent) {
  model_.Publish(ProfileModel("content", v1::PURPOSE_PROFILE_CONTENT));
  for (const Purpose purpose :
       {Purpose::kSelectAdvertising, Purpose::kSelectContent, Purpose::kProfileAdvertising, Purpose::kProfileContent}) {
    Grant("ada", purpose);
  }
  auto record = Record("ada", {Purchase("a"), Purchase("b")});
  EXPECT_EQ(Error(Fold(record)), "PROFILE_NOT_READ purpose");
  record.set_purpose(v1::PURPOSE_PROFILE_CONTENT);
  ASSERT_TRUE(Fold(record).ok());
  EXPECT_EQ(decision_.outcome, Outcome::kRecorded);
  EXPECT_EQ(PurchasesOf("ada", Purpose::kSelectContent), 2);
  // The same model, asked for advertising: the events of the call count, the profile does not.
  EXPECT_EQ(PurchasesOf("ada", Purpose::kSelectAdvertising), 0);
  ASSERT_TRUE(Decide(With("ada", {Purchase("c")})).ok());
  EXPECT_EQ(decision_.scaled[1], 1);
  EXPECT_EQ(counts().not_kept, 1u);
  EXPECT_EQ(PurchasesOf("ada", Purpose::kSelectContent), 2);
  // And a model for advertising.
  model_.Publish(ProfileModel("advertising"));
  EXPECT_EQ(PurchasesOf("ada"), 0);
}

TEST_F(ProfilePipelineTest, OnABadRequestTheProfileIsUnchanged) {
  GrantBoth("ada");
  ASSERT_TRUE(Decide(With("ada", {Purchase("a")})).ok());
  v1::Event wrong_kind = Purchase("c");
  (*wrong_kind.mutable_attributes())["price"].set_text("cheap");
  v1::Event too_early = Purchase("d");
  too_early.mutable_time()->set_seconds(-1);
  EXPECT_EQ(Error(Decide(With("ada", {Purchase("b"), wrong_kind}))),
            "ATTRIBUTE_KIND_MISMATCH events[1].attributes[\"price\"]");
  EXPECT_EQ(Error(Decide(With("ada", {Purchase("b"), too_early}))), "VALUE_OUT_OF_RANGE events[1].time");
  EXPECT_EQ(Error(Fold(Record("ada", {Purchase("b"), too_early}))), "VALUE_OUT_OF_RANGE events[1].time");
  auto bad_feature = With("ada", {Purchase("b")});
  bad_feature.mutable_features()->add_dense(NAN);
  EXPECT_EQ(Error(Decide(bad_feature)), "FEATURE_NOT_FINITE features.dense[0]");
  bad_feature.mutable_features()->add_dense(1);
  EXPECT_EQ(Error(Decide(bad_feature)), "FEATURE_DIMENSION_MISMATCH features.dense");
  auto many = With("ada", {});
  for (int i = 0; i < 10'000; ++i) *many.add_events() = Purchase("m" + std::to_string(i));
  EXPECT_EQ(Error(Decide(many)), "TOO_MANY_ENTRIES events");
  EXPECT_EQ(PurchasesOf("ada"), 1);
}

TEST_F(ProfilePipelineTest, UnknownTypesAreLeftOut) {
  GrantBoth("ada");
  v1::Event unknown = Purchase("b");
  unknown.set_type("teleport");
  v1::Event heartbeat = Purchase("c");
  heartbeat.set_type("heartbeat");
  ASSERT_TRUE(Fold(Record("ada", {Purchase("a"), unknown, heartbeat})).ok());
  EXPECT_EQ(counts().folded, 1u);
  EXPECT_EQ(counts().unknown, 1u);
  EXPECT_EQ(counts().irrelevant, 1u);
}

TEST_F(ProfilePipelineTest, RecordEventsChecksItsRequest) {
  GrantBoth("ada");
  auto request = Record("ada", {Purchase("a")});
  request.set_purpose(v1::PURPOSE_SELECT_ADVERTISING);
  EXPECT_EQ(Error(Fold(request)), "PURPOSE_NOT_PROFILE purpose");
  request.clear_purpose();
  EXPECT_EQ(Error(Fold(request)), "FIELD_REQUIRED purpose");
  EXPECT_EQ(Error(Fold(Record("ada", {}))), "FIELD_REQUIRED events");
  request = Record("ada", {Purchase("a")});
  request.clear_subject();
  EXPECT_EQ(Error(Fold(request)), "FIELD_REQUIRED subject");
  request = Record("ada", {Purchase("a")});
  request.set_consent_token("x");
  EXPECT_EQ(Error(Fold(request)), "CONSENT_TOKEN_INVALID consent_token");
  EXPECT_EQ(profiles_->size(), 0u);
  model_.Publish(SampleModel());
  EXPECT_EQ(Error(Fold(Record("ada", {Purchase("a")}))), "PROFILE_NOT_READ purpose");
}

TEST_F(ProfilePipelineTest, RecordEventsSaysSoWhenThereIsNoRoom) {
  for (int i = 0; i < 64; ++i) {
    GrantBoth("p" + std::to_string(i));
    ASSERT_TRUE(Fold(Record("p" + std::to_string(i), {Purchase("a")})).ok());
  }
  GrantBoth("ada");
  EXPECT_EQ(Error(Fold(Record("ada", {Purchase("a")}))), "PROFILES_FULL ");
  ASSERT_TRUE(Decide(With("ada", {Purchase("a")})).ok());  // answered from what it carries
  EXPECT_EQ(decision_.scaled[1], 1);
  EXPECT_EQ(counts().not_kept, 1u);
  EXPECT_EQ(PurchasesOf("ada"), 0);
}

TEST_F(ProfilePipelineTest, AnExplanationTakesAccountOfEventsAndKeepsNone) {
  GrantBoth("ada");
  ASSERT_TRUE(Decide(With("ada", {Purchase("a")})).ok());
  pipeline_->Online();
  ASSERT_TRUE(pipeline_->Decide(With("ada", {Purchase("b")}), kNowUs, decision_, AssignPipeline::Keep::kNothing).ok());
  EXPECT_EQ(decision_.scaled[1], 2);
  pipeline_->Offline();
  EXPECT_EQ(PurchasesOf("ada"), 1);
}

TEST_F(ProfilePipelineTest, BatchesReadProfiles) {
  GrantBoth("ada");
  ASSERT_TRUE(Fold(Record("ada", {Purchase("a"), Purchase("b")})).ok());
  Grant("ben");
  v1::BatchAssignRequest request;
  request.set_purpose(v1::PURPOSE_SELECT_ADVERTISING);
  request.set_namespace_("cookie");
  for (const char* id : {"ada", "ben", "stranger"}) request.add_subject_ids(id);
  for (const bool direct : {false, true}) {
    if (direct) {
      request.mutable_features()->set_columns(1);
      for (int i = 0; i < 3; ++i) request.mutable_features()->add_values(60);
    }
    ASSERT_TRUE(DecideBatch(request).ok());
    EXPECT_EQ(batch_response_.outcomes(0), v1::OUTCOME_ASSIGNED);
    EXPECT_EQ(batch_response_.segment_ids(static_cast<int>(batch_response_.segment_index(0))), "buyer");
    EXPECT_EQ(batch_response_.segment_ids(static_cast<int>(batch_response_.segment_index(1))), "browser");
    EXPECT_EQ(batch_response_.outcomes(2), v1::OUTCOME_NO_CONSENT);
  }
  request.mutable_features()->set_columns(3);
  for (int i = 0; i < 6; ++i) request.mutable_features()->add_values(60);
  EXPECT_EQ(Error(DecideBatch(request)), "FEATURE_DIMENSION_MISMATCH features.columns");
}

TEST_F(ProfilePipelineTest, ProfilesAreWrittenBehind) {
  GrantBoth("ada");
  ASSERT_TRUE(Fold(Record("ada", {Purchase("a"), Purchase("b")})).ok());
  EXPECT_EQ(PurchasesOf("ada"), 2);
  ASSERT_TRUE(profiles_->Flush(absl::FromUnixMicros(kNowUs)).ok());
  EXPECT_EQ(profiles_->figures().written, 1u);
}

TEST_F(ProfilePipelineTest, AModelWithoutAggregatesTakesNoNoticeOfEvents) {
  model_.Publish(SampleModel());
  GrantBoth("ada");
  auto request = With("ada", {Purchase("a")});
  for (const float value : kLight) request.mutable_features()->add_dense(value);
  ASSERT_TRUE(Decide(request).ok());
  EXPECT_EQ(decision_.outcome, Outcome::kAssigned);
  EXPECT_EQ(counts().unknown, 1u);
  EXPECT_EQ(profiles_->size(), 0u);
  request.mutable_events(0)->clear_time();
  EXPECT_EQ(Error(Decide(request)), "FIELD_REQUIRED events[0].time");
}

}  // namespace
}  // namespace assent::server
