// The features that a model reads: their order, meaning, and the way from a raw value to a scaled one.
#ifndef ASSENT_SCORING_FEATURE_SCHEMA_H_
#define ASSENT_SCORING_FEATURE_SCHEMA_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "scoring/scale_block.h"

namespace assent::scoring {

inline constexpr size_t kFeaturesMax = 1024;
inline constexpr size_t kFeatureNameMax = 64;  // characters

enum class Transform : uint8_t { kIdentity, kLog1p };
enum class MissingRule : uint8_t { kMean, kValue, kRefuse };
enum class Sensitivity : uint8_t { kNone, kRestricted, kSpecialCategory };

// One feature. Scaled value = (transform(clip(raw)) - mean) / scale, computed in double, rounded once to float32.
struct Feature {
  std::string name;
  std::string unit;
  Sensitivity sensitivity = Sensitivity::kNone;
  bool changeable = false;
  Transform transform = Transform::kIdentity;
  double clip_min = -std::numeric_limits<double>::infinity();  // raw units
  double clip_max = std::numeric_limits<double>::infinity();   // raw units
  double mean = 0;                                             // transformed units
  double scale = 1;                                            // transformed units, > 0
  MissingRule missing = MissingRule::kMean;
  double missing_value = 0;  // raw units, for MissingRule::kValue

  // Threads: safe. Cost: no allocation. `raw` must be finite. What does not fit a float32 comes back infinite.
  float Scale(double raw) const;
  // The raw value whose scaled value is `scaled`, before the clip.
  double Unscale(double scaled) const;
};

// An ordered, immutable list of features with distinct names.
// Threads: safe.
class FeatureSchema {
 public:
  // Errors: InvalidArgument that names the feature and the limit: no feature, more than kFeaturesMax, a name that is
  // empty, too long, of other characters or repeated, scale not > 0, clip_min > clip_max, log1p with clip_min not above
  // -1, a number that is not finite. An unset clip_min (minus infinity) is taken as 0 under log1p.
  static absl::StatusOr<FeatureSchema> Create(std::vector<Feature> features);

  size_t size() const { return features_.size(); }
  const Feature& operator[](size_t index) const { return features_[index]; }
  std::span<const Feature> features() const { return features_; }

  // Index of a feature by name, or -1. Cost: one hash, no allocation.
  int Find(absl::string_view name) const;

  // Scales `raw` into `scaled`; both [size()]. `missing` is empty or [size()]; where it is non-zero the rule for
  // missing values supplies the value and raw[i] is ignored. Returns -1, or the index of the first feature that cannot
  // be scaled: not finite, missing under kRefuse, or too large for a float32 once scaled. `scaled` is then unspecified.
  // Cost: no allocation.
  int Scale(std::span<const float> raw, std::span<const uint8_t> missing, std::span<float> scaled) const;

 private:
  FeatureSchema() = default;
  void MakeBlocks();
  // Scale, one feature after the other, from feature `begin`.
  int ScaleEach(size_t begin, std::span<const float> raw, std::span<const uint8_t> missing,
                std::span<float> scaled) const;

  std::vector<Feature> features_;
  std::vector<ScaleBlock> blocks_;  // the same numbers, for the kernel
  absl::flat_hash_map<std::string, int> index_by_name_;
};

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_FEATURE_SCHEMA_H_
