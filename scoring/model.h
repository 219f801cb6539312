// The immutable model value: schema, centroids, segment cards, thresholds, background, provenance.
#ifndef ASSENT_SCORING_MODEL_H_
#define ASSENT_SCORING_MODEL_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "scoring/centroids.h"
#include "scoring/feature_schema.h"
#include "scoring/reference_histogram.h"

namespace assent::scoring {

// One centroid's public face.
struct SegmentCard {
  std::string segment_id;
  std::string label;
  std::string description;
  int32_t iab_audience_id = 0;
  Sensitivity sensitivity = Sensitivity::kNone;
  uint32_t allowed_purposes = 0;  // bit p: purpose number p may use the segment
  uint64_t training_rows = 0;
};

// Thresholds of "not sure". Units: squared scaled feature units. 0 switches one off.
struct Abstention {
  double margin_min = 0;
  double distance_max = 0;
};

struct Provenance {
  std::string name;
  int64_t train_time_s = 0;
  uint64_t training_rows = 0;
  std::string training_data_sha256;
  uint64_t seed = 0;
  double training_cost = 0;
  std::string trainer;
};

// What a Model is made of. `background_mean` is [dim], in scaled units.
struct ModelParts {
  FeatureSchema schema;
  Centroids centroids;
  std::vector<SegmentCard> segments;
  Abstention abstention;
  double temperature = 1;
  std::vector<double> background_mean;
  Provenance provenance;
  std::vector<ReferenceHistogram> reference_histograms = {};  // none, or one a scored feature
  std::array<uint8_t, 32> digest = {};                        // SHA-256 of the model file's content
};

// Threads: safe; all methods are const. Ownership: owns everything.
class Model {
 public:
  // Errors: InvalidArgument that names the part: sizes that disagree, a card without id or with a repeated one, a
  // threshold that is negative or not finite, a temperature not > 0, a reference histogram that
  // CheckReferenceHistogram refuses.
  static absl::StatusOr<Model> Create(ModelParts parts);

  const FeatureSchema& schema() const { return parts_.schema; }
  const Centroids& centroids() const { return parts_.centroids; }
  const std::vector<SegmentCard>& segments() const { return parts_.segments; }
  const Abstention& abstention() const { return parts_.abstention; }
  double temperature() const { return parts_.temperature; }
  const std::vector<double>& background_mean() const { return parts_.background_mean; }
  const Provenance& provenance() const { return parts_.provenance; }
  // Empty, or one a scored feature.
  const std::vector<ReferenceHistogram>& reference_histograms() const { return parts_.reference_histograms; }
  const std::array<uint8_t, 32>& digest() const { return parts_.digest; }
  const std::string& digest_hex() const { return digest_hex_; }

 private:
  explicit Model(ModelParts parts);
  ModelParts parts_;
  std::string digest_hex_;
};

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_MODEL_H_
