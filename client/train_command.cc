#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/commands.h"
#include "client/k_choice.h"
#include "client/k_range.h"
#include "client/progress.h"
#include "client/text_proto_file.h"
#include "client/train_input.h"
#include "client/train_report.h"
#include "client/training.h"
#include "storage/model_file.h"

namespace assent::client {
namespace {

struct TrainFlags {
  TrainInputFlags input;
  std::string out, name = "model", cards_file, scale = "standard", abstain = "on", k;
  uint64_t seed = 1;
  size_t starts = 10, runs = 5, silhouette_rows = 2000;
  double margin_quantile = AbstentionChoice().margin_quantile;
  double distance_quantile = AbstentionChoice().distance_quantile;
  double temperature = 0;
  double hold_out = 0.2;
  std::vector<double> calibrate_abstain;
  bool calibrate_temperature = false;
};

constexpr char kTrainExamples[] =
    R"(Reads features from a CSV file with a header, or events, plain, gzip or zstd. An empty cell, NA, NaN and null are
missing. The same file, options and seed give the same model file, byte for byte.
Examples:
  assentctl train --input audience.csv --features minutes,kids_share --k 6 --seed 7 --out model.assent
  assentctl train --input shops.csv.gz --schema schema.textproto --k 8 --out model.assent --name shops-2026
  assentctl train --input audience.csv --k 6 --scale none --abstain off --out model.assent
  assentctl train --input audience.csv --k 2..20                    which k? Prints a table, trains nothing
  assentctl train --events events.jsonl.zst --schema schema.textproto --k 6 --out model.assent
  assentctl train --input audience.csv --k 6 --calibrate-abstain 0.05,0.01 --calibrate-temperature --out model.assent
A schema (textproto of assent.internal.v1.FeatureSchema) says more about each feature; scale: 0 means "fit it":
  features { name: "minutes" unit: "min" direct {} transform: TRANSFORM_LOG1P clip_min: 0 changeable: true }
Cards (textproto of assent.internal.v1.ModelFile) name the segments of a model that was trained before:
  segments { segment_id: "segment-0" label: "Families" iab_audience_id: 123 })";

Scaling ScalingOf(const TrainFlags& flags) { return flags.scale == "none" ? Scaling::kNone : Scaling::kStandard; }

CalibrationChoice CalibrationOf(const TrainFlags& flags) {
  CalibrationChoice choice;
  choice.temperature = flags.calibrate_temperature;
  if (!flags.calibrate_abstain.empty()) {
    choice.margin_share = flags.calibrate_abstain.front();
    choice.distance_share = flags.calibrate_abstain.back();
  }
  if (choice.temperature || !flags.calibrate_abstain.empty()) choice.held_out_share = flags.hold_out;
  return choice;
}

absl::Status CheckFlags(const TrainFlags& flags, const KRange& range) {
  if (!range.one() && !flags.out.empty()) {
    return absl::InvalidArgumentError("--out: a model has one k; without --out the range is compared, and then choose");
  }
  if (flags.abstain == "off" && !flags.calibrate_abstain.empty()) {
    return absl::InvalidArgumentError("--calibrate-abstain sets the thresholds that --abstain off turns off");
  }
  if (flags.temperature > 0 && flags.calibrate_temperature) {
    return absl::InvalidArgumentError("--temperature is given; leave out --calibrate-temperature");
  }
  return absl::OkStatus();
}

absl::Status Compare(const TrainFlags& flags, const KRange& range, const TrainInput& input, CommandLine& line) {
  const SplitTables split = Split(input.table, flags.hold_out, flags.seed);
  internal::v1::FeatureSchema schema = input.schema;
  if (absl::Status status = FitSchema(split.training, ScalingOf(flags), schema); !status.ok()) return status;
  auto fitted = storage::SchemaFromMessage(schema);
  if (!fitted.ok()) return fitted.status();
  auto training = ScaleTable(split.training, *fitted);
  if (!training.ok()) return training.status();
  auto held_out = ScaleTable(split.held_out, *fitted);
  if (!held_out.ok()) return held_out.status();
  Progress progress(line.err, line.progress, "comparing", (range.last - range.first + 1) * flags.runs);
  KChoiceOptions options{.k_min = range.first,
                         .k_max = range.last,
                         .seed = flags.seed,
                         .starts = flags.starts,
                         .runs = flags.runs,
                         .silhouette_rows = flags.silhouette_rows,
                         .progress = [&](size_t done) { progress.Update(done); }};
  auto comparison = CompareK(*training, *held_out, input.table.columns.size(), options);
  if (!comparison.ok()) return comparison.status();
  PrintComparison(*comparison, split, input, line);
  return absl::OkStatus();
}

absl::StatusOr<Training> RunTraining(const TrainFlags& flags, size_t k, const TrainInput& input, CommandLine& line) {
  Progress progress(line.err, line.progress, "training", flags.starts);
  TrainingOptions options;
  options.k = k;
  options.seed = flags.seed;
  options.starts = flags.starts;
  options.name = flags.name;
  options.scaling = ScalingOf(flags);
  options.abstention = {flags.abstain == "on", flags.margin_quantile, flags.distance_quantile};
  options.calibration = CalibrationOf(flags);
  options.temperature = flags.temperature;
  options.progress = [&](size_t done) { progress.Update(done); };
  return Train(input.table, input.schema, options);
}

absl::Status TrainOne(const TrainFlags& flags, size_t k, const TrainInput& input, CommandLine& line) {
  auto training = RunTraining(flags, k, input, line);
  if (!training.ok()) return training.status();
  if (!flags.cards_file.empty()) {
    internal::v1::ModelFile cards;
    if (absl::Status status = ReadTextProto(flags.cards_file, cards); !status.ok()) return status;
    if (absl::Status status = OverrideCards(cards, training->model); !status.ok()) return status;
  }
  auto model = storage::ModelFromMessage(training->model);
  if (!model.ok()) return model.status();
  if (absl::Status status = storage::WriteModelFile(flags.out, training->model); !status.ok()) return status;
  PrintTraining(flags.out, model->digest_hex(), input, *training, line);
  return absl::OkStatus();
}

absl::Status RunTrain(const TrainFlags& flags, CommandLine& line) {
  const KRange range = *ParseKRange(flags.k);  // checked with the flags
  if (absl::Status status = CheckFlags(flags, range); !status.ok()) return status;
  auto input = ReadTrainInput(flags.input, line);
  if (!input.ok()) return input.status();
  absl::Status status =
      flags.out.empty() ? Compare(flags, range, *input, line) : TrainOne(flags, range.first, *input, line);
  if (!status.ok() || !input->events.has_value()) return status;
  return input->bad_events.AsStatus(input->events->rows);
}

void AddCalibrationFlags(CLI::App& command, TrainFlags& flags) {
  const std::string group = "Rows that are not trained on";
  command.add_option("--hold-out", flags.hold_out, "Share of the rows to hold out, for a range of k and to calibrate")
      ->check(CLI::Range(0.01, 0.9))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--calibrate-abstain", flags.calibrate_abstain,
                  "SHARE of held-out rows that abstain by margin and by distance, or MARGIN,DISTANCE")
      ->delimiter(',')
      ->expected(1, 2)
      ->check(CLI::Range(0.0, 0.5))
      ->group(group);
  command.add_flag("--calibrate-temperature", flags.calibrate_temperature, "Temperature that makes them most likely")
      ->group(group);
  command.add_option("--runs", flags.runs, "For a range: runs with seeds of their own, to see whether they agree")
      ->check(CLI::Range(1, 100))
      ->capture_default_str()
      ->group(group);
  command.add_option("--silhouette-rows", flags.silhouette_rows, "For a range: rows sampled for the silhouette")
      ->check(CLI::Range(2, 100000))
      ->capture_default_str()
      ->group(group);
}

}  // namespace

void AddTrainCommand(CLI::App& root, CommandLine& line) {
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* command = root.add_subcommand("train", "Train a segment model from features or events");
  command->footer(kTrainExamples);
  command->add_option("--out", flags->out, "Model file to write (without it --k is only compared)");
  command->add_option("--k", flags->k, "Number of segments, or a range to compare, such as 2..20")
      ->required()
      ->check([](const std::string& text) {
        return ParseKRange(text).has_value() ? std::string() : absl::StrCat("not in 1 to ", kSegmentsMax, ", or 2..20");
      });
  AddTrainInputFlags(*command, flags->input);
  command->add_option("--scale", flags->scale, "standard: mean 0 and deviation 1; none: as it is")
      ->check(CLI::IsMember({"standard", "none"}))
      ->capture_default_str();
  command->add_option("--seed", flags->seed, "Seed of the random starts")->capture_default_str();
  command->add_option("--starts", flags->starts, "Random starts, of which the best is kept")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command->add_option("--name", flags->name, "Name of the model, [A-Za-z0-9_.-]")->capture_default_str();
  command->add_option("--cards", flags->cards_file, "Labels and IAB ids of segments (textproto)");
  command->add_option("--abstain", flags->abstain, "on: answer \"not sure\" for what is unlike the training data; off")
      ->check(CLI::IsMember({"on", "off"}))
      ->capture_default_str();
  command->add_option("--abstain-margin", flags->margin_quantile, "Share of training rows with too small a margin")
      ->check(CLI::Range(0.0, 0.5))
      ->capture_default_str();
  command->add_option("--abstain-distance", flags->distance_quantile, "Share of training rows that are near enough")
      ->check(CLI::Range(0.5, 1.0))
      ->capture_default_str();
  command->add_option("--temperature", flags->temperature, "Softmax temperature of memberships (default: fitted)")
      ->check(CLI::PositiveNumber);
  AddCalibrationFlags(*command, *flags);
  AddOutputFlags(*command, line);
  command->callback([flags, &line] { line.run = [flags, &line] { return RunTrain(*flags, line); }; });
}

}  // namespace assent::client
