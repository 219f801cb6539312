#include "server/assign_pipeline.h"

#include <cmath>
#include <limits>

#include "server/status_conversion.h"
#include "tests/server/pipeline_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

using internal::v1::CONSENT_CHANGE_KIND_OPT_OUT;
using internal::v1::CONSENT_CHANGE_KIND_WITHDRAW;
using policy::Outcome;
using policy::Purpose;
using policy::Rule;

class AssignPipelineTest : public PipelineTest {
 protected:
  void ExpectFault(const v1::AssignRequest& request, const char* reason, const char* field) {
    const absl::Status status = Decide(request);
    EXPECT_FALSE(status.ok()) << request.ShortDebugString();
    EXPECT_EQ(ReasonOf(status), reason) << status;
    EXPECT_EQ(FieldOf(status), field) << status;
  }
};

TEST_F(AssignPipelineTest, GrantedIsAssigned) {
  model_.Publish(SampleModel());
  Grant("ada");
  ASSERT_TRUE(Decide(Event("ada", kLight)).ok());
  EXPECT_EQ(decision_.outcome, Outcome::kAssigned);
  EXPECT_EQ(decision_.rule, Rule::kNone);
  EXPECT_EQ(decision_.consent_revision, 1u);
  ASSERT_EQ(decision_.nearest_count, 1u);
  EXPECT_EQ(decision_.nearest[0].index, 0u);
  EXPECT_DOUBLE_EQ(decision_.assignment.margin, 9);
}

TEST_F(AssignPipelineTest, RefusalNeedsNoModelAndReadsNoFeature) {
  auto request = Event("stranger", kLight);
  request.mutable_features()->set_dense(0, std::nanf(""));
  request.mutable_features()->add_dense(1);  // three where a model would want two
  ASSERT_TRUE(Decide(request).ok());
  EXPECT_EQ(decision_.outcome, Outcome::kNoConsent);
  EXPECT_EQ(decision_.rule, Rule::kConsentNone);
  EXPECT_EQ(decision_.model, nullptr);
  EXPECT_TRUE(decision_.scaled.empty());
}

TEST_F(AssignPipelineTest, PermittedWithoutModelIsUnavailable) {
  Grant("ada");
  const absl::Status status = Decide(Event("ada", kLight));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "NO_MODEL");
}

TEST_F(AssignPipelineTest, WithdrawalAndOptOutAreSeenAtOnce) {
  model_.Publish(SampleModel());
  Grant("ada");
  Change("ada", CONSENT_CHANGE_KIND_WITHDRAW, Purpose::kSelectAdvertising);
  ASSERT_TRUE(Decide(Event("ada", kLight)).ok());
  EXPECT_EQ(decision_.rule, Rule::kConsentWithdrawn);
  EXPECT_EQ(decision_.nearest_count, 0u);
  Change("ada", CONSENT_CHANGE_KIND_OPT_OUT, Purpose::kSelectAdvertising);
  ASSERT_TRUE(Decide(Event("ada", kLight)).ok());
  EXPECT_EQ(decision_.outcome, Outcome::kOptedOut);
}

TEST_F(AssignPipelineTest, GrantEndsWhenItsTimeComes) {
  model_.Publish(SampleModel());
  Grant("ada", Purpose::kSelectAdvertising, static_cast<uint32_t>(kNowUs / 1'000'000 + 10));
  ASSERT_TRUE(Decide(Event("ada", kLight), kNowUs + 9'999'999).ok());
  EXPECT_EQ(decision_.outcome, Outcome::kAssigned);
  ASSERT_TRUE(Decide(Event("ada", kLight), kNowUs + 10'000'000).ok());
  EXPECT_EQ(decision_.rule, Rule::kConsentExpired);
}

TEST_F(AssignPipelineTest, SignalsDeny) {
  model_.Publish(SampleModel());
  Grant("ada");
  const auto rule_with = [&](auto set) {
    auto request = Event("ada", kLight);
    set(*request.mutable_signals());
    EXPECT_TRUE(Decide(request).ok());
    return decision_.rule;
  };
  EXPECT_EQ(rule_with([](v1::PrivacySignals&) {}), Rule::kNone);
  EXPECT_EQ(rule_with([](v1::PrivacySignals& s) { s.set_gpc(true); }), Rule::kSignalGpc);
  EXPECT_EQ(rule_with([](v1::PrivacySignals& s) { s.set_known_child(true); }), Rule::kSubjectChild);
  EXPECT_EQ(rule_with([](v1::PrivacySignals& s) { s.set_tcf("CP"); }), Rule::kSignalTcf);
  EXPECT_EQ(rule_with([](v1::PrivacySignals& s) { s.set_gpp("DB"); }), Rule::kNone);
  EXPECT_EQ(rule_with([](v1::PrivacySignals& s) { s.add_gpp_sid(7); }), Rule::kSignalGpp);
  EXPECT_EQ(rule_with([](v1::PrivacySignals& s) { s.set_us_privacy("1YYN"); }), Rule::kSignalUsPrivacy);
  EXPECT_EQ(rule_with([](v1::PrivacySignals& s) { s.set_gdpr(true); }), Rule::kNone);
  EXPECT_EQ(rule_with([](v1::PrivacySignals& s) {
              s.set_gdpr(true);
              s.set_tcf("CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA");
            }),
            Rule::kSignalTcf);
  EXPECT_EQ(rule_with([](v1::PrivacySignals& s) { s.set_gdpr(false); }), Rule::kNone);
}

TEST_F(AssignPipelineTest, SegmentRulesAndAbstention) {
  model_.Publish(SampleModel());
  Grant("ada");
  Grant("ada", Purpose::kSelectContent);
  const auto rule_of = [&](std::span<const float> features, v1::Purpose purpose) {
    auto request = Event("ada", features);
    request.set_purpose(purpose);
    request.set_max_segments(4);
    EXPECT_TRUE(Decide(request).ok());
    return decision_.rule;
  };
  EXPECT_EQ(rule_of(kContentOnly, v1::PURPOSE_SELECT_ADVERTISING), Rule::kSegmentPurpose);
  EXPECT_EQ(decision_.outcome, Outcome::kRestricted);
  EXPECT_EQ(decision_.nearest_count, 0u);
  EXPECT_EQ(rule_of(kContentOnly, v1::PURPOSE_SELECT_CONTENT), Rule::kNone);
  EXPECT_EQ(rule_of(kHealth, v1::PURPOSE_SELECT_ADVERTISING), Rule::kSegmentSensitive);
  EXPECT_EQ(rule_of(kBetween, v1::PURPOSE_SELECT_CONTENT), Rule::kModelLowMargin);
  EXPECT_EQ(decision_.nearest_count, 0u);
  EXPECT_EQ(rule_of(kFarAway, v1::PURPOSE_SELECT_CONTENT), Rule::kModelTooFar);
}

TEST_F(AssignPipelineTest, NearestSegmentsWithoutTheDeniedOnes) {
  model_.Publish(SampleModel());
  Grant("ada");
  auto request = Event("ada", kLight);
  request.set_max_segments(4);
  request.set_return_memberships(true);
  ASSERT_TRUE(Decide(request).ok());
  ASSERT_EQ(decision_.nearest_count, 2u);  // "content-only" and "health" are not for advertising
  EXPECT_EQ(decision_.nearest[0].index, 0u);
  EXPECT_EQ(decision_.nearest[1].index, 1u);
  EXPECT_GT(decision_.membership[0], 0.99);
  EXPECT_GT(decision_.membership[1], 0);
  request.set_return_memberships(false);
  ASSERT_TRUE(Decide(request).ok());
  EXPECT_EQ(decision_.membership[0], 0);
}

TEST_F(AssignPipelineTest, TokenOfAWriteIsObeyed) {
  model_.Publish(SampleModel());
  const storage::CommitPoint point =
      Change("ada", internal::v1::CONSENT_CHANGE_KIND_GRANT, Purpose::kSelectAdvertising);
  ConsentTokenCodec codec(pseudonymizer_);
  auto request = Event("ada", kLight);
  request.set_consent_token(codec.Encode(point));
  EXPECT_TRUE(Decide(request).ok());
  request.set_consent_token(codec.Encode({point.epoch, point.sequence + 1}));
  absl::Status status = Decide(request);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "CONSENT_TOKEN_AHEAD");
  request.set_consent_token(codec.Encode({point.epoch + 1, 0}));
  EXPECT_EQ(ReasonOf(Decide(request)), "CONSENT_TOKEN_AHEAD");
  request.set_consent_token(codec.Encode({point.epoch - 1, point.sequence}));
  EXPECT_EQ(ReasonOf(Decide(request)), "CONSENT_TOKEN_OTHER_EPOCH");
  request.set_consent_token("not a token");
  ExpectFault(request, "CONSENT_TOKEN_INVALID", "consent_token");
  request.set_consent_token(std::string(129, 'A'));
  ExpectFault(request, "FIELD_TOO_LONG", "consent_token");
}

TEST_F(AssignPipelineTest, BadRequestsNameTheField) {
  model_.Publish(SampleModel("sample", /*refuse_missing=*/true));
  Grant("ada");
  const auto broken = [&](const char* reason, const char* field, auto change) {
    auto request = Event("ada", kLight);
    change(request);
    ExpectFault(request, reason, field);
  };
  using R = v1::AssignRequest;
  broken("FIELD_REQUIRED", "subject", [](R& r) { r.clear_subject(); });
  broken("FIELD_REQUIRED", "subject.id", [](R& r) { r.mutable_subject()->clear_id(); });
  broken("FIELD_TOO_LONG", "subject.id", [](R& r) { r.mutable_subject()->set_id(std::string(257, 'x')); });
  broken("FIELD_REQUIRED", "subject.namespace", [](R& r) { r.mutable_subject()->clear_namespace_(); });
  broken("FIELD_TOO_LONG", "subject.namespace",
         [](R& r) { r.mutable_subject()->set_namespace_(std::string(33, 'a')); });
  broken("FIELD_INVALID", "subject.namespace", [](R& r) { r.mutable_subject()->set_namespace_("Cookie"); });
  broken("FIELD_REQUIRED", "purpose", [](R& r) { r.clear_purpose(); });
  broken("PURPOSE_UNKNOWN", "purpose", [](R& r) { r.set_purpose(static_cast<v1::Purpose>(99)); });
  broken("PURPOSE_UNKNOWN", "purpose", [](R& r) { r.set_purpose(static_cast<v1::Purpose>(-1)); });
  broken("PURPOSE_NOT_SELECTION", "purpose", [](R& r) { r.set_purpose(v1::PURPOSE_MEASURE_AUDIENCE); });
  broken("VALUE_OUT_OF_RANGE", "max_segments", [](R& r) { r.set_max_segments(-1); });
  broken("VALUE_OUT_OF_RANGE", "max_segments", [](R& r) { r.set_max_segments(17); });
  broken("FIELD_TOO_LONG", "context.placement", [](R& r) { r.mutable_context()->set_placement(std::string(65, 'p')); });
  broken("FIELD_INVALID", "context.placement", [](R& r) { r.mutable_context()->set_placement("home page"); });
  broken("FIELD_TOO_LONG", "signals.tcf", [](R& r) { r.mutable_signals()->set_tcf(std::string(4097, 't')); });
  broken("FIELD_TOO_LONG", "signals.gpp", [](R& r) { r.mutable_signals()->set_gpp(std::string(4097, 'g')); });
  broken("FIELD_INVALID", "signals.us_privacy", [](R& r) { r.mutable_signals()->set_us_privacy("1YN"); });
  broken("FIELD_INVALID", "signals.jurisdiction", [](R& r) { r.mutable_signals()->set_jurisdiction("germany"); });
  broken("TOO_MANY_ENTRIES", "signals.gpp_sid", [](R& r) {
    for (int i = 0; i < 33; ++i) r.mutable_signals()->add_gpp_sid(i);
  });
  broken("FEATURE_NOT_FINITE", "features.dense[1]", [](R& r) { r.mutable_features()->set_dense(1, std::nanf("")); });
  broken("FEATURE_NOT_FINITE", "features.dense[0]",
         [](R& r) { r.mutable_features()->set_dense(0, -std::numeric_limits<float>::infinity()); });
  broken("FEATURE_DIMENSION_MISMATCH", "features.dense", [](R& r) { r.mutable_features()->add_dense(1); });
  broken("FEATURES_AMBIGUOUS", "features", [](R& r) { (*r.mutable_features()->mutable_named())["minutes"] = 1; });
  broken("FEATURE_UNKNOWN", "features.named", [](R& r) {
    r.clear_features();
    (*r.mutable_features()->mutable_named())["shoe_size"] = 1;
  });
  broken("FEATURE_NOT_FINITE", "features.named[minutes]", [](R& r) {
    r.clear_features();
    (*r.mutable_features()->mutable_named())["sessions"] = 1;
    (*r.mutable_features()->mutable_named())["minutes"] = std::nanf("");
  });
  broken("FEATURE_MISSING", "features.named[sessions]", [](R& r) { r.clear_features(); });
  broken("TOO_MANY_ENTRIES", "features.named", [](R& r) {
    r.clear_features();
    for (int i = 0; i < 1025; ++i) (*r.mutable_features()->mutable_named())[std::to_string(i)] = 1;
  });
}

TEST_F(AssignPipelineTest, NamedAndDenseFeaturesGiveTheSameDecision) {
  model_.Publish(SampleModel());
  Grant("ada");
  ASSERT_TRUE(Decide(Event("ada", kHeavy)).ok());
  const scoring::Assignment dense = decision_.assignment;
  auto request = Event("ada", {});
  (*request.mutable_features()->mutable_named())["sessions"] = kHeavy[1];
  (*request.mutable_features()->mutable_named())["minutes"] = kHeavy[0];
  ASSERT_TRUE(Decide(request).ok());
  EXPECT_EQ(decision_.assignment.winner, dense.winner);
  EXPECT_EQ(decision_.assignment.margin, dense.margin);
}

TEST_F(AssignPipelineTest, ASwapIsSeenByTheNextDecision) {
  model_.Publish(SampleModel("first"));
  Grant("ada");
  ASSERT_TRUE(Decide(Event("ada", kLight)).ok());
  model_.Publish(NoiseModel(/*k=*/40, /*dim=*/9, /*seed=*/3));
  const std::vector<float> nine(9, 0.5f);
  ASSERT_TRUE(Decide(Event("ada", nine)).ok());
  EXPECT_EQ(decision_.outcome, Outcome::kAssigned);
  EXPECT_EQ(pipeline_->pinned()->generation, 2u);
}

}  // namespace
}  // namespace assent::server
