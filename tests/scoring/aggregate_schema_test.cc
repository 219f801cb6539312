// Schemas with aggregates: their orders, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "scoring/feature_schema.h"

namespace assent::scoring {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kProfileContent = 4;

Feature Direct(std::string name) {
  Feature feature;
  feature.name = std::move(name);
  return feature;
}

Feature Count(std::string name) {
  Feature feature = Direct(std::move(name));
  feature.aggregate = Aggregate{.function = AggregateFunction::kCount, .event_type = "purchase"};
  return feature;
}

Feature ShareOf(std::string name, std::string whole) {
  Feature feature = Count(std::move(name));
  feature.normalisation = Normalisation::kShareOf;
  feature.divisor = std::move(whole);
  return feature;
}

Feature Auxiliary(std::string name) {
  Feature feature = Count(std::move(name));
  feature.auxiliary = true;
  return feature;
}

std::string ErrorOf(std::vector<Feature> features, EventRules events = {.profile_purpose = kProfileContent}) {
  const auto schema = FeatureSchema::Create(std::move(features), std::move(events));
  EXPECT_EQ(schema.status().code(), absl::StatusCode::kInvalidArgument) << schema.status();
  return std::string(schema.status().message());
}

// The error of a schema whose second feature is the aggregate.
std::string ErrorOf(Aggregate aggregate) {
  Feature feature = Direct("f");
  feature.aggregate = std::move(aggregate);
  return ErrorOf({Direct("first"), std::move(feature)});
}

TEST(AggregateSchema, HasThreeOrders) {
  std::vector<Feature> features = {Auxiliary("all"), Direct("age"), ShareOf("share", "all"), Direct("visits")};
  features[1].mean = 10;
  features[3].mean = 20;
  const auto schema = FeatureSchema::Create(std::move(features), {.profile_purpose = kProfileContent,
                                                                  .other_event_types = {"view", "search"}})
                          .value();
  EXPECT_EQ(schema.size(), 4u);
  EXPECT_EQ(schema.scored_size(), 3u);
  EXPECT_FALSE(schema.all_direct());
  EXPECT_EQ(schema.scored(0).name, "age");
  EXPECT_EQ(schema.scored(1).name, "share");
  EXPECT_EQ(schema.scored(2).name, "visits");
  EXPECT_THAT(schema.direct(), ElementsAre(0, 2));
  EXPECT_EQ(schema.Find("visits"), 3);
  EXPECT_EQ(schema.position(0), -1);
  EXPECT_EQ(schema.position(3), 2);
  EXPECT_EQ(schema.divisor(2), 0);
  EXPECT_EQ(schema.divisor(1), -1);
  EXPECT_EQ(schema.profile_purpose(), kProfileContent);
  EXPECT_THAT(schema.other_event_types(), ElementsAre("view", "search"));
  std::vector<float> scaled(3);
  ASSERT_EQ(schema.Scale(std::vector<float>{11, 0.5, 22}, {}, scaled), -1);
  EXPECT_THAT(scaled, ElementsAre(1, 0.5, 2));
  ASSERT_EQ(schema.Scale(std::vector<float>{11, 0, 22}, std::vector<uint8_t>{0, 1, 0}, scaled), -1);
  EXPECT_THAT(scaled, ElementsAre(1, 0, 2));
  EXPECT_EQ(schema.Scale(std::vector<float>{1, 1, std::nanf("")}, {}, scaled), 2) << "a position, not an index";
}

TEST(AggregateSchema, WithoutAggregatesTheOrdersAreOne) {
  const auto schema = FeatureSchema::Create({Direct("a"), Direct("b")}).value();
  EXPECT_EQ(schema.scored_size(), schema.size());
  EXPECT_TRUE(schema.all_direct());
  EXPECT_THAT(schema.direct(), ElementsAre(0, 1));
  EXPECT_EQ(schema.profile_purpose(), 0);
}

TEST(AggregateSchema, RefusesAHalfLifeThatIsNone) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double bad : {0.0, -0.0, -30.0, nan, std::numeric_limits<double>::infinity()}) {
    EXPECT_THAT(ErrorOf(Aggregate{.half_life_days = bad}),
                HasSubstr("feature 1 'f': the half-life must be a number of days above 0"));
  }
  for (const auto function : {AggregateFunction::kMax, AggregateFunction::kMin, AggregateFunction::kLast,
                              AggregateFunction::kDaysSinceLast, AggregateFunction::kDistinct}) {
    Aggregate aggregate{.function = function, .half_life_days = 1};
    if (function != AggregateFunction::kDaysSinceLast) aggregate.attribute = "price";
    EXPECT_THAT(ErrorOf(aggregate), HasSubstr("feature 1 'f': only count, sum and mean take a half-life"));
  }
}

TEST(AggregateSchema, RefusesAnAttributeTooManyOrTooFew) {
  for (const auto function : {AggregateFunction::kSum, AggregateFunction::kMean, AggregateFunction::kMax,
                              AggregateFunction::kMin, AggregateFunction::kLast, AggregateFunction::kDistinct}) {
    EXPECT_THAT(ErrorOf(Aggregate{.function = function}), HasSubstr("feature 1 'f': the function needs an attribute"));
  }
  for (const auto function : {AggregateFunction::kCount, AggregateFunction::kDaysSinceLast}) {
    EXPECT_THAT(ErrorOf(Aggregate{.function = function, .attribute = "price"}),
                HasSubstr("feature 1 'f': the function takes no attribute"));
  }
}

TEST(AggregateSchema, RefusesDivisorsThatMakeNoSense) {
  EXPECT_THAT(ErrorOf({ShareOf("f", "")}), HasSubstr("feature 0 'f': share_of or ratio_to names no feature"));
  EXPECT_THAT(ErrorOf({ShareOf("f", "f")}), HasSubstr("feature 0 'f': share_of names the feature itself"));
  EXPECT_THAT(ErrorOf({ShareOf("f", "d"), Direct("d")}),
              HasSubstr("feature 0 'f': share_of names 'd', which is not an aggregate"));
  EXPECT_THAT(ErrorOf({ShareOf("f", "g"), ShareOf("g", "h"), Count("h")}),
              HasSubstr("feature 0 'f': share_of names 'g', which is divided itself"));
  Feature decayed = Count("decayed");
  decayed.aggregate->half_life_days = 30;
  EXPECT_THAT(ErrorOf({ShareOf("f", "decayed"), decayed}), HasSubstr("another function, attribute or half-life"));
  Feature ratio = ShareOf("f", "decayed");
  ratio.normalisation = Normalisation::kRatioTo;
  EXPECT_TRUE(FeatureSchema::Create({ratio, decayed}, {.profile_purpose = kProfileContent}).ok());
  Feature mean = ShareOf("f", "f2");
  mean.aggregate = Aggregate{.function = AggregateFunction::kMean, .attribute = "price"};
  Feature mean2 = mean;
  mean2.name = "f2";
  mean2.normalisation = Normalisation::kNone;
  EXPECT_THAT(ErrorOf({mean, mean2}), HasSubstr("only a count, sum or distinct can be a share; use ratio_to"));
}

TEST(AggregateSchema, OnlyAggregatesAreAuxiliaryOrDivided) {
  Feature feature = Direct("f");
  feature.auxiliary = true;
  EXPECT_THAT(ErrorOf({feature, Count("c")}), HasSubstr("feature 0 'f': only an aggregate can be auxiliary"));
  feature = Direct("f");
  feature.normalisation = Normalisation::kRatioTo;
  feature.divisor = "c";
  EXPECT_THAT(ErrorOf({feature, Count("c")}), HasSubstr("feature 0 'f': only an aggregate can have share_of"));
  EXPECT_THAT(ErrorOf({Auxiliary("a"), Auxiliary("b")}), HasSubstr("every feature is auxiliary"));
  Feature unfitted = Auxiliary("a");
  unfitted.scale = 0;
  EXPECT_TRUE(FeatureSchema::Create({unfitted, Direct("d")}, {.profile_purpose = kProfileContent}).ok());
}

TEST(AggregateSchema, NeedsAProfilePurposeWithAggregatesOnly) {
  EXPECT_THAT(ErrorOf({Count("c")}, {}), HasSubstr("profile_purpose: required"));
  EXPECT_THAT(ErrorOf({Count("c")}, {.profile_purpose = -3}), HasSubstr("profile_purpose: required"));
  EXPECT_THAT(ErrorOf({Direct("d")}, {.profile_purpose = 3}), HasSubstr("profile_purpose: must be left out"));
}

TEST(AggregateSchema, LimitsItsParts) {
  const AttributeFilter filter{.attribute = "a", .values = {1.0}};
  const auto filtered = [](AttributeFilter one) { return Aggregate{.filters = {std::move(one)}}; };
  const std::string name_64(64, 'x');
  const std::string name_65(65, 'x');
  Aggregate full{.function = AggregateFunction::kSum, .event_type = name_64, .attribute = name_64};
  full.filters.assign(8, {.attribute = name_64, .values = {std::string(256, 'x')}});
  full.filters[0].comparison = Comparison::kIn;
  full.filters[0].values.assign(64, std::string(256, 'x'));
  Feature feature = Direct("f");
  feature.aggregate = full;
  EXPECT_TRUE(FeatureSchema::Create({feature}, {.profile_purpose = kProfileContent}).ok());
  EXPECT_THAT(ErrorOf(Aggregate{.event_type = name_65}), HasSubstr("'f': the event type has more than 64 bytes"));
  EXPECT_THAT(ErrorOf(Aggregate{.function = AggregateFunction::kSum, .attribute = name_65}),
              HasSubstr("'f': the attribute has more than 64 bytes"));
  EXPECT_THAT(ErrorOf(Aggregate{.filters = std::vector<AttributeFilter>(9, filter)}),
              HasSubstr("'f': has 9 filters, at most 8"));
  EXPECT_THAT(ErrorOf(filtered({.attribute = name_65, .values = {1.0}})),
              HasSubstr("'f': filter 0 names an attribute of more than 64 bytes"));
  EXPECT_THAT(ErrorOf(filtered({.values = {1.0}})), HasSubstr("filter 0 names no attribute"));
  EXPECT_THAT(ErrorOf(filtered({.attribute = "a"})), HasSubstr("filter 0 has nothing to compare with"));
  EXPECT_THAT(ErrorOf(filtered({.attribute = "a", .values = {1.0, 2.0}})), HasSubstr("2 values, at most 1"));
  EXPECT_THAT(ErrorOf(filtered({.attribute = "a",
                                .comparison = Comparison::kIn,
                                .values = std::vector<FilterScalar>(65, FilterScalar(true))})),
              HasSubstr("65 values, at most 64"));
  EXPECT_THAT(ErrorOf(filtered({.attribute = "a", .values = {std::string(257, 'x')}})),
              HasSubstr("a text of more than 256 bytes"));
  EXPECT_THAT(ErrorOf(filtered({.attribute = "a", .values = {std::numeric_limits<double>::infinity()}})),
              HasSubstr("a number that is not finite"));
  for (const auto comparison : {Comparison::kGreater, Comparison::kLess}) {
    EXPECT_THAT(ErrorOf(filtered({.attribute = "a", .comparison = comparison, .values = {std::string("5")}})),
                HasSubstr("greater and less compare with a number"));
  }
}

TEST(AggregateSchema, LimitsTheirNumber) {
  std::vector<Feature> features;
  for (int i = 0; i < 257; ++i) features.push_back(Count("c" + std::to_string(i)));
  EXPECT_THAT(ErrorOf(features), HasSubstr("at most 256 aggregates, this one has 257"));
  features.pop_back();
  EXPECT_TRUE(FeatureSchema::Create(features, {.profile_purpose = kProfileContent}).ok());
}

TEST(AggregateSchema, LimitsOtherEventTypes) {
  const auto with = [](std::vector<std::string> types) {
    return EventRules{.profile_purpose = kProfileContent, .other_event_types = std::move(types)};
  };
  EXPECT_THAT(ErrorOf({Count("c")}, with({"view", ""})), HasSubstr("other_event_types[1]: must have 1 to 64 bytes"));
  EXPECT_THAT(ErrorOf({Count("c")}, with({std::string(65, 'x')})), HasSubstr("other_event_types[0]"));
  EXPECT_THAT(ErrorOf({Count("c")}, with({"view", "view"})), HasSubstr("other_event_types[1]: is repeated"));
  EXPECT_THAT(ErrorOf({Count("c")}, with(std::vector<std::string>(257, "view"))), HasSubstr("more than 256"));
}

}  // namespace
}  // namespace assent::scoring
