#include "policy/drift.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace assent::policy {
namespace {

using Counts = std::vector<uint64_t>;

TEST(Drift, GoldenValues) {
  // P = (.1 .2 .4 .2 .1), Q = (.15 .25 .3 .2 .1): an independent computation.
  const double index = PopulationStabilityIndex(Counts{10, 20, 40, 20, 10}, Counts{150, 250, 300, 200, 100}).value();
  EXPECT_NEAR(index, 0.0601986, 5e-8);
  // It is the same the other way round, and depends on shares only.
  EXPECT_NEAR(PopulationStabilityIndex(Counts{150, 250, 300, 200, 100}, Counts{10, 20, 40, 20, 10}, 100).value(), index,
              1e-15);
  EXPECT_NEAR(PopulationStabilityIndex(Counts{1, 2, 4, 2, 1}, Counts{15000, 25000, 30000, 20000, 10000}).value(), index,
              1e-15);
  EXPECT_NEAR(PopulationStabilityIndex(Counts{1, 3}, Counts{3000, 1000}).value(), std::log(3), 1e-12);
}

TEST(Drift, IsZeroWhereNothingMoved) {
  EXPECT_EQ(PopulationStabilityIndex(Counts{1, 2, 0, 5}, Counts{1000, 2000, 0, 5000}).value(), 0.0);
}

TEST(Drift, AnEmptyBinCountsAsTheFloor) {
  const double floor = kDriftShareFloor;
  const double expected = (1 - 0.5) * std::log(1 / 0.5) + (floor - 0.5) * std::log(floor / 0.5);
  EXPECT_NEAR(PopulationStabilityIndex(Counts{5, 5}, Counts{2000, 0}).value(), expected, 1e-12);
  EXPECT_NEAR(PopulationStabilityIndex(Counts{7, 0}, Counts{1000, 1000}).value(), expected, 1e-12);
  EXPECT_GT(expected, 4) << "and is a major shift";
}

TEST(Drift, ASmallSampleSaysNothing) {
  const Counts reference = {50, 50};
  EXPECT_FALSE(PopulationStabilityIndex(reference, Counts{999, 0}).has_value());
  EXPECT_TRUE(PopulationStabilityIndex(reference, Counts{1000, 0}).has_value());
  EXPECT_FALSE(PopulationStabilityIndex(reference, Counts{4, 5}, 10).has_value());
  EXPECT_TRUE(PopulationStabilityIndex(reference, Counts{5, 5}, 10).has_value());
  EXPECT_FALSE(PopulationStabilityIndex(reference, Counts{0, 0}, 0).has_value());
}

TEST(Drift, NeedsTheSameBinsAndAReference) {
  EXPECT_FALSE(PopulationStabilityIndex(Counts{1, 1}, Counts{1000, 1000, 1000}).has_value());
  EXPECT_FALSE(PopulationStabilityIndex(Counts{0, 0}, Counts{1000, 1000}).has_value());
  EXPECT_FALSE(PopulationStabilityIndex({}, {}, 0).has_value());
}

TEST(Drift, LargeCountsDoNotOverflow) {
  const uint64_t most = std::numeric_limits<uint64_t>::max();
  EXPECT_NEAR(PopulationStabilityIndex(Counts{1, 1, 1}, Counts{most, most, most}).value(), 0, 1e-12);
}

}  // namespace
}  // namespace assent::policy
