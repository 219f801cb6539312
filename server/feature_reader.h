// From the features of a request, in raw units, to the vector that is scored.
#ifndef ASSENT_SERVER_FEATURE_READER_H_
#define ASSENT_SERVER_FEATURE_READER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "assent/v1/features.pb.h"
#include "scoring/feature_schema.h"

namespace assent::server {

// Scratch memory for one event. Threads: one reader a thread.
class FeatureReader {
 public:
  // Cost: allocates when `dim` grows.
  void Reserve(size_t dim);

  // Fills scaled() and missing(). Precondition: Reserve was called for the schema's scored_size(). Aggregates are
  // missing.
  // Errors (MakeError, fields under "features"): FEATURES_AMBIGUOUS, FEATURE_DIMENSION_MISMATCH, TOO_MANY_ENTRIES,
  // FEATURE_UNKNOWN, FEATURE_NOT_FINITE, FEATURE_MISSING. Cost when valid: no allocation.
  absl::Status Read(const v1::FeatureVector& features, const scoring::FeatureSchema& schema, size_t named_max);

  std::span<const float> scaled() const { return {scaled_.data(), dim_}; }
  // [dim], non-zero where the request had no value.
  std::span<const uint8_t> missing() const { return {missing_.data(), dim_}; }

 private:
  absl::Status TakeNamed(const v1::FeatureVector& features, const scoring::FeatureSchema& schema, size_t named_max);

  size_t dim_ = 0;
  std::vector<float> raw_;
  std::vector<uint8_t> missing_;
  std::vector<float> scaled_;
};

// Why FeatureSchema::Scale refused the feature at `position`. `field` names the value.
absl::Status ScaleError(absl::string_view field, const scoring::FeatureSchema& schema, int position, bool missing);

}  // namespace assent::server

#endif  // ASSENT_SERVER_FEATURE_READER_H_
