// The numbers of eight features side by side, as the scaling kernel reads them. Private to scoring.
#ifndef ASSENT_SCORING_SCALE_BLOCK_H_
#define ASSENT_SCORING_SCALE_BLOCK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace assent::scoring {

inline constexpr size_t kScaleBlock = 8;

// What is not filled in leaves a finite value as it is.
struct alignas(64) ScaleBlock {
  std::array<double, kScaleBlock> clip_min = Fill(-std::numeric_limits<double>::infinity());
  std::array<double, kScaleBlock> clip_max = Fill(std::numeric_limits<double>::infinity());
  std::array<double, kScaleBlock> mean = Fill(0);
  std::array<double, kScaleBlock> scale = Fill(1);
  uint32_t log1p = 0;  // bit i: feature i is transformed

 private:
  static constexpr std::array<double, kScaleBlock> Fill(double value) {
    std::array<double, kScaleBlock> filled{};
    filled.fill(value);
    return filled;
  }
};

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_SCALE_BLOCK_H_
