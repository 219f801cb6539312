// Assign and AssignBatch against the definition: the same bits, on every instruction set, whatever the numbers.
#include "scoring/assign.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "scoring/instruction_set.h"
#include "tests/scoring/model_fixture.h"
#include "tests/scoring/oracle.h"

namespace assent::scoring {
namespace {

constexpr float kHuge = std::numeric_limits<float>::max();
constexpr float kDenormal = std::numeric_limits<float>::denorm_min();

void ExpectSame(const Assignment& got, const std::vector<Candidate>& nearest) {
  ASSERT_EQ(got.winner, nearest[0].index);
  ASSERT_EQ(got.winner_distance, nearest[0].distance);  // to the last bit
  if (nearest.size() == 1) {
    ASSERT_EQ(got.runner_up, kNoSegment);
    ASSERT_EQ(got.margin, 0);
    return;
  }
  ASSERT_EQ(got.runner_up, nearest[1].index);
  ASSERT_EQ(got.runner_up_distance, nearest[1].distance);
  ASSERT_EQ(got.margin, nearest[1].distance - nearest[0].distance);
}

// One case: centroids and events; every way to ask must give what the definition gives.
void ExpectByDefinition(size_t k, size_t dim, const std::vector<float>& centroids, const std::vector<float>& events) {
  const Model model = ModelOf(k, dim, centroids);
  const size_t rows = events.size() / dim;
  // One float further than aligned.
  std::vector<float> misaligned(events.size() + 1);
  std::copy(events.begin(), events.end(), misaligned.begin() + 1);
  const std::span<const float> shifted(misaligned.data() + 1, events.size());
  Workspace workspace;
  std::vector<Assignment> batch(rows);
  AssignBatch(model, shifted, rows, workspace, batch);
  for (size_t row = 0; row < rows; ++row) {
    SCOPED_TRACE("row " + std::to_string(row));
    const std::span<const float> event(events.data() + row * dim, dim);
    const std::vector<Candidate> expected = NearestByDefinition(k, centroids, event);
    size_t count = 7;
    ASSERT_NO_FATAL_FAILURE(ExpectSame(Assign(model, event, workspace, {}, count), expected));
    ASSERT_EQ(count, 0u);
    ASSERT_NO_FATAL_FAILURE(ExpectSame(batch[row], expected));
    for (const size_t wanted : {size_t{1}, size_t{2}, size_t{3}, kSegmentsReturnedMax, kSegmentsReturnedMax + 1}) {
      std::vector<Candidate> nearest(wanted);
      ASSERT_NO_FATAL_FAILURE(ExpectSame(Assign(model, event, workspace, nearest, count), expected));
      ASSERT_EQ(count, std::min(wanted, k));
      for (size_t i = 0; i < count; ++i) {
        ASSERT_EQ(nearest[i].index, expected[i].index);
        ASSERT_EQ(nearest[i].distance, expected[i].distance);
      }
    }
  }
}

class EveryInstructionSet : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(UseInstructionSet(GetParam()).ok()); }
  void TearDown() override { ASSERT_TRUE(UseInstructionSet("").ok()); }
};

INSTANTIATE_TEST_SUITE_P(Assign, EveryInstructionSet, testing::ValuesIn(InstructionSets()),
                         [](const auto& set) { return set.param; });

TEST_P(EveryInstructionSet, EveryLengthAroundAVector) {
  const uint64_t seed = SeedOr(11);
  for (const size_t dim : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 130}) {
    for (const size_t k : {1, 2, 3, 4, 5, 15, 16, 17, 47, 48, 49, 63, 64, 65, 96, 130, 514}) {
      SCOPED_TRACE("dim " + std::to_string(dim) + ", k " + std::to_string(k));
      ASSERT_NO_FATAL_FAILURE(
          ExpectByDefinition(k, dim, NormalValues(k * dim, seed + k), NormalValues(3 * dim, seed + dim)));
    }
  }
}

TEST_P(EveryInstructionSet, EveryNumberOfRows) {
  const uint64_t seed = SeedOr(12);
  constexpr size_t kDim = 10;
  constexpr size_t kSegments = 70;
  const std::vector<float> centroids = NormalValues(kSegments * kDim, seed);
  for (const size_t rows : {0, 1, 2, 3, 7, 8, 9, 10, 11, 15, 16, 17, 66}) {
    SCOPED_TRACE("rows " + std::to_string(rows));
    ASSERT_NO_FATAL_FAILURE(ExpectByDefinition(kSegments, kDim, centroids, NormalValues(rows * kDim, seed + rows)));
  }
}

TEST_P(EveryInstructionSet, TiesGoToTheLowestIndex) {
  constexpr size_t kDim = 5;
  // Two hundred centroids at four places, each place taken fifty times, and events at the places and between them.
  std::vector<float> centroids;
  for (size_t c = 0; c < 200; ++c) {
    for (size_t j = 0; j < kDim; ++j) centroids.push_back(static_cast<float>(c % 4) * 0.1f + static_cast<float>(j));
  }
  std::vector<float> events;
  for (size_t row = 0; row < 12; ++row) {
    for (size_t j = 0; j < kDim; ++j) events.push_back(static_cast<float>(row) * 0.05f + static_cast<float>(j));
  }
  ASSERT_NO_FATAL_FAILURE(ExpectByDefinition(200, kDim, centroids, events));
}

TEST_P(EveryInstructionSet, NeighboursThatDifferInTheLastBit) {
  const uint64_t seed = SeedOr(13);
  constexpr size_t kDim = 20;
  constexpr size_t kSegments = 150;
  // All centroids are copies of one, moved by a unit in the last place here and there.
  const std::vector<float> one = NormalValues(kDim, seed);
  std::mt19937_64 random(seed);
  std::vector<float> centroids;
  for (size_t c = 0; c < kSegments; ++c) {
    for (const float value : one) {
      const float direction = (random() & 1) != 0 ? 2 * kHuge : -kHuge;
      centroids.push_back((random() & 3) == 0 ? std::nextafter(value, direction) : value);
    }
  }
  std::vector<float> events = NormalValues(8 * kDim, seed + 1);
  events.insert(events.end(), one.begin(), one.end());
  ASSERT_NO_FATAL_FAILURE(ExpectByDefinition(kSegments, kDim, centroids, events));
}

TEST_P(EveryInstructionSet, HugeTinyAndFarAwayValues) {
  const uint64_t seed = SeedOr(14);
  constexpr size_t kDim = 9;
  constexpr size_t kSegments = 40;
  const std::vector<float> normal = NormalValues(kSegments * kDim, seed);
  for (const float scale : {kDenormal, 1e-38f, 1e-30f, 1e-15f, 1.0f, 1e10f, 1e17f, 1e18f, 1e19f, 1e30f, 5e37f}) {
    for (const float offset : {0.0f, 1.0f, -1e6f, 1e20f, 1e38f}) {
      SCOPED_TRACE("scale " + std::to_string(scale) + ", offset " + std::to_string(offset));
      std::vector<float> centroids(normal);
      for (float& value : centroids) value = value * scale + offset;
      std::vector<float> events(NormalValues(4 * kDim, seed + 1));
      for (float& value : events) value = value * scale + offset;
      // Rows that are far from all centroids, and as far as a float reaches.
      for (const float far : {0.0f, 1.0f, 1e9f, 3e18f, -1e25f, kHuge, -kHuge, kDenormal}) {
        events.insert(events.end(), kDim, far);
      }
      ASSERT_NO_FATAL_FAILURE(ExpectByDefinition(kSegments, kDim, centroids, events));
    }
  }
}

TEST_P(EveryInstructionSet, ExtremeCentroids) {
  const std::vector<float> centroids = {kHuge, kHuge, -kHuge,    -kHuge,     kHuge, -kHuge, 0, 0,
                                        1,     1,     kDenormal, -kDenormal, 1e20f, 1,      0, 0};
  const std::vector<float> events = {kHuge, kHuge, 0, 0, -kHuge, kHuge, kDenormal, 0, 1e20f, 0, -kHuge, -kHuge};
  ASSERT_NO_FATAL_FAILURE(ExpectByDefinition(8, 2, centroids, events));
}

TEST_P(EveryInstructionSet, RandomShapes) {
  const uint64_t seed = SeedOr(15);
  std::mt19937_64 random(seed);
  for (size_t i = 0; i < 60; ++i) {
    const size_t dim = 1 + random() % 140;
    const size_t k = 1 + random() % 300;
    const size_t rows = 1 + random() % 20;
    const float spread = std::ldexp(1.0f, static_cast<int>(random() % 24) - 12);
    std::vector<float> centroids = NormalValues(k * dim, random());
    for (float& value : centroids) value = value * spread + 3;
    std::vector<float> events = NormalValues(rows * dim, random());
    for (float& value : events) value += 3;
    SCOPED_TRACE("dim " + std::to_string(dim) + ", k " + std::to_string(k));
    ASSERT_NO_FATAL_FAILURE(ExpectByDefinition(k, dim, centroids, events));
  }
}

TEST(ExactDistance, AgreesWithLongDouble) {
  const uint64_t seed = SeedOr(16);
  for (size_t dim = 1; dim <= 200; ++dim) {
    const std::vector<float> a = NormalValues(dim, seed + dim);
    const std::vector<float> b = NormalValues(dim, seed + 1000 + dim);
    const long double expected = DistanceInLongDouble(a, b);
    const double bound = static_cast<double>(expected) * 0x1p-53 * (static_cast<double>(dim) / 8 + 8);
    EXPECT_NEAR(ExactDistance(a, b), static_cast<double>(expected), bound) << "dim " << dim;
  }
}

TEST(Assign, SaysWhenItIsNotSure) {
  ModelParts parts = PartsOf(2, 1, std::vector<float>{0, 10});
  parts.abstention = {.margin_min = 30, .distance_max = 36};
  const Model model = Model::Create(std::move(parts)).value();
  Workspace workspace;
  size_t count = 0;
  const auto certainty = [&](float event) { return Assign(model, {&event, 1}, workspace, {}, count).certainty; };
  EXPECT_EQ(certainty(3.5f), Certainty::kSure);       // margin 30, just enough
  EXPECT_EQ(certainty(3.6f), Certainty::kLowMargin);  // margin 28
  EXPECT_EQ(certainty(-6), Certainty::kSure);         // distance 36, just near enough
  EXPECT_EQ(certainty(-6.1f), Certainty::kTooFar);
}

TEST(Assign, ASingleCentroidHasNoLowMargin) {
  ModelParts parts = PartsOf(1, 1, std::vector<float>{0});
  parts.abstention = {.margin_min = 1, .distance_max = 4};
  const Model model = Model::Create(std::move(parts)).value();
  Workspace workspace;
  size_t count = 0;
  const auto certainty = [&](float event) { return Assign(model, {&event, 1}, workspace, {}, count).certainty; };
  EXPECT_EQ(certainty(1), Certainty::kSure);
  EXPECT_EQ(certainty(3), Certainty::kTooFar);
}

}  // namespace
}  // namespace assent::scoring
