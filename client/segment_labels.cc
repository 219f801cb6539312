#include "client/segment_labels.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/scaling.h"
#include "client/terminal.h"
#include "policy/purpose.h"

namespace assent::client {
namespace {

constexpr size_t kFeaturesInLabel = 2;
constexpr size_t kFeaturesInDescription = 4;
constexpr size_t kFeatureColumnsInLabel = 40;
constexpr double kTypical = 0.25;  // fewer standard deviations than this set nothing apart

std::vector<double> Deviations(const std::vector<float>& scaled, const std::vector<double>& means) {
  const size_t dim = means.size();
  std::vector<double> squares(dim, 0.0);
  for (size_t at = 0; at < scaled.size(); ++at) {
    const double difference = static_cast<double>(scaled[at]) - means[at % dim];
    squares[at % dim] += difference * difference;
  }
  const size_t rows = scaled.size() / dim;
  for (double& square : squares) square = std::sqrt(square / static_cast<double>(rows));
  return squares;
}

double Raw(const internal::v1::Feature& feature, double scaled) {
  const double value = scaled * feature.scale() + feature.mean();
  return feature.transform() == internal::v1::TRANSFORM_LOG1P ? std::expm1(value) : value;
}

std::string Words(const internal::v1::Feature& feature) {
  std::string words = absl::StrReplaceAll(feature.name(), {{"_", " "}});
  return DisplayWidth(words) > kFeatureColumnsInLabel ? PadRight(words, kFeatureColumnsInLabel) : words;
}

// Index and difference of the features that set a centroid apart, farthest first.
struct Trait {
  size_t feature;
  double deviations;
};

std::vector<Trait> Traits(const float* centroid, const std::vector<double>& means, const std::vector<double>& spread) {
  std::vector<Trait> traits;
  for (size_t j = 0; j < means.size(); ++j) {
    if (spread[j] > 0) traits.push_back({j, (static_cast<double>(centroid[j]) - means[j]) / spread[j]});
  }
  std::stable_sort(traits.begin(), traits.end(),
                   [](const Trait& a, const Trait& b) { return std::fabs(a.deviations) > std::fabs(b.deviations); });
  return traits;
}

// Feature number `index` of those that are scored.
const internal::v1::Feature& Scored(const internal::v1::FeatureSchema& schema, size_t index) {
  return schema.features(ScoredFeatures(schema)[index]);
}

std::string Label(const internal::v1::FeatureSchema& schema, const std::vector<Trait>& traits) {
  std::vector<std::string> parts;
  for (const Trait& trait : traits) {
    if (parts.size() == kFeaturesInLabel || std::fabs(trait.deviations) < kTypical) break;
    parts.push_back(absl::StrCat(trait.deviations > 0 ? "high " : "low ", Words(Scored(schema, trait.feature))));
  }
  return parts.empty() ? "typical" : absl::StrJoin(parts, ", ");
}

std::string Description(const internal::v1::FeatureSchema& schema, const float* centroid,
                        const std::vector<double>& means, const std::vector<Trait>& traits) {
  std::vector<std::string> parts;
  for (const Trait& trait : traits) {
    if (parts.size() == kFeaturesInDescription) break;
    const auto& feature = Scored(schema, trait.feature);
    const double value = Raw(feature, static_cast<double>(centroid[trait.feature]));
    parts.push_back(absl::StrCat(Words(feature), " ", HumanNumber(value), feature.unit().empty() ? "" : " ",
                                 feature.unit(), " (everybody: ", HumanNumber(Raw(feature, means[trait.feature])),
                                 ")"));
  }
  return parts.empty() ? "like everybody" : absl::StrJoin(parts, "; ");
}

}  // namespace

void AddSegmentCards(const std::vector<float>& scaled, const KmeansResult& kmeans, const std::vector<double>& means,
                     internal::v1::ModelFile& model) {
  const std::vector<double> spread = Deviations(scaled, means);
  const size_t dim = means.size();
  for (size_t c = 0; c < kmeans.sizes.size(); ++c) {
    const float* centroid = kmeans.centroids.data() + c * dim;
    const std::vector<Trait> traits = Traits(centroid, means, spread);
    auto* card = model.add_segments();
    card->set_segment_id(absl::StrCat("segment-", c));
    card->set_label(Label(model.schema(), traits));
    card->set_description(Description(model.schema(), centroid, means, traits));
    card->set_sensitivity(internal::v1::SENSITIVITY_NONE);
    card->add_allowed_purposes(static_cast<int>(policy::Purpose::kSelectAdvertising));
    card->add_allowed_purposes(static_cast<int>(policy::Purpose::kSelectContent));
    card->set_id_stability(internal::v1::ID_STABILITY_ONE_MODEL);
    card->set_training_rows(kmeans.sizes[c]);
  }
}

}  // namespace assent::client
