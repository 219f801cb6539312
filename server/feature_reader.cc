#include "server/feature_reader.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

// The path of a feature of the schema. A name that the schema does not know may be anything, a person's too, and is
// never repeated.
std::string NamedField(const scoring::Feature& feature) { return absl::StrCat("features.named[", feature.name, "]"); }

}  // namespace

void FeatureReader::Reserve(size_t dim) {
  dim_ = dim;
  if (raw_.size() >= dim) return;
  raw_.resize(dim);
  missing_.resize(dim);
  scaled_.resize(dim);
}

absl::Status ScaleError(absl::string_view field, const scoring::FeatureSchema& schema, int position, bool missing) {
  const std::string& name = schema.scored(static_cast<size_t>(position)).name;
  if (missing) {
    return MakeError(Reason::kFeatureMissing, field,
                     absl::StrCat("feature ", name, " is missing and has no substitute"), {{"feature", name}});
  }
  return MakeError(Reason::kFeatureNotFinite, field, absl::StrCat("feature ", name, " is not a finite number"),
                   {{"feature", name}});
}

absl::Status FeatureReader::TakeNamed(const v1::FeatureVector& features, const scoring::FeatureSchema& schema,
                                      size_t named_max) {
  if (features.named().size() > named_max) {
    return MakeLimitError(Reason::kTooManyEntries, "features.named", "has more entries than", named_max);
  }
  std::fill_n(missing_.begin(), dim_, uint8_t{1});
  std::fill_n(raw_.begin(), dim_, 0.0f);
  for (const auto& [name, value] : features.named()) {
    const int index = schema.Find(name);
    if (index < 0)
      return MakeError(Reason::kFeatureUnknown, "features.named", "has a name that is no feature of the model");
    const scoring::Feature& feature = schema[static_cast<size_t>(index)];
    if (feature.aggregate.has_value()) {
      return MakeError(Reason::kFeatureUnknown, feature.auxiliary ? "features.named" : NamedField(feature),
                       "is computed from events and cannot be given");
    }
    const auto position = static_cast<size_t>(schema.position(static_cast<size_t>(index)));
    raw_[position] = value;
    missing_[position] = 0;
  }
  return absl::OkStatus();
}

absl::Status FeatureReader::PositionError(const scoring::FeatureSchema& schema, int position) const {
  const auto index = static_cast<size_t>(position);
  const bool missing = missing_[index] != 0;
  const scoring::Feature& feature = schema.scored(index);
  if (feature.aggregate.has_value()) return ScaleError("features", schema, position, missing);
  if (!dense_) return ScaleError(NamedField(feature), schema, position, missing);
  const std::span<const uint32_t> direct = schema.direct();
  const auto found = std::lower_bound(direct.begin(), direct.end(), static_cast<uint32_t>(position));
  return ScaleError(absl::StrCat("features.dense[", found - direct.begin(), "]"), schema, position, missing);
}

absl::Status FeatureReader::Take(const v1::FeatureVector& features, const scoring::FeatureSchema& schema,
                                 size_t named_max) {
  const auto dense = static_cast<size_t>(features.dense_size());
  dense_ = dense != 0;
  values_ = {raw_.data(), dim_};
  if (dense_ && features.named_size() != 0) {
    return MakeError(Reason::kFeaturesAmbiguous, "features", "give dense or named, not both");
  }
  if (!dense_) return TakeNamed(features, schema, named_max);
  const std::span<const uint32_t> direct = schema.direct();
  if (dense != direct.size()) {
    return MakeLimitError(Reason::kFeatureDimensionMismatch, "features.dense", "the number of values must be",
                          direct.size());
  }
  if (schema.all_direct()) {
    values_ = {features.dense().data(), dense};
    std::fill_n(missing_.begin(), dim_, uint8_t{0});
    return absl::OkStatus();
  }
  std::fill_n(missing_.begin(), dim_, uint8_t{1});
  for (size_t i = 0; i < dense; ++i) {
    raw_[direct[i]] = features.dense(static_cast<int>(i));
    missing_[direct[i]] = 0;
  }
  return absl::OkStatus();
}

absl::Status FeatureReader::Scale(const scoring::FeatureSchema& schema) {
  // Scaling is a little faster where nothing can be missing.
  const bool complete = dense_ && schema.all_direct();
  const int bad = schema.Scale(values_, complete ? std::span<const uint8_t>() : missing(), {scaled_.data(), dim_});
  return bad < 0 ? absl::OkStatus() : PositionError(schema, bad);
}

absl::Status FeatureReader::Read(const v1::FeatureVector& features, const scoring::FeatureSchema& schema,
                                 size_t named_max) {
  if (absl::Status status = Take(features, schema, named_max); !status.ok()) return status;
  return Scale(schema);
}

absl::Status FeatureReader::TakeDirect(const v1::FeatureVector& features, const scoring::FeatureSchema& schema,
                                       size_t named_max) {
  if (absl::Status status = Take(features, schema, named_max); !status.ok()) return status;
  for (const uint32_t position : schema.direct()) {
    const scoring::Feature& feature = schema.scored(position);
    const bool refused = missing_[position] != 0
                             ? feature.missing == scoring::MissingRule::kRefuse
                             : !std::isfinite(values_[position]) || !std::isfinite(feature.Scale(values_[position]));
    if (refused) return PositionError(schema, static_cast<int>(position));
  }
  return absl::OkStatus();
}

}  // namespace assent::server
