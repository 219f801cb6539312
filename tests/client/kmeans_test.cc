#include "client/kmeans.h"

#include <fstream>
#include <map>
#include <numeric>
#include <random>
#include <sstream>

#include "client/training_table.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/scratch_folder.h"

namespace assent::client {
namespace {

using testing::HasSubstr;

std::vector<float> Blobs(size_t rows, uint32_t seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> noise(0, 0.5f);
  std::vector<float> points;
  for (size_t i = 0; i < rows; ++i) {
    const auto blob = static_cast<float>(i % 3);
    points.push_back(blob * 10 + noise(engine));
    points.push_back(blob * -7 + noise(engine));
  }
  return points;
}

TEST(Kmeans, ThreeBlobs_EachIsOneCluster) {
  const std::vector<float> points = Blobs(300, 5);
  auto result = Kmeans(points, 2, {.k = 3, .seed = 1, .progress = {}});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->sizes, testing::Each(100u));
  for (size_t i = 3; i < 300; ++i) EXPECT_EQ(result->labels[i], result->labels[i % 3]);
  EXPECT_DOUBLE_EQ(result->cost, std::accumulate(result->distances.begin(), result->distances.end(), 0.0));
}

TEST(Kmeans, SameSeed_SameBitsAndOtherSeedsStartElsewhere) {
  const std::vector<float> points = Blobs(500, 6);
  const auto a = Kmeans(points, 2, {.k = 9, .seed = 4, .starts = 2, .progress = {}});
  const auto b = Kmeans(points, 2, {.k = 9, .seed = 4, .starts = 2, .progress = {}});
  const auto c = Kmeans(points, 2, {.k = 9, .seed = 5, .starts = 1, .progress = {}});
  EXPECT_EQ(a->centroids, b->centroids);
  EXPECT_EQ(a->cost, b->cost);
  EXPECT_NE(a->centroids, c->centroids);
}

TEST(Kmeans, Result_IsAFixedPointWithRightMarginsAndOrder) {
  const std::vector<float> points = Blobs(400, 7);
  const auto result = Kmeans(points, 2, {.k = 5, .seed = 2, .progress = {}});
  ASSERT_TRUE(result.ok());
  for (size_t c = 1; c < 5; ++c) EXPECT_GE(result->sizes[c - 1], result->sizes[c]);
  std::vector<double> sums(10, 0.0);
  for (size_t i = 0; i < 400; ++i) {
    std::vector<double> distances(5);
    for (size_t c = 0; c < 5; ++c) {
      for (size_t j = 0; j < 2; ++j) {
        const double difference =
            static_cast<double>(points[2 * i + j]) - static_cast<double>(result->centroids[2 * c + j]);
        distances[c] += difference * difference;
      }
    }
    const auto nearest = static_cast<size_t>(std::min_element(distances.begin(), distances.end()) - distances.begin());
    EXPECT_EQ(result->labels[i], nearest);
    const double best = distances[nearest];
    distances[nearest] = 1e300;
    EXPECT_DOUBLE_EQ(result->margins[i], *std::min_element(distances.begin(), distances.end()) - best);
    for (size_t j = 0; j < 2; ++j) sums[2 * nearest + j] += static_cast<double>(points[2 * i + j]);
  }
  for (size_t c = 0; c < 5; ++c) {
    for (size_t j = 0; j < 2; ++j) {
      EXPECT_NEAR(sums[2 * c + j] / static_cast<double>(result->sizes[c]),
                  static_cast<double>(result->centroids[2 * c + j]), 1e-5);
    }
  }
}

TEST(Kmeans, KAsManyAsDistinctRows_CostIsZero) {
  const std::vector<float> points = {1, 1, 2, 2, 1, 1, 3, 3};
  const auto result = Kmeans(points, 2, {.k = 3, .seed = 3, .progress = {}});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->cost, 0);
}

TEST(Kmeans, KAboveDistinctRows_SaysHowManyThereAre) {
  const std::vector<float> points = {1, 1, 2, 2, 1, 1};
  const absl::Status status = Kmeans(points, 2, {.k = 3, .progress = {}}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("only 2 distinct rows"));
}

TEST(Kmeans, OneCluster_IsTheMeanWithoutMargin) {
  const std::vector<float> points = {0, 0, 2, 4};
  const auto result = Kmeans(points, 2, {.k = 1, .progress = {}});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->centroids, (std::vector<float>{1, 2}));
  EXPECT_EQ(result->margins, (std::vector<double>{0, 0}));
  EXPECT_DOUBLE_EQ(result->cost, 10);
}

// The costs that base R reaches with its best of many starts, by "preparation/k".
std::map<std::string, double> PublishedMallCosts() {
  std::map<std::string, double> costs;
  std::ifstream file(DataFile("published/kmeans_base_R.tsv"));
  for (std::string text; std::getline(file, text);) {
    std::istringstream fields(text);
    std::string dataset, preparation, k, cost;
    std::getline(fields, dataset, '\t');
    std::getline(fields, preparation, '\t');
    std::getline(fields, k, '\t');
    std::getline(fields, cost, '\t');
    if (dataset == "mall") costs[preparation + "/" + k] = std::stod(cost);
  }
  return costs;
}

TEST(Kmeans, MallCustomers_CostWithinOnePercentOfBaseR) {
  const std::string mall = DataFile("mall-customers/Mall_Customers.csv");
  if (mall.empty()) GTEST_SKIP() << "needs ASSENT_DATA_DIR with mall-customers";
  const auto costs = PublishedMallCosts();
  ASSERT_EQ(costs.size(), 9u);
  for (const auto& [name, published] : costs) {
    std::vector<std::string> columns = {"AnnualIncome (k$)", "SpendingScore (1-100)"};
    if (name.find("age") != std::string::npos) columns.insert(columns.begin(), "Age");
    const auto table = ReadTrainingTable(mall, columns, {});
    ASSERT_TRUE(table.ok()) << table.status();
    const size_t k = std::stoul(name.substr(name.find('/') + 1));
    const auto result = Kmeans(table->values, columns.size(), {.k = k, .seed = 1, .progress = {}});
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_LE(result->cost, published * 1.01) << name;
    EXPECT_GE(result->cost, published * 0.999999) << name;
  }
}

}  // namespace
}  // namespace assent::client
