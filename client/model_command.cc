#include <cmath>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/commands.h"
#include "policy/purpose.h"
#include "storage/model_file.h"

namespace assent::client {
namespace {

struct ModelFlags {
  std::string path;
};

constexpr char kModelExamples[] = R"(Examples:
  assentctl model show model.assent
  assentctl model show model.assent --json | jq '.segments[].label'
  assentctl model lint model.assent
  assentctl model audit model.assent --data people.csv --groups sex)";

const char* TransformName(scoring::Transform transform) {
  return transform == scoring::Transform::kLog1p ? "log1p" : "identity";
}

const char* MissingName(scoring::MissingRule rule) {
  switch (rule) {
    case scoring::MissingRule::kMean:
      return "mean";
    case scoring::MissingRule::kValue:
      return "value";
    case scoring::MissingRule::kRefuse:
      return "refuse";
  }
  return "";
}

const char* SensitivityName(scoring::Sensitivity sensitivity) {
  switch (sensitivity) {
    case scoring::Sensitivity::kNone:
      return "none";
    case scoring::Sensitivity::kRestricted:
      return "restricted";
    case scoring::Sensitivity::kSpecialCategory:
      return "special_category";
  }
  return "";
}

const char* FunctionName(scoring::AggregateFunction function) {
  constexpr const char* kNames[] = {"count", "sum", "mean", "max", "min", "last", "days_since_last", "distinct"};
  return kNames[static_cast<size_t>(function)];
}

// "direct", or what is computed of which events.
std::string SourceText(const scoring::Feature& feature) {
  if (!feature.aggregate.has_value()) return "direct";
  const scoring::Aggregate& aggregate = *feature.aggregate;
  std::string text = FunctionName(aggregate.function);
  if (!aggregate.attribute.empty()) absl::StrAppend(&text, " of ", aggregate.attribute);
  absl::StrAppend(&text, " over ", aggregate.event_type.empty() ? "every event" : aggregate.event_type);
  if (aggregate.half_life_days.has_value()) {
    absl::StrAppend(&text, ", half-life ", HumanNumber(*aggregate.half_life_days), " days");
  }
  return text;
}

std::vector<std::string> AllowedPurposes(const scoring::SegmentCard& card) {
  std::vector<std::string> names;
  for (size_t p = 1; p <= policy::kPurposeCount; ++p) {
    const auto purpose = static_cast<policy::Purpose>(p);
    if ((card.allowed_purposes & policy::PurposeBit(purpose)) != 0) names.emplace_back(policy::PurposeName(purpose));
  }
  return names;
}

nlohmann::ordered_json FeatureJson(const scoring::Feature& feature, double background) {
  nlohmann::ordered_json json = {{"name", feature.name},
                                 {"unit", feature.unit},
                                 {"source", SourceText(feature)},
                                 {"sensitivity", SensitivityName(feature.sensitivity)},
                                 {"changeable", feature.changeable},
                                 {"transform", TransformName(feature.transform)},
                                 {"clip_min", nullptr},
                                 {"clip_max", nullptr},
                                 {"mean", feature.mean},
                                 {"scale", feature.scale},
                                 {"missing", MissingName(feature.missing)},
                                 {"missing_value", feature.missing_value},
                                 {"background_mean", background}};
  if (std::isfinite(feature.clip_min)) json["clip_min"] = feature.clip_min;
  if (std::isfinite(feature.clip_max)) json["clip_max"] = feature.clip_max;
  return json;
}

// Every number with as many digits as it takes to read the same bits back. Centroids are in scaled units.
nlohmann::ordered_json ModelJson(const scoring::Model& model) {
  nlohmann::ordered_json features = nlohmann::ordered_json::array();
  for (size_t j = 0; j < model.schema().scored_size(); ++j) {
    features.push_back(FeatureJson(model.schema().scored(j), model.background_mean()[j]));
  }
  nlohmann::ordered_json segments = nlohmann::ordered_json::array();
  for (size_t c = 0; c < model.centroids().k(); ++c) {
    const scoring::SegmentCard& card = model.segments()[c];
    const auto row = model.centroids().row(c);
    segments.push_back({{"segment_id", card.segment_id},
                        {"label", card.label},
                        {"description", card.description},
                        {"iab_audience_id", card.iab_audience_id},
                        {"sensitivity", SensitivityName(card.sensitivity)},
                        {"allowed_purposes", AllowedPurposes(card)},
                        {"training_rows", card.training_rows},
                        {"centroid", std::vector<double>(row.begin(), row.end())}});
  }
  const scoring::Provenance& provenance = model.provenance();
  return {{"name", provenance.name},
          {"digest", model.digest_hex()},
          {"k", model.centroids().k()},
          {"dim", model.centroids().dim()},
          {"temperature", model.temperature()},
          {"abstention",
           {{"margin_min", model.abstention().margin_min}, {"distance_max", model.abstention().distance_max}}},
          {"provenance",
           {{"training_rows", provenance.training_rows},
            {"training_data_sha256", provenance.training_data_sha256},
            {"seed", provenance.seed},
            {"training_cost", provenance.training_cost},
            {"trainer", provenance.trainer}}},
          {"features", features},
          {"segments", segments}};
}

void PrintFeatures(const scoring::Model& model, CommandLine& line) {
  line.out << "\n" << line.terminal.Paint(Style::kBold, "Features") << "\n";
  for (size_t j = 0; j < model.schema().scored_size(); ++j) {
    const scoring::Feature& feature = model.schema().scored(j);
    const std::string typical = absl::StrCat(HumanNumber(feature.Unscale(model.background_mean()[j])),
                                             feature.unit.empty() ? "" : " ", feature.unit);
    line.out << "  " << PadRight(feature.name, 28) << " typical " << PadRight(typical, 14)
             << line.terminal.Paint(
                    Style::kDim,
                    absl::StrCat(SourceText(feature), ", ", TransformName(feature.transform),
                                 ", missing: ", MissingName(feature.missing), feature.changeable ? ", changeable" : ""))
             << "\n";
  }
}

void PrintSegments(const scoring::Model& model, CommandLine& line) {
  line.out << "\n" << line.terminal.Paint(Style::kBold, "Segments") << "\n";
  for (const scoring::SegmentCard& card : model.segments()) {
    line.out << "  " << line.terminal.Paint(Style::kAccent, PadRight(card.segment_id, 12))
             << PadLeft(HumanCount(card.training_rows), 10) << " rows  " << card.label << "\n";
    if (!card.description.empty()) line.out << "  " << line.terminal.Paint(Style::kDim, card.description) << "\n";
  }
}

absl::Status RunShow(const ModelFlags& flags, CommandLine& line) {
  auto model = storage::ReadModelFile(flags.path);
  if (!model.ok()) return model.status();
  if (line.json) {
    PrintJson(ModelJson(*model), line);
    return absl::OkStatus();
  }
  const scoring::Provenance& provenance = model->provenance();
  const auto threshold = [](double value) { return value > 0 ? HumanNumber(value, 4) : std::string("off"); };
  line.out << line.terminal.Paint(Style::kBold, provenance.name) << "  " << model->centroids().k() << " segments, "
           << model->centroids().dim() << " features\n"
           << "  digest        " << model->digest_hex() << "\n"
           << "  trained on    " << HumanCount(provenance.training_rows) << " rows, seed " << provenance.seed << ", by "
           << provenance.trainer << "\n"
           << "  data sha256   " << provenance.training_data_sha256 << "\n"
           << "  cost          " << HumanNumber(provenance.training_cost, 6) << "\n"
           << "  temperature   " << HumanNumber(model->temperature(), 4) << "\n"
           << "  not sure when margin < " << threshold(model->abstention().margin_min) << ", distance > "
           << threshold(model->abstention().distance_max) << "\n";
  PrintFeatures(*model, line);
  PrintSegments(*model, line);
  return absl::OkStatus();
}

}  // namespace

void AddModelCommand(CLI::App& root, CommandLine& line) {
  auto flags = std::make_shared<ModelFlags>();
  CLI::App* model = root.add_subcommand("model", "Look at model files");
  model->footer(kModelExamples);
  model->require_subcommand(1);
  CLI::App* show = model->add_subcommand("show", "Print what a model file holds");
  show->footer(kModelExamples);
  show->add_option("file", flags->path, "Model file")->required();
  AddOutputFlags(*show, line);
  show->callback([flags, &line] { line.run = [flags, &line] { return RunShow(*flags, line); }; });
  AddModelLintCommand(*model, line);
  AddModelAuditCommands(*model, line);
}

}  // namespace assent::client
