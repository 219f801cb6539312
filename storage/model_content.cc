#include "storage/model_content.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "policy/purpose.h"
#include "storage/aggregate_content.h"
#include "storage/model_file.h"

namespace assent::storage {
namespace {

constexpr size_t kNameBytesMax = 64;
constexpr size_t kLabelBytesMax = 128;
constexpr size_t kDescriptionBytesMax = 1024;
constexpr size_t kUnitBytesMax = 64;
constexpr size_t kTrainerBytesMax = 128;
constexpr size_t kDataHashBytesMax = 64;  // SHA-256 in hexadecimal
constexpr uint32_t kDefaultPurposes =
    policy::PurposeBit(policy::Purpose::kSelectAdvertising) | policy::PurposeBit(policy::Purpose::kSelectContent);

static_assert(std::endian::native == std::endian::little,
              "centroids are little-endian in the file and copied as they are");

std::optional<scoring::Sensitivity> SensitivityOf(internal::v1::Sensitivity value) {
  switch (value) {
    case internal::v1::SENSITIVITY_UNSPECIFIED:
    case internal::v1::SENSITIVITY_NONE:
      return scoring::Sensitivity::kNone;
    case internal::v1::SENSITIVITY_RESTRICTED:
      return scoring::Sensitivity::kRestricted;
    case internal::v1::SENSITIVITY_SPECIAL_CATEGORY:
      return scoring::Sensitivity::kSpecialCategory;
    default:
      return std::nullopt;
  }
}

std::optional<scoring::Transform> TransformOf(internal::v1::Transform value) {
  switch (value) {
    case internal::v1::TRANSFORM_UNSPECIFIED:
    case internal::v1::TRANSFORM_IDENTITY:
      return scoring::Transform::kIdentity;
    case internal::v1::TRANSFORM_LOG1P:
      return scoring::Transform::kLog1p;
    default:
      return std::nullopt;
  }
}

std::optional<scoring::MissingRule> MissingRuleOf(internal::v1::MissingRule value) {
  switch (value) {
    case internal::v1::MISSING_RULE_UNSPECIFIED:
    case internal::v1::MISSING_RULE_MEAN:
      return scoring::MissingRule::kMean;
    case internal::v1::MISSING_RULE_VALUE:
      return scoring::MissingRule::kValue;
    case internal::v1::MISSING_RULE_REFUSE:
      return scoring::MissingRule::kRefuse;
    default:
      return std::nullopt;
  }
}

absl::Status CheckLength(absl::string_view where, absl::string_view field, const std::string& text, size_t bytes_max) {
  if (text.size() <= bytes_max) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(where, ".", field, ": longer than ", bytes_max, " bytes"));
}

absl::Status Unknown(absl::string_view where, absl::string_view field) {
  return absl::InvalidArgumentError(absl::StrCat(where, ".", field, ": a value that this version does not know"));
}

absl::StatusOr<scoring::Feature> FeatureFromMessage(const internal::v1::Feature& message, int index,
                                                    bool allow_unfitted) {
  const std::string where = absl::StrCat("schema.features[", index, "]");
  const auto sensitivity = SensitivityOf(message.sensitivity());
  if (!sensitivity) return Unknown(where, "sensitivity");
  const auto transform = TransformOf(message.transform());
  if (!transform) return Unknown(where, "transform");
  const auto missing = MissingRuleOf(message.missing());
  if (!missing) return Unknown(where, "missing");
  if (absl::Status status = CheckLength(where, "unit", message.unit(), kUnitBytesMax); !status.ok()) return status;
  scoring::Feature feature;
  feature.name = message.name();
  feature.unit = message.unit();
  feature.sensitivity = *sensitivity;
  feature.changeable = message.changeable();
  feature.transform = *transform;
  if (message.has_clip_min()) feature.clip_min = message.clip_min();
  // Below 0 ln(1 + x) soon has no value: the format sets this limit where none is given.
  if (!message.has_clip_min() && *transform == scoring::Transform::kLog1p) feature.clip_min = 0;
  if (message.has_clip_max()) feature.clip_max = message.clip_max();
  feature.mean = message.mean();
  feature.scale = allow_unfitted && message.scale() == 0 ? 1 : message.scale();
  feature.missing = *missing;
  feature.missing_value = message.missing_value();
  if (message.has_aggregate()) {
    auto aggregate = AggregateFromMessage(message.aggregate(), absl::StrCat(where, ".aggregate"));
    if (!aggregate.ok()) return aggregate.status();
    feature.aggregate = *std::move(aggregate);
  }
  if (message.has_share_of()) {
    feature.normalisation = scoring::Normalisation::kShareOf;
    feature.divisor = message.share_of();
  } else if (message.has_ratio_to()) {
    feature.normalisation = scoring::Normalisation::kRatioTo;
    feature.divisor = message.ratio_to();
  }
  feature.auxiliary = message.auxiliary();
  return feature;
}

// Whether there has to be one, FeatureSchema::Create knows.
bool IsProfilePurpose(int number) {
  const auto purpose = policy::PurposeFromNumber(number);
  return purpose && (policy::PurposeBit(*purpose) & policy::kProfilePurposeBits) != 0;
}

// In the order of the scored features. In the message they may stand in any.
absl::StatusOr<std::vector<scoring::ReferenceHistogram>> HistogramsFromMessage(const internal::v1::ModelFile& content,
                                                                               const scoring::FeatureSchema& schema) {
  std::vector<scoring::ReferenceHistogram> histograms;
  if (content.reference_histograms().empty()) return histograms;
  histograms.resize(schema.scored_size());
  for (int i = 0; i < content.reference_histograms_size(); ++i) {
    const internal::v1::ReferenceHistogram& message = content.reference_histograms(i);
    const int index = schema.Find(message.feature());
    const int position = index < 0 ? -1 : schema.position(static_cast<size_t>(index));
    if (position < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("reference_histograms[", i, "].feature: not a scored feature of the schema"));
    }
    scoring::ReferenceHistogram& histogram = histograms[static_cast<size_t>(position)];
    if (message.counts().empty()) {
      return absl::InvalidArgumentError(absl::StrCat("reference_histograms[", i, "].counts: empty"));
    }
    if (!histogram.counts.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("reference_histograms[", i, "].feature: repeated"));
    }
    histogram.borders = {message.borders().begin(), message.borders().end()};
    histogram.counts = {message.counts().begin(), message.counts().end()};
  }
  return histograms;
}

// Names become metric labels and command-line arguments.
bool IsName(absl::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-';
  });
}

absl::Status NotAName(absl::string_view where) {
  return absl::InvalidArgumentError(
      absl::StrCat(where, ": must be 1 to ", kNameBytesMax, " characters of [A-Za-z0-9_.-]"));
}

absl::StatusOr<scoring::SegmentCard> CardFromMessage(const internal::v1::SegmentCard& message, int index) {
  const std::string where = absl::StrCat("segments[", index, "]");
  if (!IsName(message.segment_id())) return NotAName(absl::StrCat(where, ".segment_id"));
  absl::Status fits = CheckLength(where, "label", message.label(), kLabelBytesMax);
  if (fits.ok()) fits = CheckLength(where, "description", message.description(), kDescriptionBytesMax);
  if (!fits.ok()) return fits;
  const auto sensitivity = SensitivityOf(message.sensitivity());
  if (!sensitivity) return Unknown(where, "sensitivity");
  if (!internal::v1::IdStability_IsValid(message.id_stability())) return Unknown(where, "id_stability");
  scoring::SegmentCard card;
  card.segment_id = message.segment_id();
  card.label = message.label();
  card.description = message.description();
  card.iab_audience_id = message.iab_audience_id();
  card.sensitivity = *sensitivity;
  for (const int32_t number : message.allowed_purposes()) {
    const auto purpose = policy::PurposeFromNumber(number);
    if (!purpose) return Unknown(where, "allowed_purposes");
    card.allowed_purposes |= policy::PurposeBit(*purpose);
  }
  if (message.allowed_purposes().empty()) card.allowed_purposes = kDefaultPurposes;
  card.training_rows = message.training_rows();
  return card;
}

absl::StatusOr<scoring::Centroids> CentroidsFromBytes(absl::string_view bytes, size_t k, size_t dim) {
  if (k == 0) return absl::InvalidArgumentError("segments: empty");
  if (bytes.size() != 4 * k * dim) {
    return absl::InvalidArgumentError(absl::StrCat("centroids: ", bytes.size(), " bytes, but ", k, " segments of ", dim,
                                                   " features need ", 4 * k * dim));
  }
  std::vector<float> values(k * dim);
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return scoring::Centroids::Create(k, dim, values);
}

absl::StatusOr<scoring::Provenance> ProvenanceFromMessage(const internal::v1::Provenance& message) {
  if (!IsName(message.name())) return NotAName("provenance.name");
  absl::Status fits =
      CheckLength("provenance", "training_data_sha256", message.training_data_sha256(), kDataHashBytesMax);
  if (fits.ok()) fits = CheckLength("provenance", "trainer", message.trainer(), kTrainerBytesMax);
  if (!fits.ok()) return fits;
  return scoring::Provenance{.name = message.name(),
                             .train_time_s = message.train_time_s(),
                             .training_rows = message.training_rows(),
                             .training_data_sha256 = message.training_data_sha256(),
                             .seed = message.seed(),
                             .training_cost = message.training_cost(),
                             .trainer = message.trainer()};
}

}  // namespace

absl::StatusOr<scoring::FeatureSchema> SchemaFromMessage(const internal::v1::FeatureSchema& message,
                                                         bool allow_unfitted) {
  std::vector<scoring::Feature> features;
  for (int i = 0; i < message.features_size(); ++i) {
    absl::StatusOr<scoring::Feature> feature = FeatureFromMessage(message.features(i), i, allow_unfitted);
    if (!feature.ok()) return feature.status();
    features.push_back(*std::move(feature));
  }
  if (message.profile_purpose() != 0 && !IsProfilePurpose(message.profile_purpose())) {
    return absl::InvalidArgumentError("schema.profile_purpose: must be PROFILE_ADVERTISING (3) or PROFILE_CONTENT (4)");
  }
  return scoring::FeatureSchema::Create(
      std::move(features),
      {.profile_purpose = message.profile_purpose(),
       .other_event_types = {message.other_event_types().begin(), message.other_event_types().end()}});
}

absl::StatusOr<scoring::Model> ModelFromContent(const internal::v1::ModelFile& content,
                                                const std::array<uint8_t, 32>& digest) {
  absl::StatusOr<scoring::Provenance> provenance = ProvenanceFromMessage(content.provenance());
  if (!provenance.ok()) return provenance.status();
  absl::StatusOr<scoring::FeatureSchema> schema = SchemaFromMessage(content.schema());
  if (!schema.ok()) return schema.status();
  const auto k = static_cast<size_t>(content.segments_size());
  absl::StatusOr<scoring::Centroids> centroids = CentroidsFromBytes(content.centroids(), k, schema->scored_size());
  if (!centroids.ok()) return centroids.status();
  std::vector<scoring::SegmentCard> cards;
  cards.reserve(k);
  for (int i = 0; i < content.segments_size(); ++i) {
    absl::StatusOr<scoring::SegmentCard> card = CardFromMessage(content.segments(i), i);
    if (!card.ok()) return card.status();
    cards.push_back(*std::move(card));
  }
  absl::StatusOr<std::vector<scoring::ReferenceHistogram>> histograms = HistogramsFromMessage(content, *schema);
  if (!histograms.ok()) return histograms.status();
  return scoring::Model::Create(
      {.schema = *std::move(schema),
       .centroids = *std::move(centroids),
       .segments = std::move(cards),
       .abstention = {.margin_min = content.abstention().margin_min(),
                      .distance_max = content.abstention().distance_max()},
       .temperature = content.temperature(),
       .background_mean = {content.background_mean().begin(), content.background_mean().end()},
       .provenance = *std::move(provenance),
       .reference_histograms = *std::move(histograms),
       .digest = digest});
}

}  // namespace assent::storage
