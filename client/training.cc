#include "client/training.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/calibration.h"
#include "client/csv_reader.h"
#include "client/kmeans.h"
#include "client/reference_histogram.h"
#include "client/segment_labels.h"
#include "storage/model_file.h"

namespace assent::client {
namespace {

using internal::v1::Feature;
using internal::v1::ModelFile;

constexpr char kTrainer[] = "assentctl 0.1.0";

std::vector<double> ColumnMeans(const std::vector<float>& scaled, size_t dim) {
  std::vector<double> means(dim, 0.0);
  for (size_t at = 0; at < scaled.size(); ++at) means[at % dim] += static_cast<double>(scaled[at]);
  const size_t rows = scaled.size() / dim;
  for (double& mean : means) mean /= static_cast<double>(rows);
  return means;
}

double Quantile(std::vector<double> values, double quantile) {
  const auto at = static_cast<size_t>(quantile * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

// The maximum-likelihood temperature: with equal round Gaussians of variance s2 around the centroids, the posterior is
// the softmax of -distance / (2 s2), and s2 is estimated by cost / (rows * dim). Source: Bishop, "Pattern Recognition
// and Machine Learning", section 9.3.2.
double FitTemperature(const KmeansResult& kmeans, size_t dim) {
  const double cells = static_cast<double>(kmeans.distances.size()) * static_cast<double>(dim);
  const double temperature = 2 * kmeans.cost / cells;
  return temperature > 0 ? temperature : 1;
}

void SetAbstention(const AbstentionChoice& choice, const KmeansResult& kmeans, size_t k, ModelFile& model) {
  if (!choice.enabled) return;
  auto* thresholds = model.mutable_abstention();
  if (k > 1) thresholds->set_margin_min(Quantile(kmeans.margins, choice.margin_quantile));
  thresholds->set_distance_max(LimitOfDistance(Quantile(kmeans.distances, choice.distance_quantile)));
}

void AddReferenceHistograms(const std::vector<float>& scaled, size_t dim, ModelFile& model) {
  const std::vector<int> scored = ScoredFeatures(model.schema());
  for (size_t column = 0; column < dim; ++column) {
    *model.add_reference_histograms() =
        ReferenceHistogramOf(model.schema().features(scored[column]).name(), scaled, dim, column);
  }
}

// Share of the held-out rows that the thresholds would leave out.
void CountAbstentions(std::span<const double> distances, size_t k, const ModelFile& model, Training& training) {
  size_t by_margin = 0, by_distance = 0;
  const auto& thresholds = model.abstention();
  std::vector<double> row;
  for (size_t begin = 0; begin < distances.size(); begin += k) {
    row.assign(distances.begin() + static_cast<std::ptrdiff_t>(begin),
               distances.begin() + static_cast<std::ptrdiff_t>(begin + k));
    std::partial_sort(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(k, 2)), row.end());
    const bool close = k > 1 && row[1] - row[0] < thresholds.margin_min();
    const bool far = thresholds.distance_max() > 0 && row[0] > thresholds.distance_max();
    by_margin += close ? 1 : 0;
    by_distance += far ? 1 : 0;
  }
  const size_t held_out = distances.size() / k;
  const auto rows = static_cast<double>(held_out);
  training.held_out_by_margin = static_cast<double>(by_margin) / rows;
  training.held_out_by_distance = static_cast<double>(by_distance) / rows;
}

// Replaces what the training rows said by what the held-out rows say.
absl::Status Calibrate(const TrainingTable& held_out, const scoring::FeatureSchema& schema,
                       const TrainingOptions& options, const KmeansResult& kmeans, Training& training) {
  const size_t dim = held_out.columns.size();
  auto scaled = ScaleTable(held_out, schema);
  if (!scaled.ok()) return scaled.status();
  const std::vector<double> distances = SquaredDistances(*scaled, kmeans.centroids, dim);
  const CalibrationChoice& choice = options.calibration;
  ModelFile& model = training.model;
  const CalibratedThresholds thresholds = CalibrateThresholds(distances, options.k, std::max(choice.margin_share, 0.0),
                                                              std::max(choice.distance_share, 0.0));
  if (choice.margin_share >= 0 && options.k > 1) model.mutable_abstention()->set_margin_min(thresholds.margin_min);
  if (choice.distance_share >= 0) model.mutable_abstention()->set_distance_max(thresholds.distance_max);
  if (choice.temperature && options.temperature <= 0) {
    model.set_temperature(CalibrateTemperature(distances, options.k, dim, model.temperature()));
  }
  training.held_out_rows = held_out.rows;
  training.held_out_log_likelihood = MeanLogLikelihood(distances, options.k, dim, model.temperature());
  CountAbstentions(distances, options.k, model, training);
  return absl::OkStatus();
}

void SetProvenance(const TrainingTable& table, const TrainingOptions& options, double cost, ModelFile& model) {
  auto* provenance = model.mutable_provenance();
  provenance->set_name(options.name);
  provenance->set_training_rows(table.rows);
  provenance->set_training_data_sha256(table.sha256);
  provenance->set_seed(options.seed);
  provenance->set_training_cost(cost);
  provenance->set_trainer(kTrainer);
}

bool Names(const std::vector<std::string>& list, const std::string& column) {
  return std::any_of(list.begin(), list.end(),
                     [&](const std::string& name) { return name == column || name == FeatureName(column); });
}

// Of the rows that are trained on.
absl::StatusOr<Training> TrainOn(const TrainingTable& table, const TrainingTable& held_out,
                                 internal::v1::FeatureSchema schema, const TrainingOptions& options) {
  const size_t dim = table.columns.size();
  if (absl::Status status = FitSchema(table, options.scaling, schema); !status.ok()) return status;
  auto fitted = storage::SchemaFromMessage(schema);
  if (!fitted.ok()) return fitted.status();
  auto scaled = ScaleTable(table, *fitted);
  if (!scaled.ok()) return scaled.status();
  auto kmeans = Kmeans(*scaled, dim,
                       {.k = options.k, .seed = options.seed, .starts = options.starts, .progress = options.progress});
  if (!kmeans.ok()) return kmeans.status();

  Training training;
  ModelFile& model = training.model;
  *model.mutable_schema() = std::move(schema);
  // The file format is little-endian, as is every machine that this is built for.
  model.set_centroids(kmeans->centroids.data(), kmeans->centroids.size() * sizeof(float));
  const std::vector<double> means = ColumnMeans(*scaled, dim);
  model.mutable_background_mean()->Add(means.begin(), means.end());
  model.set_temperature(options.temperature > 0 ? options.temperature : FitTemperature(*kmeans, dim));
  SetAbstention(options.abstention, *kmeans, options.k, model);
  SetProvenance(table, options, kmeans->cost, model);
  AddReferenceHistograms(*scaled, dim, model);
  AddSegmentCards(*scaled, *kmeans, means, model);
  if (held_out.rows > 0) {
    if (absl::Status status = Calibrate(held_out, *fitted, options, *kmeans, training); !status.ok()) return status;
  }
  training.margin_median = Quantile(kmeans->margins, 0.5);
  training.best_start = kmeans->best_start;
  training.sizes = std::move(kmeans->sizes);
  return training;
}

}  // namespace

absl::StatusOr<internal::v1::FeatureSchema> SchemaOfColumns(const std::vector<std::string>& columns,
                                                            const std::vector<std::string>& log1p) {
  internal::v1::FeatureSchema schema;
  for (const std::string& column : columns) {
    Feature* feature = schema.add_features();
    feature->set_name(FeatureName(column));
    feature->mutable_direct();
    feature->set_changeable(true);
    feature->set_missing(internal::v1::MISSING_RULE_MEAN);
    feature->set_transform(Names(log1p, column) ? internal::v1::TRANSFORM_LOG1P : internal::v1::TRANSFORM_IDENTITY);
  }
  for (const std::string& name : log1p) {
    const auto has = [&](const std::string& column) { return name == column || name == FeatureName(column); };
    if (std::none_of(columns.begin(), columns.end(), has)) {
      return absl::InvalidArgumentError(absl::StrCat("log1p: \"", name, "\" is not one of the features"));
    }
  }
  return schema;
}

absl::StatusOr<Training> Train(const TrainingTable& table, internal::v1::FeatureSchema schema,
                               const TrainingOptions& options) {
  if (options.calibration.held_out_share <= 0) return TrainOn(table, {}, std::move(schema), options);
  const SplitTables split = Split(table, options.calibration.held_out_share, options.seed);
  if (split.held_out.rows == 0) {
    return absl::InvalidArgumentError("too few rows to hold out any; give a larger --hold-out");
  }
  return TrainOn(split.training, split.held_out, std::move(schema), options);
}

absl::Status OverrideCards(const ModelFile& overrides, ModelFile& model) {
  for (const auto& card : overrides.segments()) {
    auto* segments = model.mutable_segments();
    const auto found = std::find_if(segments->begin(), segments->end(),
                                    [&](const auto& segment) { return segment.segment_id() == card.segment_id(); });
    if (found == segments->end()) {
      return absl::InvalidArgumentError(absl::StrCat("cards: the model has no segment \"", card.segment_id(),
                                                     "\"; its segments are segment-0 to segment-",
                                                     segments->size() - 1));
    }
    if (!card.allowed_purposes().empty()) found->clear_allowed_purposes();  // or the merge would add to them
    found->MergeFrom(card);
  }
  return absl::OkStatus();
}

}  // namespace assent::client
