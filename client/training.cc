#include "client/training.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/csv_reader.h"
#include "client/kmeans.h"
#include "client/segment_labels.h"
#include "storage/model_file.h"

namespace assent::client {
namespace {

using internal::v1::Feature;
using internal::v1::ModelFile;

constexpr char kTrainer[] = "assentctl 0.1.0";

struct Moments {
  double mean = 0;
  double deviation = 0;  // population
  uint64_t count = 0;
};

double Transformed(const Feature& feature, double raw) {
  if (feature.has_clip_min()) raw = std::max(raw, feature.clip_min());
  if (feature.has_clip_max()) raw = std::min(raw, feature.clip_max());
  if (feature.transform() != internal::v1::TRANSFORM_LOG1P) return raw;
  return std::log1p(feature.has_clip_min() ? raw : std::max(raw, 0.0));
}

// Two passes: the mean first, so that large offsets cost no precision.
Moments Measure(const TrainingTable& table, size_t column, const Feature& feature) {
  const size_t width = table.columns.size();
  Moments moments;
  double sum = 0;
  for (size_t at = column; at < table.values.size(); at += width) {
    if (table.missing[at] != 0) continue;
    sum += Transformed(feature, static_cast<double>(table.values[at]));
    ++moments.count;
  }
  if (moments.count == 0) return moments;
  moments.mean = sum / static_cast<double>(moments.count);
  double squares = 0;
  for (size_t at = column; at < table.values.size(); at += width) {
    if (table.missing[at] != 0) continue;
    const double difference = Transformed(feature, static_cast<double>(table.values[at])) - moments.mean;
    squares += difference * difference;
  }
  moments.deviation = std::sqrt(squares / static_cast<double>(moments.count));
  // Rounding alone is not variation: a constant column is 0 everywhere.
  if (moments.deviation <= 1e-12 * std::fabs(moments.mean)) moments.deviation = 0;
  return moments;
}

absl::Status FitFeature(const TrainingTable& table, size_t column, Scaling scaling, Feature& feature) {
  if (feature.scale() != 0) return absl::OkStatus();
  const Moments moments = Measure(table, column, feature);
  if (moments.count == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("feature \"", feature.name(), "\" has no value in any row; leave it out"));
  }
  if (scaling == Scaling::kStandard) {
    feature.set_mean(moments.mean);
    feature.set_scale(moments.deviation > 0 ? moments.deviation : 1);
    return absl::OkStatus();
  }
  feature.set_mean(0);
  feature.set_scale(1);
  const bool mean_rule = feature.missing() == internal::v1::MISSING_RULE_UNSPECIFIED ||
                         feature.missing() == internal::v1::MISSING_RULE_MEAN;
  if (mean_rule) {
    // Without a subtracted mean, a scaled 0 is not the typical value: say the typical value in raw units instead.
    const bool log1p = feature.transform() == internal::v1::TRANSFORM_LOG1P;
    feature.set_missing(internal::v1::MISSING_RULE_VALUE);
    feature.set_missing_value(log1p ? std::expm1(moments.mean) : moments.mean);
  }
  return absl::OkStatus();
}

// Scales every row exactly as the server will. Shape: [rows x dim].
absl::StatusOr<std::vector<float>> ScaleTable(const TrainingTable& table, const scoring::FeatureSchema& schema) {
  const size_t dim = schema.size();
  std::vector<float> scaled(table.values.size());
  for (size_t row = 0; row < table.rows; ++row) {
    const size_t begin = row * dim;
    const int bad = schema.Scale({table.values.data() + begin, dim}, {table.missing.data() + begin, dim},
                                 {scaled.data() + begin, dim});
    if (bad < 0) continue;
    const auto column = static_cast<size_t>(bad);
    const char* why = table.missing[begin + column] != 0 ? "is missing, and its schema says MISSING_RULE_REFUSE"
                                                         : "cannot be scaled to a finite number";
    return absl::InvalidArgumentError(
        absl::StrCat("row ", row + 1, " of the data: \"", table.columns[column], "\" ", why));
  }
  return scaled;
}

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
  thresholds->set_distance_max(Quantile(kmeans.distances, choice.distance_quantile));
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
  const auto dim = static_cast<size_t>(schema.features_size());
  if (dim != table.columns.size()) return absl::InvalidArgumentError("schema: not one feature for each column");
  for (size_t column = 0; column < dim; ++column) {
    Feature& feature = *schema.mutable_features(static_cast<int>(column));
    if (absl::Status status = FitFeature(table, column, options.scaling, feature); !status.ok()) return status;
  }
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
  AddSegmentCards(*scaled, *kmeans, means, model);
  training.margin_median = Quantile(kmeans->margins, 0.5);
  training.best_start = kmeans->best_start;
  training.sizes = std::move(kmeans->sizes);
  return training;
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
    found->MergeFrom(card);
  }
  return absl::OkStatus();
}

}  // namespace assent::client
