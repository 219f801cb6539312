#include "client/training.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/model_file.h"

namespace assent::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TrainingTable Table(std::vector<std::string> columns, std::vector<float> values, std::vector<size_t> missing = {}) {
  TrainingTable table;
  table.rows = values.size() / columns.size();
  table.columns = std::move(columns);
  table.values = std::move(values);
  table.missing.assign(table.values.size(), 0);
  for (const size_t at : missing) table.missing[at] = 1;
  table.sha256 = std::string(64, 'a');
  return table;
}

Training TrainOrDie(const TrainingTable& table, const TrainingOptions& options,
                    const std::vector<std::string>& log1p = {}) {
  auto schema = SchemaOfColumns(table.columns, log1p);
  EXPECT_TRUE(schema.ok()) << schema.status();
  auto training = Train(table, *schema, options);
  EXPECT_TRUE(training.ok()) << training.status();
  return *std::move(training);
}

TrainingOptions Options(size_t k) {
  TrainingOptions options;
  options.k = k;
  options.seed = 1;
  return options;
}

TEST(Train, StandardScaling_UsesPopulationDeviationAndZeroForConstants) {
  const Training training = TrainOrDie(Table({"a", "same"}, {1, 7, 2, 7, 3, 7, 6, 7}), Options(2));
  const auto& a = training.model.schema().features(0);
  EXPECT_DOUBLE_EQ(a.mean(), 3);
  EXPECT_DOUBLE_EQ(a.scale(), std::sqrt((4.0 + 1 + 0 + 9) / 4));
  const auto& same = training.model.schema().features(1);
  EXPECT_DOUBLE_EQ(same.mean(), 7);
  EXPECT_DOUBLE_EQ(same.scale(), 1);
  EXPECT_DOUBLE_EQ(training.model.background_mean(1), 0);
  EXPECT_NEAR(training.model.background_mean(0), 0, 1e-7);
}

TEST(Train, NoScaling_CentroidsAreRawMeansAndMissingIsTheRawMean) {
  TrainingOptions options = Options(1);
  options.scaling = Scaling::kNone;
  const Training training = TrainOrDie(Table({"a"}, {1, 3, 0, 8}, {2}), options);
  const auto& a = training.model.schema().features(0);
  EXPECT_EQ(a.mean(), 0);
  EXPECT_EQ(a.scale(), 1);
  EXPECT_EQ(a.missing(), internal::v1::MISSING_RULE_VALUE);
  EXPECT_DOUBLE_EQ(a.missing_value(), 4);
  const auto model = storage::ModelFromMessage(training.model);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_THAT(model->centroids().row(0), ElementsAre(4));
  EXPECT_DOUBLE_EQ(training.model.provenance().training_cost(), 9 + 1 + 0 + 16);
}

TEST(Train, Log1p_IsFittedOnTransformedValues) {
  const Training training = TrainOrDie(Table({"a"}, {0, std::expm1(1.0f), std::expm1(2.0f)}), Options(1), {"a"});
  EXPECT_NEAR(training.model.schema().features(0).mean(), 1, 1e-6);
  EXPECT_NEAR(training.model.schema().features(0).scale(), std::sqrt(2.0 / 3), 1e-6);
}

TEST(Train, Thresholds_LeaveOutTheirShareOfTheTrainingRows) {
  std::vector<float> values;
  for (int i = 0; i < 1000; ++i) values.push_back(static_cast<float>(i));
  TrainingOptions options = Options(2);
  options.abstention = {true, 0.1, 0.8};
  options.scaling = Scaling::kNone;
  const Training training = TrainOrDie(Table({"a"}, values), options);
  const auto model = storage::ModelFromMessage(training.model);
  ASSERT_TRUE(model.ok());
  size_t close_calls = 0, far = 0;
  for (const float value : values) {
    const double low = std::pow(static_cast<double>(value - model->centroids().row(0)[0]), 2);
    const double high = std::pow(static_cast<double>(value - model->centroids().row(1)[0]), 2);
    close_calls += std::fabs(low - high) < model->abstention().margin_min ? 1 : 0;
    far += std::min(low, high) > model->abstention().distance_max ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(close_calls), 100, 4);
  EXPECT_NEAR(static_cast<double>(far), 200, 4);
}

TEST(Train, AbstentionOff_SetsNoThreshold) {
  TrainingOptions options = Options(2);
  options.abstention.enabled = false;
  const Training training = TrainOrDie(Table({"a"}, {1, 2, 8, 9}), options);
  EXPECT_EQ(training.model.abstention().margin_min(), 0);
  EXPECT_EQ(training.model.abstention().distance_max(), 0);
}

TEST(Train, OneSegment_HasNoMarginThreshold) {
  const Training training = TrainOrDie(Table({"a"}, {1, 2, 8, 9}), Options(1));
  EXPECT_EQ(training.model.abstention().margin_min(), 0);
  EXPECT_GT(training.model.abstention().distance_max(), 0);
}

TEST(Train, Temperature_IsTwiceTheVarianceAroundTheCentroids) {
  TrainingOptions options = Options(2);
  options.scaling = Scaling::kNone;
  const Training training = TrainOrDie(Table({"a"}, {0, 2, 100, 102}), options);
  EXPECT_DOUBLE_EQ(training.model.temperature(), 2);  // each row is 1 from its centroid
}

TEST(Train, Cards_SayWhatSetsASegmentApart) {
  const Training training =
      TrainOrDie(Table({"kids_share", "steady"}, {0.1f, 5, 0.1f, 5, 0.12f, 5, 0.9f, 5, 0.88f, 5}), Options(2));
  EXPECT_EQ(training.model.segments(0).segment_id(), "segment-0");
  EXPECT_EQ(training.model.segments(0).label(), "low kids share");
  EXPECT_EQ(training.model.segments(0).training_rows(), 3u);
  EXPECT_EQ(training.model.segments(1).label(), "high kids share");
  EXPECT_THAT(training.model.segments(1).description(), HasSubstr("kids share 0.89 (everybody: 0.42)"));
}

TEST(Train, CardsOfRowsThatAreAlike_SaySomething) {
  const Training training = TrainOrDie(Table({"a"}, {1, 1, 1}), Options(1));
  EXPECT_EQ(training.model.segments(0).label(), "typical");
  EXPECT_EQ(training.model.segments(0).description(), "like everybody");
}

TEST(Train, FittedSchema_KeepsItsOwnNumbers) {
  auto schema = SchemaOfColumns({"a"}, {});
  schema->mutable_features(0)->set_mean(10);
  schema->mutable_features(0)->set_scale(4);
  const auto training = Train(Table({"a"}, {10, 14}), *schema, Options(1));
  ASSERT_TRUE(training.ok());
  EXPECT_EQ(training->model.schema().features(0).mean(), 10);
  EXPECT_DOUBLE_EQ(training->model.background_mean(0), 0.5);
}

TEST(Train, ColumnWithoutAnyValue_IsNamed) {
  auto schema = SchemaOfColumns({"a", "b"}, {});
  const absl::Status status = Train(Table({"a", "b"}, {1, 0, 2, 0}, {1, 3}), *schema, Options(1)).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"b\" has no value in any row"));
}

TEST(Train, RefuseRuleAndMissingCell_NamesRowAndFeature) {
  auto schema = SchemaOfColumns({"a"}, {});
  schema->mutable_features(0)->set_missing(internal::v1::MISSING_RULE_REFUSE);
  const absl::Status status = Train(Table({"a"}, {1, 0, 2}, {1}), *schema, Options(1)).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("row 2 of the data: \"a\" is missing"));
}

TEST(Train, RefuseRuleWithRowsHeldOut_NamesTheRowOfTheData) {
  auto schema = SchemaOfColumns({"a"}, {});
  schema->mutable_features(0)->set_missing(internal::v1::MISSING_RULE_REFUSE);
  std::vector<float> values(100);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  TrainingOptions options = Options(2);
  options.calibration.held_out_share = 0.5;
  for (const size_t missing : {size_t{49}, size_t{98}, size_t{99}}) {
    const absl::Status status = Train(Table({"a"}, values, {missing}), *schema, options).status();
    EXPECT_THAT(std::string(status.message()), HasSubstr("row " + std::to_string(missing + 1) + " of the data: \"a\""));
  }
}

TEST(Train, TooFewRowsToHoldOut_NamesTheFlag) {
  auto schema = SchemaOfColumns({"a"}, {});
  TrainingOptions options = Options(1);
  options.calibration.held_out_share = 0.2;
  const absl::Status status = Train(Table({"a"}, {1, 2, 3}), *schema, options).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("--hold-out"));
}

// Few different values: every row lies on its centroid, and a limit of 0 would mean that there is none.
TEST(Train, RowsThatLieOnTheirCentroids_StillLimitTheDistance) {
  std::vector<float> values;
  for (int i = 0; i < 100; ++i) values.push_back(static_cast<float>(i % 2));
  for (const bool calibrated : {false, true}) {
    TrainingOptions options = Options(2);
    if (calibrated) options.calibration = {0.5, 0.1, 0.1, true};
    const Training training = TrainOrDie(Table({"a"}, values), options);
    EXPECT_GT(training.model.abstention().distance_max(), 0);
    EXPECT_LT(training.model.abstention().distance_max(), 1e-100);
    EXPECT_EQ(training.held_out_by_distance, 0);
    EXPECT_DOUBLE_EQ(training.model.temperature(), 1);
  }
}

TEST(SchemaOfColumns, Log1pOfAColumnThatIsNotThere_IsRefused) {
  EXPECT_EQ(SchemaOfColumns({"a"}, {"b"}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(OverrideCards, KnownIdIsMergedAndUnknownIdIsRefused) {
  Training training = TrainOrDie(Table({"a"}, {1, 2, 8, 9}), Options(2));
  internal::v1::ModelFile cards;
  auto* card = cards.add_segments();
  card->set_segment_id("segment-1");
  card->set_label("Families");
  card->set_iab_audience_id(55);
  ASSERT_TRUE(OverrideCards(cards, training.model).ok());
  EXPECT_THAT(training.model.segments(1).allowed_purposes(), ElementsAre(1, 2));
  card->add_allowed_purposes(2);
  ASSERT_TRUE(OverrideCards(cards, training.model).ok());
  EXPECT_THAT(training.model.segments(0).allowed_purposes(), ElementsAre(1, 2));
  EXPECT_THAT(training.model.segments(1).allowed_purposes(), ElementsAre(2)) << "a card narrows what is allowed";
  EXPECT_EQ(training.model.segments(1).label(), "Families");
  EXPECT_EQ(training.model.segments(1).iab_audience_id(), 55);
  EXPECT_EQ(training.model.segments(1).training_rows(), 2u);
  card->set_segment_id("segment-2");
  EXPECT_THAT(std::string(OverrideCards(cards, training.model).message()), HasSubstr("no segment \"segment-2\""));
}

}  // namespace
}  // namespace assent::client
