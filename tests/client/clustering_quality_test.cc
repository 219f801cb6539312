#include "client/clustering_quality.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include "gtest/gtest.h"

namespace assent::client {
namespace {

// Straight from the definition: one list of distances a row and cluster.
double NaiveSilhouette(const std::vector<float>& points, size_t dim, const std::vector<uint32_t>& labels) {
  double total = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    std::map<uint32_t, std::vector<double>> to;
    for (size_t j = 0; j < labels.size(); ++j) {
      if (i == j) continue;
      double squares = 0;
      for (size_t d = 0; d < dim; ++d)
        squares += std::pow(double{points[i * dim + d]} - double{points[j * dim + d]}, 2);
      to[labels[j]].push_back(std::sqrt(squares));
    }
    if (to[labels[i]].empty()) continue;  // alone: 0
    const auto mean = [](const std::vector<double>& list) {
      double sum = 0;
      for (const double value : list) sum += value;
      return sum / static_cast<double>(list.size());
    };
    const double a = mean(to[labels[i]]);
    double b = 1e300;
    for (const auto& [label, list] : to) {
      if (label != labels[i]) b = std::min(b, mean(list));
    }
    total += (b - a) / std::max(a, b);
  }
  return total / static_cast<double>(labels.size());
}

// Counts the four kinds of pairs.
double NaiveRandIndex(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  double both = 0, only_a = 0, only_b = 0, neither = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const bool in_a = a[i] == a[j], in_b = b[i] == b[j];
      (in_a ? (in_b ? both : only_a) : (in_b ? only_b : neither)) += 1;
    }
  }
  // Hubert and Arabie's index, written with the pairs of the 2 x 2 table.
  return 2 * (both * neither - only_a * only_b) /
         ((both + only_a) * (only_a + neither) + (both + only_b) * (only_b + neither));
}

struct Case {
  std::vector<float> points;
  std::vector<uint32_t> labels, others;
};

Case RandomCase(uint32_t seed, size_t rows, size_t dim, uint32_t clusters) {
  std::mt19937 engine(seed);
  Case made;
  for (size_t i = 0; i < rows; ++i) {
    made.labels.push_back(static_cast<uint32_t>(engine() % clusters));
    made.others.push_back(engine() % 3 == 0 ? static_cast<uint32_t>(engine() % clusters) : made.labels[i]);
    for (size_t d = 0; d < dim; ++d) {
      made.points.push_back(static_cast<float>(engine() % 1000) / 100 + static_cast<float>(made.labels[i]));
    }
  }
  return made;
}

TEST(Silhouette, WholeSample_EqualsTheDefinition) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const Case made = RandomCase(seed, 40 + seed, 1 + seed % 4, 2 + seed % 5);
    EXPECT_NEAR(Silhouette(made.points, 1 + seed % 4, made.labels, 1000, 1),
                NaiveSilhouette(made.points, 1 + seed % 4, made.labels), 1e-12);
  }
}

TEST(Silhouette, RowAloneInItsCluster_CountsAsZero) {
  // (10.5 - 1) / 10.5 and (9.5 - 1) / 9.5 for the pair, 0 for the row that is alone.
  const std::vector<float> points = {0, 1, 10.5f};
  const std::vector<uint32_t> labels = {0, 0, 1};
  EXPECT_NEAR(Silhouette(points, 1, labels, 10, 1), (9.5 / 10.5 + 8.5 / 9.5 + 0) / 3, 1e-12);
}

TEST(Silhouette, OneCluster_IsZero) {
  const std::vector<float> points = {0, 1, 10};
  EXPECT_EQ(Silhouette(points, 1, std::vector<uint32_t>{2, 2, 2}, 10, 1), 0);
}

TEST(Silhouette, Sample_IsNearTheWholeAndDependsOnlyOnTheSeed) {
  const Case made = RandomCase(3, 2000, 2, 3);
  const double whole = Silhouette(made.points, 2, made.labels, 2000, 1);
  const double sampled = Silhouette(made.points, 2, made.labels, 500, 7);
  EXPECT_NEAR(sampled, whole, 0.05);
  EXPECT_NE(sampled, whole);
  EXPECT_EQ(sampled, Silhouette(made.points, 2, made.labels, 500, 7));
}

TEST(AdjustedRandIndex, RandomClusterings_EqualThePairCount) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const Case made = RandomCase(seed, 60, 1, 2 + seed % 6);
    EXPECT_NEAR(AdjustedRandIndex(made.labels, made.others), NaiveRandIndex(made.labels, made.others), 1e-12);
  }
}

TEST(AdjustedRandIndex, RenamedClusters_IsOne) {
  EXPECT_EQ(AdjustedRandIndex(std::vector<uint32_t>{0, 0, 1, 2}, std::vector<uint32_t>{7, 7, 3, 0}), 1);
  EXPECT_EQ(AdjustedRandIndex(std::vector<uint32_t>{4, 4, 4}, std::vector<uint32_t>{1, 1, 1}), 1);
  EXPECT_EQ(AdjustedRandIndex(std::vector<uint32_t>{0, 1, 2}, std::vector<uint32_t>{5, 4, 3}), 1);
}

TEST(AdjustedRandIndex, KnownTable_IsThePublishedValue) {
  // Two clusterings of six rows: 4 pairs together in each, 2 in both; expected 16/15; (2 - 16/15) / (4 - 16/15).
  const std::vector<uint32_t> a = {0, 0, 0, 1, 1, 2}, b = {0, 0, 1, 1, 1, 2};
  EXPECT_NEAR(AdjustedRandIndex(a, b), (2 - 16.0 / 15) / (4 - 16.0 / 15), 1e-12);
}

TEST(SampleRows, Drawn_AreDifferentAscendingAndEvenlySpread) {
  std::vector<int> times(50, 0);
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    const std::vector<size_t> rows = SampleRows(50, 10, seed);
    ASSERT_EQ(std::set<size_t>(rows.begin(), rows.end()).size(), 10u);
    ASSERT_TRUE(std::is_sorted(rows.begin(), rows.end()));
    for (const size_t row : rows) ++times.at(row);
  }
  // 800 expected of each, standard deviation 25.
  for (const int count : times) EXPECT_NEAR(count, 800, 130);
  EXPECT_EQ(SampleRows(3, 10, 1), (std::vector<size_t>{0, 1, 2}));
  EXPECT_TRUE(SampleRows(3, 0, 1).empty());
}

}  // namespace
}  // namespace assent::client
