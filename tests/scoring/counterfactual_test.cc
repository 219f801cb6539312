#include "scoring/counterfactual.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tests/scoring/model_fixture.h"

namespace assent::scoring {
namespace {

// One segment a row; features f0, f1, … are as given.
Model ModelToLeave(std::vector<Feature> features, const std::vector<float>& centroids, Abstention abstention = {}) {
  const size_t dim = features.size();
  ModelParts parts = PartsOf(centroids.size() / dim, dim, centroids);
  for (size_t j = 0; j < dim; ++j) features[j].name = parts.schema[j].name;
  parts.schema = FeatureSchema::Create(std::move(features)).value();
  parts.abstention = abstention;
  return Model::Create(std::move(parts)).value();
}

Feature Changeable(double clip_min = -std::numeric_limits<double>::infinity(),
                   double clip_max = std::numeric_limits<double>::infinity()) {
  Feature feature;
  feature.changeable = true;
  feature.clip_min = clip_min;
  feature.clip_max = clip_max;
  return feature;
}

TEST(Counterfactual, GoesStraightToTheBoundary) {
  const Model model = ModelToLeave({Changeable(), Changeable()}, {0, 0, 4, 2});
  const Counterfactual answer = SmallestChange(model, std::vector<float>{0, 0}, {}, 0);
  ASSERT_TRUE(answer.reachable);
  ASSERT_EQ(answer.changes.size(), 2u);
  EXPECT_NEAR(answer.changes[0].raw_to, 2, 1e-6);
  EXPECT_NEAR(answer.changes[1].raw_to, 1, 1e-6);
  EXPECT_EQ(answer.changes[1].raw_from, 0);
  EXPECT_FALSE(answer.changes[1].missing);
  EXPECT_NEAR(answer.distance, std::sqrt(5), 1e-6);
  EXPECT_EQ(answer.after.winner, 1u);
  EXPECT_EQ(answer.after.runner_up, 0u);
  EXPECT_GT(answer.after.margin, 0);
}

TEST(Counterfactual, WhatALimitTakesTheOthersGive) {
  const Model model = ModelToLeave({Changeable(0, 1), Changeable()}, {0, 0, 4, 2});
  const Counterfactual answer = SmallestChange(model, std::vector<float>{0, 0}, {}, 0);
  ASSERT_EQ(answer.changes.size(), 2u);
  EXPECT_EQ(answer.changes[0].raw_to, 1);  // 8 * 1 + 4 * 3 = 20
  EXPECT_NEAR(answer.changes[1].raw_to, 3, 1e-6);
}

TEST(Counterfactual, MovesOnlyWhatThePersonCanChange) {
  const Model model = ModelToLeave({Feature(), Changeable()}, {0, 0, 4, 2});
  const Counterfactual answer = SmallestChange(model, std::vector<float>{0, 0}, {}, 0);
  ASSERT_EQ(answer.changes.size(), 1u);
  EXPECT_EQ(answer.changes[0].position, 1u);
  EXPECT_NEAR(answer.changes[0].raw_to, 5, 1e-6);
  // The segments differ in what cannot be changed alone.
  const Model fixed = ModelToLeave({Feature(), Changeable()}, {0, 2, 4, 2});
  EXPECT_FALSE(SmallestChange(fixed, std::vector<float>{0, 0}, {}, 0).reachable);
}

TEST(Counterfactual, TakesTheNearestWayOut) {
  const Model model = ModelToLeave({Changeable(), Changeable()}, {0, 0, 10, 0, 0, 8, -9, -9});
  const Counterfactual answer = SmallestChange(model, std::vector<float>{1, -0.5f}, {}, 0);
  ASSERT_EQ(answer.changes.size(), 1u);
  EXPECT_EQ(answer.changes[0].position, 0u);
  EXPECT_NEAR(answer.distance, 4, 1e-6);
  EXPECT_EQ(answer.after.winner, 1u);
}

TEST(Counterfactual, ASingleSegmentIsNeverLeft) {
  const Model model = ModelToLeave({Changeable()}, {3});
  const Counterfactual answer = SmallestChange(model, std::vector<float>{0}, {}, 0);
  EXPECT_FALSE(answer.reachable);
  EXPECT_EQ(answer.after.winner, kNoSegment);
}

TEST(Counterfactual, ASegmentAtTheSamePlaceIsNoWayOut) {
  EXPECT_FALSE(SmallestChange(ModelToLeave({Changeable()}, {3, 3}), std::vector<float>{0}, {}, 0).reachable);
  const Counterfactual answer = SmallestChange(ModelToLeave({Changeable()}, {3, 3, 5}), std::vector<float>{0}, {}, 0);
  EXPECT_TRUE(answer.reachable);
  EXPECT_EQ(answer.after.winner, 2u);
}

TEST(Counterfactual, ATieIsEnoughWhereAssignSaysSo) {
  // At 5 both are equally near, and Assign takes the first.
  const Model to_five = ModelToLeave({Changeable(0, 5)}, {0, 10});
  EXPECT_FALSE(SmallestChange(to_five, std::vector<float>{1}, {}, 0).reachable);
  const Model from_five = ModelToLeave({Changeable(5, 10)}, {0, 10});
  const Counterfactual answer = SmallestChange(from_five, std::vector<float>{8}, {}, 1);
  ASSERT_TRUE(answer.reachable);
  EXPECT_EQ(answer.changes[0].raw_to, 5);
  EXPECT_EQ(answer.after.winner, 0u);
  EXPECT_EQ(answer.after.margin, 0);
}

TEST(Counterfactual, AnEventOnTheBoundaryNeedsAlmostNothing) {
  const Model model = ModelToLeave({Changeable(0, 9)}, {0, 10});
  const Counterfactual answer = SmallestChange(model, std::vector<float>{5}, {}, 0);
  ASSERT_TRUE(answer.reachable);
  EXPECT_GT(answer.changes[0].raw_to, 5);
  EXPECT_LT(answer.changes[0].raw_to, 5.00001f);
}

// Values of a million, one apart: each raw float32 is a sixteenth from the next, and the middle between the segments is
// no such number.
TEST(Counterfactual, CoarseRawValuesGoFarEnough) {
  Feature feature = Changeable(0, 2e6);
  feature.mean = 1'000'000.03;
  const Model model = ModelToLeave({feature, feature}, {0, 0, 0.37f, 0.11f});
  std::vector<float> scaled(2);
  ASSERT_EQ(model.schema().Scale(std::vector<float>{1e6f, 1e6f}, {}, scaled), -1);
  const Counterfactual answer = SmallestChange(model, scaled, {}, 0);
  ASSERT_TRUE(answer.reachable);
  EXPECT_LT(answer.distance, 0.2 + 2 * 0.0625 * std::sqrt(2));
}

TEST(Counterfactual, SpeaksInRawUnits) {
  Feature income = Changeable(0, 1e6);
  income.transform = Transform::kLog1p;
  income.mean = 10;
  income.scale = 0.5;
  const Model model = ModelToLeave({income}, {-1, 3});
  const float scaled = -1;
  const Counterfactual answer = SmallestChange(model, {&scaled, 1}, {}, 0);
  ASSERT_TRUE(answer.reachable);
  EXPECT_DOUBLE_EQ(answer.changes[0].raw_from, std::expm1(9.5));
  EXPECT_NEAR(answer.changes[0].raw_to, std::expm1(10.5), 0.1);
  EXPECT_NEAR(answer.changes[0].scaled_delta, 2, 1e-5);
}

TEST(Counterfactual, AMissingValueChangesFromWhatTheRuleSupplied) {
  Feature feature = Changeable(0, 100);
  feature.mean = 40;
  feature.scale = 10;
  const Model model = ModelToLeave({feature, Changeable()}, {0, 0, 2, 0});
  const std::vector<uint8_t> missing = {1, 0};
  const Counterfactual answer = SmallestChange(model, std::vector<float>{0, 0}, missing, 0);
  ASSERT_EQ(answer.changes.size(), 1u);
  EXPECT_TRUE(answer.changes[0].missing);
  EXPECT_EQ(answer.changes[0].raw_from, 40);
  EXPECT_NEAR(answer.changes[0].raw_to, 50, 1e-4);
}

TEST(Counterfactual, ToAbstainIsNotToLeave) {
  const Model model = ModelToLeave({Changeable()}, {0, 10}, {.margin_min = 30});
  const Counterfactual answer = SmallestChange(model, std::vector<float>{1}, {}, 0);
  ASSERT_TRUE(answer.reachable);
  EXPECT_GT(answer.changes[0].raw_to, 5);  // and not 3.5, where it is no longer sure
  EXPECT_EQ(answer.after.certainty, Certainty::kLowMargin);
}

// As far as float32 reaches, and no farther.
TEST(Counterfactual, InfiniteRangesEndWhereFloatsDo) {
  constexpr float kFar = 3e38f;
  Feature feature = Changeable();
  const Counterfactual far = SmallestChange(ModelToLeave({feature}, {0, kFar}), std::vector<float>{0}, {}, 0);
  ASSERT_TRUE(far.reachable);
  EXPECT_TRUE(std::isfinite(far.changes[0].raw_to));
  EXPECT_NEAR(far.changes[0].raw_to / kFar, 0.5, 1e-6);
  feature.transform = Transform::kLog1p;  // to 88.7
  EXPECT_TRUE(SmallestChange(ModelToLeave({feature}, {0, 177}), std::vector<float>{0}, {}, 0).reachable);
  EXPECT_FALSE(SmallestChange(ModelToLeave({feature}, {0, 178}), std::vector<float>{0}, {}, 0).reachable);
  feature = Changeable();
  feature.scale = 1e-30;
  const Counterfactual narrow = SmallestChange(ModelToLeave({feature}, {0, kFar}), std::vector<float>{0}, {}, 0);
  ASSERT_TRUE(narrow.reachable);
  EXPECT_NEAR(narrow.changes[0].raw_to / 1.5e8, 1, 1e-6);
}

// Films and series, shares of what was watched, and a direct feature.
Model ModelOfTwoShares(const std::vector<float>& centroids) {
  const auto share = [](const char* genre) {
    Feature feature = Changeable();
    feature.name = genre;
    feature.aggregate = Aggregate{.function = AggregateFunction::kCount,
                                  .filters = {{.attribute = "genre", .values = {FilterScalar(std::string(genre))}}}};
    feature.normalisation = Normalisation::kShareOf;
    feature.divisor = "watched";
    return feature;
  };
  Feature watched;
  watched.name = "watched";
  watched.auxiliary = true;
  watched.aggregate = Aggregate{.function = AggregateFunction::kCount};
  Feature minutes = Changeable();
  minutes.name = "minutes";
  ModelParts parts = PartsOf(2, 3, centroids);
  parts.schema =
      FeatureSchema::Create({watched, share("films"), share("series"), minutes}, {.profile_purpose = 4}).value();
  return Model::Create(std::move(parts)).value();
}

// The share of films goes up, so that of series has to come down, although both segments have the same of it.
TEST(Counterfactual, SharesOfOneWholeMakeRoomForEachOther) {
  const Model model = ModelOfTwoShares({0.25f, 0.75f, 0, 1, 0.75f, 0});
  const Counterfactual answer = SmallestChange(model, std::vector<float>{0.25f, 0.75f, 0}, {}, 0);
  ASSERT_EQ(answer.changes.size(), 2u);
  EXPECT_NEAR(answer.changes[0].raw_to, 0.625, 1e-5);
  EXPECT_NEAR(answer.changes[1].raw_to, 0.375, 1e-5);
  EXPECT_NEAR(answer.changes[0].raw_to + answer.changes[1].raw_to, 1, 1e-6);
}

TEST(Counterfactual, OnlySharesOfAGroupMoveNegligibly) {
  const Model model = ModelOfTwoShares({0.25f, 0.75f, 0, 1, 0.75f, 4e6f});
  const Counterfactual answer = SmallestChange(model, std::vector<float>{0.25f, 0.75f, 0}, {}, 0);
  EXPECT_EQ(answer.changes.size(), 3u);
  const Model direct = ModelToLeave({Changeable(), Changeable()}, {0, 0, 0.75f, 4e6f});
  EXPECT_EQ(SmallestChange(direct, std::vector<float>{0, 0}, {}, 0).changes.size(), 1u);
}

}  // namespace
}  // namespace assent::scoring
