#include "server/decision_listing.h"

#include "server/status_conversion.h"
#include "storage/model_file.h"
#include "tests/server/pipeline_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

const absl::Time kNow = absl::FromUnixMicros(kNowUs);

class DecisionListingTest : public PipelineTest {
 protected:
  // Logs a decision that was made so many seconds ago; with `last`: and all that are so much younger, in one write.
  void Log(const std::string& id, int64_t seconds_ago, std::span<const float> features = kLight, int64_t last = 0) {
    std::vector<std::string> contents;
    std::vector<storage::LoggedDecision> logged;
    for (int64_t ago = seconds_ago; ago >= (last == 0 ? seconds_ago : last); --ago) {
      ASSERT_TRUE(Decide(Event(id, features), kNowUs - ago * 1'000'000).ok());
      std::string& content = contents.emplace_back(policy::kRecordedDecisionBytesMax, '\0');
      content.resize(policy::WriteRecordedDecision(decision_, {}, content));
      logged.push_back({.id = policy::DecisionId::Of(decision_.time_us, ++number_),
                        .subject = decision_.subject,
                        .consent_revision = decision_.consent_revision,
                        .content = {}});
    }
    for (size_t i = 0; i < logged.size(); ++i) logged[i].content = contents[i];
    ASSERT_TRUE(decisions_.Append(logged).ok());
  }
  v1::ListDecisionsResponse List(const v1::ListDecisionsRequest& request, const char* subject = nullptr) {
    v1::ListDecisionsResponse response;
    std::optional<policy::SubjectKey> key;
    if (subject != nullptr) key = KeyOf(subject);
    const absl::Status status = listing_.List(request, key, kNow, response);
    EXPECT_TRUE(status.ok()) << status;
    return response;
  }
  static std::vector<int64_t> SecondsAgo(const v1::ListDecisionsResponse& response) {
    std::vector<int64_t> seconds;
    for (const v1::LoggedDecision& decision : response.decisions()) {
      seconds.push_back(kNowUs / 1'000'000 - decision.time().seconds());
    }
    return seconds;
  }
  using Times = std::vector<int64_t>;

  uint64_t number_ = 0;
  storage::DecisionStore decisions_{*database_, *store_, index_, domain_};
  std::unique_ptr<storage::ModelArchive> models_ = *storage::ModelArchive::Open(folder_.Path("data"));
  DecisionListing listing_{decisions_, *models_, DecisionSettings{}};
};

TEST_F(DecisionListingTest, WhatWasDecidedAndWhy) {
  const std::string path = folder_.Path("sample.assent");
  ASSERT_TRUE(storage::WriteModelFile(path, SampleModelFile()).ok());
  ASSERT_TRUE(models_->Keep(path, SampleModel().digest_hex(), kNow).ok());
  model_.Publish(SampleModel());
  Grant("ada");
  Log("ada", 20);
  Log("stranger", 10);
  const v1::ListDecisionsResponse all = List({});
  ASSERT_EQ(all.decisions_size(), 2);
  const v1::LoggedDecision& assigned = all.decisions(0);
  EXPECT_EQ(assigned.segment_id(), "light");
  EXPECT_EQ(assigned.outcome(), v1::OUTCOME_ASSIGNED);
  EXPECT_EQ(assigned.margin(), 9);
  EXPECT_EQ(assigned.model_digest(), SampleModel().digest_hex());
  EXPECT_EQ(assigned.consent_revision(), 1u);
  EXPECT_EQ(std::vector<float>(assigned.scaled_features().begin(), assigned.scaled_features().end()),
            (std::vector<float>{-1, -1}));
  EXPECT_EQ(assigned.pseudonym().size(), 32u);
  EXPECT_EQ(all.decisions(1).reason(), "consent.none");
  EXPECT_EQ(all.decisions(1).permission(), "none");
  EXPECT_EQ(all.decisions(1).model_digest(), "");
}

TEST_F(DecisionListingTest, PagesTimesAndSubjects) {
  for (int64_t ago = 50; ago > 0; --ago) Log(ago % 2 == 0 ? "even" : "odd", ago);
  v1::ListDecisionsRequest request;
  request.set_page_size(20);
  Times seen;
  for (int page = 0; page < 3; ++page) {
    const auto response = List(request);
    for (const int64_t ago : SecondsAgo(response)) seen.push_back(ago);
    request.set_page_token(response.next_page_token());
  }
  EXPECT_EQ(request.page_token(), "");
  ASSERT_EQ(seen.size(), 50u);
  EXPECT_TRUE(std::is_sorted(seen.rbegin(), seen.rend()));
  request.mutable_start_time()->set_seconds(kNowUs / 1'000'000 - 7);
  request.mutable_end_time()->set_seconds(kNowUs / 1'000'000 - 2);
  EXPECT_EQ(SecondsAgo(List(request)), (Times{7, 6, 5, 4, 3}));
  EXPECT_EQ(SecondsAgo(List(request, "odd")), (Times{7, 5, 3}));
}

TEST_F(DecisionListingTest, WhatIsTooOldOrOfAnErasedPersonIsNotShown) {
  Log("ada", 31 * 86'400);
  Log("ada", 29 * 86'400);
  EXPECT_EQ(SecondsAgo(List({})), (Times{29 * 86'400}));
  EXPECT_EQ(SecondsAgo(List({}, "ada")), (Times{29 * 86'400}));
  Change("ada", internal::v1::CONSENT_CHANGE_KIND_ERASE, policy::Purpose::kSelectContent);
  EXPECT_EQ(List({}).decisions_size(), 0);
}

TEST_F(DecisionListingTest, AnExportHasTheNewest) {
  model_.Publish(NoiseModel(3, 256, 1));
  Grant("ada");
  const std::vector<float> features(256, 0.5f);
  const int all = kExportedDecisionsMax + 5;  // 1 KiB of features each, so that the bytes end it first
  Log("ada", all, features, 1);
  v1::SubjectExport document;
  ASSERT_TRUE(listing_.FillExport(KeyOf("ada"), kNow, document).ok());
  EXPECT_TRUE(document.decisions_cut());
  EXPECT_LE(document.ByteSizeLong(), kExportedDecisionsBytesMax + (64 << 10));
  EXPECT_GT(document.ByteSizeLong(), kExportedDecisionsBytesMax - (64 << 10));
  EXPECT_EQ(document.decisions(0).time().seconds(), kNowUs / 1'000'000 - 1);
  EXPECT_EQ(document.decisions(7).time().seconds(), kNowUs / 1'000'000 - 8);
}

TEST_F(DecisionListingTest, BadInputNamesTheField) {
  v1::ListDecisionsResponse response;
  const auto field_of = [&](const v1::ListDecisionsRequest& request) {
    return FieldOf(listing_.List(request, std::nullopt, kNow, response));
  };
  v1::ListDecisionsRequest request;
  request.set_page_size(-1);
  EXPECT_EQ(field_of(request), "page_size");
  request.set_page_size(0);
  request.set_page_token("no token");
  EXPECT_EQ(field_of(request), "page_token");
  request.clear_page_token();
  request.mutable_start_time()->set_nanos(-1);
  EXPECT_EQ(field_of(request), "start_time");
  request.clear_start_time();
  request.mutable_end_time()->set_seconds(253'402'300'800);
  EXPECT_EQ(field_of(request), "end_time");
}

}  // namespace
}  // namespace assent::server
