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

TEST(Model, HasNoReferenceHistogramOrOneForEachFeature) {
  const ReferenceHistogram fair{.borders = {-0.5, 0.5}, .counts = {1, 2, 1}};
  ModelParts parts = Parts();
  parts.reference_histograms = {fair, fair};
  EXPECT_EQ(Model::Create(std::move(parts)).value().reference_histograms()[1].counts[1], 2u);
  parts = Parts();
  parts.reference_histograms = {fair};
  EXPECT_THAT(ErrorOf(std::move(parts)), HasSubstr("reference_histograms: 1 for 2 scored features"));
  const auto refused = [&](ReferenceHistogram histogram) {
    ModelParts bad = Parts();
    bad.reference_histograms = {fair, std::move(histogram)};
    return ErrorOf(std::move(bad));
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(refused({}), HasSubstr("reference_histograms[1] of 'f1': borders: none"));
  EXPECT_THAT(refused({.borders = {0, 0}, .counts = {1, 1, 1}}), HasSubstr("borders[1]: is not above"));
  EXPECT_THAT(refused({.borders = {0, nan}, .counts = {1, 1, 1}}), HasSubstr("borders[1]: is not finite"));
  EXPECT_THAT(refused({.borders = {0, 1}, .counts = {1, 1}}), HasSubstr("one more than borders"));
  EXPECT_THAT(refused({.borders = {0}, .counts = {0, 0}}), HasSubstr("counts: all are 0"));
  ReferenceHistogram fine{.borders = std::vector<double>(64, 0.0), .counts = std::vector<uint64_t>(65, 1)};
  EXPECT_THAT(refused(fine), HasSubstr("at most 63"));
}

TEST(ReferenceHistogram, ABorderBelongsToTheBinAboveIt) {
  const ReferenceHistogram histogram{.borders = {-1, 0, 2}, .counts = {1, 1, 1, 1}};
  EXPECT_EQ(histogram.BinOf(-5), 0u);
  EXPECT_EQ(histogram.BinOf(-1), 1u);
  EXPECT_EQ(histogram.BinOf(-0.5), 1u);
  EXPECT_EQ(histogram.BinOf(0), 2u);
  EXPECT_EQ(histogram.BinOf(2), 3u);
  EXPECT_EQ(histogram.BinOf(100), 3u);
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
