#include "scoring/feature_schema.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

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
float Narrow(double value) {
  if (std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max())) return static_cast<float>(value);
  const float infinity = std::numeric_limits<float>::infinity();
  return value > 0 ? infinity : -infinity;
}

absl::Status Check(const Feature& feature, size_t index) {
  const auto refuse = [&](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("feature ", index, " '", feature.name, "': ", what));
  };
  if (!IsName(feature.name)) {
    // The name may hold anything here, so it is not repeated.
    return absl::InvalidArgumentError(absl::StrCat("feature ", index, ": the name must have 1 to ", kFeatureNameMax,
                                                   " characters of [A-Za-z0-9_.-]"));
  }
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

}  // namespace

float Feature::Scale(double raw) const {
  double value = std::clamp(raw, clip_min, clip_max);
  if (transform == Transform::kLog1p) value = std::log1p(value);
  return Narrow((value - mean) / scale);
}

double Feature::Unscale(double scaled) const {
  const double value = scaled * scale + mean;
  return transform == Transform::kLog1p ? std::expm1(value) : value;
}

absl::StatusOr<FeatureSchema> FeatureSchema::Create(std::vector<Feature> features) {
  if (features.empty()) return absl::InvalidArgumentError("a schema needs at least one feature");
  if (features.size() > kFeaturesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("a schema has at most ", kFeaturesMax, " features, this one has ", features.size()));
  }
  FeatureSchema schema;
  for (size_t i = 0; i < features.size(); ++i) {
    Feature& feature = features[i];
    if (feature.transform == Transform::kLog1p && feature.clip_min == -std::numeric_limits<double>::infinity()) {
      feature.clip_min = 0;
    }
    if (absl::Status status = Check(feature, i); !status.ok()) return status;
    if (!schema.index_by_name_.emplace(feature.name, static_cast<int>(i)).second) {
      return absl::InvalidArgumentError(absl::StrCat("feature ", i, " '", feature.name, "': the name is repeated"));
    }
  }
  schema.features_ = std::move(features);
  schema.MakeBlocks();
  return schema;
}

void FeatureSchema::MakeBlocks() {
  blocks_.resize((features_.size() + kScaleBlock - 1) / kScaleBlock);
  for (size_t i = 0; i < features_.size(); ++i) {
    const Feature& feature = features_[i];
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
  const size_t blocks = features_.size() / kScaleBlock;  // whole ones
  const size_t done = kernels.scale(blocks_.data(), blocks, raw.data(), scaled.data());
  // Where something is wrong, the slow way finds out what.
  if (done != blocks) return ScaleEach(done * kScaleBlock, raw, missing, scaled);
  const size_t whole = blocks * kScaleBlock;
  if (whole == features_.size()) return -1;
  std::array<float, kScaleBlock> padded = {};
  std::array<float, kScaleBlock> result;
  std::copy(raw.begin() + static_cast<ptrdiff_t>(whole), raw.end(), padded.begin());
  if (kernels.scale(&blocks_.back(), 1, padded.data(), result.data()) != 1) {
    return ScaleEach(whole, raw, missing, scaled);
  }
  std::copy_n(result.begin(), features_.size() - whole, scaled.begin() + static_cast<ptrdiff_t>(whole));
  return -1;
}

int FeatureSchema::ScaleEach(size_t begin, std::span<const float> raw, std::span<const uint8_t> missing,
                             std::span<float> scaled) const {
  for (size_t i = begin; i < features_.size(); ++i) {
    const Feature& feature = features_[i];
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
