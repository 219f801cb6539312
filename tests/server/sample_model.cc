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

internal::v1::ModelFile ProfileModelFile(const std::string& name, int profile_purpose) {
  internal::v1::ModelFile file;
  AddFeature("minutes", 60, 30, internal::v1::MISSING_RULE_MEAN, file);
  AddFeature("purchases", 0, 1, internal::v1::MISSING_RULE_MEAN, file);
  AddFeature("spend", 0, 10, internal::v1::MISSING_RULE_MEAN, file);
  internal::v1::FeatureSchema& schema = *file.mutable_schema();
  schema.set_profile_purpose(profile_purpose);
  schema.add_other_event_types("heartbeat");
  internal::v1::AggregateSource& purchases = *schema.mutable_features(1)->mutable_aggregate();
  purchases.set_function(internal::v1::AGGREGATE_FUNCTION_COUNT);
  purchases.set_event_type("purchase");
  internal::v1::AggregateSource& spend = *schema.mutable_features(2)->mutable_aggregate();
  spend.set_function(internal::v1::AGGREGATE_FUNCTION_SUM);
  spend.set_event_type("purchase");
  spend.set_attribute("price");
  const std::vector<std::pair<std::string, float>> segments = {{"browser", 0}, {"buyer", 2}, {"collector", 6}};
  for (const auto& [id, place] : segments) AddSegment(id, {0, place, place}, file);
  file.set_temperature(1);
  for (int i = 0; i < 3; ++i) file.add_background_mean(0);
  file.mutable_provenance()->set_name(name);
  return file;
}

scoring::Model ProfileModel(const std::string& name, int profile_purpose) {
  return *storage::ModelFromMessage(ProfileModelFile(name, profile_purpose));
}

v1::Event PurchaseEvent(const std::string& event_id, double price, int64_t now_us, int64_t seconds_ago) {
  v1::Event event;
  event.set_event_id(event_id);
  event.set_type("purchase");
  event.mutable_time()->set_seconds(now_us / 1'000'000 - seconds_ago);
  (*event.mutable_attributes())["price"].set_number(price);
  return event;
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
