#include "scoring/leeway.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/scoring/model_fixture.h"

namespace assent::scoring {
namespace {

Feature ChangeableOf(std::string name, Aggregate aggregate) {
  Feature feature;
  feature.name = std::move(name);
  feature.changeable = true;
  feature.aggregate = std::move(aggregate);
  return feature;
}

Aggregate CountOf(std::vector<AttributeFilter> filters, std::string event_type = "watch") {
  return {.function = AggregateFunction::kCount, .event_type = std::move(event_type), .filters = std::move(filters)};
}

AttributeFilter Equal(const char* attribute, FilterScalar value) {
  return {.attribute = attribute, .comparison = Comparison::kEquals, .values = {std::move(value)}};
}

Feature Divided(Feature feature, Normalisation normalisation, std::string divisor) {
  feature.normalisation = normalisation;
  feature.divisor = std::move(divisor);
  return feature;
}

// A share of everything that was watched; SchemaOfShares adds the whole.
Feature PartOf(std::string name, Aggregate aggregate) {
  return Divided(ChangeableOf(std::move(name), std::move(aggregate)), Normalisation::kShareOf, "watched");
}

FeatureSchema SchemaOfEvents(std::vector<Feature> features) {
  return FeatureSchema::Create(std::move(features), {.profile_purpose = 4}).value();
}

FeatureSchema SchemaOfShares(std::vector<Feature> features, std::string event_type = "watch") {
  Feature watched = ChangeableOf("watched", CountOf({}, std::move(event_type)));
  watched.auxiliary = true;
  features.push_back(watched);
  return SchemaOfEvents(std::move(features));
}

std::vector<bool> MovableOf(const FeatureSchema& schema, std::vector<float> scaled, std::vector<uint8_t> missing = {}) {
  const Leeway leeway = LeewayOf(schema, scaled, missing);
  std::vector<bool> movable;
  for (size_t j = 0; j < scaled.size(); ++j) movable.push_back(leeway.Movable(j));
  return movable;
}

size_t GroupedOf(const FeatureSchema& schema) {
  const std::vector<float> scaled(schema.scored_size(), 0.125f);
  size_t grouped = 0;
  for (const ShareGroup& group : LeewayOf(schema, scaled, {}).groups) grouped += group.members.size();
  return grouped;
}

TEST(Leeway, IsTheClipRangeInScaledUnits) {
  Feature feature;
  feature.name = "direct";
  feature.changeable = true;
  feature.clip_min = 2;
  feature.clip_max = 10;
  feature.mean = 4;
  feature.scale = 2;
  const FeatureSchema schema = FeatureSchema::Create({feature}).value();
  const Leeway leeway = LeewayOf(schema, std::vector<float>{1}, {});
  EXPECT_EQ(leeway.down[0], -2);
  EXPECT_EQ(leeway.up[0], 2);
  EXPECT_EQ(leeway.raw_min[0], 2);
  EXPECT_EQ(leeway.raw_max[0], 10);
}

TEST(Leeway, LimitsAreFloatsWithinTheRange) {
  Feature feature;
  feature.name = "tenths";
  feature.changeable = true;
  feature.clip_min = 0.1;  // the nearest float is above, and that of 0.7 below
  feature.clip_max = 0.7;
  const Leeway leeway = LeewayOf(FeatureSchema::Create({feature}).value(), std::vector<float>{0.5f}, {});
  EXPECT_EQ(leeway.raw_min[0], 0.1f);
  EXPECT_GE(static_cast<double>(leeway.raw_min[0]), 0.1);
  EXPECT_LE(static_cast<double>(leeway.raw_max[0]), 0.7);
  feature.clip_max = 0.1;  // no float at all
  EXPECT_FALSE(LeewayOf(FeatureSchema::Create({feature}).value(), std::vector<float>{0.1f}, {}).Movable(0));
}

TEST(Leeway, CountsAreNotNegative) {
  const FeatureSchema schema = SchemaOfEvents({ChangeableOf("count", CountOf({}))});
  const Leeway leeway = LeewayOf(schema, std::vector<float>{3}, {});
  EXPECT_EQ(leeway.down[0], -3);
  EXPECT_GT(leeway.up[0], 1e30);
}

TEST(Leeway, SharesLieBetweenNothingAndAll) {
  const FeatureSchema schema = SchemaOfShares({PartOf("films", CountOf({Equal("film", true)}))});
  const Leeway leeway = LeewayOf(schema, std::vector<float>{0.25f}, {});
  EXPECT_EQ(leeway.down[0], -0.25);
  EXPECT_EQ(leeway.up[0], 0.75);
  EXPECT_TRUE(leeway.groups.empty());
  // A sum with negative amounts may be a share outside; it comes back, or stays.
  const Leeway outside = LeewayOf(schema, std::vector<float>{1.5f}, {});
  EXPECT_EQ(outside.down[0], -1.5);
  EXPECT_EQ(outside.up[0], 0);
}

TEST(Leeway, DisjointSharesSumToOneAtMost) {
  Feature fixed = PartOf("news", CountOf({Equal("genre", "news")}));
  fixed.changeable = false;
  const FeatureSchema schema = SchemaOfShares({PartOf("films", CountOf({Equal("genre", "film")})), fixed,
                                               PartOf("late", CountOf({Equal("late", true)})),
                                               PartOf("series", CountOf({Equal("genre", "series")}))});
  const Leeway leeway = LeewayOf(schema, std::vector<float>{0.25f, 0.125f, 0.9f, 0.5f}, {});
  ASSERT_EQ(leeway.groups.size(), 1u);
  EXPECT_EQ(leeway.groups[0].room, 0.125);
  ASSERT_EQ(leeway.groups[0].members.size(), 2u);
  EXPECT_EQ(leeway.groups[0].members[1].position, 3u);
  EXPECT_EQ(leeway.grouped, (std::vector<bool>{true, true, false, true}));
  // What sums to more than 1 already (values that were supplied, say) may do so, and not more.
  EXPECT_EQ(LeewayOf(schema, std::vector<float>{0.75f, 0.5f, 0, 0.5f}, {}).groups[0].room, 0);
}

TEST(Leeway, SharesOfDifferentWholesAreInNoGroup) {
  Feature series = PartOf("series", CountOf({Equal("genre", "series")}));
  series.divisor = "series_started";
  Feature started = ChangeableOf("series_started", CountOf({Equal("started", true)}));
  started.auxiliary = true;
  EXPECT_EQ(GroupedOf(SchemaOfShares({PartOf("films", CountOf({Equal("genre", "film")})), series, started})), 0u);
}

TEST(Leeway, KnowsDisjointFilters) {
  const auto grouped = [](Aggregate a, Aggregate b) {
    return GroupedOf(SchemaOfShares({PartOf("a", std::move(a)), PartOf("b", std::move(b))}, "")) == 2;
  };
  const auto in = [](std::vector<FilterScalar> values) {
    return CountOf({{.attribute = "genre", .comparison = Comparison::kIn, .values = std::move(values)}});
  };
  const auto compare = [](Comparison comparison, double value) {
    return CountOf({{.attribute = "hour", .comparison = comparison, .values = {FilterScalar(value)}}});
  };
  EXPECT_TRUE(grouped(in({"a", "b"}), in({"c"})));
  EXPECT_FALSE(grouped(in({"a", "b"}), in({"c", "b"})));
  EXPECT_FALSE(grouped(CountOf({Equal("x", true)}), CountOf({Equal("y", true)})));
  EXPECT_TRUE(grouped(CountOf({Equal("x", true)}), CountOf({Equal("x", false)})));
  EXPECT_TRUE(grouped(CountOf({Equal("x", true), Equal("y", true)}), CountOf({Equal("y", false)})));
  EXPECT_TRUE(grouped(compare(Comparison::kGreater, 22), compare(Comparison::kLess, 22)));
  EXPECT_FALSE(grouped(compare(Comparison::kGreater, 6), compare(Comparison::kLess, 22)));
  EXPECT_FALSE(grouped(compare(Comparison::kGreater, 6), compare(Comparison::kGreater, 22)));
  EXPECT_TRUE(grouped(compare(Comparison::kGreater, 6), CountOf({Equal("hour", 6.0)})));
  EXPECT_FALSE(grouped(CountOf({Equal("hour", 5.0)}), compare(Comparison::kLess, 6)));
  EXPECT_TRUE(grouped(CountOf({Equal("hour", "five")}), compare(Comparison::kLess, 6)));
  EXPECT_TRUE(grouped(CountOf({}, "watch"), CountOf({}, "listen")));
  EXPECT_FALSE(grouped(CountOf({Equal("x", true)}, "watch"), CountOf({})));
}

TEST(Leeway, DistinctSharesHaveNoSumToKeep) {
  const auto distinct = [](std::vector<AttributeFilter> filters) {
    return Aggregate{.function = AggregateFunction::kDistinct, .filters = std::move(filters), .attribute = "film"};
  };
  Feature whole = ChangeableOf("watched", distinct({}));
  whole.auxiliary = true;
  EXPECT_EQ(GroupedOf(SchemaOfEvents({whole, PartOf("day", distinct({Equal("late", false)})),
                                      PartOf("night", distinct({Equal("late", true)}))})),
            0u);
}

TEST(Leeway, ALogOfAShareInAGroupIsHeld) {
  Feature log = PartOf("films", CountOf({Equal("genre", "film")}));
  log.transform = Transform::kLog1p;
  const FeatureSchema schema = SchemaOfShares({log, PartOf("series", CountOf({Equal("genre", "series")}))});
  EXPECT_EQ(MovableOf(schema, {0.25f, 0.25f}), (std::vector<bool>{false, true}));
  // Alone it has no sum to keep.
  EXPECT_EQ(MovableOf(SchemaOfShares({log}), {0.25f}), (std::vector<bool>{true}));
}

TEST(Leeway, HoldsWhatDeterminesEachOther) {
  const Aggregate films = CountOf({Equal("film", true)});
  const Aggregate series = CountOf({Equal("series", true)});
  // The count of films, the share of films, that of series, and the whole: three of them are tied.
  const FeatureSchema schema = SchemaOfEvents({ChangeableOf("films", films), PartOf("films_share", films),
                                               PartOf("series_share", series), ChangeableOf("watched", CountOf({}))});
  EXPECT_EQ(MovableOf(schema, {1, 0.25f, 0.5f, 4}), (std::vector<bool>{false, false, true, false}));
  // Without the count of films all can move: the count follows.
  const FeatureSchema free = SchemaOfEvents({PartOf("films_share", films), ChangeableOf("watched", CountOf({}))});
  EXPECT_EQ(MovableOf(free, {0.25f, 4}), (std::vector<bool>{true, true}));
  // One number twice.
  Feature log = ChangeableOf("log_films", films);
  log.transform = Transform::kLog1p;
  EXPECT_EQ(MovableOf(SchemaOfEvents({ChangeableOf("films", films), log}), {1, 1}), (std::vector<bool>{false, false}));
}

TEST(Leeway, ADivisorStaysAwayFromZero) {
  const FeatureSchema schema =
      SchemaOfEvents({PartOf("films", CountOf({Equal("film", true)})), ChangeableOf("watched", CountOf({}))});
  EXPECT_EQ(LeewayOf(schema, std::vector<float>{0.5f, 4}, {}).raw_min[1], 1);
  EXPECT_EQ(LeewayOf(schema, std::vector<float>{0.5f, 0.25f}, {}).raw_min[1], 0.25f);
}

TEST(Leeway, AMissingQuotientStaysSoWhileItsDivisorDoes) {
  const Feature films = PartOf("films", CountOf({Equal("film", true)}));
  const FeatureSchema counted = SchemaOfEvents({films, ChangeableOf("watched", CountOf({}))});
  EXPECT_EQ(MovableOf(counted, {0, 0}, {1, 0}), (std::vector<bool>{false, true}));
  EXPECT_EQ(MovableOf(SchemaOfShares({films}), {0}, {1}), (std::vector<bool>{true}));
}

// Quantities, features that are one of them or the quotient of two, and any values that the leeway allows: there must
// be quantities that have these values. In logarithms that is a linear system, solved here by elimination.
TEST(Leeway, AnyMoveIsThatOfSomeQuantities) {
  constexpr size_t kQuantities = 5;
  std::mt19937_64 random(SeedOr(54));
  const auto uniform = [&random] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  size_t moved = 0;
  for (size_t round = 0; round < CasesOr(2'000); ++round) {
    std::vector<Feature> features;
    std::vector<std::vector<double>> rows;  // [feature] the coefficients of its quantities, then its value's logarithm
    std::vector<float> scaled;
    std::vector<double> quantity(kQuantities);
    const auto aggregate = [](size_t q) {
      return Aggregate{.function = AggregateFunction::kCount, .event_type = "q" + std::to_string(q)};
    };
    for (size_t q = 0; q < kQuantities; ++q) {
      quantity[q] = 1 + 9 * uniform();
      Feature divisor = ChangeableOf("divisor" + std::to_string(q), aggregate(q));
      divisor.auxiliary = true;
      features.push_back(divisor);
    }
    const size_t scored = 1 + random() % 5;
    for (size_t i = 0; i < scored; ++i) {
      const size_t q = random() % kQuantities;
      const size_t by = random() % kQuantities;
      std::vector<double> row(kQuantities + 1, 0);
      Feature feature = ChangeableOf("f" + std::to_string(i), aggregate(q));
      row[q] += 1;
      double value = quantity[q];
      if (random() % 3 != 0) {
        feature = Divided(std::move(feature), Normalisation::kRatioTo, "divisor" + std::to_string(by));
        row[by] -= 1;
        value /= quantity[by];
      }
      features.push_back(std::move(feature));
      rows.push_back(row);
      scaled.push_back(static_cast<float>(value));
    }
    const Leeway leeway = LeewayOf(SchemaOfEvents(std::move(features)), scaled, {});
    for (size_t i = 0; i < scored; ++i) {
      auto value = static_cast<double>(scaled[i]);
      if (leeway.Movable(i)) {
        ++moved;
        value += uniform() < 0.5 ? 0.9 * leeway.down[i] : 3 * uniform();
      }
      rows[i][kQuantities] = std::log(value);
    }
    for (size_t q = 0, done = 0; q < kQuantities && done < scored; ++q) {
      size_t pivot = done;
      while (pivot < scored && std::abs(rows[pivot][q]) < 0.5) ++pivot;
      if (pivot == scored) continue;
      std::swap(rows[pivot], rows[done]);
      for (size_t i = done + 1; i < scored; ++i) {
        const double factor = rows[i][q] / rows[done][q];
        for (size_t c = q; c <= kQuantities; ++c) rows[i][c] -= factor * rows[done][c];
      }
      ++done;
    }
    for (const std::vector<double>& row : rows) {
      bool empty = true;
      for (size_t q = 0; q < kQuantities; ++q) empty = empty && row[q] == 0;
      if (!empty) continue;
      ASSERT_NEAR(row[kQuantities], 0, 1e-5) << "round " << round;
    }
  }
  EXPECT_GT(moved, CasesOr(2'000) / 2);
}

}  // namespace
}  // namespace assent::scoring
