#include "scoring/centroids.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "scoring/feature_schema.h"
#include "tests/scoring/model_fixture.h"

namespace assent::scoring {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

std::string ErrorOf(size_t k, size_t dim, const std::vector<float>& values) {
  const auto centroids = Centroids::Create(k, dim, values);
  EXPECT_EQ(centroids.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(centroids.status().message());
}

TEST(Centroids, GiveBackTheExactValues) {
  const std::vector<float> values = NormalValues(70 * 9, 1);
  const Centroids centroids = Centroids::Create(70, 9, values).value();
  EXPECT_EQ(centroids.k(), 70u);
  EXPECT_EQ(centroids.dim(), 9u);
  for (size_t c = 0; c < 70; ++c) {
    EXPECT_THAT(centroids.row(c), ElementsAreArray(&values[c * 9], 9));
  }
}

TEST(Centroids, StayWhereTheyAreWhenCopied) {
  const std::vector<float> values = {1, 2, 3, 4};
  const Centroids centroids = Centroids::Create(2, 2, values).value();
  const Centroids copy = centroids;  // NOLINT(performance-unnecessary-copy-initialization)
  EXPECT_THAT(copy.row(1), ElementsAreArray({3.0f, 4.0f}));
}

TEST(Centroids, RefuseWhatMakesNoSense) {
  EXPECT_THAT(ErrorOf(0, 2, {}), HasSubstr("k is 0"));
  EXPECT_THAT(ErrorOf(kCentroidsMax + 1, 1, {}), HasSubstr("65536"));
  EXPECT_THAT(ErrorOf(2, 0, {}), HasSubstr("dim is 0"));
  EXPECT_THAT(ErrorOf(1, kFeaturesMax + 1, {}), HasSubstr("1024"));
  EXPECT_THAT(ErrorOf(2, 2, {1, 2, 3}), HasSubstr("3 values, but k x dim is 2 x 2"));
  EXPECT_THAT(ErrorOf(2, 2, {1, 2, 3, std::numeric_limits<float>::quiet_NaN()}),
              HasSubstr("centroid 1, feature 1 is not finite"));
  EXPECT_THAT(ErrorOf(2, 2, {1, -std::numeric_limits<float>::infinity(), 3, 4}), HasSubstr("centroid 0, feature 1"));
}

}  // namespace
}  // namespace assent::scoring
