// Each kernel by itself, against its naive twin in long double, within the bound that screen_bound.h derives.
#include "scoring/screen_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "scoring/instruction_set.h"
#include "scoring/screen_bound.h"
#include "tests/scoring/model_fixture.h"
#include "tests/scoring/oracle.h"

namespace assent::scoring {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class Scratch {
 public:
  explicit Scratch(const ScreenLayout& layout)
      : exact_(hwy::AllocateAligned<float>(kTileRows * layout.stride)),
        shifted_(hwy::AllocateAligned<float>(kTileRows * layout.stride)),
        scores_(hwy::AllocateAligned<float>(kTileRows * layout.k_tiled)) {}
  ScreenScratch view() const { return {.exact = exact_.get(), .shifted = shifted_.get(), .scores = scores_.get()}; }

 private:
  hwy::AlignedFreeUniquePtr<float[]> exact_;
  hwy::AlignedFreeUniquePtr<float[]> shifted_;
  hwy::AlignedFreeUniquePtr<float[]> scores_;
};

// For the real distance r_c of every centroid, the score must lie within the two-sided bound:
// (r_c - e)^2 - Q - E <= s_c <= (r_c + e)^2 - Q + E.
void ExpectWithinBound(const ScreenLayout& layout, const ScreenError& error, const ShiftedEvent& event,
                       std::span<const float> x, const float* scores) {
  using Real = long double;
  const Real q = event.norm2;
  const Real points =
      Real{event.offset} + Real{0x1p-23} * (Real{event.norm} + Real{event.offset}) + Real{error.offset_max};
  const Real arithmetic = Real{error.gamma} * Real{error.norm_max} * (Real{error.norm_max} + 2 * Real{event.norm}) +
                          Real{error.underflow} * (1 + Real{event.norm} + Real{error.norm_max});
  for (size_t c = 0; c < layout.k; ++c) {
    const Real r = std::sqrt(DistanceInLongDouble(x, {layout.rows.get() + c * layout.stride, layout.dim}));
    const Real nearest = std::max(Real{0}, r - points);
    const Real slack = Real{0x1p-40} * (r * r + q);
    ASSERT_LE(Real{scores[c]}, (r + points) * (r + points) - q + arithmetic + slack) << "centroid " << c;
    ASSERT_GE(Real{scores[c]}, nearest * nearest - q - arithmetic - slack) << "centroid " << c;
    // What ScreenBound makes of it: no centroid as near as r may score above the threshold, and none with this score
    // may be farther than it says.
    const ScreenBound bound(error, event, layout.dim);
    ASSERT_LE(scores[c], bound.ThresholdOfDistance(static_cast<double>(r))) << "centroid " << c;
    ASSERT_GE(bound.DistanceMax(scores[c]), static_cast<double>(r)) << "centroid " << c;
    ASSERT_GE(bound.Threshold(scores[c]), scores[c]);
  }
  for (size_t c = layout.k; c < layout.k_padded; ++c) ASSERT_EQ(scores[c], kInfinity) << "padding " << c;
}

class EveryKernel : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(UseInstructionSet(GetParam()).ok()); }
  void TearDown() override { ASSERT_TRUE(UseInstructionSet("").ok()); }
};

INSTANTIATE_TEST_SUITE_P(Kernels, EveryKernel, testing::ValuesIn(InstructionSets()),
                         [](const auto& set) { return set.param; });

TEST_P(EveryKernel, ScoresStayWithinTheirBound) {
  const uint64_t seed = SeedOr(41);
  std::mt19937_64 random(seed);
  const ScreenKernels& kernels = KernelsInUse();
  for (size_t round = 0; round < 200; ++round) {
    const size_t dim = 1 + random() % 140;
    const size_t k = 1 + random() % 200;
    const float scale = std::ldexp(1.0f, static_cast<int>(random() % 200) - 145);  // down to where float32 underflows
    const float offset = static_cast<float>(random() % 3) * 100;
    std::vector<float> centroids = NormalValues(k * dim, random());
    for (float& value : centroids) value = value * scale + offset;
    std::vector<float> events = NormalValues(kTileRows * dim, random());
    const float reach = std::ldexp(scale, static_cast<int>(random() % 20) - 10);
    for (float& value : events) value = value * reach + offset;
    SCOPED_TRACE("round " + std::to_string(round));

    const ScreenLayout layout = ScreenLayout::Build(k, dim, centroids);
    ASSERT_TRUE(layout.screenable);
    const Scratch scratch(layout);
    std::array<ShiftedEvent, kTileRows> shifted;
    const size_t rows = 1 + random() % kTileRows;
    kernels.score_tile(layout, events.data(), rows, scratch.view(), shifted.data());
    for (size_t row = 0; row < rows; ++row) {
      ASSERT_NO_FATAL_FAILURE(ExpectWithinBound(layout, layout.*kernels.tile_error, shifted[row],
                                                std::span<const float>(events).subspan(row * dim, dim),
                                                scratch.view().scores + row * layout.k_tiled));
    }
    const ShiftedEvent event = kernels.score_event(layout, events.data(), scratch.view());
    ASSERT_NO_FATAL_FAILURE(ExpectWithinBound(layout, layout.*kernels.event_error, event,
                                              std::span<const float>(events).first(dim), scratch.view().scores));
  }
}

TEST_P(EveryKernel, ArithmeticStaysWithinItsShare) {
  // Values that bfloat16 and float32 hold exactly leave no error of points: what remains is arithmetic.
  const uint64_t seed = SeedOr(42);
  std::mt19937_64 random(seed);
  const ScreenKernels& kernels = KernelsInUse();
  constexpr size_t kDim = 100;
  constexpr size_t kSegments = 64;
  std::vector<float> centroids(kSegments * kDim);
  for (size_t i = 0; i < centroids.size() / 2; ++i) {
    centroids[i] = static_cast<float>(static_cast<int>(random() % 255) - 127);
    centroids[centroids.size() / 2 + i] = -centroids[i];  // the mean, and so the origin, is zero
  }
  std::vector<float> event(kDim);
  for (float& value : event) value = static_cast<float>(static_cast<int>(random() % 255) - 127);
  const ScreenLayout layout = ScreenLayout::Build(kSegments, kDim, centroids);
  const Scratch scratch(layout);
  const ShiftedEvent shifted = kernels.score_event(layout, event.data(), scratch.view());
  ASSERT_EQ(shifted.offset, 0);
  const ScreenError& error = layout.*kernels.event_error;
  const double arithmetic = error.gamma * error.norm_max * (error.norm_max + 2 * shifted.norm);
  for (size_t c = 0; c < kSegments; ++c) {
    double truth = 0;
    for (size_t j = 0; j < kDim; ++j) {
      const double m = centroids[c * kDim + j];
      truth += m * m - 2 * double{event[j]} * m;
    }
    // The odd halves of the pair kernel carry the even ones in their low bits: that is in offset_max.
    EXPECT_NEAR(scratch.view().scores[c], truth,
                arithmetic + 2 * error.offset_max * (error.norm_max + shifted.norm + error.offset_max));
  }
}

TEST_P(EveryKernel, SecondIsReachedByTwoScores) {
  const uint64_t seed = SeedOr(43);
  std::mt19937_64 random(seed);
  const ScreenKernels& kernels = KernelsInUse();
  for (size_t count = 16; count <= 400; count += 16) {
    for (size_t round = 0; round < 20; ++round) {
      const hwy::AlignedFreeUniquePtr<float[]> scores = hwy::AllocateAligned<float>(count);
      for (size_t i = 0; i < count; ++i) scores[i] = static_cast<float>(random() % 50) - 25;
      if (round == 0) std::fill_n(scores.get() + 2, count - 2, kInfinity);
      const float second = kernels.second(scores.get(), count);
      EXPECT_GE(std::count_if(scores.get(), scores.get() + count, [&](float s) { return s <= second; }), 2);
      // It is a score itself, and never below the real second.
      EXPECT_NE(std::find(scores.get(), scores.get() + count, second), scores.get() + count);
    }
  }
}

TEST_P(EveryKernel, FindFindsAllAndOnlyThose) {
  const uint64_t seed = SeedOr(44);
  std::mt19937_64 random(seed);
  const ScreenKernels& kernels = KernelsInUse();
  for (size_t count = 16; count <= 200; count += 16) {
    const hwy::AlignedFreeUniquePtr<float[]> scores = hwy::AllocateAligned<float>(count);
    for (size_t i = 0; i < count; ++i) scores[i] = static_cast<float>(random() % 100);
    for (const float threshold : {-1.0f, 0.0f, 5.0f, 50.0f, 99.0f, kInfinity}) {
      std::vector<uint32_t> expected;
      for (size_t i = 0; i < count; ++i) {
        if (scores[i] <= threshold) expected.push_back(static_cast<uint32_t>(i));
      }
      std::vector<Candidate> found(count);
      found.resize(kernels.find(scores.get(), count, threshold, found.data()));
      std::vector<uint32_t> indices;
      for (const Candidate& candidate : found) indices.push_back(candidate.index);
      EXPECT_EQ(indices, expected);
    }
  }
}

TEST_P(EveryKernel, MeasureIsTheExactDistance) {
  const uint64_t seed = SeedOr(45);
  const ScreenKernels& kernels = KernelsInUse();
  for (const size_t dim : {1, 7, 8, 9, 15, 16, 17, 66, 130}) {
    constexpr size_t kSegments = 9;
    const std::vector<float> centroids = NormalValues(kSegments * dim, seed + dim);
    const std::vector<float> event = NormalValues(dim, seed + dim + 1);
    const ScreenLayout layout = ScreenLayout::Build(kSegments, dim, centroids);
    const hwy::AlignedFreeUniquePtr<float[]> exact = hwy::AllocateAligned<float>(layout.stride);
    std::fill(std::copy(event.begin(), event.end(), exact.get()), exact.get() + layout.stride, 0.0f);
    for (size_t count = 0; count <= kSegments; ++count) {
      std::vector<Candidate> candidates(kSegments);
      for (size_t i = 0; i < count; ++i) candidates[i].index = static_cast<uint32_t>(kSegments - 1 - i);
      kernels.measure(layout, exact.get(), candidates.data(), count);
      for (size_t i = 0; i < count; ++i) {
        const std::span<const float> row = std::span<const float>(centroids).subspan(candidates[i].index * dim, dim);
        ASSERT_EQ(candidates[i].distance, ExactDistance(event, row)) << "dim " << dim;
      }
      for (size_t i = count; i < kSegments; ++i) ASSERT_EQ(candidates[i].distance, 0) << "beyond the count";
    }
  }
}

}  // namespace
}  // namespace assent::scoring
