#include "scoring/screen_kernels.h"

#include <cstring>
#include <limits>

// SSSE3 is left out: no processor in service stops there.
#define HWY_DISABLED_TARGETS HWY_SSSE3
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "scoring/screen_kernels.cc"  // NOLINT(build/include)
#include "hwy/foreach_target.h"
// After foreach_target.h, as Highway wants it.
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace assent::scoring {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using WordTag = hn::RebindToUnsigned<FloatTag>;
using DoubleTag = hn::ScalableTag<double>;
using HalfTag = hn::Rebind<float, DoubleTag>;  // as many floats as a vector has doubles
using FloatVector = hn::Vec<FloatTag>;
using DoubleVector = hn::Vec<DoubleTag>;

constexpr size_t kFloats = hn::MaxLanes(FloatTag());
constexpr size_t kDoubles = hn::MaxLanes(DoubleTag());
static_assert(kFloatsPerVectorMax % kFloats == 0 && 8 % kDoubles == 0);

// The order of every exact distance: feature j adds to lane j % 8, then the lanes form a fixed tree.
constexpr size_t kLanes = 8;

HWY_INLINE double SumOfLanes(const double* lane) {
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

// Multiplies and adds apart: a fused operation would round once less, and only on some machines. A zero pad adds +0.
HWY_INLINE double ExactDistanceOfRow(const float* HWY_RESTRICT event, const float* HWY_RESTRICT row,
                                     size_t padded_dim) {
  const DoubleTag d;
  const HalfTag half;
  constexpr size_t kSums = kLanes / kDoubles;
  DoubleVector sum[kSums];
  for (size_t s = 0; s < kSums; ++s) sum[s] = hn::Zero(d);
  for (size_t j = 0; j < padded_dim; j += kLanes) {
#pragma GCC unroll 8
    for (size_t s = 0; s < kSums; ++s) {
      const DoubleVector x = hn::PromoteTo(d, hn::Load(half, event + j + s * kDoubles));
      const DoubleVector mu = hn::PromoteTo(d, hn::Load(half, row + j + s * kDoubles));
      const DoubleVector difference = hn::Sub(x, mu);
      sum[s] = hn::Add(sum[s], hn::Mul(difference, difference));
    }
  }
  alignas(64) double lane[kLanes];
  for (size_t s = 0; s < kSums; ++s) hn::Store(sum[s], d, lane + s * kDoubles);
  return SumOfLanes(lane);
}

HWY_INLINE void CopyPadded(const ScreenLayout& layout, const float* event, float* exact) {
  std::memcpy(exact, event, layout.dim * sizeof(float));
  for (size_t j = layout.dim; j < layout.stride; ++j) exact[j] = 0;
}

// Fills one row of scratch and returns Q.
HWY_INLINE double Shift(const ScreenLayout& layout, const float* event, float* HWY_RESTRICT exact,
                        float* HWY_RESTRICT shifted) {
  CopyPadded(layout, event, exact);
  const FloatTag d;
  const FloatVector minus_two = hn::Set(d, -2.0f);
  for (size_t j = 0; j < layout.stride; j += kFloats) {
    const FloatVector y = hn::Sub(hn::Load(d, exact + j), hn::Load(d, layout.origin.get() + j));
    hn::Store(hn::Mul(y, minus_two), d, shifted + j);
  }
  const DoubleTag wide;
  const HalfTag half;
  DoubleVector sum = hn::Zero(wide);
  for (size_t j = 0; j < layout.stride; j += kDoubles) {
    const DoubleVector twice = hn::PromoteTo(wide, hn::Load(half, shifted + j));
    sum = hn::MulAdd(twice, twice, sum);
  }
  return 0.25 * hn::GetLane(hn::SumOfLanes(wide, sum));
}

// The two smallest scores of each lane.
struct LaneMinima {
  FloatVector first;
  FloatVector second;

  HWY_INLINE void Clear() { first = second = hn::Set(FloatTag(), std::numeric_limits<float>::infinity()); }
  HWY_INLINE void Offer(FloatVector score) {
    second = hn::Min(second, hn::Max(first, score));
    first = hn::Min(first, score);
  }
  // The second smallest of all scores offered.
  HWY_INLINE float Second() const {
    const FloatTag d;
    const FloatVector least = hn::MinOfLanes(d, first);
    const auto holds_least = hn::Eq(first, least);
    if (hn::CountTrue(d, holds_least) > 1) return hn::GetLane(least);
    return hn::GetLane(hn::MinOfLanes(d, hn::IfThenElse(holds_least, second, first)));
  }
};

// kVectors vectors of centroids from one panel of pairs. `words` is at the first of them.
template <size_t kVectors>
HWY_INLINE void ScorePairs(const uint32_t* HWY_RESTRICT words, size_t width, size_t pair_count,
                           const float* HWY_RESTRICT shifted, const float* HWY_RESTRICT norms,
                           float* HWY_RESTRICT scores, LaneMinima& minima) {
  const FloatTag d;
  const WordTag w;
  FloatVector even[kVectors];
  FloatVector odd[kVectors];
#pragma GCC unroll 4
  for (size_t v = 0; v < kVectors; ++v) {
    even[v] = hn::Load(d, norms + v * kFloats);
    odd[v] = hn::Zero(d);
  }
  for (size_t p = 0; p < pair_count; ++p, words += width) {
    const FloatVector y_even = hn::Set(d, shifted[2 * p]);
    const FloatVector y_odd = hn::Set(d, shifted[2 * p + 1]);
#pragma GCC unroll 4
    for (size_t v = 0; v < kVectors; ++v) {
      const hn::Vec<WordTag> word = hn::Load(w, words + v * kFloats);
      even[v] = hn::MulAdd(hn::BitCast(d, hn::ShiftLeft<16>(word)), y_even, even[v]);
      odd[v] = hn::MulAdd(hn::BitCast(d, word), y_odd, odd[v]);
    }
  }
#pragma GCC unroll 4
  for (size_t v = 0; v < kVectors; ++v) {
    const FloatVector score = hn::Add(even[v], odd[v]);
    hn::Store(score, d, scores + v * kFloats);
    minima.Offer(score);
  }
}

EventScreen ScoreEvent(const ScreenLayout& layout, const float* event, const ScreenScratch& scratch) {
  EventScreen screen;
  screen.norm2 = Shift(layout, event, scratch.exact, scratch.shifted);
  LaneMinima minima;
  minima.Clear();
  for (size_t panel = 0; panel < layout.k_paired; panel += kPairPanel) {
    const size_t width = HWY_MIN(kPairPanel, layout.k_paired - panel);
    const uint32_t* words = layout.pairs.get() + panel * layout.pair_count;
    size_t c = 0;
    for (; c + 4 * kFloats <= width; c += 4 * kFloats) {
      ScorePairs<4>(words + c, width, layout.pair_count, scratch.shifted, layout.pair_norms.get() + panel + c,
                    scratch.scores + panel + c, minima);
    }
    for (; c < width; c += kFloats) {
      ScorePairs<1>(words + c, width, layout.pair_count, scratch.shifted, layout.pair_norms.get() + panel + c,
                    scratch.scores + panel + c, minima);
    }
  }
  screen.second = minima.Second();
  return screen;
}

// Rows of events a register tile: 8 x 3 sums, 3 loads and a broadcast fit 32 registers, 4 x 3 fit 16.
constexpr size_t kRegisterRows = kFloats == 16 ? 8 : 4;
constexpr size_t kRegisterVectors = 3;

// kRegisterRows events by kRegisterVectors vectors of centroids.
// Shape: shifted and scores are the first event's, a row further for each event; so are minima.
HWY_INLINE void ScoreRegisterTile(const float* HWY_RESTRICT tile, size_t dim, const float* HWY_RESTRICT shifted,
                                  size_t stride, const float* HWY_RESTRICT norms, float* HWY_RESTRICT scores,
                                  size_t score_stride, float* HWY_RESTRICT minima) {
  const FloatTag d;
  FloatVector sum[kRegisterRows][kRegisterVectors];
#pragma GCC unroll 8
  for (size_t r = 0; r < kRegisterRows; ++r) {
#pragma GCC unroll 3
    for (size_t v = 0; v < kRegisterVectors; ++v) sum[r][v] = hn::Load(d, norms + v * kFloats);
  }
  for (size_t j = 0; j < dim; ++j, tile += kTilePanel) {
    const FloatVector m0 = hn::Load(d, tile);
    const FloatVector m1 = hn::Load(d, tile + kFloats);
    const FloatVector m2 = hn::Load(d, tile + 2 * kFloats);
#pragma GCC unroll 8
    for (size_t r = 0; r < kRegisterRows; ++r) {
      const FloatVector y = hn::Set(d, shifted[r * stride + j]);
      sum[r][0] = hn::MulAdd(m0, y, sum[r][0]);
      sum[r][1] = hn::MulAdd(m1, y, sum[r][1]);
      sum[r][2] = hn::MulAdd(m2, y, sum[r][2]);
    }
  }
#pragma GCC unroll 8
  for (size_t r = 0; r < kRegisterRows; ++r) {
#pragma GCC unroll 3
    for (size_t v = 0; v < kRegisterVectors; ++v) hn::Store(sum[r][v], d, scores + r * score_stride + v * kFloats);
    // The least of three is one score: what the lane keeps second is the score of another centroid all the same.
    float* lane_minima = minima + r * 2 * kFloatsPerVectorMax;
    LaneMinima two{hn::Load(d, lane_minima), hn::Load(d, lane_minima + kFloatsPerVectorMax)};
    two.Offer(hn::Min(hn::Min(sum[r][0], sum[r][1]), sum[r][2]));
    hn::Store(two.first, d, lane_minima);
    hn::Store(two.second, d, lane_minima + kFloatsPerVectorMax);
  }
}

void ScoreTile(const ScreenLayout& layout, const float* events, size_t rows, const ScreenScratch& scratch,
               EventScreen* out) {
  const FloatTag d;
  const FloatVector infinity = hn::Set(d, std::numeric_limits<float>::infinity());
  for (size_t r = 0; r < kTileRows; ++r) {
    float* exact = scratch.exact + r * layout.stride;
    float* shifted = scratch.shifted + r * layout.stride;
    if (r < rows) {
      out[r].norm2 = Shift(layout, events + r * layout.dim, exact, shifted);
    } else {
      std::memset(shifted, 0, layout.stride * sizeof(float));  // computed with the others, never looked at
    }
    float* minima = scratch.minima + r * 2 * kFloatsPerVectorMax;
    hn::Store(infinity, d, minima);
    hn::Store(infinity, d, minima + kFloatsPerVectorMax);
  }
  for (size_t panel = 0; panel < layout.k_tiled; panel += kTilePanel) {
    const float* tile = layout.tiles.get() + panel * layout.dim;
    for (size_t c = 0; c < kTilePanel; c += kRegisterVectors * kFloats) {
      for (size_t r = 0; r < kTileRows; r += kRegisterRows) {
        ScoreRegisterTile(tile + c, layout.dim, scratch.shifted + r * layout.stride, layout.stride,
                          layout.tile_norms.get() + panel + c, scratch.scores + r * layout.k_tiled + panel + c,
                          layout.k_tiled, scratch.minima + r * 2 * kFloatsPerVectorMax);
      }
    }
  }
  for (size_t r = 0; r < rows; ++r) {
    const float* minima = scratch.minima + r * 2 * kFloatsPerVectorMax;
    out[r].second = LaneMinima{hn::Load(d, minima), hn::Load(d, minima + kFloatsPerVectorMax)}.Second();
  }
}

// Bit i: scores[i] <= threshold, for 16 scores.
HWY_INLINE uint32_t AtMost(const float* scores, FloatVector threshold) {
  const FloatTag d;
  uint32_t found = 0;
#pragma GCC unroll 16
  for (size_t i = 0; i < kFloatsPerVectorMax; i += kFloats) {
    uint8_t bits[8] = {};
    hn::StoreMaskBits(d, hn::Le(hn::Load(d, scores + i), threshold), bits);
    found |= (bits[0] | static_cast<uint32_t>(bits[1]) << 8) << i;
  }
  return found;
}

size_t Rescore(const ScreenLayout& layout, const float* exact, const float* scores, size_t score_count, float threshold,
               Candidate* out) {
  const FloatVector limit = hn::Set(FloatTag(), threshold);
  const size_t padded_dim = RoundUp(layout.dim, kLanes);
  size_t count = 0;
  for (size_t base = 0; base < score_count; base += kFloatsPerVectorMax) {
    for (uint32_t found = AtMost(scores + base, limit); found != 0; found &= found - 1) {
      const size_t c = base + hwy::Num0BitsBelowLS1Bit_Nonzero32(found);
      const float* row = layout.rows.get() + c * layout.stride;
      out[count++] = {static_cast<uint32_t>(c), ExactDistanceOfRow(exact, row, padded_dim)};
    }
  }
  return count;
}

void RescoreAll(const ScreenLayout& layout, const float* event, float* exact, Candidate* out) {
  CopyPadded(layout, event, exact);
  const size_t padded_dim = RoundUp(layout.dim, kLanes);
  const float* row = layout.rows.get();
  for (size_t c = 0; c < layout.k; ++c, row += layout.stride) {
    out[c] = {static_cast<uint32_t>(c), ExactDistanceOfRow(exact, row, padded_dim)};
  }
}

void Kernels(ScreenKernels* kernels) { *kernels = {ScoreEvent, ScoreTile, Rescore, RescoreAll}; }

}  // namespace HWY_NAMESPACE
}  // namespace assent::scoring
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace assent::scoring {

HWY_EXPORT(Kernels);

std::vector<int64_t> SupportedTargetsOfKernels() { return hwy::SupportedAndGeneratedTargets(); }

ScreenKernels KernelsForTarget(int64_t target) {
  // Highway's choice is global: narrow it to one target, take the functions, and widen it again.
  ScreenKernels kernels;
  hwy::SetSupportedTargetsForTest(target);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  HWY_DYNAMIC_DISPATCH(Kernels)(&kernels);
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().DeInit();
  return kernels;
}

}  // namespace assent::scoring
#endif  // HWY_ONCE
