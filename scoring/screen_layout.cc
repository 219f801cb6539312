#include "scoring/screen_layout.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace assent::scoring {
namespace {

// Squares and sums of squares stay far from overflow below this norm.
constexpr double kNormSquaredMax = 1e36;

template <typename T>
hwy::AlignedFreeUniquePtr<T[]> Filled(size_t count, T value) {
  hwy::AlignedFreeUniquePtr<T[]> array = hwy::AllocateAligned<T>(count);
  std::fill_n(array.get(), count, value);
  return array;
}

// The nearest bfloat16 (ties to even), as the upper half of its float32. `value` is far from overflow.
uint32_t RoundToBfloat16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  return (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
}

// The word whose low half is `low` and whose value as a float32 is nearest to `value`.
uint32_t NearestWord(float value, uint32_t low) {
  const uint32_t middle = (std::bit_cast<uint32_t>(value) & 0xFFFF0000u) | low;
  uint32_t nearest = middle;
  const auto error = [value](uint32_t word) {
    return std::abs(static_cast<double>(std::bit_cast<float>(word)) - static_cast<double>(value));
  };
  const bool smallest = (middle & 0x7FFF0000u) == 0;  // a step down would change the sign bit
  if (!smallest && error(middle - 0x10000u) < error(nearest)) nearest = middle - 0x10000u;
  if (error(middle + 0x10000u) < error(nearest)) nearest = middle + 0x10000u;
  return nearest;
}

// Measures one stored centroid: its norm, and how far it is from the real one.
class Stored {
 public:
  void Add(float stored, double real) {
    const double m = static_cast<double>(stored);
    norm2_ += m * m;
    offset2_ += (m - real) * (m - real);
  }
  double norm2() const { return norm2_; }
  // Widens `error` so that it covers this centroid; the factor covers the rounding of this very computation.
  void Cover(ScreenError& error) const {
    constexpr double kAbove = 1 + 0x1p-40;
    error.norm_max = std::max(error.norm_max, std::sqrt(norm2_) * kAbove);
    error.offset_max = std::max(error.offset_max, std::sqrt(offset2_) * kAbove);
  }

 private:
  double norm2_ = 0;
  double offset2_ = 0;
};

void FillPairs(ScreenLayout& layout, size_t c) {
  const float* row = layout.rows.get() + c * layout.stride;
  const size_t panel = c / kPairPanel * kPairPanel;
  const size_t width = std::min(kPairPanel, layout.k_padded - panel);
  uint32_t* word = layout.pairs.get() + panel * layout.pair_count + (c - panel);
  Stored stored;
  Stored halves;
  for (size_t j = 0; j < 2 * layout.pair_count; j += 2, word += width) {
    // Beyond dim, rows and origin hold zeros.
    const double even = static_cast<double>(row[j]) - static_cast<double>(layout.origin[j]);
    const double odd = static_cast<double>(row[j + 1]) - static_cast<double>(layout.origin[j + 1]);
    const uint32_t low = RoundToBfloat16(static_cast<float>(even));
    *word = NearestWord(static_cast<float>(odd), low);
    stored.Add(std::bit_cast<float>(low << 16), even);
    halves.Add(std::bit_cast<float>(low << 16), even);
    if (j + 1 == layout.dim) break;  // the last word of an odd number of features
    stored.Add(std::bit_cast<float>(*word), odd);
    halves.Add(std::bit_cast<float>(*word & 0xFFFF0000u), odd);
  }
  layout.pair_norms[c] = static_cast<float>(stored.norm2());
  stored.Cover(layout.pair_error);
  layout.half_norms[c] = static_cast<float>(halves.norm2());
  halves.Cover(layout.half_error);
}

void FillTile(ScreenLayout& layout, size_t c) {
  const float* row = layout.rows.get() + c * layout.stride;
  float* value = layout.tiles.get() + c / kTilePanel * kTilePanel * layout.dim + c % kTilePanel;
  Stored stored;
  for (size_t j = 0; j < layout.dim; ++j, value += kTilePanel) {
    const double real = static_cast<double>(row[j]) - static_cast<double>(layout.origin[j]);
    *value = static_cast<float>(real);
    stored.Add(*value, real);
  }
  layout.tile_norms[c] = static_cast<float>(stored.norm2());
  stored.Cover(layout.tile_error);
}

void FillOrigin(ScreenLayout& layout) {
  std::vector<double> sum(layout.dim);
  for (size_t c = 0; c < layout.k; ++c) {
    for (size_t j = 0; j < layout.dim; ++j) sum[j] += static_cast<double>(layout.rows[c * layout.stride + j]);
  }
  for (size_t j = 0; j < layout.dim; ++j) {
    layout.origin[j] = static_cast<float>(sum[j] / static_cast<double>(layout.k));
  }
}

// Whether every centroid, seen from the origin, has a norm that float32 can handle.
bool NormsAreModest(const ScreenLayout& layout) {
  for (size_t c = 0; c < layout.k; ++c) {
    double norm2 = 0;
    for (size_t j = 0; j < layout.dim; ++j) {
      const double value =
          static_cast<double>(layout.rows[c * layout.stride + j]) - static_cast<double>(layout.origin[j]);
      norm2 += value * value;
    }
    if (!(norm2 <= kNormSquaredMax)) return false;
  }
  return true;
}

}  // namespace

ScreenLayout ScreenLayout::Build(size_t k, size_t dim, std::span<const float> values) {
  ScreenLayout layout;
  layout.k = k;
  layout.dim = dim;
  layout.stride = RoundUp(dim, kFloatsPerVectorMax);
  layout.pair_count = (dim + 1) / 2;
  layout.k_padded = RoundUp(k, kFloatsPerVectorMax);
  layout.k_tiled = RoundUp(k, kTilePanel);

  layout.rows = Filled(k * layout.stride, 0.0f);
  for (size_t c = 0; c < k; ++c) std::copy_n(&values[c * dim], dim, &layout.rows[c * layout.stride]);
  layout.origin = Filled(layout.stride, 0.0f);
  FillOrigin(layout);
  layout.screenable = NormsAreModest(layout);
  if (!layout.screenable) return layout;

  const float infinity = std::numeric_limits<float>::infinity();
  layout.pairs = Filled(layout.k_padded * layout.pair_count, 0u);
  layout.pair_norms = Filled(layout.k_padded, infinity);
  layout.pair_error = ScreenError(layout.pair_count + 6);
  layout.half_norms = Filled(layout.k_padded, infinity);
  layout.half_error = ScreenError(2 * layout.pair_count + 8);
  layout.tiles = Filled(layout.k_tiled * dim, 0.0f);
  layout.tile_norms = Filled(layout.k_tiled, infinity);
  layout.tile_error = ScreenError(dim + 6);
  for (size_t c = 0; c < k; ++c) {
    FillPairs(layout, c);
    FillTile(layout, c);
  }
  return layout;
}

}  // namespace assent::scoring
