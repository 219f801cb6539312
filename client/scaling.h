// From raw columns to scaled ones: the fit of a schema's means and scales, and rows as the server will see them.
#ifndef ASSENT_CLIENT_SCALING_H_
#define ASSENT_CLIENT_SCALING_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "assent/internal/v1/model_file.pb.h"
#include "client/clustering_quality.h"
#include "client/training_table.h"
#include "scoring/feature_schema.h"

namespace assent::client {

enum class Scaling { kStandard, kNone };

// Indices of the features that are scored: all but the auxiliary ones, in schema order.
std::vector<int> ScoredFeatures(const internal::v1::FeatureSchema& schema);

// Fits the features of scale 0, as Train says; `table` has one column for each scored feature, in order. Auxiliary
// features of scale 0 get scale 1. Errors: InvalidArgument, with the feature that has no value in any row.
absl::Status FitSchema(const TrainingTable& table, Scaling scaling, internal::v1::FeatureSchema& schema);

// Scales every row exactly as the server will. Shape: [rows x scored features], row-major. Errors: InvalidArgument with
// column and row, as it is numbered in the data, before any were held out.
absl::StatusOr<std::vector<float>> ScaleTable(const TrainingTable& table, const scoring::FeatureSchema& schema);

// The rows apart: a share of them, drawn by the seed, is held out. Both parts keep the order and the file's sha256.
struct SplitTables {
  TrainingTable training, held_out;
};
SplitTables Split(const TrainingTable& table, double held_out_share, uint64_t seed);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_SCALING_H_
