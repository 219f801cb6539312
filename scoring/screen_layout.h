// The centroids as the screening kernels read them. Private to scoring.
#ifndef ASSENT_SCORING_SCREEN_LAYOUT_H_
#define ASSENT_SCORING_SCREEN_LAYOUT_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "hwy/aligned_allocator.h"

namespace assent::scoring {

// Every array is padded to whole vectors of the widest instruction set.
inline constexpr size_t kFloatsPerVectorMax = 16;
inline constexpr size_t kPairPanel = 64;  // centroids a panel of the one-event kernel; the last panel may be narrower
inline constexpr size_t kTilePanel = 48;  // centroids a panel of the batch kernel
inline constexpr size_t kTileRows = 8;    // events a tile of the batch kernel

inline constexpr size_t RoundUp(size_t value, size_t unit) { return (value + unit - 1) / unit * unit; }

// What a kernel's scores may be wrong by; see screen_bound.h.
struct ScreenError {
  ScreenError() = default;
  // `depth` is h: roundings on the longest path from a product to a score.
  explicit ScreenError(size_t depth)
      : gamma(static_cast<double>(depth) * 0x1p-24 / (1 - static_cast<double>(depth) * 0x1p-24)),
        underflow(static_cast<double>(depth) * 0x1p-124) {}

  double gamma = 0;
  double underflow = 0;
  double norm_max = 0;    // M: the largest norm of a stored centroid m_c
  double offset_max = 0;  // the largest distance of a stored centroid from the real one: ||m_c - (mu_c - o)||
};

// The point that stands for one event in a kernel; see screen_bound.h.
struct ShiftedEvent {
  ShiftedEvent() = default;
  ShiftedEvent(double q, double offset2) : norm2(q), norm(std::sqrt(q)), offset(std::sqrt(offset2) * (1 + 0x1p-40)) {}

  double norm2 = 0;   // Q: ||y||^2. Not finite, or huge: the scores mean nothing
  double norm = 0;    // its root
  double offset = 0;  // f: how far y is from x - o rounded to float32
};

// Shape: in each comment. Alignment: 64 bytes at least. Threads: immutable once built.
// All points are shifted by `origin`, the rounded mean centroid: norms, and with them rounding errors, become small.
struct ScreenLayout {
  // Shape: values is [k x dim], row-major, finite.
  static ScreenLayout Build(size_t k, size_t dim, std::span<const float> values);

  size_t k = 0;
  size_t dim = 0;
  size_t stride = 0;      // floats a row: dim rounded up to whole vectors
  size_t pair_count = 0;  // pairs of features: dim / 2, rounded up
  size_t k_padded = 0;    // k rounded up to whole vectors
  size_t k_tiled = 0;     // k rounded up to whole tile panels

  // False when norms come near the limits of float32: every distance is then computed in double.
  bool screenable = false;

  hwy::AlignedFreeUniquePtr<float[]> rows;    // [k x stride]: the exact centroids mu_c, zero-padded
  hwy::AlignedFreeUniquePtr<float[]> origin;  // [stride]: o, zero-padded

  // For one event, where memory is the limit: two features of one centroid in one word, each rounded to bfloat16. The
  // even feature is the low half. The odd feature is the whole word read as a float32: its high half is chosen so that
  // the word, low half included, is nearest to the real value.
  // [panel][pair_count][width of the panel]
  hwy::AlignedFreeUniquePtr<uint32_t[]> pairs;
  hwy::AlignedFreeUniquePtr<float[]> pair_norms;  // [k_padded]: ||m_c||^2; infinite beyond k
  ScreenError pair_error;
  // The same words as the dot-product instructions read them: both halves as they are.
  hwy::AlignedFreeUniquePtr<float[]> half_norms;  // [k_padded]
  ScreenError half_error;

  // For batches, where arithmetic is the limit: float32. [panel][dim][kTilePanel]
  hwy::AlignedFreeUniquePtr<float[]> tiles;
  hwy::AlignedFreeUniquePtr<float[]> tile_norms;  // [k_tiled]: ||m_c||^2; infinite beyond k
  ScreenError tile_error;
};

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_SCREEN_LAYOUT_H_
