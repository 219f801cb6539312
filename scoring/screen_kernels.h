// The vector kernels: float32 screening and the exact double distance, one set for each instruction set. Private to
// scoring.
#ifndef ASSENT_SCORING_SCREEN_KERNELS_H_
#define ASSENT_SCORING_SCREEN_KERNELS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "scoring/assign.h"
#include "scoring/screen_layout.h"

namespace assent::scoring {

// What a screening kernel learns about one event.
struct EventScreen {
  double norm2 = 0;  // Q: ||y||^2. Not finite, or huge: the scores mean nothing
  float second = 0;  // at least two centroids have a score of at most this
};

// Shape of the scratch arrays, all 64-byte aligned: `exact` and `shifted` are [rows x stride], `scores` is [k_paired]
// or [rows x k_tiled], `minima` is [rows x 2 x kFloatsPerVectorMax].
struct ScreenScratch {
  float* exact;    // the events themselves, zero-padded
  float* shifted;  // -2 y, zero-padded
  float* scores;
  float* minima;
};

// Threads: all functions are pure but for their scratch. Cost: no allocation.
struct ScreenKernels {
  // Scores one event against every centroid with the pair form.
  // Shape: event is [dim], any alignment.
  EventScreen (*score_event)(const ScreenLayout& layout, const float* event, const ScreenScratch& scratch);

  // Scores up to kTileRows events with the tile form.
  // Shape: events is [rows x dim], any alignment; out is [rows].
  void (*score_tile)(const ScreenLayout& layout, const float* events, size_t rows, const ScreenScratch& scratch,
                     EventScreen* out);

  // Writes index and exact distance of every centroid whose score is at most `threshold`, ascending by index; returns
  // their number. Shape: exact is [stride]; scores is [score_count], a multiple of 16; out has room for k.
  size_t (*rescore)(const ScreenLayout& layout, const float* exact, const float* scores, size_t score_count,
                    float threshold, Candidate* out);

  // Writes the exact distance to every centroid. Shape: event is [dim], exact is scratch of [stride], out is [k].
  void (*rescore_all)(const ScreenLayout& layout, const float* event, float* exact, Candidate* out);
};

// What this machine has among what the kernels were compiled for: HWY_* bits, best first.
std::vector<int64_t> SupportedTargetsOfKernels();

// The kernels of one of them. Threads: one at a time, before other users of Highway's dispatch.
ScreenKernels KernelsForTarget(int64_t target);

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_SCREEN_KERNELS_H_
