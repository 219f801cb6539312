#include "server/subject_view.h"

#include "tests/server/pipeline_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

class SubjectViewTest : public PipelineTest {
 protected:
  SubjectViewTest() { subject_ = Event("ada", {}).subject(); }
  v1::ListSubjectSegmentsResponse List() {
    SubjectView view(pipeline_->sources());
    v1::ListSubjectSegmentsResponse response;
    const absl::Status status = view.ListSegments(subject_, kEnglish, kNowUs, response);
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(response.segments_size(), 2);
    return response;
  }
  v1::Subject subject_;
};

TEST_F(SubjectViewTest, ASegmentComesWithItsReasonAndADenialWithItsRule) {
  model_.Publish(ProfileModel());
  Grant("ada");
  Grant("ada", policy::Purpose::kProfileAdvertising);
  auto event = Event("ada", {});
  for (const char* id : {"a", "b"}) *event.add_events() = PurchaseEvent(id, 10, kNowUs);
  ASSERT_TRUE(Decide(event).ok());
  const v1::ListSubjectSegmentsResponse list = List();
  EXPECT_EQ(list.model().name(), "profile");
  const v1::SubjectSegment& advertising = list.segments(0);
  EXPECT_EQ(advertising.purpose(), v1::PURPOSE_SELECT_ADVERTISING);
  EXPECT_EQ(advertising.outcome(), v1::OUTCOME_ASSIGNED);
  EXPECT_EQ(advertising.rule(), "model.nearest");
  EXPECT_EQ(advertising.permission(), "explicit_grant");
  EXPECT_EQ(advertising.segment().segment_id(), "buyer");
  EXPECT_EQ(advertising.explanation(),
            "Mostly because purchases is 2 units of purchases (typical: 0 units of purchases) and spend is 20 units of "
            "spend (typical: 0 units of spend).");
  const v1::SubjectSegment& content = list.segments(1);
  EXPECT_EQ(content.purpose(), v1::PURPOSE_SELECT_CONTENT);
  EXPECT_EQ(content.outcome(), v1::OUTCOME_NO_CONSENT);
  EXPECT_EQ(content.rule(), "consent.none");
  EXPECT_EQ(content.permission(), "none");
  EXPECT_FALSE(content.has_segment());
  EXPECT_EQ(content.explanation(), "You have not agreed to it.");
}

TEST_F(SubjectViewTest, AModelThatReadsOnlyCallsSaysSo) {
  Grant("ada");
  EXPECT_EQ(List().segments(0).outcome(), v1::OUTCOME_UNSPECIFIED);
  EXPECT_FALSE(List().has_model());
  for (const bool refuse_missing : {false, true}) {
    model_.Publish(SampleModel("sample", refuse_missing));
    const v1::ListSubjectSegmentsResponse list = List();
    EXPECT_TRUE(list.segments(0).needs_features());
    EXPECT_EQ(list.segments(0).outcome(), v1::OUTCOME_UNSPECIFIED);
    EXPECT_FALSE(list.segments(0).has_segment());
    EXPECT_FALSE(list.segments(1).needs_features());
    EXPECT_EQ(list.segments(1).rule(), "consent.none");
  }
}

TEST_F(SubjectViewTest, NothingIsKeptAndABadSubjectIsAnError) {
  model_.Publish(ProfileModel());
  Grant("ada");
  Grant("ada", policy::Purpose::kProfileAdvertising);
  List();
  EXPECT_EQ(profiles_->size(), 0u);
  subject_.clear_id();
  SubjectView view(pipeline_->sources());
  v1::ListSubjectSegmentsResponse response;
  EXPECT_EQ(view.ListSegments(subject_, kEnglish, kNowUs, response).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace assent::server
