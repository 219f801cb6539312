#include "scoring/centroids.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "scoring/feature_schema.h"

namespace assent::scoring {

absl::StatusOr<Centroids> Centroids::Create(size_t k, size_t dim, std::span<const float> values) {
  if (k == 0 || k > kCentroidsMax) {
    return absl::InvalidArgumentError(absl::StrCat("k is ", k, ", but must be 1 to ", kCentroidsMax));
  }
  if (dim == 0 || dim > kFeaturesMax) {
    return absl::InvalidArgumentError(absl::StrCat("dim is ", dim, ", but must be 1 to ", kFeaturesMax));
  }
  if (values.size() != k * dim) {
    return absl::InvalidArgumentError(
        absl::StrCat("the centroids have ", values.size(), " values, but k x dim is ", k, " x ", dim));
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      return absl::InvalidArgumentError(absl::StrCat("centroid ", i / dim, ", feature ", i % dim, " is not finite"));
    }
  }
  Centroids centroids;
  centroids.k_ = k;
  centroids.dim_ = dim;
  centroids.layout_ = std::make_shared<const ScreenLayout>(ScreenLayout::Build(k, dim, values));
  return centroids;
}

}  // namespace assent::scoring
