#include "client/scaling.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/model_file.h"

namespace assent::client {
namespace {

using internal::v1::Feature;

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

}  // namespace

std::vector<int> ScoredFeatures(const internal::v1::FeatureSchema& schema) {
  std::vector<int> scored;
  for (int index = 0; index < schema.features_size(); ++index) {
    if (!schema.features(index).auxiliary()) scored.push_back(index);
  }
  return scored;
}

absl::Status FitSchema(const TrainingTable& table, Scaling scaling, internal::v1::FeatureSchema& schema) {
  const std::vector<int> scored = ScoredFeatures(schema);
  if (scored.size() != table.columns.size()) {
    return absl::InvalidArgumentError("schema: not one scored feature for each column");
  }
  for (auto& feature : *schema.mutable_features()) {
    if (feature.auxiliary() && feature.scale() == 0) feature.set_scale(1);
  }
  for (size_t column = 0; column < scored.size(); ++column) {
    Feature& feature = *schema.mutable_features(scored[column]);
    if (absl::Status status = FitFeature(table, column, scaling, feature); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<float>> ScaleTable(const TrainingTable& table, const scoring::FeatureSchema& schema) {
  const size_t dim = table.columns.size();
  std::vector<float> scaled(table.values.size());
  for (size_t row = 0; row < table.rows; ++row) {
    const size_t begin = row * dim;
    const int bad = schema.Scale({table.values.data() + begin, dim}, {table.missing.data() + begin, dim},
                                 {scaled.data() + begin, dim});
    if (bad < 0) continue;
    const auto column = static_cast<size_t>(bad);
    const char* why = table.missing[begin + column] != 0 ? "is missing, and its schema says MISSING_RULE_REFUSE"
                                                         : "cannot be scaled to a finite number";
    return absl::InvalidArgumentError(absl::StrCat(table.row_noun, " ",
                                                   table.row_numbers.empty() ? row + 1 : table.row_numbers[row],
                                                   " of the data: \"", table.columns[column], "\" ", why));
  }
  return scaled;
}

SplitTables Split(const TrainingTable& table, double held_out_share, uint64_t seed) {
  const auto held_out = static_cast<size_t>(held_out_share * static_cast<double>(table.rows));
  const std::vector<size_t> chosen = SampleRows(table.rows, held_out, seed);
  SplitTables split;
  for (TrainingTable* part : {&split.training, &split.held_out}) {
    part->columns = table.columns;
    part->sha256 = table.sha256;
    part->row_noun = table.row_noun;
  }
  auto next = chosen.begin();
  const size_t width = table.columns.size();
  for (size_t row = 0; row < table.rows; ++row) {
    const bool held = next != chosen.end() && *next == row;
    if (held) ++next;
    TrainingTable& part = held ? split.held_out : split.training;
    for (size_t at = row * width; at < (row + 1) * width; ++at) {
      part.values.push_back(table.values[at]);
      part.missing.push_back(table.missing[at]);
      part.missing_cells += table.missing[at];
    }
    part.row_numbers.push_back(table.row_numbers.empty() ? row + 1 : table.row_numbers[row]);
    ++part.rows;
  }
  return split;
}

}  // namespace assent::client
