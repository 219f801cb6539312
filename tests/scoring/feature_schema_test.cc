#include "scoring/feature_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "scoring/instruction_set.h"

namespace assent::scoring {
namespace {

using ::testing::HasSubstr;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

FeatureSchema SchemaOf(std::vector<Feature> features) { return FeatureSchema::Create(std::move(features)).value(); }

Feature Named(std::string name) {
  Feature feature;
  feature.name = std::move(name);
  return feature;
}

// The error of a schema whose second feature is this one.
std::string ErrorOf(Feature feature) {
  const auto schema = FeatureSchema::Create({Named("first"), std::move(feature)});
  EXPECT_EQ(schema.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(schema.status().message());
}

TEST(Feature, ScalesAsDocumented) {
  Feature feature = Named("price");
  feature.clip_min = 0;
  feature.clip_max = 100;
  feature.mean = 10;
  feature.scale = 4;
  EXPECT_EQ(feature.Scale(30), 5.0f);
  EXPECT_EQ(feature.Scale(1000), 22.5f);
  EXPECT_EQ(feature.Scale(-7), -2.5f);
  feature.transform = Transform::kLog1p;
  feature.mean = 1;
  feature.scale = 3;
  EXPECT_EQ(feature.Scale(30), static_cast<float>((std::log1p(30.0) - 1) / 3));
  EXPECT_EQ(feature.Scale(-7), static_cast<float>(-1.0 / 3));
}

TEST(Feature, RoundsOnceToFloat) {
  Feature feature = Named("third");
  feature.scale = 3;
  EXPECT_EQ(feature.Scale(1), 1.0f / 3);
  // Rounded to float32 before the division, these two would give the same.
  feature.mean = 1;
  feature.scale = 1e-9;
  EXPECT_EQ(feature.Scale(1 + 1e-9), static_cast<float>(((1 + 1e-9) - 1) / 1e-9));
}

TEST(Feature, UnscaleIsTheWayBack) {
  Feature feature = Named("f");
  feature.mean = -2.5;
  feature.scale = 0.25;
  for (const double raw : {-3.0, 0.0, 0.5, 1234.0}) EXPECT_NEAR(feature.Unscale(feature.Scale(raw)), raw, 1e-4);
  feature.transform = Transform::kLog1p;
  feature.clip_min = 0;
  for (const double raw : {0.0, 0.5, 1234.0}) EXPECT_NEAR(feature.Unscale(feature.Scale(raw)), raw, 1e-3);
}

TEST(Feature, WhatDoesNotFitIsInfinite) {
  Feature feature = Named("f");
  feature.scale = 1e-30;
  EXPECT_EQ(feature.Scale(1e30), kInfinity);
  EXPECT_EQ(feature.Scale(-1e30), -kInfinity);
}

TEST(FeatureSchema, FindsByName) {
  const FeatureSchema schema = SchemaOf({Named("a"), Named("b.c-d_9")});
  EXPECT_EQ(schema.size(), 2u);
  EXPECT_EQ(schema.Find("a"), 0);
  EXPECT_EQ(schema.Find("b.c-d_9"), 1);
  EXPECT_EQ(schema.Find("B.c-d_9"), -1);
  EXPECT_EQ(schema.Find(""), -1);
}

TEST(FeatureSchema, ScalesEveryFeatureByItsOwnRule) {
  std::vector<Feature> features;
  for (size_t i = 0; i < 100; ++i) {
    Feature feature = Named("f" + std::to_string(i));
    feature.mean = static_cast<double>(i) / 7;
    feature.scale = 1 + static_cast<double>(i) / 3;
    if (i % 3 == 1) feature.clip_max = 5;
    if (i % 3 == 2) feature.clip_min = -5;
    if (i % 5 == 4) {
      feature.transform = Transform::kLog1p;
      feature.clip_min = 0;
    }
    features.push_back(feature);
  }
  for (size_t size = 1; size <= features.size(); ++size) {
    const FeatureSchema schema = SchemaOf({features.begin(), features.begin() + static_cast<ptrdiff_t>(size)});
    std::vector<float> raw(size);
    for (size_t i = 0; i < size; ++i) raw[i] = static_cast<float>(i) * 1.7f - 20;
    std::vector<float> scaled(size, -99);
    ASSERT_EQ(schema.Scale(raw, {}, scaled), -1);
    for (size_t i = 0; i < size; ++i) ASSERT_EQ(scaled[i], features[i].Scale(raw[i])) << "feature " << i;
  }
}

TEST(FeatureSchema, ScalesToTheSameBitsOnEveryInstructionSet) {
  const uint64_t seed = 20240607;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> size(0, 8);
  const auto number = [&] { return (random() % 2 == 0 ? 1 : -1) * size(random); };
  std::vector<Feature> features;
  for (int i = 0; i < 61; ++i) {
    Feature feature = Named("f" + std::to_string(i));
    feature.mean = number();
    feature.scale = std::abs(number()) + 1e-6;
    if (i % 4 == 1) feature.clip_max = std::abs(number());
    if (i % 4 == 2) feature.clip_min = -std::abs(number());
    if (i % 7 == 3) {
      feature.transform = Transform::kLog1p;
      feature.clip_min = 0;
    }
    features.push_back(feature);
  }
  const FeatureSchema schema = SchemaOf(features);
  for (const std::string& set : InstructionSets()) {
    ASSERT_TRUE(UseInstructionSet(set).ok());
    for (int round = 0; round < 300; ++round) {
      std::vector<float> raw(features.size());
      std::vector<float> scaled(features.size());
      for (float& value : raw) value = static_cast<float>(number());
      raw[static_cast<size_t>(round) % raw.size()] = round % 2 == 0 ? -0.0f : 1e-42f;
      ASSERT_EQ(schema.Scale(raw, {}, scaled), -1) << set;
      for (size_t i = 0; i < raw.size(); ++i) {
        ASSERT_EQ(std::bit_cast<uint32_t>(scaled[i]), std::bit_cast<uint32_t>(features[i].Scale(raw[i])))
            << set << " feature " << i << " raw " << raw[i];
      }
    }
  }
  ASSERT_TRUE(UseInstructionSet("").ok());
}

TEST(FeatureSchema, MissingValuesFollowTheRule) {
  Feature mean = Named("mean");
  mean.mean = 5;
  Feature value = Named("value");
  value.missing = MissingRule::kValue;
  value.missing_value = 12;
  value.mean = 2;
  value.scale = 5;
  Feature refuse = Named("refuse");
  refuse.missing = MissingRule::kRefuse;
  const FeatureSchema schema = SchemaOf({mean, value, refuse});
  std::vector<float> scaled(3);
  // What stands in place of a missing value is ignored, whatever it is.
  EXPECT_EQ(schema.Scale(std::vector<float>{kNan, kInfinity, 3}, std::vector<uint8_t>{1, 1, 0}, scaled), -1);
  EXPECT_EQ(scaled, (std::vector<float>{0, 2, 3}));
  EXPECT_EQ(schema.Scale(std::vector<float>{6, 7, 3}, std::vector<uint8_t>{0, 0, 0}, scaled), -1);
  EXPECT_EQ(scaled, (std::vector<float>{1, 1, 3}));
  EXPECT_EQ(schema.Scale(std::vector<float>{6, 7, 3}, std::vector<uint8_t>{0, 0, 1}, scaled), 2);
}

TEST(FeatureSchema, NamesTheFirstValueThatCannotBeScaled) {
  std::vector<Feature> features;
  for (size_t i = 0; i < 40; ++i) features.push_back(Named("f" + std::to_string(i)));
  features[20].scale = 1e-30;
  features[21].clip_max = 100;  // a clip does not make a value finite
  const FeatureSchema schema = SchemaOf(features);
  std::vector<float> scaled(40);
  for (const size_t bad : {0, 7, 8, 21, 31, 39}) {
    for (const float what : {kNan, kInfinity, -kInfinity}) {
      std::vector<float> raw(40, 0.0f);
      raw[bad] = what;
      if (bad < 39) raw[39] = kNan;
      EXPECT_EQ(schema.Scale(raw, {}, scaled), static_cast<int>(bad)) << what;
    }
  }
  std::vector<float> raw(40, 0.0f);
  raw[20] = 1e20f;
  EXPECT_EQ(schema.Scale(raw, {}, scaled), 20) << "too large for a float32 once scaled";
}

TEST(FeatureSchema, RefusesWhatMakesNoSense) {
  EXPECT_THAT(std::string(FeatureSchema::Create({}).status().message()), HasSubstr("at least one feature"));
  EXPECT_THAT(std::string(FeatureSchema::Create(std::vector<Feature>(kFeaturesMax + 1, Named("f"))).status().message()),
              HasSubstr("1024"));
  EXPECT_THAT(ErrorOf(Named("")), HasSubstr("feature 1: the name must have 1 to 64 characters"));
  EXPECT_THAT(ErrorOf(Named(std::string(65, 'x'))), HasSubstr("feature 1: the name"));
  EXPECT_THAT(ErrorOf(Named("with space")), HasSubstr("[A-Za-z0-9_.-]"));
  EXPECT_THAT(ErrorOf(Named("first")), HasSubstr("repeated"));

  Feature feature = Named("f");
  feature.scale = 0;
  EXPECT_THAT(ErrorOf(feature), HasSubstr("feature 1 'f': the scale"));
  feature.scale = -1;
  EXPECT_THAT(ErrorOf(feature), HasSubstr("scale"));
  feature.scale = kNan;
  EXPECT_THAT(ErrorOf(feature), HasSubstr("scale"));
  feature.scale = kInfinity;
  EXPECT_THAT(ErrorOf(feature), HasSubstr("scale"));

  feature = Named("f");
  feature.mean = kNan;
  EXPECT_THAT(ErrorOf(feature), HasSubstr("mean"));

  feature = Named("f");
  feature.clip_min = 2;
  feature.clip_max = 1;
  EXPECT_THAT(ErrorOf(feature), HasSubstr("clip_min is above clip_max"));
  feature.clip_min = kNan;
  EXPECT_THAT(ErrorOf(feature), HasSubstr("not a number"));

  feature = Named("f");
  feature.transform = Transform::kLog1p;
  feature.clip_min = -1;
  EXPECT_THAT(ErrorOf(feature), HasSubstr("log1p needs clip_min above -1"));

  feature = Named("f");
  feature.missing = MissingRule::kValue;
  feature.missing_value = kInfinity;
  EXPECT_THAT(ErrorOf(feature), HasSubstr("missing_value must be finite"));
  feature.missing_value = 1e30;
  feature.scale = 1e-30;
  EXPECT_THAT(ErrorOf(feature), HasSubstr("too large once scaled"));
}

TEST(FeatureSchema, LogTakesAnUnsetLowerLimitForZero) {
  Feature feature = Named("f");
  feature.transform = Transform::kLog1p;
  const FeatureSchema schema = SchemaOf({feature});
  float scaled = -1;
  EXPECT_EQ(schema.Scale(std::vector<float>{-5}, {}, {&scaled, 1}), -1);
  EXPECT_EQ(scaled, 0.0f);
}

}  // namespace
}  // namespace assent::scoring
