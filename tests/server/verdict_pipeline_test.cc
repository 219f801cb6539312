// Jurisdictions, signals, uses and refusals, from the request to the decision: that each reaches the verdict. What the
// verdict makes of them is tested in tests/policy.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

#include "tests/policy/signal_fixture.h"
#include "tests/server/pipeline_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

using policy::Outcome;
using policy::Permission;
using policy::Purpose;
using policy::Regime;
using policy::Rule;

class VerdictPipelineTest : public PipelineTest {
 protected:
  VerdictPipelineTest() {
    jurisdictions_ = *policy::Jurisdictions::Create(
        {{"US-CA", Regime::kOptOut}, {"BR", Regime::kStrict}, {"KP", Regime::kNotServed}}, Regime::kOptIn);
    PipelineSources sources = Sources();
    sources.signals.tcf = policy::ExamplePolicy();
    sources.verdict.uses_allowed = policy::UseBit(policy::Use::kHousing);
    UsePipeline(sources);
    model_.Publish(SampleModel());
  }

  template <typename Set>
  Rule RuleWith(const std::string& id, Set set) {
    v1::AssignRequest request = Event(id, kLight);
    set(request);
    const absl::Status status = Decide(request);
    EXPECT_TRUE(status.ok()) << status;
    return decision_.rule;
  }
};

using Request = v1::AssignRequest;

TEST_F(VerdictPipelineTest, TheStricterJurisdictionOfRequestAndRecordHolds) {
  const auto in = [](const char* place) {
    return [place](Request& r) { r.mutable_signals()->set_jurisdiction(place); };
  };
  EXPECT_EQ(RuleWith("stranger", in("")), Rule::kConsentNone);
  EXPECT_EQ(RuleWith("stranger", in("US-CA")), Rule::kNone);
  EXPECT_EQ(decision_.permission, Permission::kOptOutDefault);
  EXPECT_EQ(RuleWith("stranger", in("US-NY")), Rule::kConsentNone);
  Grant("ada");
  EXPECT_EQ(RuleWith("ada", in("BR")), Rule::kNone);
  EXPECT_EQ(decision_.permission, Permission::kExplicitGrant);
  EXPECT_EQ(RuleWith("ada", in("KP")), Rule::kJurisdictionNotServed);
}

TEST_F(VerdictPipelineTest, ATcfStringPermitsOrDenies) {
  const auto with = [](const char* tcf) { return [tcf](Request& r) { r.mutable_signals()->set_tcf(tcf); }; };
  EXPECT_EQ(RuleWith("stranger", with(policy::kTcfA)), Rule::kNone);
  EXPECT_EQ(decision_.permission, Permission::kTcf);
  EXPECT_EQ(RuleWith("stranger", with(policy::kTcfC)), Rule::kSignalTcf);
  EXPECT_EQ(RuleWith("stranger", with("CQgcD")), Rule::kSignalTcf);
  EXPECT_EQ(RuleWith("stranger",
                     [](Request& r) {
                       r.mutable_signals()->set_tcf(policy::kTcfA);
                       r.mutable_signals()->set_gdpr(false);
                     }),
            Rule::kConsentNone)
      << "not in force";
  Grant("ada");
  EXPECT_EQ(RuleWith("ada", with(policy::kTcfC)), Rule::kSignalTcf) << "a grant does not override it";
}

TEST_F(VerdictPipelineTest, UnitedStatesSignalsDenyAdvertisingWhereTheyAreInForce) {
  Grant("ada");
  Grant("ada", Purpose::kSelectContent);
  const auto gpp = [](int section) {
    return [section](Request& r) {
      r.mutable_signals()->set_gpp(policy::kGppAllOptedOut);
      if (section != 0) r.mutable_signals()->add_gpp_sid(section);
    };
  };
  EXPECT_EQ(RuleWith("ada", gpp(7)), Rule::kSignalGpp);
  EXPECT_EQ(RuleWith("ada", gpp(0)), Rule::kNone) << "no section is in force";
  EXPECT_EQ(RuleWith("ada", gpp(8)), Rule::kSignalGpp) << "a section in force that is not there";
  EXPECT_EQ(RuleWith("ada", [](Request& r) { r.mutable_signals()->set_us_privacy("1YYN"); }), Rule::kSignalUsPrivacy);
  EXPECT_EQ(RuleWith("ada", [](Request& r) { r.mutable_signals()->set_us_privacy("1YNN"); }), Rule::kNone);
  EXPECT_EQ(RuleWith("ada",
                     [](Request& r) {
                       r.mutable_signals()->set_us_privacy("1YYN");
                       r.set_purpose(v1::PURPOSE_SELECT_CONTENT);
                     }),
            Rule::kNone);
}

TEST_F(VerdictPipelineTest, SignificantUsesAreRefusedUnlessTheyAreAllowed) {
  Grant("ada");
  EXPECT_EQ(RuleWith("ada", [](Request& r) { r.mutable_context()->set_use(v1::USE_CREDIT); }), Rule::kSignificantUse);
  EXPECT_EQ(RuleWith("ada", [](Request& r) { r.mutable_context()->set_use(v1::USE_HOUSING); }), Rule::kNone);
}

TEST_F(VerdictPipelineTest, ASegmentThatThePersonRefusesIsNotGivenAloneOrInABatch) {
  Grant("ada");
  storage::ConsentRequest refusal;
  refusal.subject = pseudonymizer_.Pseudonymize(policy::RawSubject("cookie", "ada"));
  refusal.kind = internal::v1::CONSENT_CHANGE_KIND_SET_PREFERENCES;
  refusal.preference.segment_id = "light";
  ASSERT_TRUE(store_->Apply(refusal, absl::FromUnixMicros(kNowUs)).ok());
  EXPECT_EQ(RuleWith("ada", [](Request&) {}), Rule::kSegmentRefused);
  EXPECT_EQ(decision_.outcome, Outcome::kRestricted);
  EXPECT_EQ(decision_.nearest_count, 0u);

  Grant("bob");
  v1::BatchAssignRequest batch;
  batch.set_namespace_("cookie");
  batch.set_purpose(v1::PURPOSE_SELECT_ADVERTISING);
  batch.mutable_features()->set_columns(static_cast<uint32_t>(std::size(kLight)));
  for (const char* id : {"ada", "bob"}) {
    batch.add_subject_ids(id);
    for (const float value : kLight) batch.mutable_features()->add_values(value);
  }
  ASSERT_TRUE(DecideBatch(batch).ok());
  EXPECT_EQ(batch_response_.outcomes(0), v1::OUTCOME_RESTRICTED);
  EXPECT_EQ(batch_response_.reasons(static_cast<int>(batch_response_.reason_index(0))), "segment.refused_by_person");
  EXPECT_EQ(batch_response_.outcomes(1), v1::OUTCOME_ASSIGNED);
}

TEST_F(VerdictPipelineTest, AProfileNeedsAGrantOnRecord) {
  model_.Publish(ProfileModel());
  v1::AssignRequest request = Event("stranger", {});
  request.mutable_signals()->set_jurisdiction("US-CA");
  request.mutable_features()->add_dense(60);
  *request.add_events() = PurchaseEvent("e1", 10, kNowUs);
  ASSERT_TRUE(Decide(request).ok());
  EXPECT_EQ(decision_.permission, Permission::kOptOutDefault);
  EXPECT_EQ(pipeline_->profile().counts().not_kept, 1u);
  EXPECT_EQ(profiles_->size(), 0u);
}

}  // namespace
}  // namespace assent::server
