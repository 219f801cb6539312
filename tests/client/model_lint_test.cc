#include "client/model_lint.h"

#include <functional>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "storage/model_file.h"
#include "tests/client/scratch_folder.h"

namespace assent::client {
namespace {

using internal::v1::ModelFile;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kComplete[] = R"pb(
  schema {
    features { name: "age" unit: "years" sensitivity: SENSITIVITY_NONE scale: 1 }
    features { name: "visits" unit: "per week" sensitivity: SENSITIVITY_NONE scale: 1 }
  }
  segments {
    segment_id: "a"
    label: "Walkers"
    description: "They walk."
    iab_audience_id: 626
    sensitivity: SENSITIVITY_NONE
    allowed_purposes: [ 1, 2 ]
    id_stability: ID_STABILITY_EVERY_MODEL
  }
  segments {
    segment_id: "b"
    label: "Patients"
    description: "They are ill."
    iab_audience_id: 466
    sensitivity: SENSITIVITY_SPECIAL_CATEGORY
    allowed_purposes: [ 2, 4 ]
    id_stability: ID_STABILITY_ONE_MODEL
  }
  temperature: 1
  background_mean: [ 0, 0 ]
  provenance { name: "walks" training_rows: 10 training_data_sha256: "00ff" trainer: "by hand" }
)pb";

ModelFile CompleteModel() {
  ModelFile model;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kComplete, &model));
  model.set_centroids(std::string(4 * 2 * 2, '\0'));
  return model;
}

std::vector<LintFinding> Lint(const std::function<void(ModelFile&)>& change,
                              const storage::Taxonomy* taxonomy = nullptr) {
  ModelFile model = CompleteModel();
  change(model);
  const auto valid = storage::ModelFromMessage(model);
  EXPECT_TRUE(valid.ok()) << valid.status();
  return LintModel(model, taxonomy);
}

std::string Text(const LintFinding& finding) {
  return absl::StrCat(finding.severity == LintSeverity::kError ? "error " : "warning ", finding.rule, " ",
                      finding.subject, " ", finding.field);
}

storage::Taxonomy SmallTaxonomy() {
  ScratchFolder folder;
  auto taxonomy = storage::Taxonomy::Read(
      folder.Write("t.tsv",
                   "Unique ID\tParent ID\tTier 1\tTier 2\tTier 3\tTier 4\tTier 5\tTier 6\n"
                   "206\t\tInterest\t\t\t\t\t\n466\t206\tInterest\tMedical Health\t\t\t\t\n"
                   "537\t206\tInterest\tPersonal Debt\t\t\t\t\n626\t206\tInterest\tDarts\t\t\t\t\n"));
  EXPECT_TRUE(taxonomy.ok()) << taxonomy.status();
  return *std::move(taxonomy);
}

TEST(ModelLint, CompleteModel_HasNoFinding) {
  const storage::Taxonomy taxonomy = SmallTaxonomy();
  for (const storage::Taxonomy* one : {static_cast<const storage::Taxonomy*>(nullptr), &taxonomy}) {
    for (const LintFinding& finding : Lint([](ModelFile&) {}, one)) ADD_FAILURE() << Text(finding);
  }
}

struct LintCase {
  const char* finding;  // "severity rule subject field"
  std::function<void(ModelFile&)> change;
};

// One mistake each, and the one finding that it makes.
const std::vector<LintCase>& Cases() {
  static const auto& cases = *new std::vector<LintCase>{
      {"error segment.label_missing a segments[0].label", [](ModelFile& m) { m.mutable_segments(0)->clear_label(); }},
      {"error segment.label_missing a segments[0].label",
       [](ModelFile& m) { m.mutable_segments(0)->set_label(" \t"); }},
      {"error segment.description_missing b segments[1].description",
       [](ModelFile& m) { m.mutable_segments(1)->clear_description(); }},
      {"error segment.sensitivity_missing a segments[0].sensitivity",
       [](ModelFile& m) { m.mutable_segments(0)->clear_sensitivity(); }},
      {"error segment.purposes_missing a segments[0].allowed_purposes",
       [](ModelFile& m) { m.mutable_segments(0)->clear_allowed_purposes(); }},
      {"error segment.id_stability_missing a segments[0].id_stability",
       [](ModelFile& m) { m.mutable_segments(0)->clear_id_stability(); }},
      {"error segment.special_category_advertising b segments[1].allowed_purposes",
       [](ModelFile& m) { m.mutable_segments(1)->add_allowed_purposes(1); }},
      {"error segment.special_category_advertising b segments[1].allowed_purposes",
       [](ModelFile& m) { m.mutable_segments(1)->add_allowed_purposes(3); }},
      {"error provenance.training_rows_missing  provenance.training_rows",
       [](ModelFile& m) { m.mutable_provenance()->clear_training_rows(); }},
      {"error provenance.data_missing  provenance.training_data_sha256",
       [](ModelFile& m) { m.mutable_provenance()->clear_training_data_sha256(); }},
      {"error provenance.trainer_missing  provenance.trainer",
       [](ModelFile& m) { m.mutable_provenance()->clear_trainer(); }},
      {"warning segment.label_repeated b segments[1].label",
       [](ModelFile& m) { m.mutable_segments(1)->set_label(" Walkers"); }},
      {"warning segment.iab_sensitive b segments[1].iab_audience_id",
       [](ModelFile& m) { m.mutable_segments(1)->set_sensitivity(internal::v1::SENSITIVITY_RESTRICTED); }},
      {"warning segment.iab_sensitive a segments[0].iab_audience_id",
       [](ModelFile& m) { m.mutable_segments(0)->set_iab_audience_id(537); }},
      {"warning segment.iab_unknown a segments[0].iab_audience_id",
       [](ModelFile& m) { m.mutable_segments(0)->set_iab_audience_id(-626); }},
      {"warning feature.sensitive age schema.features[0].sensitivity",
       [](ModelFile& m) {
         m.mutable_schema()->mutable_features(0)->set_sensitivity(internal::v1::SENSITIVITY_RESTRICTED);
       }},
      {"warning feature.sensitive visits schema.features[1].sensitivity",
       [](ModelFile& m) {
         m.mutable_schema()->mutable_features(1)->set_sensitivity(internal::v1::SENSITIVITY_SPECIAL_CATEGORY);
       }},
      {"warning feature.sensitivity_missing visits schema.features[1].sensitivity",
       [](ModelFile& m) { m.mutable_schema()->mutable_features(1)->clear_sensitivity(); }},
      {"warning feature.unit_missing age schema.features[0].unit",
       [](ModelFile& m) { m.mutable_schema()->mutable_features(0)->clear_unit(); }},
  };
  return cases;
}

TEST(ModelLint, EachMistake_MakesItsFindingAndNoOther) {
  for (const LintCase& one : Cases()) {
    const std::vector<LintFinding> findings = Lint(one.change);
    ASSERT_EQ(findings.size(), 1u) << one.finding;
    EXPECT_EQ(Text(findings[0]), one.finding);
    EXPECT_NE(findings[0].problem, "");
    EXPECT_NE(findings[0].remedy, "");
  }
}

TEST(ModelLint, CardThatSaysAsMuchAsItsTaxonomyRow_IsEnough) {
  EXPECT_THAT(Lint([](ModelFile& m) {
                m.mutable_segments(0)->set_iab_audience_id(537);
                m.mutable_segments(0)->set_sensitivity(internal::v1::SENSITIVITY_RESTRICTED);
              }),
              IsEmpty());
  EXPECT_THAT(Lint([](ModelFile& m) { m.mutable_segments(1)->set_iab_audience_id(537); }), IsEmpty())
      << "more than is suggested";
}

TEST(ModelLint, TaxonomyId_IsLookedUpWhereThereIsATaxonomy) {
  const storage::Taxonomy taxonomy = SmallTaxonomy();
  const auto unknown = [](ModelFile& m) { m.mutable_segments(0)->set_iab_audience_id(627'000); };
  EXPECT_THAT(Lint(unknown), IsEmpty());
  const auto findings = Lint(unknown, &taxonomy);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(Text(findings[0]), "warning segment.iab_unknown a segments[0].iab_audience_id");
  const auto debt = Lint([](ModelFile& m) { m.mutable_segments(0)->set_iab_audience_id(537); }, &taxonomy);
  ASSERT_EQ(debt.size(), 1u);
  EXPECT_THAT(debt[0].problem, HasSubstr("row 537 (Interest > Personal Debt) is about debt"));
  EXPECT_THAT(Lint([](ModelFile& m) { m.mutable_segments(0)->clear_iab_audience_id(); }, &taxonomy), IsEmpty());
}

TEST(ModelLint, Errors_ComeFirstThenSegmentsAndThenFeatures) {
  const auto findings = Lint([](ModelFile& m) {
    m.mutable_schema()->mutable_features(0)->clear_unit();
    m.mutable_segments(0)->set_iab_audience_id(537);
    m.mutable_segments(0)->clear_label();
    m.mutable_segments(1)->clear_description();
    m.mutable_provenance()->clear_trainer();
  });
  std::vector<std::string> rules;
  for (const LintFinding& finding : findings) rules.push_back(finding.rule);
  EXPECT_THAT(rules,
              testing::ElementsAre("provenance.trainer_missing", "segment.label_missing", "segment.description_missing",
                                   "segment.iab_sensitive", "feature.unit_missing"));
}

}  // namespace
}  // namespace assent::client
