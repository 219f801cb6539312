// The arithmetic of profiles, case by case. profile_oracle_test.cc compares it with a recomputation of random
// histories.
#include "scoring/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "tests/scoring/model_fixture.h"
#include "tests/scoring/profile_fixture.h"

namespace assent::scoring {
namespace {

using ::testing::HasSubstr;

TEST(HashText, GoldenValues) {
  // From an independent implementation of docs/features.md.
  EXPECT_EQ(HashText(""), 0xF52A15E9A9B5E89Bu);
  EXPECT_EQ(HashText("a"), 0x02C0BDBF481420F8u);
  EXPECT_EQ(HashText("purchase"), 0xA93C741CF990944Du);
  EXPECT_EQ(HashText(absl::string_view("\0\xFF", 2)), 0xA70BEE94C6C8447Bu);
}

TEST(Profile, EmptyOnesCountNothingAndMissTheRest) {
  Trial trial({Of(AggregateFunction::kCount), Of(AggregateFunction::kSum), Of(AggregateFunction::kMean),
               Of(AggregateFunction::kMax), Of(AggregateFunction::kMin), Of(AggregateFunction::kLast),
               Of(AggregateFunction::kDaysSinceLast), Of(AggregateFunction::kDistinct)});
  trial.Read(Days(19000));
  EXPECT_EQ(trial.values, (std::vector<float>{0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(trial.missing, (std::vector<uint8_t>{0, 0, 1, 1, 1, 1, 1, 0}));
  EXPECT_EQ(ProfileLayout::EventCount(trial.state), 0u);
  EXPECT_EQ(ProfileLayout::LastEventUs(trial.state), 0);
}

TEST(Profile, ComputesEveryFunction) {
  Trial trial({Of(AggregateFunction::kCount), Of(AggregateFunction::kSum), Of(AggregateFunction::kMean),
               Of(AggregateFunction::kMax), Of(AggregateFunction::kMin), Of(AggregateFunction::kLast),
               Of(AggregateFunction::kDaysSinceLast), Of(AggregateFunction::kDistinct)});
  EXPECT_EQ(trial.Fold("a", Days(10), {{"price", 4.0}}), FoldResult::kFolded);
  EXPECT_EQ(trial.Fold("b", Days(11), {{"price", -2.5}}), FoldResult::kFolded);
  EXPECT_EQ(trial.Fold("c", Days(12), {{"price", 4.0}}), FoldResult::kFolded);
  EXPECT_EQ(trial.Fold("d", Days(13), {}), FoldResult::kFolded) << "without the attribute it only counts";
  trial.Read(Days(15) + 43'200'000'000);
  EXPECT_EQ(trial.values, (std::vector<float>{4, 5.5, 5.5f / 3, 4, -2.5, 4, 2.5, 2}));
  EXPECT_EQ(trial.missing, std::vector<uint8_t>(8, 0));
  EXPECT_EQ(ProfileLayout::EventCount(trial.state), 4u);
  EXPECT_EQ(ProfileLayout::LastEventUs(trial.state), Days(13));
  EXPECT_EQ(ProfileLayout::FirstEventUs(trial.state), Days(10));
}

TEST(Profile, AWeightHalvesInAHalfLife) {
  const auto decaying = [](AggregateFunction function) {
    Aggregate aggregate = Of(function);
    aggregate.half_life_days = 30;
    return aggregate;
  };
  Trial trial(
      {decaying(AggregateFunction::kCount), decaying(AggregateFunction::kSum), decaying(AggregateFunction::kMean)});
  trial.Fold("a", Days(100), {{"price", 8.0}});
  trial.Fold("b", Days(130), {{"price", 2.0}});
  trial.Read(Days(130));
  EXPECT_EQ(trial.values, (std::vector<float>{1.5, 6, 4}));
  trial.Read(Days(160));
  EXPECT_EQ(trial.values, (std::vector<float>{0.75, 3, 4}));
  trial.Read(Days(50));
  EXPECT_EQ(trial.values, (std::vector<float>{1.5, 6, 4})) << "never before the newest event";
  trial.Fold("c", Days(70), {{"price", 4.0}});  // late: two half-lives before the newest
  trial.Read(Days(130));
  EXPECT_EQ(trial.values, (std::vector<float>{1.75, 7, 4}));
}

TEST(Profile, WhatHasLongDecayedIsNothingAndSpoilsNothing) {
  Aggregate mean = Of(AggregateFunction::kMean);
  mean.half_life_days = 1;
  Aggregate count = Of(AggregateFunction::kCount);
  count.half_life_days = 1;
  Trial trial({mean, count});
  trial.Fold("a", Days(1), {{"price", 3.0}});
  trial.Read(Days(1 + 499));
  EXPECT_EQ(trial.values[0], 3.0f) << "a mean does not decay, however light its weight";
  EXPECT_EQ(trial.missing[0], 0);
  for (const int64_t days : {501, 1000, 1060, 5000, 1'000'000}) {
    trial.Read(Days(1 + days));
    EXPECT_EQ(trial.missing[0], 1) << days;
    EXPECT_EQ(trial.values[1], 0.0f);
  }
  for (int i = 0; i < 50; ++i) trial.Fold("later" + std::to_string(i), Days(100 + 100 * i), {{"price", 5.0}});
  trial.Fold("very late", Days(2), {{"price", 1e30}});
  trial.Read(Days(5000));
  EXPECT_EQ(trial.values[0], 5.0f);
}

TEST(Profile, FiltersChooseEvents) {
  const auto filtered = [](Comparison comparison, std::string attribute, std::vector<FilterScalar> values) {
    Aggregate aggregate = Of(AggregateFunction::kCount);
    aggregate.filters = {{std::move(attribute), comparison, std::move(values)}};
    return aggregate;
  };
  Aggregate both = filtered(Comparison::kGreater, "price", {5.0});
  both.filters.push_back({"price", Comparison::kLess, {10.0}});
  Trial trial({filtered(Comparison::kEquals, "country", {std::string("FI")}),
               filtered(Comparison::kIn, "country", {std::string("FI"), std::string("SE"), 358.0}),
               filtered(Comparison::kGreater, "price", {5.0}), filtered(Comparison::kLess, "price", {5.0}),
               filtered(Comparison::kEquals, "new", {true}), filtered(Comparison::kEquals, "price", {5.0}), both});
  int id = 0;
  const auto fold = [&](std::vector<Given> attributes) {
    trial.Fold(std::to_string(id++), Days(1), std::move(attributes));
  };
  fold({{"country", std::string("FI")}, {"price", 5.0}, {"new", true}});
  fold({{"country", std::string("SE")}, {"price", 7.5}, {"new", false}});
  fold({{"country", 358.0}, {"price", std::string("5")}});  // values of another kind
  fold({{"country", std::string("358")}, {"new", 1.0}});    // do not fit
  fold({{"country", std::string("fi")}, {"price", 10.0}, {"unread", std::string("x")}});
  fold({{"price", 4.999}});
  fold({});
  trial.Read(Days(1));
  EXPECT_EQ(trial.values, (std::vector<float>{1, 3, 2, 1, 1, 1, 1}));
}

TEST(Profile, ReadsEventsOfItsTypeOnly) {
  Aggregate purchases = Of(AggregateFunction::kCount);
  Aggregate views = purchases;
  views.event_type = "view";
  Aggregate all = purchases;
  all.event_type = "";
  Trial some({purchases, views}, {"search"});
  EXPECT_EQ(some.Fold("1", Days(1), {}, "view"), FoldResult::kFolded);
  const std::vector<uint8_t> before = some.state;
  EXPECT_EQ(some.Fold("2", Days(2), {}, "search"), FoldResult::kIrrelevant);
  EXPECT_EQ(some.Fold("3", Days(2), {}, "unknown"), FoldResult::kIrrelevant);
  EXPECT_EQ(some.state, before);
  some.Read(Days(2));
  EXPECT_EQ(some.values, (std::vector<float>{0, 1}));
  EXPECT_NE(some.layout.EventType("search"), kUnknownName);
  EXPECT_EQ(some.layout.EventType("unknown"), kUnknownName);
  EXPECT_EQ(some.layout.EventType(""), kUnknownName);
  EXPECT_EQ(some.layout.Attribute("price"), kUnknownName) << "nothing reads it";

  Trial every({purchases, all});
  EXPECT_EQ(every.Fold("1", Days(1), {}, "unknown"), FoldResult::kFolded);
  EXPECT_EQ(every.Fold("2", Days(1), {}, "purchase"), FoldResult::kFolded);
  every.Read(Days(1));
  EXPECT_EQ(every.values, (std::vector<float>{1, 2}));
}

// Else each of its events would push the next one's id out of the window.
TEST(Profile, ACallThatIsSentAgainCountsTwiceOnlyWhatHasLeftTheWindow) {
  Trial trial({Of(AggregateFunction::kCount)});
  const auto call = [&](size_t events) {
    std::vector<Event> all;
    for (size_t i = 0; i < events; ++i)
      all.push_back({.id_hash = 100 + i, .time_us = Days(50), .type = 0, .attributes = {}});
    return trial.layout.FoldAll(all, trial.state);
  };
  EXPECT_EQ(call(16).folded, 16u);
  EXPECT_EQ(call(16).repeated, 16u);
  ASSERT_EQ(trial.Fold("of another call", Days(51), {}), FoldResult::kFolded);
  const FoldCounts again = call(16);
  EXPECT_EQ(again.folded, 1u);
  EXPECT_EQ(again.repeated, 15u);
  EXPECT_EQ(ProfileLayout::EventCount(trial.state), 18u);
}

TEST(Profile, ARepeatedIdCountsOnceWithinTheWindow) {
  Trial trial({Of(AggregateFunction::kSum)});
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(trial.Fold(std::to_string(i), Days(i), {{"price", 1.0}}), FoldResult::kFolded) << i;
    const std::vector<uint8_t> before = trial.state;
    for (int back = 0; back < 16 && back <= i; ++back) {
      ASSERT_EQ(trial.Fold(std::to_string(i - back), Days(50), {{"price", 9.0}}), FoldResult::kRepeated) << i;
    }
    ASSERT_EQ(trial.state, before);
  }
  EXPECT_EQ(trial.Fold("23", Days(23), {{"price", 1.0}}), FoldResult::kFolded) << "the 17th last is forgotten";
  EXPECT_EQ(ProfileLayout::EventCount(trial.state), 41u);
}

TEST(Profile, AnIdWhoseHashIsZeroIsLikeAnyOther) {
  Trial trial({Of(AggregateFunction::kCount)});
  const Event event{.id_hash = 0, .time_us = 1, .type = trial.layout.EventType("purchase"), .attributes = {}};
  EXPECT_EQ(trial.layout.Fold(event, trial.state), FoldResult::kFolded);
  EXPECT_EQ(trial.layout.Fold(event, trial.state), FoldResult::kRepeated);
}

TEST(Profile, BothZerosAreOneWhicheverComesFirst) {
  for (const auto function : {AggregateFunction::kMax, AggregateFunction::kMin, AggregateFunction::kLast}) {
    for (const double first : {0.0, -0.0}) {
      Trial trial({Of(function)});
      trial.Fold("a", Days(10), {{"price", first}});
      trial.Fold("b", Days(10), {{"price", -first}});
      trial.Read(Days(10));
      EXPECT_FALSE(std::signbit(trial.values[0])) << static_cast<int>(function) << " " << first;
    }
  }
}

TEST(Profile, LastBreaksTiesByTheLargerHashOfTheId) {
  const bool first_is_larger = (HashText("first") >> 32) > (HashText("second") >> 32);
  for (const bool swapped : {false, true}) {
    Trial trial({Of(AggregateFunction::kLast)});
    trial.Fold("older", Days(1), {{"price", 3.0}});
    trial.Fold(swapped ? "second" : "first", Days(2), {{"price", swapped ? 2.0 : 1.0}});
    trial.Fold(swapped ? "first" : "second", Days(2), {{"price", swapped ? 1.0 : 2.0}});
    trial.Fold("late", Days(1), {{"price", 4.0}});
    trial.Read(Days(2));
    EXPECT_EQ(trial.values[0], first_is_larger ? 1.0f : 2.0f);
  }
}

TEST(Profile, SharesAndRatiosAreDivided) {
  Aggregate price = Of(AggregateFunction::kSum);
  Aggregate in_finland = price;
  in_finland.filters = {{"country", Comparison::kEquals, {std::string("FI")}}};
  std::vector<Feature> features(5);
  const auto set = [&](size_t index, std::string name, Aggregate aggregate, Normalisation how, std::string divisor) {
    features[index].name = std::move(name);
    features[index].aggregate = std::move(aggregate);
    features[index].normalisation = how;
    features[index].divisor = std::move(divisor);
  };
  set(0, "all", price, Normalisation::kNone, "");
  features[0].auxiliary = true;
  set(1, "share", in_finland, Normalisation::kShareOf, "all");
  features[2].name = "direct";
  set(3, "largest_to_mean", Of(AggregateFunction::kMax), Normalisation::kRatioTo, "mean");
  set(4, "mean", Of(AggregateFunction::kMean), Normalisation::kNone, "");
  Trial trial(FeatureSchema::Create(features, {.profile_purpose = 4}).value());
  trial.values.assign(4, -7);
  trial.missing.assign(4, 9);
  trial.Read(Days(1));
  EXPECT_EQ(trial.values[1], -7) << "a direct feature is left alone";
  EXPECT_EQ(trial.missing, (std::vector<uint8_t>{1, 9, 1, 1})) << "nothing can be divided by 0 or by nothing";
  trial.Fold("1", Days(1), {{"price", 6.0}, {"country", std::string("FI")}});
  trial.Fold("2", Days(1), {{"price", 2.0}, {"country", std::string("SE")}});
  trial.Read(Days(1));
  EXPECT_EQ(trial.values, (std::vector<float>{0.75, -7, 1.5, 4}));
  trial.Fold("3", Days(1), {{"price", -8.0}});
  trial.Read(Days(1));
  EXPECT_EQ(trial.missing, (std::vector<uint8_t>{1, 9, 1, 0})) << "the sum and the mean are 0";
}

TEST(Profile, ChecksEventsBeforeAnythingIsFolded) {
  Aggregate colours = Of(AggregateFunction::kDistinct);
  colours.attribute = "colour";
  Aggregate views = Of(AggregateFunction::kMax);
  views.event_type = "view";
  views.attribute = "seconds";
  Trial trial({Of(AggregateFunction::kSum), colours, views});
  const auto problem = [&](int64_t time_us, std::vector<Given> attributes, absl::string_view type = "purchase") {
    return std::string(trial.Check("id", time_us, std::move(attributes), type).message());
  };
  EXPECT_EQ(problem(0, {}), "");
  EXPECT_EQ(problem(kEventTimeUsMax, {{"price", 1e30}, {"colour", std::string("red")}}), "");
  EXPECT_EQ(problem(0, {{"colour", true}, {"seconds", std::string("many")}}), "") << "no purchase reads seconds";
  EXPECT_EQ(problem(-1, {}), "time: must not be before 1970");
  EXPECT_EQ(problem(kEventTimeUsMax + 1, {}), "time: must not be after the year 9999");
  EXPECT_EQ(problem(0, {{"price", std::string("12")}}), "attribute price: must be a number");
  EXPECT_EQ(problem(0, {{"price", true}}), "attribute price: must be a number");
  EXPECT_EQ(problem(0, {{"seconds", std::string("many")}}, "view"), "attribute seconds: must be a number");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double bad : {nan, std::numeric_limits<double>::infinity(), 1.001e30, -1.001e30}) {
    EXPECT_EQ(problem(0, {{"price", bad}}), "attribute price: must be a number from -1e30 to 1e30");
    EXPECT_THAT(problem(0, {{"colour", bad}}), HasSubstr("attribute colour: must be a number from"));
  }
}

TEST(Profile, WhatDoesNotFitAFloatIsTheLargest) {
  Aggregate small = Of(AggregateFunction::kSum);
  small.attribute = "small";
  std::vector<Feature> features(3);
  for (size_t i = 0; i < 3; ++i) features[i].name = "f" + std::to_string(i);
  features[0].aggregate = Of(AggregateFunction::kSum);
  features[0].normalisation = Normalisation::kRatioTo;
  features[0].divisor = "f1";
  features[1].aggregate = small;
  features[2].aggregate = Of(AggregateFunction::kSum);
  Trial trial(FeatureSchema::Create(features, {.profile_purpose = 4}).value());
  trial.Fold("1", Days(1), {{"price", -1e30}, {"small", 1e-300}});
  trial.Read(Days(1));
  EXPECT_EQ(trial.values, (std::vector<float>{-std::numeric_limits<float>::max(), 0, -1e30f}));
}

TEST(Profile, TakesTheBytesThatAreDocumented) {
  Trial trial({Of(AggregateFunction::kCount), Of(AggregateFunction::kDistinct), Of(AggregateFunction::kLast),
               Of(AggregateFunction::kCount), Of(AggregateFunction::kDistinct)});
  EXPECT_EQ(trial.layout.state_bytes(), 152u + 3 * 16 + 64) << "equal aggregates share their state";
  trial.Fold("id", 5, {{"price", 1.5}});
  const auto at = [&]<typename Number>(size_t offset, Number) {
    Number number;
    std::memcpy(&number, trial.state.data() + offset, sizeof number);
    return number;
  };
  EXPECT_EQ(at(0, int64_t{}), 5) << "the newest event's time";
  EXPECT_EQ(at(8, int64_t{}), 5) << "the oldest event's time";
  EXPECT_EQ(at(16, uint64_t{}), 1u) << "how many were folded";
  EXPECT_EQ(at(24, uint64_t{}), HashText("id")) << "the window";
  EXPECT_EQ(at(152, double{}), 1.0) << "count";
  EXPECT_EQ(at(168, uint64_t{}), 1u) << "hashes in distinct's list";
  EXPECT_EQ(at(184, float{}), 1.5f) << "last: value";
  EXPECT_EQ(at(188, uint32_t{}), HashText("id") >> 32) << "last: hash";
  EXPECT_EQ(at(192, int64_t{}), 6) << "last: time plus 1";
  EXPECT_EQ(at(200, uint32_t{}), HashText(absl::string_view("\0\0\0\0\0\0\xF8\x3F", 8)) >> 32) << "distinct's list";
}

TEST(Profile, TheDigestNamesTheAggregatesAndTheirOrder) {
  const Aggregate count = Of(AggregateFunction::kCount);
  const Aggregate sum = Of(AggregateFunction::kSum);
  const uint64_t digest = Trial({count, sum}).layout.digest();
  EXPECT_EQ(digest, Trial({count, sum}, {"other"}).layout.digest());
  std::set<uint64_t> digests = {digest};
  const auto differs = [&](std::vector<Aggregate> aggregates) {
    return digests.insert(Trial(std::move(aggregates)).layout.digest()).second;
  };
  EXPECT_TRUE(differs({sum, count}));
  EXPECT_TRUE(differs({count}));
  const auto changed = [&](auto change) {
    Aggregate other = sum;
    change(other);
    return differs({count, other});
  };
  EXPECT_TRUE(changed([](Aggregate& a) { a.function = AggregateFunction::kMean; }));
  EXPECT_TRUE(changed([](Aggregate& a) { a.event_type = "view"; }));
  EXPECT_TRUE(changed([](Aggregate& a) { a.attribute = "cost"; }));
  EXPECT_TRUE(changed([](Aggregate& a) { a.half_life_days = 7; }));
  EXPECT_TRUE(changed([](Aggregate& a) { a.filters = {{"x", Comparison::kGreater, {1.0}}}; }));
  EXPECT_TRUE(changed([](Aggregate& a) { a.filters = {{"x", Comparison::kLess, {1.0}}}; }));
  EXPECT_TRUE(changed([](Aggregate& a) { a.filters = {{"x", Comparison::kEquals, {true}}}; }));
  EXPECT_TRUE(changed([](Aggregate& a) { a.filters = {{"x", Comparison::kEquals, {std::string("y")}}}; }));
}

TEST(Profile, ConvertKeepsWhatTwoLayoutsShare) {
  Aggregate views = Of(AggregateFunction::kCount);
  views.event_type = "view";
  Trial from({Of(AggregateFunction::kCount), Of(AggregateFunction::kDistinct), Of(AggregateFunction::kMean)});
  for (int i = 0; i < 30; ++i) from.Fold(std::to_string(i), Days(i), {{"price", static_cast<double>(i)}});
  Trial to({views, Of(AggregateFunction::kDistinct), Of(AggregateFunction::kCount)});
  to.layout.Convert(from.layout, from.state, to.state);
  from.Read(Days(30));
  to.Read(Days(30));
  EXPECT_EQ(to.values, (std::vector<float>{0, from.values[1], 30}));
  EXPECT_EQ(to.Fold("29", Days(29), {{"price", 1.0}}), FoldResult::kRepeated) << "the window comes along";
  EXPECT_EQ(ProfileLayout::LastEventUs(to.state), Days(29));
  EXPECT_EQ(ProfileLayout::EventCount(to.state), 30u);
  Trial same({Of(AggregateFunction::kCount), Of(AggregateFunction::kDistinct), Of(AggregateFunction::kMean)});
  same.layout.Convert(from.layout, from.state, same.state);
  EXPECT_EQ(same.state, from.state);
}

}  // namespace
}  // namespace assent::scoring
