// Scores by the dot products of AVX-512 BF16: two products a lane and instruction, at half the memory of float32.
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, VDPBF16PS, VCVTNEPS2BF16.
#include "scoring/screen_kernels.h"

#if defined(__x86_64__)

// GCC 12 takes its own headers' "undefined" operands for mistakes (bug 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#pragma GCC diagnostic pop

#include <algorithm>
#include <cmath>
#include <cstring>

#include "hwy/base.h"

HWY_PUSH_ATTRIBUTES("avx2,fma,avx512f,avx512vl,avx512bw,avx512dq,avx512bf16")
namespace assent::scoring {
namespace {

constexpr size_t kFloats = 16;

// Two bfloat16 of `word`, for every lane.
inline __m512bh Pair(uint32_t word) { return reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(word))); }

inline __m512bh LoadPairs(const uint32_t* words) { return reinterpret_cast<__m512bh>(_mm512_load_si512(words)); }

inline __m512d SumOfSquares(__m512 values, __m512d sum) {
  const __m512d low = _mm512_cvtps_pd(_mm512_castps512_ps256(values));
  const __m512d high = _mm512_cvtps_pd(_mm512_extractf32x8_ps(values, 1));
  return _mm512_fmadd_pd(high, high, _mm512_fmadd_pd(low, low, sum));
}

// Fills one row of scratch: `shifted` gets pairs of bfloat16, [stride / 2] words.
inline ShiftedEvent Shift(const ScreenLayout& layout, const float* event, float* exact, float* shifted) {
  const __m512 minus_two = _mm512_set1_ps(-2.0f);
  auto* pairs = reinterpret_cast<__m256i*>(shifted);
  __m512d norm2 = _mm512_setzero_pd();
  __m512d offset2 = _mm512_setzero_pd();
  for (size_t j = 0; j < layout.stride; j += kFloats, ++pairs) {
    const size_t left = std::min(kFloats, layout.dim - j);
    const __m512 x = _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << left) - 1), event + j);
    _mm512_store_ps(exact + j, x);
    const __m512 y = _mm512_sub_ps(x, _mm512_load_ps(layout.origin.get() + j));
    const __m512 twice = _mm512_mul_ps(y, minus_two);
    const __m256i rounded = reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(twice));
    _mm256_store_si256(pairs, rounded);
    const __m512 used = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(rounded), 16));
    norm2 = SumOfSquares(used, norm2);
    // Exact: a float32 and its rounding differ by a float32.
    offset2 = SumOfSquares(_mm512_sub_ps(twice, used), offset2);
  }
  return ShiftedEvent(0.25 * _mm512_reduce_add_pd(norm2), 0.25 * _mm512_reduce_add_pd(offset2));
}

inline uint32_t WordAt(const float* shifted, size_t p) {
  uint32_t word;
  std::memcpy(&word, shifted + p, sizeof(word));
  return word;
}

// One event by kVectors vectors of centroids. Two sums for each vector hide the latency.
template <size_t kVectors>
inline void ScoreVectors(const uint32_t* words, size_t width, size_t pair_count, const float* shifted,
                         const float* norms, float* scores) {
  __m512 first[kVectors];
  __m512 second[kVectors];
#pragma GCC unroll 4
  for (size_t v = 0; v < kVectors; ++v) {
    first[v] = _mm512_load_ps(norms + v * kFloats);
    second[v] = _mm512_setzero_ps();
  }
  size_t p = 0;
  for (; p + 2 <= pair_count; p += 2, words += 2 * width) {
    const __m512bh y0 = Pair(WordAt(shifted, p));
    const __m512bh y1 = Pair(WordAt(shifted, p + 1));
#pragma GCC unroll 4
    for (size_t v = 0; v < kVectors; ++v) {
      first[v] = _mm512_dpbf16_ps(first[v], LoadPairs(words + v * kFloats), y0);
      second[v] = _mm512_dpbf16_ps(second[v], LoadPairs(words + width + v * kFloats), y1);
    }
  }
  if (p < pair_count) {
    const __m512bh y = Pair(WordAt(shifted, p));
#pragma GCC unroll 4
    for (size_t v = 0; v < kVectors; ++v) {
      first[v] = _mm512_dpbf16_ps(first[v], LoadPairs(words + v * kFloats), y);
    }
  }
#pragma GCC unroll 4
  for (size_t v = 0; v < kVectors; ++v) _mm512_store_ps(scores + v * kFloats, _mm512_add_ps(first[v], second[v]));
}

ShiftedEvent ScoreEvent(const ScreenLayout& layout, const float* event, const ScreenScratch& scratch) {
  const ShiftedEvent shifted = Shift(layout, event, scratch.exact, scratch.shifted);
  for (size_t panel = 0; panel < layout.k_padded; panel += kPairPanel) {
    const size_t width = std::min(kPairPanel, layout.k_padded - panel);
    const uint32_t* words = layout.pairs.get() + panel * layout.pair_count;
    const float* norms = layout.half_norms.get() + panel;
    float* scores = scratch.scores + panel;
    size_t c = 0;
    for (; c + 4 * kFloats <= width; c += 4 * kFloats) {
      ScoreVectors<4>(words + c, width, layout.pair_count, scratch.shifted, norms + c, scores + c);
    }
    for (; c < width; c += kFloats) {
      ScoreVectors<1>(words + c, width, layout.pair_count, scratch.shifted, norms + c, scores + c);
    }
  }
  return shifted;
}

// kTileRows events by kVectors vectors of centroids.
// Shape: shifted and scores are the first event's, a row further for each event.
template <size_t kVectors>
inline void ScoreRegisterTile(const uint32_t* words, size_t width, size_t pair_count, const float* shifted,
                              size_t stride, const float* norms, float* scores, size_t score_stride) {
  __m512 sum[kTileRows][kVectors];
#pragma GCC unroll 8
  for (size_t r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 2
    for (size_t v = 0; v < kVectors; ++v) sum[r][v] = _mm512_load_ps(norms + v * kFloats);
  }
  for (size_t p = 0; p < pair_count; ++p, words += width) {
    __m512bh m[kVectors];
#pragma GCC unroll 2
    for (size_t v = 0; v < kVectors; ++v) m[v] = LoadPairs(words + v * kFloats);
#pragma GCC unroll 8
    for (size_t r = 0; r < kTileRows; ++r) {
      const __m512bh y = Pair(WordAt(shifted + r * stride, p));
#pragma GCC unroll 2
      for (size_t v = 0; v < kVectors; ++v) sum[r][v] = _mm512_dpbf16_ps(sum[r][v], m[v], y);
    }
  }
#pragma GCC unroll 8
  for (size_t r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 2
    for (size_t v = 0; v < kVectors; ++v) _mm512_store_ps(scores + r * score_stride + v * kFloats, sum[r][v]);
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
  for (size_t panel = 0; panel < layout.k_padded; panel += kPairPanel) {
    const size_t width = std::min(kPairPanel, layout.k_padded - panel);
    const uint32_t* words = layout.pairs.get() + panel * layout.pair_count;
    const float* norms = layout.half_norms.get() + panel;
    float* scores = scratch.scores + panel;
    size_t c = 0;
    for (; c + 2 * kFloats <= width; c += 2 * kFloats) {
      ScoreRegisterTile<2>(words + c, width, layout.pair_count, scratch.shifted, layout.stride, norms + c, scores + c,
                           layout.k_tiled);
    }
    if (c < width) {
      ScoreRegisterTile<1>(words + c, width, layout.pair_count, scratch.shifted, layout.stride, norms + c, scores + c,
                           layout.k_tiled);
    }
  }
}

}  // namespace
}  // namespace assent::scoring
HWY_POP_ATTRIBUTES

namespace assent::scoring {

bool HasBfloat16() { return __builtin_cpu_supports("avx512bf16"); }

ScreenKernels WithBfloat16(const ScreenKernels& avx512) {
  ScreenKernels kernels = avx512;
  kernels.score_event = ScoreEvent;
  kernels.event_error = &ScreenLayout::half_error;
  kernels.score_tile = ScoreTile;
  kernels.tile_error = &ScreenLayout::half_error;
  return kernels;
}

}  // namespace assent::scoring

#else

namespace assent::scoring {

bool HasBfloat16() { return false; }

ScreenKernels WithBfloat16(const ScreenKernels& avx512) { return avx512; }

}  // namespace assent::scoring

#endif
