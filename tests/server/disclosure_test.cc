#include "server/disclosure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/disclosed_source.h"
#include "server/disclosure_settings.h"
#include "storage/model_file.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

using internal::v1::DisclosureConfig;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

DisclosureConfig FullConfig() {
  DisclosureConfig config;
  config.set_controller_name("Example Media");
  config.set_controller_address("1 Main Street");
  config.set_contact("privacy@example.org");
  config.set_data_protection_officer("Dana");
  config.set_privacy_policy_url("https://example.org/privacy");
  config.set_preference_centre_url("https://example.org/choices");
  config.set_supervisory_authority("the authority of Hamburg");
  config.add_recipients("Example Ads");
  config.set_transfers("none outside the EEA");
  config.add_purposes("measure_audience");
  config.set_consent_retention("Three years after it ended.");
  return config;
}

DisclosureSettings FullSettings() {
  DisclosureSettings settings = *ResolveDisclosure(FullConfig());
  settings.profile_retention = std::chrono::hours(30 * 24);
  settings.decision_retention = std::chrono::hours(36);
  settings.erasure_time = std::chrono::hours(7 * 24);
  return settings;
}

// Everything that the message promises to be there, and no sentence without an end.
void ExpectComplete(const v1::Disclosure& disclosure) {
  EXPECT_NE(disclosure.controller().name(), "");
  EXPECT_GT(disclosure.system_size(), 0);
  EXPECT_GT(disclosure.logic_size(), 0);
  EXPECT_GT(disclosure.purposes_size(), 0);
  EXPECT_GT(disclosure.retention_size(), 0);
  EXPECT_GT(disclosure.rights_size(), 0);
  std::vector<std::string> sentences(disclosure.system().begin(), disclosure.system().end());
  sentences.insert(sentences.end(), disclosure.logic().begin(), disclosure.logic().end());
  for (const auto& purpose : disclosure.purposes()) {
    EXPECT_NE(purpose.purpose(), v1::PURPOSE_UNSPECIFIED);
    sentences.push_back(purpose.description());
    sentences.push_back(purpose.legal_basis());
  }
  for (const auto& feature : disclosure.features()) {
    EXPECT_NE(feature.sensitivity(), v1::DISCLOSED_SENSITIVITY_UNSPECIFIED);
    sentences.push_back(feature.source());
  }
  for (const auto& segment : disclosure.segments()) {
    EXPECT_NE(segment.sensitivity(), v1::DISCLOSED_SENSITIVITY_UNSPECIFIED);
  }
  for (const auto& retention : disclosure.retention()) {
    EXPECT_NE(retention.data(), "");
    sentences.push_back(retention.period());
  }
  for (const auto& right : disclosure.rights()) {
    EXPECT_NE(right.name(), "");
    EXPECT_NE(right.law(), "");
    sentences.push_back(right.how());
  }
  for (const std::string& sentence : sentences) EXPECT_TRUE(!sentence.empty() && sentence.back() == '.') << sentence;
}

std::vector<int> PurposesIn(const v1::Disclosure& disclosure) {
  std::vector<int> purposes;
  for (const auto& purpose : disclosure.purposes()) purposes.push_back(purpose.purpose());
  return purposes;
}

TEST(Disclosure, EveryKindOfModelAndConfiguration_IsComplete) {
  const scoring::Model sample = SampleModel();
  const scoring::Model profile = ProfileModel();
  const scoring::Model* const models[] = {nullptr, &sample, &profile};
  for (const scoring::Model* model : models) {
    for (const DisclosureSettings& settings : {DisclosureSettings(), FullSettings()}) {
      ExpectComplete(BuildDisclosure(model, settings));
    }
  }
}

TEST(Disclosure, NoModelAndNoConfiguration_SaysSo) {
  const v1::Disclosure disclosure = BuildDisclosure(nullptr, {});
  EXPECT_FALSE(disclosure.has_model());
  EXPECT_THAT(disclosure.controller().name(), HasSubstr("has not entered a name"));
  EXPECT_THAT(disclosure.system(), Contains(HasSubstr("no model is running, and nobody is put into a segment")));
  EXPECT_THAT(PurposesIn(disclosure), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(disclosure.features(), IsEmpty());
  EXPECT_THAT(disclosure.segments(), IsEmpty());
  EXPECT_THAT(disclosure.rights(0).how(), HasSubstr("Ask the service that shows you this."));
}

TEST(Disclosure, RunningModel_IsNamedWithWhatItLooksAt) {
  const scoring::Model model = SampleModel("films-7");
  const v1::Disclosure disclosure = BuildDisclosure(&model, {});
  EXPECT_EQ(disclosure.model().name(), "films-7");
  EXPECT_EQ(disclosure.model().digest(), model.digest_hex());
  EXPECT_THAT(disclosure.system(), Not(Contains(HasSubstr("no model is running"))));
  ASSERT_EQ(disclosure.features_size(), 2);
  EXPECT_EQ(disclosure.features(0).name(), "minutes");
  EXPECT_EQ(disclosure.features(0).unit(), "units of minutes");
  EXPECT_TRUE(disclosure.features(0).changeable());
  EXPECT_TRUE(disclosure.features(0).compared());
  EXPECT_THAT(disclosure.logic(), Contains(HasSubstr("has 4 segments and compares 2 features")));
  ASSERT_EQ(disclosure.segments_size(), 4);
  EXPECT_EQ(disclosure.segments(0).segment_id(), "light");
  EXPECT_EQ(disclosure.segments(0).label(), "Label of light");
  EXPECT_EQ(disclosure.segments(0).iab_audience_id(), 7);
  EXPECT_THAT(disclosure.segments(0).purposes(), ElementsAre(1, 2));
  EXPECT_THAT(disclosure.segments(2).purposes(), ElementsAre(2));
}

TEST(Disclosure, SpecialCategory_IsNeverSaidToServeAdvertising) {
  internal::v1::ModelFile file = SampleModelFile();
  for (int i = 0; i < file.segments_size(); ++i) {
    auto& card = *file.mutable_segments(i);
    card.set_sensitivity(internal::v1::SENSITIVITY_SPECIAL_CATEGORY);
    card.clear_allowed_purposes();
    for (const int purpose : {1, 2, 3}) card.add_allowed_purposes(purpose);
  }
  const scoring::Model model = *storage::ModelFromMessage(file);
  const v1::Disclosure disclosure = BuildDisclosure(&model, {});
  EXPECT_THAT(PurposesIn(disclosure), ElementsAre(2));
  for (const auto& segment : disclosure.segments()) {
    EXPECT_EQ(segment.sensitivity(), v1::DISCLOSED_SENSITIVITY_SPECIAL_CATEGORY);
    EXPECT_THAT(segment.purposes(), ElementsAre(2));
  }
}

TEST(Disclosure, Purposes_AreThoseOfTheModelItsProfilesAndTheConfiguration) {
  const scoring::Model model = ProfileModel("p", v1::PURPOSE_PROFILE_CONTENT);
  EXPECT_THAT(PurposesIn(BuildDisclosure(&model, {})), ElementsAre(1, 2, 4));
  const v1::Disclosure disclosure = BuildDisclosure(&model, FullSettings());
  EXPECT_THAT(PurposesIn(disclosure), ElementsAre(1, 2, 4, 5));
  EXPECT_THAT(disclosure.purposes(0).legal_basis(), Not(HasSubstr("legitimate")));
  EXPECT_THAT(disclosure.purposes(3).legal_basis(), HasSubstr("legitimate interest"));
}

TEST(Disclosure, Thresholds_AreSaidAsTheModelHasThem) {
  internal::v1::ModelFile file = SampleModelFile();
  file.mutable_abstention()->set_margin_min(0.25);
  file.mutable_abstention()->set_distance_max(17);
  scoring::Model model = *storage::ModelFromMessage(file);
  EXPECT_THAT(BuildDisclosure(&model, {}).logic(),
              AllOf(Contains(HasSubstr("differ by less than 0.25")), Contains(HasSubstr("the sum is above 17"))));
  file.clear_abstention();
  model = *storage::ModelFromMessage(file);
  EXPECT_THAT(BuildDisclosure(&model, {}).logic(),
              AllOf(Contains(HasSubstr("never answers that it is not sure")), Not(Contains(HasSubstr("differ by")))));
}

TEST(Disclosure, Configuration_IsPassedOn) {
  const v1::Disclosure disclosure = BuildDisclosure(nullptr, FullSettings());
  EXPECT_EQ(disclosure.controller().name(), "Example Media");
  EXPECT_EQ(disclosure.controller().address(), "1 Main Street");
  EXPECT_EQ(disclosure.controller().contact(), "privacy@example.org");
  EXPECT_EQ(disclosure.controller().data_protection_officer(), "Dana");
  EXPECT_EQ(disclosure.controller().privacy_policy_url(), "https://example.org/privacy");
  EXPECT_EQ(disclosure.controller().supervisory_authority(), "the authority of Hamburg");
  EXPECT_THAT(disclosure.recipients(), ElementsAre("Example Ads"));
  EXPECT_EQ(disclosure.transfers(), "none outside the EEA");
  EXPECT_THAT(disclosure.rights(0).how(),
              HasSubstr("Go to https://example.org/choices, or write to privacy@example.org."));
  EXPECT_THAT(disclosure.rights(disclosure.rights_size() - 1).how(), HasSubstr("the authority of Hamburg"));
}

TEST(Disclosure, Retention_IsThatOfTheSettingsRoundedUpToDays) {
  const v1::Disclosure disclosure = BuildDisclosure(nullptr, FullSettings());
  ASSERT_EQ(disclosure.retention_size(), 4);
  EXPECT_EQ(disclosure.retention(0).days(), 30);
  EXPECT_THAT(disclosure.retention(0).period(), HasSubstr("30 days after your last event"));
  EXPECT_EQ(disclosure.retention(1).period(), "Three years after it ended.");
  EXPECT_EQ(disclosure.retention(1).days(), 0);
  EXPECT_EQ(disclosure.retention(2).days(), 2);
  EXPECT_EQ(disclosure.retention(3).days(), 7);
  const v1::Disclosure plain = BuildDisclosure(nullptr, {});
  ASSERT_EQ(plain.retention_size(), 3);
  EXPECT_THAT(plain.retention(2).period(), HasSubstr("Not at all"));
}

TEST(Disclosure, Source_SaysWhatIsComputedOfWhichEvents) {
  scoring::Feature feature;
  EXPECT_EQ(SourceSentence(feature, kEnglish), "Given with the request, by the service that asks.");
  feature.aggregate = scoring::Aggregate{.event_type = "purchase"};
  EXPECT_EQ(SourceSentence(feature, kEnglish), "How many events of type \"purchase\" of yours there were.");
  feature.aggregate->half_life_days = 30;
  feature.normalisation = scoring::Normalisation::kShareOf;
  feature.divisor = "all";
  EXPECT_EQ(
      SourceSentence(feature, kEnglish),
      "How many events of type \"purchase\" of yours there were, as a share of \"all\"; an event counts half after "
      "30 days.");
  feature.normalisation = scoring::Normalisation::kRatioTo;
  feature.aggregate = scoring::Aggregate{.function = scoring::AggregateFunction::kMax,
                                         .filters = {{.attribute = "genre"}, {.attribute = "stars"}},
                                         .attribute = "price"};
  EXPECT_EQ(SourceSentence(feature, kEnglish),
            "The largest \"price\" in your events of every type (chosen by \"genre\", \"stars\"), divided by \"all\".");
}

TEST(Disclosure, AuxiliaryFeature_IsListedAsNotCompared) {
  internal::v1::ModelFile file = ProfileModelFile();
  auto& all = *file.mutable_schema()->add_features();
  all.set_name("all_events");
  all.set_auxiliary(true);
  all.mutable_aggregate()->set_function(internal::v1::AGGREGATE_FUNCTION_COUNT);
  file.mutable_schema()->mutable_features(1)->set_share_of("all_events");
  const auto model = storage::ModelFromMessage(file);
  ASSERT_TRUE(model.ok()) << model.status();
  const v1::Disclosure disclosure = BuildDisclosure(&*model, {});
  ASSERT_EQ(disclosure.features_size(), 4);
  EXPECT_FALSE(disclosure.features(3).compared());
  EXPECT_THAT(disclosure.features(1).source(), HasSubstr("as a share of \"all_events\""));
}

TEST(DisclosureSettings, Nothing_IsNoError) {
  const auto settings = ResolveDisclosure({});
  ASSERT_TRUE(settings.ok());
  EXPECT_EQ(settings->purposes, 0u);
  EXPECT_TRUE(ResolveDisclosure(FullConfig()).ok());
}

TEST(DisclosureSettings, ErrorsNameTheField) {
  const struct {
    const char* field;
    void (*change)(DisclosureConfig&);
  } cases[] = {
      {"disclosure.controller_name: is required", [](DisclosureConfig& c) { c.clear_controller_name(); }},
      {"disclosure.contact: is required", [](DisclosureConfig& c) { c.clear_contact(); }},
      {"disclosure.contact: has control", [](DisclosureConfig& c) { c.set_contact("a\nb"); }},
      {"disclosure.transfers: longer", [](DisclosureConfig& c) { c.set_transfers(std::string(1025, 'x')); }},
      {"disclosure.privacy_policy_url: must begin",
       [](DisclosureConfig& c) { c.set_privacy_policy_url("http://example.org"); }},
      {"disclosure.preference_centre_url: must begin",
       [](DisclosureConfig& c) { c.set_preference_centre_url("example.org"); }},
      {"disclosure.purposes: one is unknown", [](DisclosureConfig& c) { c.add_purposes("world_domination"); }},
      {"disclosure.recipients[1]: is empty", [](DisclosureConfig& c) { c.add_recipients(""); }},
      {"disclosure.recipients[0]: has control", [](DisclosureConfig& c) { c.set_recipients(0, "\x1b[31m"); }},
      {"disclosure.recipients: more than 32",
       [](DisclosureConfig& c) {
         for (int i = 0; i < 32; ++i) c.add_recipients("x");
       }},
  };
  for (const auto& one : cases) {
    DisclosureConfig config = FullConfig();
    one.change(config);
    const absl::Status status = ResolveDisclosure(config).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << one.field;
    EXPECT_THAT(std::string(status.message()), HasSubstr(one.field));
  }
}

}  // namespace
}  // namespace assent::server
