// The vector kernels: float32 screening and the exact double distance, one set for each instruction set. Private to
// scoring.
#ifndef ASSENT_SCORING_SCREEN_KERNELS_H_
#define ASSENT_SCORING_SCREEN_KERNELS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "scoring/assign.h"
#include "scoring/scale_block.h"
#include "scoring/screen_layout.h"

namespace assent::scoring {

// Shape of the scratch arrays, all 64-byte aligned: `exact` and `shifted` are [rows x stride], `scores` is
// [rows x k_tiled], of which a row has k_padded that count.
struct ScreenScratch {
  float* exact;    // the events themselves, zero-padded
  float* shifted;  // -2 y, zero-padded, in the kernel's own form
  float* scores;
};

// Threads: all functions are pure but for their scratch. Cost: no allocation.
struct ScreenKernels {
  // Scores one event against every centroid.
  // Shape: event is [dim], any alignment.
  ShiftedEvent (*score_event)(const ScreenLayout& layout, const float* event, const ScreenScratch& scratch);
  ScreenError ScreenLayout::*event_error;  // what these scores may be wrong by

  // Scores up to kTileRows events.
  // Shape: events is [rows x dim], any alignment; out is [rows].
  void (*score_tile)(const ScreenLayout& layout, const float* events, size_t rows, const ScreenScratch& scratch,
                     ShiftedEvent* out);
  ScreenError ScreenLayout::*tile_error;

  // A score that at least two centroids do not exceed. Shape: scores is [count], a multiple of 16; two or more are
  // finite, padding is infinite.
  float (*second)(const float* scores, size_t count);

  // Writes the index of every score that is at most `threshold`, ascending; returns their number.
  // Shape: scores is [count], a multiple of 16; out has room for all that are finite.
  size_t (*find)(const float* scores, size_t count, float threshold, Candidate* out);

  // Fills in the exact distance of each candidate.
  // Shape: exact is [stride], aligned and zero-padded.
  void (*measure)(const ScreenLayout& layout, const float* exact, Candidate* candidates, size_t count);

  // Scales features as Feature::Scale does each, the same bits. Returns the number of blocks that are done: less than
  // `count` where the next one has a value that is not finite, before or after; then `scaled` has no meaning from
  // there. Shape: raw and scaled are [count x kScaleBlock], any alignment.
  size_t (*scale)(const ScaleBlock* blocks, size_t count, const float* raw, float* scaled);
};

// What this machine has among what the kernels were compiled for: HWY_* bits, best first.
std::vector<int64_t> SupportedTargetsOfKernels();

// The kernels of one of them. Threads: one at a time, before other users of Highway's dispatch.
ScreenKernels KernelsForTarget(int64_t target);

// Whether this machine has AVX-512 BF16; and the kernels of AVX-512 with its dot products, twice as fast, in place of
// the scores. Highway 1.0 does not have that instruction.
bool HasBfloat16();
ScreenKernels WithBfloat16(const ScreenKernels& avx512);

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_SCREEN_KERNELS_H_
