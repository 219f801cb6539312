#include "scoring/model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace assent::scoring {
namespace {

absl::Status CheckSizes(const ModelParts& parts) {
  const size_t k = parts.centroids.k();
  const size_t dim = parts.centroids.dim();
  if (parts.schema.scored_size() != dim) {
    return absl::InvalidArgumentError(
        absl::StrCat("schema: ", parts.schema.scored_size(), " features, but the centroids have ", dim));
  }
  if (parts.segments.size() != k) {
    return absl::InvalidArgumentError(
        absl::StrCat("segments: ", parts.segments.size(), " cards for ", k, " centroids"));
  }
  if (parts.background_mean.size() != dim) {
    return absl::InvalidArgumentError(
        absl::StrCat("background_mean: ", parts.background_mean.size(), " values for ", dim, " features"));
  }
  return absl::OkStatus();
}

absl::Status CheckNumbers(const ModelParts& parts) {
  const auto threshold = [](double value) { return std::isfinite(value) && value >= 0; };
  if (!threshold(parts.abstention.margin_min)) {
    return absl::InvalidArgumentError("abstention.margin_min must be finite and not negative");
  }
  if (!threshold(parts.abstention.distance_max)) {
    return absl::InvalidArgumentError("abstention.distance_max must be finite and not negative");
  }
  if (!(std::isfinite(parts.temperature) && parts.temperature > 0)) {
    return absl::InvalidArgumentError("temperature must be finite and above 0");
  }
  const auto in_range = [](double value) { return std::abs(value) <= std::numeric_limits<float>::max(); };
  if (!std::all_of(parts.background_mean.begin(), parts.background_mean.end(), in_range)) {
    return absl::InvalidArgumentError("background_mean must be finite and within the range of float32");
  }
  return absl::OkStatus();
}

absl::Status CheckCards(const std::vector<SegmentCard>& cards) {
  absl::flat_hash_set<absl::string_view> ids;
  for (size_t i = 0; i < cards.size(); ++i) {
    const std::string& id = cards[i].segment_id;
    if (id.empty()) return absl::InvalidArgumentError(absl::StrCat("segments[", i, "]: the card has no segment_id"));
    if (!ids.insert(id).second) {
      return absl::InvalidArgumentError(absl::StrCat("segments[", i, "]: the segment_id '", id, "' is repeated"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckHistograms(const ModelParts& parts) {
  const std::vector<ReferenceHistogram>& histograms = parts.reference_histograms;
  if (!histograms.empty() && histograms.size() != parts.schema.scored_size()) {
    return absl::InvalidArgumentError(absl::StrCat("reference_histograms: ", histograms.size(), " for ",
                                                   parts.schema.scored_size(), " scored features"));
  }
  for (size_t i = 0; i < histograms.size(); ++i) {
    if (absl::Status status = CheckReferenceHistogram(histograms[i]); !status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("reference_histograms[", i, "] of '", parts.schema.scored(i).name, "': ", status.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Model> Model::Create(ModelParts parts) {
  if (absl::Status status = CheckSizes(parts); !status.ok()) return status;
  if (absl::Status status = CheckNumbers(parts); !status.ok()) return status;
  if (absl::Status status = CheckCards(parts.segments); !status.ok()) return status;
  if (absl::Status status = CheckHistograms(parts); !status.ok()) return status;
  return Model(std::move(parts));
}

Model::Model(ModelParts parts) : parts_(std::move(parts)) {
  const absl::string_view bytes(reinterpret_cast<const char*>(parts_.digest.data()), parts_.digest.size());
  digest_hex_ = absl::BytesToHexString(bytes);
}

}  // namespace assent::scoring
