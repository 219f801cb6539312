#include "tests/server/sample_model.h"

#include <cstring>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "assent/v1/purpose.pb.h"
#include "storage/model_file.h"

namespace assent::server {
namespace {

void AddFeature(const std::string& name, double mean, double scale, internal::v1::MissingRule missing,
                internal::v1::ModelFile& file) {
  internal::v1::Feature& feature = *file.mutable_schema()->add_features();
  feature.set_name(name);
  feature.set_unit("units of " + name);
  feature.set_changeable(true);
  feature.set_mean(mean);
  feature.set_scale(scale);
  feature.set_missing(missing);
}

internal::v1::SegmentCard& AddSegment(const std::string& id, const std::vector<float>& centroid,
                                      internal::v1::ModelFile& file) {
  std::string bytes(centroid.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), centroid.data(), bytes.size());
  file.mutable_centroids()->append(bytes);
  internal::v1::SegmentCard& card = *file.add_segments();
  card.set_segment_id(id);
  card.set_label("Label of " + id);
  return card;
}

}  // namespace

internal::v1::ModelFile SampleModelFile(const std::string& name, bool refuse_missing) {
  internal::v1::ModelFile file;
  AddFeature("minutes", 60, 30, internal::v1::MISSING_RULE_MEAN, file);
  AddFeature("sessions", 10, 5, refuse_missing ? internal::v1::MISSING_RULE_REFUSE : internal::v1::MISSING_RULE_MEAN,
             file);
  AddSegment("light", {-1, -1}, file).set_iab_audience_id(7);
  AddSegment("heavy", {2, 2}, file);
  AddSegment("content-only", {-1, 2}, file).add_allowed_purposes(v1::PURPOSE_SELECT_CONTENT);
  AddSegment("health", {2, -1}, file).set_sensitivity(internal::v1::SENSITIVITY_SPECIAL_CATEGORY);
  file.mutable_abstention()->set_margin_min(0.5);
  file.mutable_abstention()->set_distance_max(25);
  file.set_temperature(1);
  file.add_background_mean(0);
  file.add_background_mean(0);
  file.mutable_provenance()->set_name(name);
  return file;
}

scoring::Model SampleModel(const std::string& name, bool refuse_missing) {
  return *storage::ModelFromMessage(SampleModelFile(name, refuse_missing));
}

scoring::Model NoiseModel(size_t k, size_t dim, uint64_t seed) {
  std::minstd_rand random(static_cast<uint32_t>(seed));
  const auto noise = [&random] { return static_cast<float>(random() % 2001) * 0.001f - 1.0f; };
  internal::v1::ModelFile file;
  for (size_t i = 0; i < dim; ++i) {
    AddFeature(absl::StrCat("f", i), noise(), 1.5 + noise(), internal::v1::MISSING_RULE_MEAN, file);
    file.add_background_mean(0);
  }
  for (size_t i = 0; i < k; ++i) {
    std::vector<float> centroid(dim);
    for (float& value : centroid) value = noise();
    AddSegment(absl::StrCat("s", i), centroid, file);
  }
  file.set_temperature(1);
  file.mutable_provenance()->set_name(absl::StrCat("noise-", seed));
  return *storage::ModelFromMessage(file);
}

}  // namespace assent::server
