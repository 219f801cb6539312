#include "scoring/feature_schema.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "scoring/instruction_set.h"

namespace assent::scoring {
namespace {

bool IsName(absl::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  };
  return !name.empty() && name.size() <= kFeatureNameMax && std::all_of(name.begin(), name.end(), allowed);
}

// Rounds to float32; what does not fit becomes infinite, in so many words.
float ToFloat(double value) {
  if (std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max())) return static_cast<float>(value);
  const float infinity = std::numeric_limits<float>::infinity();
  return value > 0 ? infinity : -infinity;
}

absl::Status Refuse(const Feature& feature, size_t index, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("feature ", index, " '", feature.name, "': ", what));
}

// What only aggregates have.
absl::Status CheckSource(const Feature& feature, size_t index) {
  if (feature.aggregate.has_value()) {
    const absl::Status status = CheckAggregate(*feature.aggregate);
    return status.ok() ? status : Refuse(feature, index, status.message());
  }
  if (feature.auxiliary) return Refuse(feature, index, "only an aggregate can be auxiliary");
  if (feature.normalisation != Normalisation::kNone) {
    return Refuse(feature, index, "only an aggregate can have share_of or ratio_to");
  }
  return absl::OkStatus();
}

absl::Status Check(const Feature& feature, size_t index) {
  const auto refuse = [&](absl::string_view what) { return Refuse(feature, index, what); };
  if (!IsName(feature.name)) {
    // The name may hold anything here, so it is not repeated.
    return absl::InvalidArgumentError(absl::StrCat("feature ", index, ": the name must have 1 to ", kFeatureNameMax,
                                                   " characters of [A-Za-z0-9_.-]"));
  }
  if (absl::Status status = CheckSource(feature, index); !status.ok()) return status;
  if (feature.auxiliary) return absl::OkStatus();  // never scaled
  if (std::isnan(feature.clip_min) || std::isnan(feature.clip_max)) return refuse("a clip limit is not a number");
  if (feature.clip_min > feature.clip_max) return refuse("clip_min is above clip_max");
  if (feature.transform == Transform::kLog1p && !(feature.clip_min > -1)) {
    return refuse("log1p needs clip_min above -1");
  }
  if (!std::isfinite(feature.mean)) return refuse("the mean must be finite");
  if (!(std::isfinite(feature.scale) && feature.scale > 0)) return refuse("the scale must be finite and above 0");
  if (feature.missing == MissingRule::kValue) {
    if (!std::isfinite(feature.missing_value)) return refuse("missing_value must be finite");
    if (!std::isfinite(feature.Scale(feature.missing_value))) return refuse("missing_value is too large once scaled");
  }
  return absl::OkStatus();
}

// Why `part` cannot be divided by `whole`, or empty.
std::string DivisionProblem(const Feature& part, const Feature& whole) {
  const absl::string_view what = part.normalisation == Normalisation::kShareOf ? "share_of" : "ratio_to";
  if (&part == &whole) return absl::StrCat(what, " names the feature itself");
  if (!whole.aggregate.has_value()) return absl::StrCat(what, " names '", whole.name, "', which is not an aggregate");
  if (whole.normalisation != Normalisation::kNone) {
    return absl::StrCat(what, " names '", whole.name, "', which is divided itself");
  }
  if (part.normalisation != Normalisation::kShareOf) return "";
  const AggregateFunction function = part.aggregate->function;
  const bool has_parts = function == AggregateFunction::kCount || function == AggregateFunction::kSum ||
                         function == AggregateFunction::kDistinct;
  if (!has_parts) return "only a count, sum or distinct can be a share; use ratio_to";
  if (whole.aggregate->function != function || whole.aggregate->attribute != part.aggregate->attribute ||
      whole.aggregate->half_life_days != part.aggregate->half_life_days) {
    return absl::StrCat("share_of names '", whole.name,
                        "', which has another function, attribute or half-life; use ratio_to");
  }
  return "";
}

absl::Status CheckEvents(const EventRules& events, size_t aggregates) {
  if (aggregates > kAggregatesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("a schema has at most ", kAggregatesMax, " aggregates, this one has ", aggregates));
  }
  if (aggregates != 0 && events.profile_purpose <= 0) {
    return absl::InvalidArgumentError("profile_purpose: required, because a feature is an aggregate");
  }
  if (aggregates == 0 && events.profile_purpose != 0) {
    return absl::InvalidArgumentError("profile_purpose: must be left out, because no feature is an aggregate");
  }
  if (events.other_event_types.size() > kOtherEventTypesMax) {
    return absl::InvalidArgumentError(absl::StrCat("other_event_types: more than ", kOtherEventTypesMax));
  }
  absl::flat_hash_set<absl::string_view> seen;
  for (size_t i = 0; i < events.other_event_types.size(); ++i) {
    const std::string& type = events.other_event_types[i];
    if (type.empty() || type.size() > kEventNameBytesMax) {
      return absl::InvalidArgumentError(
          absl::StrCat("other_event_types[", i, "]: must have 1 to ", kEventNameBytesMax, " bytes"));
    }
    if (!seen.insert(type).second) {
      return absl::InvalidArgumentError(absl::StrCat("other_event_types[", i, "]: is repeated"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

float Feature::Scale(double raw) const {
  double value = std::clamp(raw, clip_min, clip_max);
  if (transform == Transform::kLog1p) value = std::log1p(value);
  return ToFloat((value - mean) / scale);
}

double Feature::Unscale(double scaled) const {
  const double value = scaled * scale + mean;
  return transform == Transform::kLog1p ? std::expm1(value) : value;
}

absl::StatusOr<FeatureSchema> FeatureSchema::Create(std::vector<Feature> features, EventRules events) {
  if (features.empty()) return absl::InvalidArgumentError("a schema needs at least one feature");
  if (features.size() > kFeaturesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("a schema has at most ", kFeaturesMax, " features, this one has ", features.size()));
  }
  FeatureSchema schema;
  size_t aggregates = 0;
  for (size_t i = 0; i < features.size(); ++i) {
    Feature& feature = features[i];
    if (feature.transform == Transform::kLog1p && feature.clip_min == -std::numeric_limits<double>::infinity()) {
      feature.clip_min = 0;
    }
    if (absl::Status status = Check(feature, i); !status.ok()) return status;
    if (!schema.index_by_name_.emplace(feature.name, static_cast<int>(i)).second) {
      return absl::InvalidArgumentError(absl::StrCat("feature ", i, " '", feature.name, "': the name is repeated"));
    }
    if (feature.aggregate.has_value()) ++aggregates;
  }
  if (absl::Status status = CheckEvents(events, aggregates); !status.ok()) return status;
  schema.features_ = std::move(features);
  schema.events_ = std::move(events);
  if (absl::Status status = schema.FindDivisors(); !status.ok()) return status;
  schema.MakeOrders();
  if (schema.scored_.empty()) return absl::InvalidArgumentError("every feature is auxiliary: nothing is scored");
  schema.MakeBlocks();
  return schema;
}

absl::Status FeatureSchema::FindDivisors() {
  divisors_.assign(features_.size(), -1);
  for (size_t i = 0; i < features_.size(); ++i) {
    const Feature& feature = features_[i];
    if (feature.normalisation == Normalisation::kNone) continue;
    const int found = Find(feature.divisor);
    // The name may hold anything, so it is not repeated.
    if (found < 0) return Refuse(feature, i, "share_of or ratio_to names no feature of the schema");
    const std::string problem = DivisionProblem(feature, features_[static_cast<size_t>(found)]);
    if (!problem.empty()) return Refuse(feature, i, problem);
    divisors_[i] = found;
  }
  return absl::OkStatus();
}

void FeatureSchema::MakeOrders() {
  positions_.assign(features_.size(), -1);
  for (size_t i = 0; i < features_.size(); ++i) {
    if (features_[i].auxiliary) continue;
    const auto position = static_cast<uint32_t>(scored_.size());
    positions_[i] = static_cast<int>(position);
    if (!features_[i].aggregate.has_value()) direct_.push_back(position);
    scored_.push_back(static_cast<uint32_t>(i));
  }
}

void FeatureSchema::MakeBlocks() {
  blocks_.resize((scored_.size() + kScaleBlock - 1) / kScaleBlock);
  for (size_t i = 0; i < scored_.size(); ++i) {
    const Feature& feature = scored(i);
    ScaleBlock& block = blocks_[i / kScaleBlock];
    const size_t lane = i % kScaleBlock;
    block.clip_min[lane] = feature.clip_min;
    block.clip_max[lane] = feature.clip_max;
    block.mean[lane] = feature.mean;
    block.scale[lane] = feature.scale;
    if (feature.transform == Transform::kLog1p) block.log1p |= 1u << lane;
  }
}

int FeatureSchema::Find(absl::string_view name) const {
  const auto found = index_by_name_.find(name);
  return found == index_by_name_.end() ? -1 : found->second;
}

int FeatureSchema::Scale(std::span<const float> raw, std::span<const uint8_t> missing, std::span<float> scaled) const {
  if (!missing.empty()) return ScaleEach(0, raw, missing, scaled);
  const ScreenKernels& kernels = KernelsInUse();
  const size_t blocks = scored_.size() / kScaleBlock;  // whole ones
  const size_t done = kernels.scale(blocks_.data(), blocks, raw.data(), scaled.data());
  // Where something is wrong, the slow way finds out what.
  if (done != blocks) return ScaleEach(done * kScaleBlock, raw, missing, scaled);
  const size_t whole = blocks * kScaleBlock;
  if (whole == scored_.size()) return -1;
  std::array<float, kScaleBlock> padded = {};
  std::array<float, kScaleBlock> result;
  std::copy(raw.begin() + static_cast<ptrdiff_t>(whole), raw.end(), padded.begin());
  if (kernels.scale(&blocks_.back(), 1, padded.data(), result.data()) != 1) {
    return ScaleEach(whole, raw, missing, scaled);
  }
  std::copy_n(result.begin(), scored_.size() - whole, scaled.begin() + static_cast<ptrdiff_t>(whole));
  return -1;
}

int FeatureSchema::ScaleEach(size_t begin, std::span<const float> raw, std::span<const uint8_t> missing,
                             std::span<float> scaled) const {
  for (size_t i = begin; i < scored_.size(); ++i) {
    const Feature& feature = scored(i);
    if (!missing.empty() && missing[i] != 0) {
      if (feature.missing == MissingRule::kRefuse) return static_cast<int>(i);
      scaled[i] = feature.missing == MissingRule::kValue ? feature.Scale(feature.missing_value) : 0.0f;
      continue;
    }
    if (!std::isfinite(raw[i])) return static_cast<int>(i);
    scaled[i] = feature.Scale(static_cast<double>(raw[i]));
    if (!std::isfinite(scaled[i])) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace assent::scoring
