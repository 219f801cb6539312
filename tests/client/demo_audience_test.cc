#include "client/demo_audience.h"

#include <map>

#include "client/training.h"
#include "gtest/gtest.h"
#include "scoring/assign.h"
#include "storage/model_file.h"

namespace assent::client {
namespace {

size_t Nearest(const scoring::Model& model, const TrainingTable& table, size_t row) {
  std::vector<float> scaled(kDemoFeatures);
  const size_t begin = row * kDemoFeatures;
  model.schema().Scale({table.values.data() + begin, kDemoFeatures}, {table.missing.data() + begin, kDemoFeatures},
                       scaled);
  size_t nearest = 0;
  for (size_t c = 1; c < model.centroids().k(); ++c) {
    if (scoring::ExactDistance(scaled, model.centroids().row(c)) <
        scoring::ExactDistance(scaled, model.centroids().row(nearest))) {
      nearest = c;
    }
  }
  return nearest;
}

TEST(DemoAudience, SameSeed_SamePersonWhateverElseIsAsked) {
  const DemoPerson first = DemoAudience(7).Person(41);
  DemoAudience again(7);
  again.Person(1);
  EXPECT_EQ(again.Person(41).features, first.features);
  EXPECT_NE(DemoAudience(8).Person(41).features, first.features);
}

TEST(DemoAudience, Behaviour_IsPlausible) {
  const DemoAudience audience(3);
  size_t grants = 0, opt_outs = 0;
  for (uint64_t i = 0; i < 2000; ++i) {
    const DemoPerson person = audience.Person(i);
    double shares = 0;
    for (size_t j = 2; j < 7; ++j) shares += person.features[j];
    EXPECT_NEAR(shares, 1, 0.003);
    for (const double value : person.features) EXPECT_GE(value, 0);
    EXPECT_LE(person.features[7], 1);
    EXPECT_LE(person.features[8], 1);
    grants += person.choice == DemoChoice::kGrant ? 1 : 0;
    opt_outs += person.choice == DemoChoice::kOptOut ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(grants), 1440, 80);
  EXPECT_NEAR(static_cast<double>(opt_outs), 180, 50);
}

TEST(DemoAudience, PlantedSegments_AreFoundByTraining) {
  const DemoAudience audience(11);
  TrainingTable table;
  const internal::v1::FeatureSchema schema = DemoSchema();
  for (const auto& feature : schema.features()) table.columns.push_back(feature.name());
  std::vector<size_t> planted;
  for (uint64_t i = 0; i < 2000; ++i) {
    const DemoPerson person = audience.Person(i);
    for (size_t j = 0; j < kDemoFeatures; ++j) {
      table.values.push_back(person.missing[j] ? 0 : static_cast<float>(person.features[j]));
      table.missing.push_back(person.missing[j] ? 1 : 0);
    }
    planted.push_back(person.planted);
    ++table.rows;
  }
  TrainingOptions options;
  options.k = DemoSegmentNames().size();
  const auto training = Train(table, schema, options);
  ASSERT_TRUE(training.ok()) << training.status();
  const auto model = storage::ModelFromMessage(training->model);
  ASSERT_TRUE(model.ok()) << model.status();
  std::map<size_t, std::map<size_t, size_t>> planted_by_segment;
  for (size_t i = 0; i < table.rows; ++i) ++planted_by_segment[Nearest(*model, table, i)][planted[i]];
  size_t matching = 0;
  for (const auto& [segment, counts] : planted_by_segment) {
    size_t largest = 0;
    for (const auto& [kind, count] : counts) largest = std::max(largest, count);
    matching += largest;
  }
  EXPECT_GT(matching, 1900u);
}

}  // namespace
}  // namespace assent::client
