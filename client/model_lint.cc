#include "client/model_lint.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "policy/purpose.h"
#include "policy/taxonomy_sensitivity.h"

namespace assent::client {
namespace {

using internal::v1::Feature;
using internal::v1::ModelFile;
using internal::v1::SegmentCard;

// How to change a card: a model file is immutable.
constexpr char kCards[] = " in the file of `assentctl train --cards`";

// Takes down findings about one segment, feature or the model.
class Findings {
 public:
  explicit Findings(std::vector<LintFinding>& all) : all_(all) {}

  // `path` ends with a dot.
  void Begin(std::string subject, std::string path) {
    subject_ = std::move(subject);
    path_ = std::move(path);
  }
  void Error(absl::string_view rule, absl::string_view field, absl::string_view problem, absl::string_view remedy) {
    Add(LintSeverity::kError, rule, field, problem, remedy);
  }
  void Warning(absl::string_view rule, absl::string_view field, absl::string_view problem, absl::string_view remedy) {
    Add(LintSeverity::kWarning, rule, field, problem, remedy);
  }

 private:
  void Add(LintSeverity severity, absl::string_view rule, absl::string_view field, absl::string_view problem,
           absl::string_view remedy) {
    all_.push_back(
        {severity, std::string(rule), subject_, absl::StrCat(path_, field), std::string(problem), std::string(remedy)});
  }

  std::vector<LintFinding>& all_;
  std::string subject_, path_;
};

bool SaysNothing(absl::string_view text) { return absl::StripAsciiWhitespace(text).empty(); }

bool AllowsAdvertising(const SegmentCard& card) {
  return std::any_of(card.allowed_purposes().begin(), card.allowed_purposes().end(), [](int32_t number) {
    return number == static_cast<int>(policy::Purpose::kSelectAdvertising) ||
           number == static_cast<int>(policy::Purpose::kProfileAdvertising);
  });
}

// The proto's order is that of the delicacy; what is not said counts as none.
bool IsLess(internal::v1::Sensitivity said, scoring::Sensitivity suggested) {
  const auto least = suggested == scoring::Sensitivity::kSpecialCategory ? internal::v1::SENSITIVITY_SPECIAL_CATEGORY
                                                                         : internal::v1::SENSITIVITY_RESTRICTED;
  return said < least;
}

void LintProvenance(const internal::v1::Provenance& provenance, Findings& findings) {
  findings.Begin("", "provenance.");
  if (provenance.training_rows() == 0) {
    findings.Error("provenance.training_rows_missing", "training_rows", "does not say of how many people it was made",
                   "write the number of rows that it was trained on");
  }
  if (SaysNothing(provenance.training_data_sha256())) {
    findings.Error("provenance.data_missing", "training_data_sha256", "does not say of which data it was made",
                   "write the SHA-256 of the training file");
  }
  if (SaysNothing(provenance.trainer())) {
    findings.Error("provenance.trainer_missing", "trainer", "does not say what made it",
                   "write the program that trained it, and its version");
  }
}

void LintFeature(const Feature& feature, Findings& findings) {
  if (feature.sensitivity() == internal::v1::SENSITIVITY_UNSPECIFIED) {
    findings.Warning("feature.sensitivity_missing", "sensitivity", "nobody has said whether it is delicate",
                     "set it in the schema; SENSITIVITY_NONE where it is not");
  } else if (feature.sensitivity() != internal::v1::SENSITIVITY_NONE) {
    const bool special = feature.sensitivity() == internal::v1::SENSITIVITY_SPECIAL_CATEGORY;
    findings.Warning("feature.sensitive", "sensitivity",
                     special ? "a special category (GDPR article 9) shapes every segment"
                             : "a restricted value shapes every segment",
                     "train without it, or mark the segments that it tells apart");
  }
  if (SaysNothing(feature.unit())) {
    findings.Warning("feature.unit_missing", "unit", "people are told a plain number",
                     "write a unit in the schema if it has one, such as \"min\", \"per week\" or \"share\"");
  }
}

void LintTaxonomyId(const SegmentCard& card, const storage::Taxonomy* taxonomy, Findings& findings) {
  const int32_t id = card.iab_audience_id();
  if (id == 0) return;
  const storage::TaxonomyRow* row = taxonomy == nullptr ? nullptr : taxonomy->Find(id);
  if (id < 0 || (taxonomy != nullptr && row == nullptr)) {
    findings.Warning("segment.iab_unknown", "iab_audience_id",
                     absl::StrCat("there is no row ", id, " in the IAB Audience Taxonomy"),
                     absl::StrCat("write the row's Unique ID, or 0 for none,", kCards));
  }
  const policy::SensitiveRange* range = policy::FindSensitiveRange(id);
  if (range == nullptr || !IsLess(card.sensitivity(), range->sensitivity)) return;
  const std::string name = row == nullptr ? "" : absl::StrCat(" (", row->Path(), ")");
  const bool special = range->sensitivity == scoring::Sensitivity::kSpecialCategory;
  findings.Warning("segment.iab_sensitive", "iab_audience_id",
                   absl::StrCat("row ", id, name, " is about ", range->topic, ", and the card says less"),
                   absl::StrCat("set the card's sensitivity to ",
                                special ? "SENSITIVITY_SPECIAL_CATEGORY" : "SENSITIVITY_RESTRICTED",
                                ", or choose another row,", kCards));
}

void LintCard(const SegmentCard& card, Findings& findings) {
  const auto in_cards = [](absl::string_view what) { return absl::StrCat(what, kCards); };
  if (SaysNothing(card.label())) {
    findings.Error("segment.label_missing", "label", "no label", in_cards("write one that its people would accept"));
  }
  if (SaysNothing(card.description())) {
    findings.Error("segment.description_missing", "description", "no description",
                   in_cards("say in a sentence who is in it"));
  }
  if (card.sensitivity() == internal::v1::SENSITIVITY_UNSPECIFIED) {
    findings.Error("segment.sensitivity_missing", "sensitivity", "nobody has said whether it is delicate",
                   in_cards("set SENSITIVITY_NONE, _RESTRICTED or _SPECIAL_CATEGORY"));
  }
  if (card.allowed_purposes().empty()) {
    findings.Error("segment.purposes_missing", "allowed_purposes",
                   "nobody has said what it may be used for; advertising and content are taken",
                   in_cards("list 1 (SELECT_ADVERTISING), 2 (SELECT_CONTENT) or both"));
  }
  if (card.id_stability() == internal::v1::ID_STABILITY_UNSPECIFIED) {
    findings.Error("segment.id_stability_missing", "id_stability",
                   "nobody has said whether the id means the same in the next model",
                   in_cards("set ID_STABILITY_ONE_MODEL or ID_STABILITY_EVERY_MODEL"));
  }
  if (card.sensitivity() == internal::v1::SENSITIVITY_SPECIAL_CATEGORY && AllowsAdvertising(card)) {
    findings.Error("segment.special_category_advertising", "allowed_purposes",
                   "a special category may not be used for advertising, consent or not (DSA article 26(3))",
                   in_cards("leave out 1 (SELECT_ADVERTISING) and 3 (PROFILE_ADVERTISING)"));
  }
}

}  // namespace

std::vector<LintFinding> LintModel(const ModelFile& model, const storage::Taxonomy* taxonomy) {
  std::vector<LintFinding> all;
  Findings findings(all);
  LintProvenance(model.provenance(), findings);
  absl::flat_hash_map<absl::string_view, absl::string_view> id_by_label;
  for (int i = 0; i < model.segments_size(); ++i) {
    const SegmentCard& card = model.segments(i);
    findings.Begin(card.segment_id(), absl::StrCat("segments[", i, "]."));
    LintCard(card, findings);
    LintTaxonomyId(card, taxonomy, findings);
    const absl::string_view label = absl::StripAsciiWhitespace(card.label());
    if (label.empty()) continue;
    const auto [other, is_new] = id_by_label.emplace(label, card.segment_id());
    if (is_new) continue;
    findings.Warning("segment.label_repeated", "label", absl::StrCat(other->second, " has the same label"),
                     absl::StrCat("tell them apart", kCards));
  }
  for (int i = 0; i < model.schema().features_size(); ++i) {
    const Feature& feature = model.schema().features(i);
    findings.Begin(feature.name(), absl::StrCat("schema.features[", i, "]."));
    LintFeature(feature, findings);
  }
  std::stable_sort(all.begin(), all.end(), [](const LintFinding& a, const LintFinding& b) {
    return a.severity == LintSeverity::kError && b.severity == LintSeverity::kWarning;
  });
  return all;
}

}  // namespace assent::client
