#include "client/train_report.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/event_time.h"
#include "client/replay_report.h"

namespace assent::client {
namespace {

// The events that were read, and the time that their features are of; `json` stays as it is where there were none.
void AddEvents(const TrainInput& input, nlohmann::ordered_json& json) {
  if (!input.events.has_value()) return;
  json["events"] = ToJson(*input.events, input.bad_events);
  json["as_of"] = EventTimeText(input.as_of_us);
}

void PrintEvents(const TrainInput& input, CommandLine& line) {
  if (!input.events.has_value()) return;
  PrintCounts(*input.events, input.bad_events, line);
  line.out << "Features as of " << EventTimeText(input.as_of_us) << "\n";
}

nlohmann::ordered_json TrainingJson(const std::string& path, const std::string& digest, const TrainInput& input,
                                    const Training& training) {
  const auto& model = training.model;
  nlohmann::ordered_json segments = nlohmann::ordered_json::array();
  for (const auto& card : model.segments()) {
    segments.push_back({{"segment_id", card.segment_id()}, {"label", card.label()}, {"rows", card.training_rows()}});
  }
  nlohmann::ordered_json json = {{"model", path},
                                 {"name", model.provenance().name()},
                                 {"digest", digest},
                                 {"rows", model.provenance().training_rows()},
                                 {"features", input.table.columns.size()},
                                 {"missing_cells", input.table.missing_cells},
                                 {"k", model.segments_size()},
                                 {"seed", model.provenance().seed()},
                                 {"cost", model.provenance().training_cost()},
                                 {"temperature", model.temperature()},
                                 {"margin_min", model.abstention().margin_min()},
                                 {"distance_max", model.abstention().distance_max()}};
  if (training.held_out_rows > 0) {
    json["held_out"] = {{"rows", training.held_out_rows},
                        {"abstain_by_margin", training.held_out_by_margin},
                        {"abstain_by_distance", training.held_out_by_distance},
                        {"log_likelihood", training.held_out_log_likelihood}};
  }
  AddEvents(input, json);
  json["segments"] = segments;
  return json;
}

nlohmann::ordered_json ComparisonJson(const KComparison& comparison, size_t best_k, const SplitTables& split,
                                      const TrainInput& input) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const KQuality& quality : comparison.choices) {
    nlohmann::ordered_json held_out;  // null without such rows
    if (split.held_out.rows > 0) held_out = quality.held_out_cost;
    rows.push_back({{"k", quality.k},
                    {"cost", quality.cost_total},
                    {"cost_per_row", quality.cost},
                    {"held_out_cost_per_row", held_out},
                    {"silhouette", quality.silhouette},
                    {"stability", quality.stability},
                    {"stability_min", quality.stability_min}});
  }
  nlohmann::ordered_json json = {
      {"training_rows", split.training.rows}, {"held_out_rows", split.held_out.rows}, {"best_silhouette_k", best_k}};
  AddEvents(input, json);
  json["choices"] = rows;
  if (!comparison.ended.empty()) json["ended"] = comparison.ended;
  return json;
}

}  // namespace

void PrintTraining(const std::string& path, const std::string& digest, const TrainInput& input,
                   const Training& training, CommandLine& line) {
  if (line.json) return PrintJson(TrainingJson(path, digest, input, training), line);
  const auto& model = training.model;
  const Terminal& terminal = line.terminal;
  PrintEvents(input, line);
  line.out << "Trained " << terminal.Paint(Style::kBold, model.provenance().name()) << " on "
           << HumanCount(model.provenance().training_rows()) << " rows, " << input.table.columns.size() << " features ("
           << HumanCount(input.table.missing_cells) << " missing cells)\n\n";
  for (const auto& card : model.segments()) {
    line.out << "  " << terminal.Paint(Style::kAccent, PadRight(card.segment_id(), 12))
             << PadLeft(HumanCount(card.training_rows()), 9) << " rows  " << card.label() << "\n";
  }
  line.out << "\n  within-cluster sum of squares " << absl::StrFormat("%.6f", model.provenance().training_cost());
  if (training.held_out_rows > 0) {
    line.out << absl::StrFormat("\n  of %s rows that were held out, %.2f %% abstain by margin, %.2f %% by distance",
                                HumanCount(training.held_out_rows), 100 * training.held_out_by_margin,
                                100 * training.held_out_by_distance);
  }
  line.out << "\n  model " << path << ", digest " << digest.substr(0, 12) << "…\n";
  input.bad_events.Print(line);
}

void PrintComparison(const KComparison& comparison, const SplitTables& split, const TrainInput& input,
                     CommandLine& line) {
  const std::vector<KQuality>& choices = comparison.choices;
  const auto best = std::max_element(choices.begin(), choices.end(),
                                     [](const auto& a, const auto& b) { return a.silhouette < b.silhouette; });
  if (line.json) return PrintJson(ComparisonJson(comparison, best->k, split, input), line);
  PrintEvents(input, line);
  line.out << HumanCount(split.training.rows) << " rows to train on, " << HumanCount(split.held_out.rows)
           << " held out\n\n"
           << line.terminal.Paint(Style::kBold, "     k    cost a row    held out   silhouette   stability (least)")
           << "\n";
  for (const KQuality& quality : choices) {
    const std::string held_out = split.held_out.rows > 0 ? absl::StrFormat("%.5g", quality.held_out_cost) : "-";
    const std::string row = absl::StrFormat("%6d  %12.5g  %10s  %11.4f  %10.4f (%.4f)", quality.k, quality.cost,
                                            held_out, quality.silhouette, quality.stability, quality.stability_min);
    line.out << (quality.k == best->k ? line.terminal.Paint(Style::kGood, row) : row) << "\n";
  }
  if (!comparison.ended.empty()) line.out << "The range ends here: " << comparison.ended << "\n";
  line.out << "\nNothing was trained. Take one: --k " << best->k << " has the best silhouette; add --out FILE\n";
  input.bad_events.Print(line);
}

}  // namespace assent::client
