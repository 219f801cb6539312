#include "scoring/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tests/scoring/model_fixture.h"

namespace assent::scoring {
namespace {

using ::testing::HasSubstr;

ModelParts Parts() { return PartsOf(3, 2, std::vector<float>{0, 0, 1, 1, 2, 2}); }

std::string ErrorOf(ModelParts parts) {
  const auto model = Model::Create(std::move(parts));
  EXPECT_EQ(model.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(model.status().message());
}

TEST(Model, HoldsItsParts) {
  ModelParts parts = Parts();
  parts.provenance.name = "shoppers";
  parts.digest[0] = 0xAB;
  parts.digest[31] = 0x01;
  const Model model = Model::Create(std::move(parts)).value();
  EXPECT_EQ(model.schema().size(), 2u);
  EXPECT_EQ(model.segments()[2].segment_id, "s2");
  EXPECT_EQ(model.provenance().name, "shoppers");
  EXPECT_EQ(model.digest_hex(), "ab" + std::string(60, '0') + "01");
}

TEST(Model, RefusesSizesThatDisagree) {
  ModelParts parts = Parts();
  parts.segments.pop_back();
  EXPECT_THAT(ErrorOf(std::move(parts)), HasSubstr("segments: 2 cards for 3 centroids"));
  parts = Parts();
  parts.background_mean.push_back(0);
  EXPECT_THAT(ErrorOf(std::move(parts)), HasSubstr("background_mean: 3 values for 2 features"));
  parts = Parts();
  parts.centroids = Centroids::Create(3, 1, std::vector<float>{1, 2, 3}).value();
  EXPECT_THAT(ErrorOf(std::move(parts)), HasSubstr("schema: 2 features, but the centroids have 1"));
}

TEST(Model, RefusesCardsWithoutAnIdOfTheirOwn) {
  ModelParts parts = Parts();
  parts.segments[1].segment_id.clear();
  EXPECT_THAT(ErrorOf(std::move(parts)), HasSubstr("segments[1]: the card has no segment_id"));
  parts = Parts();
  parts.segments[2].segment_id = "s0";
  EXPECT_THAT(ErrorOf(std::move(parts)), HasSubstr("segments[2]: the segment_id 's0' is repeated"));
}

TEST(Model, RefusesNumbersThatMakeNoSense) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {-1.0, nan, infinity}) {
    ModelParts parts = Parts();
    parts.abstention.margin_min = bad;
    EXPECT_THAT(ErrorOf(std::move(parts)), HasSubstr("margin_min"));
    parts = Parts();
    parts.abstention.distance_max = bad;
    EXPECT_THAT(ErrorOf(std::move(parts)), HasSubstr("distance_max"));
  }
  for (const double bad : {0.0, -1.0, nan, infinity}) {
    ModelParts parts = Parts();
    parts.temperature = bad;
    EXPECT_THAT(ErrorOf(std::move(parts)), HasSubstr("temperature"));
  }
  for (const double bad : {nan, infinity, 1e300}) {
    ModelParts parts = Parts();
    parts.background_mean[1] = bad;
    EXPECT_THAT(ErrorOf(std::move(parts)), HasSubstr("background_mean"));
  }
}

}  // namespace
}  // namespace assent::scoring
