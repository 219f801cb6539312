#include "client/train_report.h"

#include <algorithm>
#include <utility>

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

void PrintQualities(const std::vector<KQuality>& qualities, const SplitTables& split, const TrainInput& input,
                    CommandLine& line) {
  const auto best = std::max_element(qualities.begin(), qualities.end(),
                                     [](const auto& a, const auto& b) { return a.silhouette < b.silhouette; });
  if (line.json) {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (const KQuality& quality : qualities) {
      rows.push_back({{"k", quality.k},
                      {"cost", quality.cost_total},
                      {"cost_per_row", quality.cost},
                      {"held_out_cost_per_row", quality.held_out_cost},
                      {"silhouette", quality.silhouette},
                      {"stability", quality.stability},
                      {"stability_min", quality.stability_min}});
    }
    nlohmann::ordered_json json = {
        {"training_rows", split.training.rows}, {"held_out_rows", split.held_out.rows}, {"best_silhouette_k", best->k}};
    AddEvents(input, json);
    json["choices"] = rows;
    return PrintJson(json, line);
  }
  PrintEvents(input, line);
  line.out << HumanCount(split.training.rows) << " rows to train on, " << HumanCount(split.held_out.rows)
           << " held out\n\n"
           << line.terminal.Paint(Style::kBold, "     k    cost a row    held out   silhouette   stability (least)")
           << "\n";
  for (const KQuality& quality : qualities) {
    const std::string row =
        absl::StrFormat("%6d  %12.5g  %10.5g  %11.4f  %10.4f (%.4f)", quality.k, quality.cost, quality.held_out_cost,
                        quality.silhouette, quality.stability, quality.stability_min);
    line.out << (quality.k == best->k ? line.terminal.Paint(Style::kGood, row) : row) << "\n";
  }
  line.out << "\nNothing was trained. Take one: --k " << best->k << " has the best silhouette; add --out FILE\n";
  input.bad_events.Print(line);
}

}  // namespace assent::client
