#include "scoring/screen_kernels.h"

#include <cmath>
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

// The tree: ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)). Each step adds the upper half of the lanes to the lower.
#if HWY_TARGET == HWY_SCALAR
HWY_INLINE double FoldLanes(DoubleTag /*d*/, DoubleVector lane) { return hn::GetLane(lane); }
#else
template <class D>
HWY_INLINE double FoldLanes(D d, hn::Vec<D> lanes) {
  if constexpr (hn::MaxLanes(d) == 1) {
    return hn::GetLane(lanes);
  } else {
    const hn::Half<D> half;
    return FoldLanes(half, hn::Add(hn::LowerHalf(half, lanes), hn::UpperHalf(half, lanes)));
  }
}
#endif

template <size_t kSums>
HWY_INLINE double FoldSums(const DoubleVector (&sum)[kSums]) {
  if constexpr (kSums == 1) {
    return FoldLanes(DoubleTag(), sum[0]);
  } else {
    DoubleVector folded[kSums / 2];
    for (size_t s = 0; s < kSums / 2; ++s) folded[s] = hn::Add(sum[s], sum[s + kSums / 2]);
    return FoldSums(folded);
  }
}

// Exact distances of kRows centroids at once, which hides the latency of the additions.
// Multiplies and adds apart: a fused operation would round once less, and only on some machines. A zero pad adds +0.
template <size_t kRows>
HWY_INLINE void MeasureRows(const ScreenLayout& layout, const float* HWY_RESTRICT event, Candidate* candidates) {
  const DoubleTag d;
  const HalfTag half;
  constexpr size_t kSums = kLanes / kDoubles;
  const float* row[kRows];
  DoubleVector sum[kRows][kSums];
#pragma GCC unroll 4
  for (size_t r = 0; r < kRows; ++r) {
    row[r] = layout.rows.get() + candidates[r].index * layout.stride;
#pragma GCC unroll 8
    for (size_t s = 0; s < kSums; ++s) sum[r][s] = hn::Zero(d);
  }
  for (size_t j = 0; j < layout.dim; j += kLanes) {
#pragma GCC unroll 8
    for (size_t s = 0; s < kSums; ++s) {
      const DoubleVector x = hn::PromoteTo(d, hn::Load(half, event + j + s * kDoubles));
#pragma GCC unroll 4
      for (size_t r = 0; r < kRows; ++r) {
        const DoubleVector mu = hn::PromoteTo(d, hn::Load(half, row[r] + j + s * kDoubles));
        const DoubleVector difference = hn::Sub(x, mu);
        sum[r][s] = hn::Add(sum[r][s], hn::Mul(difference, difference));
      }
    }
  }
#pragma GCC unroll 4
  for (size_t r = 0; r < kRows; ++r) candidates[r].distance = FoldSums(sum[r]);
}

HWY_INLINE void CopyPadded(const ScreenLayout& layout, const float* event, float* exact) {
  std::memcpy(exact, event, layout.dim * sizeof(float));
  for (size_t j = layout.dim; j < layout.stride; ++j) exact[j] = 0;
}

// Fills one row of scratch.
HWY_INLINE ShiftedEvent Shift(const ScreenLayout& layout, const float* event, float* HWY_RESTRICT exact,
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
  return ShiftedEvent(0.25 * hn::GetLane(hn::SumOfLanes(wide, sum)), 0);
}

// kVectors vectors of centroids from one panel of pairs. `words` is at the first of them.
template <size_t kVectors>
HWY_INLINE void ScorePairs(const uint32_t* HWY_RESTRICT words, size_t width, size_t pair_count,
                           const float* HWY_RESTRICT shifted, const float* HWY_RESTRICT norms,
                           float* HWY_RESTRICT scores) {
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
    hn::Store(hn::Add(even[v], odd[v]), d, scores + v * kFloats);
  }
}

ShiftedEvent ScoreEvent(const ScreenLayout& layout, const float* event, const ScreenScratch& scratch) {
  const ShiftedEvent shifted = Shift(layout, event, scratch.exact, scratch.shifted);
  for (size_t panel = 0; panel < layout.k_padded; panel += kPairPanel) {
    const size_t width = HWY_MIN(kPairPanel, layout.k_padded - panel);
    const uint32_t* words = layout.pairs.get() + panel * layout.pair_count;
    const float* norms = layout.pair_norms.get() + panel;
    float* scores = scratch.scores + panel;
    size_t c = 0;
    for (; c + 4 * kFloats <= width; c += 4 * kFloats) {
      ScorePairs<4>(words + c, width, layout.pair_count, scratch.shifted, norms + c, scores + c);
    }
    for (; c < width; c += kFloats) {
      ScorePairs<1>(words + c, width, layout.pair_count, scratch.shifted, norms + c, scores + c);
    }
  }
  return shifted;
}

// Rows of events a register tile: 8 x 3 sums, 3 loads and a broadcast fit 32 registers, 4 x 3 fit 16.
constexpr size_t kRegisterRows = kFloats == 16 ? 8 : 4;
constexpr size_t kRegisterVectors = 3;
static_assert(kTilePanel % (kRegisterVectors * kFloats) == 0 && kTileRows % kRegisterRows == 0);

// kRegisterRows events by kRegisterVectors vectors of centroids.
// Shape: shifted and scores are the first event's, a row further for each event.
HWY_INLINE void ScoreRegisterTile(const float* HWY_RESTRICT tile, size_t dim, const float* HWY_RESTRICT shifted,
                                  size_t stride, const float* HWY_RESTRICT norms, float* HWY_RESTRICT scores,
                                  size_t score_stride) {
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
  }
}

void ScoreTile(const ScreenLayout& layout, const float* events, size_t rows, const ScreenScratch& scratch,
               ShiftedEvent* out) {
  for (size_t r = 0; r < kTileRows; ++r) {
    float* shifted = scratch.shifted + r * layout.stride;
    if (r < rows) {
      out[r] = Shift(layout, events + r * layout.dim, scratch.exact + r * layout.stride, shifted);
    } else {
      std::memset(shifted, 0, layout.stride * sizeof(float));  // computed with the others, never looked at
    }
  }
  for (size_t panel = 0; panel < layout.k_tiled; panel += kTilePanel) {
    const float* tile = layout.tiles.get() + panel * layout.dim;
    for (size_t c = 0; c < kTilePanel; c += kRegisterVectors * kFloats) {
      for (size_t r = 0; r < kTileRows; r += kRegisterRows) {
        ScoreRegisterTile(tile + c, layout.dim, scratch.shifted + r * layout.stride, layout.stride,
                          layout.tile_norms.get() + panel + c, scratch.scores + r * layout.k_tiled + panel + c,
                          layout.k_tiled);
      }
    }
  }
}

float Second(const float* scores, size_t count) {
  const FloatTag d;
  // Of each lane: the two smallest of the groups' minima. A group's minimum is one centroid's score, so two groups name
  // two centroids.
  FloatVector first = hn::Set(d, std::numeric_limits<float>::infinity());
  FloatVector second = first;
  const auto offer = [&](FloatVector least) HWY_ATTR {
    second = hn::Min(second, hn::Max(first, least));
    first = hn::Min(first, least);
  };
  size_t i = 0;
  for (; i + 4 * kFloats <= count; i += 4 * kFloats) {
    const FloatVector a = hn::Min(hn::Load(d, scores + i), hn::Load(d, scores + i + kFloats));
    const FloatVector b = hn::Min(hn::Load(d, scores + i + 2 * kFloats), hn::Load(d, scores + i + 3 * kFloats));
    offer(hn::Min(a, b));
  }
  for (; i < count; i += kFloats) offer(hn::Load(d, scores + i));
  const FloatVector least = hn::MinOfLanes(d, first);
  const auto holds_least = hn::Eq(first, least);
  if (hn::CountTrue(d, holds_least) > 1) return hn::GetLane(least);
  return hn::GetLane(hn::MinOfLanes(d, hn::IfThenElse(holds_least, second, first)));
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

size_t Find(const float* scores, size_t count, float threshold, Candidate* out) {
  const FloatVector limit = hn::Set(FloatTag(), threshold);
  size_t found_count = 0;
  for (size_t base = 0; base < count; base += kFloatsPerVectorMax) {
    for (uint32_t found = AtMost(scores + base, limit); found != 0; found &= found - 1) {
      out[found_count++].index = static_cast<uint32_t>(base + hwy::Num0BitsBelowLS1Bit_Nonzero32(found));
    }
  }
  return found_count;
}

void Measure(const ScreenLayout& layout, const float* exact, Candidate* candidates, size_t count) {
  size_t i = 0;
  for (; i + 2 <= count; i += 2) MeasureRows<2>(layout, exact, candidates + i);
  if (i < count) MeasureRows<1>(layout, exact, candidates + i);
}

// Each step rounds as the same step in scalar code does; divisions stay divisions.
HWY_INLINE bool ScaleOne(const ScaleBlock& block, const float* HWY_RESTRICT raw, float* HWY_RESTRICT scaled) {
  const DoubleTag d;
  const HalfTag half;
  constexpr size_t kVectors = kScaleBlock / kDoubles;
  const DoubleVector largest = hn::Set(d, static_cast<double>(std::numeric_limits<float>::max()));
  DoubleVector x[kVectors];
  auto finite = hn::Eq(largest, largest);  // all true; a NaN makes it false
  for (size_t v = 0; v < kVectors; ++v) {
    x[v] = hn::PromoteTo(d, hn::LoadU(half, raw + v * kDoubles));
    finite = hn::And(finite, hn::Le(hn::Abs(x[v]), largest));
    const DoubleVector lowest = hn::Load(d, block.clip_min.data() + v * kDoubles);
    const DoubleVector highest = hn::Load(d, block.clip_max.data() + v * kDoubles);
    x[v] = hn::IfThenElse(hn::Lt(x[v], lowest), lowest, x[v]);
    x[v] = hn::IfThenElse(hn::Lt(highest, x[v]), highest, x[v]);
  }
  if (block.log1p != 0) {
    alignas(64) double value[kScaleBlock];
    for (size_t v = 0; v < kVectors; ++v) hn::Store(x[v], d, value + v * kDoubles);
    for (uint32_t left = block.log1p; left != 0; left &= left - 1) {
      const size_t i = hwy::Num0BitsBelowLS1Bit_Nonzero32(left);
      value[i] = std::log1p(value[i]);
    }
    for (size_t v = 0; v < kVectors; ++v) x[v] = hn::Load(d, value + v * kDoubles);
  }
  for (size_t v = 0; v < kVectors; ++v) {
    const DoubleVector centred = hn::Sub(x[v], hn::Load(d, block.mean.data() + v * kDoubles));
    x[v] = hn::Div(centred, hn::Load(d, block.scale.data() + v * kDoubles));
    finite = hn::And(finite, hn::Le(hn::Abs(x[v]), largest));
    hn::StoreU(hn::DemoteTo(half, x[v]), half, scaled + v * kDoubles);
  }
  return hn::AllTrue(d, finite);
}

size_t Scale(const ScaleBlock* blocks, size_t count, const float* raw, float* scaled) {
  for (size_t b = 0; b < count; ++b) {
    if (!ScaleOne(blocks[b], raw + b * kScaleBlock, scaled + b * kScaleBlock)) return b;
  }
  return count;
}

void Kernels(ScreenKernels* kernels) {
  *kernels = {.score_event = ScoreEvent,
              .event_error = &ScreenLayout::pair_error,
              .score_tile = ScoreTile,
              .tile_error = &ScreenLayout::tile_error,
              .second = Second,
              .find = Find,
              .measure = Measure,
              .scale = Scale};
}

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
