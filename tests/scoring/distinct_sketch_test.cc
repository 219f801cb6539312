#include "scoring/distinct_sketch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <random>
#include <utility>
#include <vector>

#include "tests/scoring/model_fixture.h"

namespace assent::scoring {
namespace {

TEST(DistinctSketch, IsExactForSixteenValuesAndIndifferentToTheirOrder) {
  std::mt19937_64 random(SeedOr(11));
  for (size_t round = 0; round < CasesOr(300); ++round) {
    std::vector<uint64_t> hashes(1 + random() % 60);
    for (uint64_t& hash : hashes) hash = random();
    const auto sketch_of = [](const std::vector<uint64_t>& values) {
      std::pair<DistinctHead, DistinctBody> sketch{};
      for (const uint64_t value : values) AddDistinct(value, sketch.first, sketch.second);
      return sketch;
    };
    const auto first = sketch_of(hashes);
    if (hashes.size() <= 16) {
      ASSERT_EQ(CountDistinct(first.first, first.second), static_cast<double>(hashes.size()));
    }
    std::vector<uint64_t> again = hashes;
    again.insert(again.end(), hashes.begin(), hashes.end());
    std::shuffle(again.begin(), again.end(), random);
    const auto second = sketch_of(again);
    ASSERT_EQ(first.first.listed, second.first.listed);
    ASSERT_EQ(first.second, second.second);
  }
}

TEST(DistinctSketch, HasTheStatedStandardError) {
  std::mt19937_64 random(SeedOr(12));
  const size_t rounds = std::min<size_t>(CasesOr(200), 2000);
  for (const size_t count : {17, 40, 128, 1000, 20'000, 200'000}) {
    double squares = 0;
    double errors = 0;
    const size_t runs = count > 10'000 ? std::max<size_t>(rounds / 4, 50) : rounds;
    for (size_t round = 0; round < runs; ++round) {
      DistinctHead head;
      DistinctBody body{};
      for (size_t i = 0; i < count; ++i) AddDistinct(random(), head, body);
      const double error = CountDistinct(head, body) / static_cast<double>(count) - 1;
      squares += error * error;
      errors += error;
      ASSERT_LT(std::abs(error), 0.5) << count;
    }
    const double deviation = std::sqrt(squares / static_cast<double>(runs));
    const double bias = errors / static_cast<double>(runs);
    std::printf("distinct %zu: standard error %.3f, bias %+.3f\n", count, deviation, bias);
    EXPECT_LT(deviation, 0.092 * 1.3) << count;
    EXPECT_LT(std::abs(bias), 0.05) << count;
  }
}

}  // namespace
}  // namespace assent::scoring
