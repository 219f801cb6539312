#include "client/calibration.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "client/k_choice.h"
#include "client/reference_histogram.h"
#include "client/scaling.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assent::client {
namespace {

using testing::ElementsAre;

// Points around `k` centroids on a line, `spread` wide in each of `dim` directions.
std::vector<float> Cloud(size_t rows, size_t k, size_t dim, float spread, uint32_t seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> noise(0, spread);
  std::vector<float> points;
  for (size_t i = 0; i < rows; ++i) {
    for (size_t d = 0; d < dim; ++d) points.push_back(static_cast<float>(d == 0 ? 4 * (i % k) : 0) + noise(engine));
  }
  return points;
}

std::vector<float> LineOfCentroids(size_t k, size_t dim) {
  std::vector<float> centroids(k * dim, 0);
  for (size_t c = 0; c < k; ++c) centroids[c * dim] = static_cast<float>(4 * c);
  return centroids;
}

TEST(CalibrateThresholds, Shares_AreThoseOfTheRowsByCounting) {
  const std::vector<float> points = Cloud(1003, 3, 2, 1.3f, 5), centroids = LineOfCentroids(3, 2);
  const std::vector<double> distances = SquaredDistances(points, centroids, 2);
  for (const auto& [by_margin, by_distance] : {std::pair{0.05, 0.02}, {0.0, 0.0}, {0.5, 0.25}}) {
    const CalibratedThresholds thresholds = CalibrateThresholds(distances, 3, by_margin, by_distance);
    size_t close = 0, far = 0;
    for (size_t i = 0; i < 1003; ++i) {
      std::vector<double> row;
      for (size_t c = 0; c < 3; ++c) {
        const double x = static_cast<double>(points[2 * i]) - 4 * static_cast<double>(c);
        const double y = static_cast<double>(points[2 * i + 1]);
        row.push_back(x * x + y * y);
      }
      std::sort(row.begin(), row.end());
      close += row[1] - row[0] < thresholds.margin_min ? 1 : 0;
      far += row[0] > thresholds.distance_max ? 1 : 0;
    }
    EXPECT_EQ(close, static_cast<size_t>(by_margin * 1003));
    EXPECT_EQ(far, static_cast<size_t>(by_distance * 1003));
  }
}

TEST(CalibrateThresholds, OneCentroid_HasNoMargin) {
  const CalibratedThresholds thresholds = CalibrateThresholds(std::vector<double>{1, 4, 9, 16}, 1, 0.5, 0.25);
  EXPECT_EQ(thresholds.margin_min, 0);
  EXPECT_EQ(thresholds.distance_max, 9);
}

TEST(CalibrateTemperature, Overlapping_IsTheBestOfAFineGrid) {
  for (const size_t dim : {size_t{1}, size_t{5}}) {
    SCOPED_TRACE(dim);
    const std::vector<double> distances = SquaredDistances(Cloud(600, 3, dim, 2, 8), LineOfCentroids(3, dim), dim);
    // The density as the header states it, with nothing taken out of the exponentials.
    const auto likelihood = [&](double temperature) {
      double sum = 0;
      for (size_t i = 0; i < 600; ++i) {
        double density = 0;
        for (size_t c = 0; c < 3; ++c) density += std::exp(-distances[3 * i + c] / temperature) / 3;
        sum += std::log(density * std::pow(M_PI * temperature, -0.5 * static_cast<double>(dim)));
      }
      return sum / 600;
    };
    double best = 0.5;
    for (double at = 0.5; at < 40; at *= 1.0005) best = likelihood(at) > likelihood(best) ? at : best;
    const double found = CalibrateTemperature(distances, 3, dim, 1);
    EXPECT_NEAR(found, best, 0.001 * best);
    EXPECT_NEAR(MeanLogLikelihood(distances, 3, dim, found), likelihood(found), 1e-9);
    EXPECT_NEAR(CalibrateTemperature(distances, 3, dim, 100), found, 1e-6 * found);
  }
}

TEST(CalibrateTemperature, KnownSpread_IsTwiceTheVariance) {
  const std::vector<double> distances = SquaredDistances(Cloud(20000, 2, 3, 0.5f, 9), LineOfCentroids(2, 3), 3);
  EXPECT_NEAR(CalibrateTemperature(distances, 2, 3, 1), 2 * 0.5 * 0.5, 0.01);
}

TEST(CalibrateTemperature, EverythingOnACentroid_KeepsTheStart) {
  EXPECT_EQ(CalibrateTemperature(std::vector<double>{0, 16, 16, 0}, 2, 1, 1), 1);
  EXPECT_EQ(CalibrateTemperature(std::vector<double>{0, 16, 16, 0}, 2, 1, 0.25), 0.25);
}

TEST(CalibrateThresholds, EverythingOnACentroid_IsALimitAboveZero) {
  EXPECT_GT(CalibrateThresholds(std::vector<double>{0, 16, 16, 0}, 2, 0.5, 0.5).distance_max, 0);
}

TEST(ReferenceHistogram, DistinctValues_TenEqualBins) {
  std::vector<float> scaled;
  for (int i = 0; i < 200; ++i) scaled.insert(scaled.end(), {static_cast<float>((i * 37) % 200), 5});
  const auto histogram = ReferenceHistogramOf("a", scaled, 2, 0);
  EXPECT_EQ(histogram.feature(), "a");
  EXPECT_THAT(histogram.borders(), ElementsAre(20, 40, 60, 80, 100, 120, 140, 160, 180));
  EXPECT_THAT(histogram.counts(), testing::Each(20u));
  EXPECT_EQ(histogram.counts_size(), 10);
}

TEST(ReferenceHistogram, Ties_MergeAndNoBinIsEmpty) {
  // Seven zeros, then 1, 1, 2: the deciles are 0 six times over, then 1, 1 and 2.
  const std::vector<float> scaled = {0, 0, 1, 0, 2, 0, 0, 1, 0, 0};
  const auto histogram = ReferenceHistogramOf("a", scaled, 1, 0);
  EXPECT_THAT(histogram.borders(), ElementsAre(1, 2));
  EXPECT_THAT(histogram.counts(), ElementsAre(7, 2, 1));
  const auto constant = ReferenceHistogramOf("b", std::vector<float>{3, 3, 3}, 1, 0);
  EXPECT_THAT(constant.borders(), ElementsAre(3, testing::AllOf(testing::Gt(3), testing::Lt(3.000001))));
  EXPECT_THAT(constant.counts(), ElementsAre(0, 3, 0));
}

TEST(CompareK, ThreeClouds_ThreeIsStableAndHasTheBestSilhouette) {
  const std::vector<float> points = Cloud(300, 3, 2, 0.3f, 4), others = Cloud(90, 3, 2, 0.3f, 6);
  KChoiceOptions options;
  options.k_min = 2;
  options.k_max = 6;
  options.starts = 1;
  size_t progress = 0;
  options.progress = [&](size_t done) { progress = done; };
  const auto comparison = CompareK(points, others, 2, options);
  ASSERT_TRUE(comparison.ok()) << comparison.status();
  const std::vector<KQuality>* const qualities = &comparison->choices;
  ASSERT_EQ(qualities->size(), 5u);
  EXPECT_EQ(progress, 25u);
  const auto best = std::max_element(qualities->begin(), qualities->end(),
                                     [](const auto& a, const auto& b) { return a.silhouette < b.silhouette; });
  EXPECT_EQ(best->k, 3u);
  EXPECT_EQ(best->stability, 1);
  EXPECT_LT(qualities->back().stability, 0.99);
  EXPECT_LE(qualities->back().stability_min, qualities->back().stability);
  for (size_t i = 1; i < qualities->size(); ++i) EXPECT_LT((*qualities)[i].cost, (*qualities)[i - 1].cost);
  // Variance 0.09 in each of two directions, with new points as with old ones.
  EXPECT_NEAR(best->cost, 0.18, 0.03);
  EXPECT_NEAR(best->held_out_cost, 0.18, 0.06);
  EXPECT_NEAR(best->cost_total, best->cost * 300, 1e-9);
}

TEST(CompareK, NoHeldOutRows_CostsNothing) {
  KChoiceOptions options;
  options.k_max = 2;
  options.runs = 1;
  const auto comparison = CompareK(Cloud(30, 2, 1, 0.3f, 4), {}, 1, options);
  ASSERT_TRUE(comparison.ok());
  EXPECT_EQ(comparison->choices[0].held_out_cost, 0);
  EXPECT_EQ(comparison->choices[0].stability, 1);
}

TEST(CompareK, MoreSegmentsThanDistinctRows_EndTheRangeAndKeepWhatThereIs) {
  const std::vector<float> points = {0, 0, 1, 1, 5, 5, 5, 9};
  KChoiceOptions options;
  options.k_max = 20;
  const auto comparison = CompareK(points, {}, 1, options);
  ASSERT_TRUE(comparison.ok()) << comparison.status();
  ASSERT_EQ(comparison->choices.size(), 3u);
  EXPECT_EQ(comparison->choices.back().k, 4u);
  EXPECT_THAT(comparison->ended, testing::HasSubstr("5 segments are asked for, but the data has only 4 distinct rows"));
  options.k_min = 5;
  EXPECT_EQ(CompareK(points, {}, 1, options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Split, Rows_AreInOneOfTheTwoWithTheirMissingCells) {
  TrainingTable table;
  table.columns = {"a", "b"};
  table.rows = 100;
  for (size_t i = 0; i < 100; ++i) {
    table.values.insert(table.values.end(), {static_cast<float>(i), static_cast<float>(i) / 2});
    table.missing.insert(table.missing.end(), {static_cast<uint8_t>(i % 7 == 0), 0});
    table.missing_cells += i % 7 == 0 ? 1 : 0;
  }
  const SplitTables split = Split(table, 0.25, 3);
  EXPECT_EQ(split.held_out.rows, 25u);
  EXPECT_EQ(split.training.rows, 75u);
  EXPECT_EQ(split.training.missing_cells + split.held_out.missing_cells, table.missing_cells);
  std::vector<float> seen;
  for (const TrainingTable* part : {&split.training, &split.held_out}) {
    for (size_t row = 0; row < part->rows; ++row) {
      const float value = part->values[2 * row];
      seen.push_back(value);
      EXPECT_EQ(part->values[2 * row + 1], value / 2);
      EXPECT_EQ(part->missing[2 * row] != 0, static_cast<int>(value) % 7 == 0);
      EXPECT_EQ(part->row_numbers[row], static_cast<size_t>(value) + 1);
    }
  }
  std::sort(seen.begin(), seen.end());
  for (size_t i = 0; i < 100; ++i) EXPECT_EQ(seen[i], static_cast<float>(i));
}

}  // namespace
}  // namespace assent::client
