// From a table to a model: fits the scaling, clusters, sets thresholds, writes the segment cards.
#ifndef ASSENT_CLIENT_TRAINING_H_
#define ASSENT_CLIENT_TRAINING_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "assent/internal/v1/model_file.pb.h"
#include "client/scaling.h"
#include "client/training_table.h"

namespace assent::client {

// Quantiles of the training data that become the thresholds of "not sure".
struct AbstentionChoice {
  bool enabled = true;
  double margin_quantile = 0.01;     // the least clear-cut hundredth of the training rows is "between two segments"
  double distance_quantile = 0.999;  // rows farther out than all but a thousandth are "like nobody"
};

// What is taken from rows that are held out of training, see calibration.h.
struct CalibrationChoice {
  double held_out_share = 0;   // 0: nothing is held out and nothing calibrated
  double margin_share = -1;    // share of the held-out rows to abstain by margin; negative: as AbstentionChoice says
  double distance_share = -1;  // the same by distance
  bool temperature = false;    // by the held-out rows' likelihood, unless TrainingOptions gives one
};

struct TrainingOptions {
  size_t k = 0;
  uint64_t seed = 0;
  size_t starts = 10;
  std::string name = "model";
  Scaling scaling = Scaling::kStandard;
  AbstentionChoice abstention;
  CalibrationChoice calibration;
  double temperature = 0;  // 0: fitted, see training.cc
  std::function<void(size_t starts_done)> progress;
};

struct Training {
  internal::v1::ModelFile model;
  std::vector<uint64_t> sizes;  // [k]
  size_t best_start = 0;
  double margin_median = 0;
  size_t held_out_rows = 0;
  double held_out_by_margin = 0;       // share of the held-out rows that abstain by margin, as it came out
  double held_out_by_distance = 0;     // the same by distance
  double held_out_log_likelihood = 0;  // mean a row, at the model's temperature
};

// A schema of direct, changeable features with the given column names, all to be fitted. `log1p` lists those (by column
// or by feature name) that get ln(1 + x). Errors: InvalidArgument for names that collide or a log1p name that is not a
// column.
absl::StatusOr<internal::v1::FeatureSchema> SchemaOfColumns(const std::vector<std::string>& columns,
                                                            const std::vector<std::string>& log1p);

// Trains on `table`, whose columns are the scored features of `schema` in order, less the rows that are held out. Scale
// 0 in the schema is fitted (mean and population standard deviation of the transformed values; a constant column gets
// scale 1, so that it is 0 everywhere); another scale is kept. Under Scaling::kNone mean 0 and scale 1 are used, and a
// missing value becomes the raw mean. Determinism: as Kmeans. Errors: InvalidArgument, with the feature where one is at
// fault; those of Kmeans.
absl::StatusOr<Training> Train(const TrainingTable& table, internal::v1::FeatureSchema schema,
                               const TrainingOptions& options);

// Lays the cards of `overrides` over those of `model` with the same segment_id; unset fields stay, and purposes
// that are given replace those that were allowed.
// Errors: InvalidArgument for an id that the model does not have.
absl::Status OverrideCards(const internal::v1::ModelFile& overrides, internal::v1::ModelFile& model);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_TRAINING_H_
