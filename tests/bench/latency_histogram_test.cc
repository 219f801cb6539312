#include "client/latency_histogram.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace assent::client {
namespace {

TEST(LatencyHistogram, EmptyIsZero) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.Quantile(0.99), 0);
  EXPECT_EQ(histogram.max(), 0);
}

TEST(LatencyHistogram, QuantilesAreWithinOnePercentOfSorting) {
  const uint64_t seed = 20240607;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> latency(std::log(50e3), 2.0);
  LatencyHistogram histogram;
  std::vector<int64_t> all;
  for (int i = 0; i < 100'000; ++i) {
    all.push_back(static_cast<int64_t>(latency(random)));
    histogram.Record(all.back());
  }
  std::sort(all.begin(), all.end());
  for (const double share : {0.001, 0.5, 0.9, 0.99, 0.999, 0.9999}) {
    const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(all.size()))) - 1;
    const auto exact = static_cast<double>(all[rank]);
    EXPECT_GE(static_cast<double>(histogram.Quantile(share)), exact) << share;
    EXPECT_LE(static_cast<double>(histogram.Quantile(share)), exact * 1.01 + 1) << share;
  }
  EXPECT_EQ(histogram.Quantile(1), all.back());
  EXPECT_EQ(histogram.max(), all.back());
}

TEST(LatencyHistogram, EveryPowerOfTwoAndItsNeighboursLandBesideThemselves) {
  for (int bit = 0; bit < 40; ++bit) {
    for (const int64_t offset : {-1, 0, 1}) {
      const int64_t value = std::clamp<int64_t>((int64_t{1} << bit) + offset, 0, LatencyHistogram::kLargest);
      LatencyHistogram histogram;
      histogram.Record(value);
      histogram.Record(LatencyHistogram::kLargest);
      EXPECT_GE(histogram.Quantile(0.5), value);
      EXPECT_LE(static_cast<double>(histogram.Quantile(0.5)), static_cast<double>(value) * 1.01 + 1);
    }
  }
}

TEST(LatencyHistogram, OutOfRangeIsClamped) {
  LatencyHistogram histogram;
  histogram.Record(-5);
  EXPECT_EQ(histogram.Quantile(1), 0);
  histogram.Record(int64_t{1} << 60);
  EXPECT_EQ(histogram.max(), LatencyHistogram::kLargest);
}

}  // namespace
}  // namespace assent::client
