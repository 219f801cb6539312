// The centroids in memory: immutable, aligned, laid out for the kernels.
#ifndef ASSENT_SCORING_CENTROIDS_H_
#define ASSENT_SCORING_CENTROIDS_H_

#include <cstddef>
#include <memory>
#include <span>

#include "absl/status/statusor.h"
#include "scoring/screen_layout.h"

namespace assent::scoring {

inline constexpr size_t kCentroidsMax = 65536;

// k points of dim scaled features.
// Threads: safe. Ownership: owns its values. Cost: about 11 bytes of memory a value.
class Centroids {
 public:
  // Shape: values is [k x dim] float32, row-major.
  // Errors: InvalidArgument when k or dim is 0 or above its limit, the length is wrong, or a value is not finite.
  static absl::StatusOr<Centroids> Create(size_t k, size_t dim, std::span<const float> values);

  size_t k() const { return k_; }
  size_t dim() const { return dim_; }
  // Shape: [dim] float32, the exact values given to Create.
  std::span<const float> row(size_t index) const { return {layout_->rows.get() + index * layout_->stride, dim_}; }

  // Private to scoring: what the kernels read.
  const ScreenLayout& layout() const { return *layout_; }

 private:
  Centroids() = default;
  size_t k_ = 0;
  size_t dim_ = 0;
  std::shared_ptr<const ScreenLayout> layout_;  // copies share it
};

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_CENTROIDS_H_
