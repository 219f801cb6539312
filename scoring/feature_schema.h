// The features that a model reads: their order, meaning, and the way from a raw value to a scaled one.
#ifndef ASSENT_SCORING_FEATURE_SCHEMA_H_
#define ASSENT_SCORING_FEATURE_SCHEMA_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "scoring/aggregate.h"
#include "scoring/scale_block.h"

namespace assent::scoring {

inline constexpr size_t kFeaturesMax = 1024;
inline constexpr size_t kFeatureNameMax = 64;  // characters

enum class Transform : uint8_t { kIdentity, kLog1p };
enum class MissingRule : uint8_t { kMean, kValue, kRefuse };
enum class Sensitivity : uint8_t { kNone, kRestricted, kSpecialCategory };

// One feature: given directly with a request, or an aggregate over the subject's events. Scaled value =
// (transform(clip(raw)) - mean) / scale, computed in double, rounded once to float32.
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
  double missing_value = 0;            // raw units, for MissingRule::kValue
  std::optional<Aggregate> aggregate;  // unset: direct
  Normalisation normalisation = Normalisation::kNone;
  std::string divisor;     // name of the aggregate feature that this one is divided by, unless kNone
  bool auxiliary = false;  // an aggregate that is only a divisor, and not scored

  // Threads: safe. Cost: no allocation. `raw` must be finite. What does not fit a float32 comes back infinite.
  float Scale(double raw) const;
  // The raw value whose scaled value is `scaled`, before the clip.
  double Unscale(double scaled) const;
};

// What a schema says about events as a whole.
struct EventRules {
  int profile_purpose = 0;                          // number of the profile's purpose; 0 where there is no aggregate
  std::vector<std::string> other_event_types = {};  // expected, although no aggregate reads them
};

// An ordered, immutable list of features with distinct names. There are three orders, each a part of the one before:
// all features (index, size()); the scored ones, which are all but the auxiliary aggregates (position, scored_size(),
// the centroids' dimension); the direct ones, which `dense` and the columns of a batch list. Without aggregates the
// three are one. Everything outside this file and ProfileLayout speaks of positions.
// Threads: safe.
class FeatureSchema {
 public:
  // Errors: InvalidArgument that names the feature and the limit: no feature or none that is scored, more than
  // kFeaturesMax, a name that is empty, too long, of other characters or repeated, scale not > 0, clip_min > clip_max,
  // log1p with clip_min not above -1, a number that is not finite; more than kAggregatesMax aggregates, one that
  // CheckAggregate refuses, a divisor that is no other aggregate of the schema, is divided itself, or does not fit the
  // normalisation, an auxiliary or divided feature that is direct, a profile purpose without aggregates or the other
  // way round, too many, too long, empty or repeated other_event_types. An unset clip_min (minus infinity) is taken as
  // 0 under log1p. An auxiliary feature's mean and scale are not read.
  static absl::StatusOr<FeatureSchema> Create(std::vector<Feature> features, EventRules events = {});

  size_t size() const { return features_.size(); }
  const Feature& operator[](size_t index) const { return features_[index]; }
  std::span<const Feature> features() const { return features_; }

  size_t scored_size() const { return scored_.size(); }
  const Feature& scored(size_t position) const { return features_[scored_[position]]; }
  // Position of each direct feature, ascending.
  std::span<const uint32_t> direct() const { return direct_; }
  bool all_direct() const { return direct_.size() == features_.size(); }

  // Index of a feature by name, or -1. Cost: one hash, no allocation.
  int Find(absl::string_view name) const;
  // Position of the feature at `index`, or -1 where it is auxiliary.
  int position(size_t index) const { return positions_[index]; }
  // Index of the feature that the one at `index` is divided by, or -1.
  int divisor(size_t index) const { return divisors_[index]; }

  int profile_purpose() const { return events_.profile_purpose; }
  const std::vector<std::string>& other_event_types() const { return events_.other_event_types; }

  // Scales `raw` into `scaled`; both [scored_size()]. `missing` is empty or [scored_size()]; where it is non-zero the
  // rule for missing values supplies the value and raw[i] is ignored. Returns -1, or the position of the first feature
  // that cannot be scaled: not finite, missing under kRefuse, or too large for a float32 once scaled. `scaled` is then
  // unspecified. Cost: no allocation.
  int Scale(std::span<const float> raw, std::span<const uint8_t> missing, std::span<float> scaled) const;

 private:
  FeatureSchema() = default;
  void MakeOrders();
  absl::Status FindDivisors();
  void MakeBlocks();
  // Scale, one feature after the other, from position `begin`.
  int ScaleEach(size_t begin, std::span<const float> raw, std::span<const uint8_t> missing,
                std::span<float> scaled) const;

  std::vector<Feature> features_;
  EventRules events_;
  std::vector<uint32_t> scored_;    // [position] index
  std::vector<uint32_t> direct_;    // position
  std::vector<int> positions_;      // [index] position or -1
  std::vector<int> divisors_;       // [index] index or -1
  std::vector<ScaleBlock> blocks_;  // the numbers of the scored features, for the kernel
  absl::flat_hash_map<std::string, int> index_by_name_;
};

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_FEATURE_SCHEMA_H_
