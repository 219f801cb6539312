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

  // The same in two steps, with the aggregates filled in between: TakeDirect takes and checks what the request gives,
  // so that nothing of the request can be wrong afterwards; Scale fails only for an aggregate. `features` is read until
  // then.
  absl::Status TakeDirect(const v1::FeatureVector& features, const scoring::FeatureSchema& schema, size_t named_max);
  std::span<float> aggregates() { return {raw_.data(), dim_}; }                // [dim], by position
  std::span<uint8_t> missing_aggregates() { return {missing_.data(), dim_}; }  // [dim]
  absl::Status Scale(const scoring::FeatureSchema& schema);

  std::span<const float> scaled() const { return {scaled_.data(), dim_}; }
  // [dim], non-zero where the request had no value.
  std::span<const uint8_t> missing() const { return {missing_.data(), dim_}; }

 private:
  absl::Status Take(const v1::FeatureVector& features, const scoring::FeatureSchema& schema, size_t named_max);
  absl::Status TakeNamed(const v1::FeatureVector& features, const scoring::FeatureSchema& schema, size_t named_max);
  absl::Status PositionError(const scoring::FeatureSchema& schema, int position) const;

  size_t dim_ = 0;
  bool dense_ = false;             // what was taken came as `dense`
  std::span<const float> values_;  // what was taken: raw_, or the request's own where all of it is direct
  std::vector<float> raw_;
  std::vector<uint8_t> missing_;
  std::vector<float> scaled_;
};

// Why FeatureSchema::Scale refused the feature at `position`. `field` names the value.
absl::Status ScaleError(absl::string_view field, const scoring::FeatureSchema& schema, int position, bool missing);

}  // namespace assent::server

#endif  // ASSENT_SERVER_FEATURE_READER_H_
