#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/commands.h"
#include "client/progress.h"
#include "client/text_file.h"
#include "client/training.h"
#include "client/training_table.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "storage/model_file.h"

namespace assent::client {
namespace {

struct TrainFlags {
  std::string input, out, name = "model", schema_file, cards_file, scale = "standard", abstain = "on";
  std::vector<std::string> features, log1p;
  size_t k = 0;
  uint64_t seed = 1;
  size_t starts = 10;
  double margin_quantile = AbstentionChoice().margin_quantile;
  double distance_quantile = AbstentionChoice().distance_quantile;
  double temperature = 0;
};

constexpr char kExamples[] =
    R"(Reads a CSV file with a header, plain or gzip. An empty cell, NA, NaN and null are missing.
The same file, options and seed give the same model file, byte for byte.
Examples:
  assentctl train --input audience.csv --features minutes,kids_share --k 6 --seed 7 --out model.assent
  assentctl train --input shops.csv.gz --schema schema.textproto --k 8 --out model.assent --name shops-2026
  assentctl train --input audience.csv --k 6 --scale none --abstain off --out model.assent
A schema (textproto of assent.internal.v1.FeatureSchema) says more about each feature; scale: 0 means "fit it":
  features { name: "minutes" unit: "min" direct {} transform: TRANSFORM_LOG1P clip_min: 0 changeable: true }
Cards (textproto of assent.internal.v1.ModelFile) name the segments of a model that was trained before:
  segments { segment_id: "segment-0" label: "Families" iab_audience_id: 123 })";

template <typename Message>
absl::StatusOr<Message> ReadTextProto(const std::string& path) {
  auto text = ReadTextFile(path);
  if (!text.ok()) return text.status();
  struct FirstError : google::protobuf::io::ErrorCollector {
    void AddError(int at, int column, const std::string& what) override {
      if (message.empty()) message = absl::StrCat("line ", at + 1, ", column ", column + 1, ": ", what);
    }
    std::string message;
  } error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  Message message;
  if (!parser.ParseFromString(*text, &message)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ", ", error.message));
  }
  return message;
}

// The columns to read and the schema that they fill.
absl::Status ChooseFeatures(const TrainFlags& flags, std::vector<std::string>& columns,
                            internal::v1::FeatureSchema& schema) {
  columns = flags.features;
  if (flags.schema_file.empty()) return absl::OkStatus();
  if (!flags.features.empty() || !flags.log1p.empty()) {
    return absl::InvalidArgumentError(
        "--schema names the features and their transforms; leave out --features and --log1p");
  }
  auto read = ReadTextProto<internal::v1::FeatureSchema>(flags.schema_file);
  if (!read.ok()) return read.status();
  schema = *std::move(read);
  internal::v1::FeatureSchema fitted = schema;
  for (auto& feature : *fitted.mutable_features()) {
    if (feature.scale() == 0) feature.set_scale(1);  // 0: training will fit it
  }
  if (auto valid = storage::SchemaFromMessage(fitted); !valid.ok()) {
    return absl::Status(valid.status().code(), absl::StrCat(flags.schema_file, ": ", valid.status().message()));
  }
  for (const auto& feature : schema.features()) columns.push_back(feature.name());
  return absl::OkStatus();
}

absl::StatusOr<TrainingTable> ReadInput(const TrainFlags& flags, const std::vector<std::string>& columns,
                                        CommandLine& line) {
  Progress progress(line.err, line.progress, "reading", 1000);
  return ReadTrainingTable(flags.input, columns,
                           [&](double share) { progress.Update(static_cast<uint64_t>(share * 1000)); });
}

absl::StatusOr<Training> RunTraining(const TrainFlags& flags, const TrainingTable& table,
                                     internal::v1::FeatureSchema schema, CommandLine& line) {
  Progress progress(line.err, line.progress, "training", flags.starts);
  TrainingOptions options;
  options.k = flags.k;
  options.seed = flags.seed;
  options.starts = flags.starts;
  options.name = flags.name;
  options.scaling = flags.scale == "none" ? Scaling::kNone : Scaling::kStandard;
  options.abstention = {flags.abstain == "on", flags.margin_quantile, flags.distance_quantile};
  options.temperature = flags.temperature;
  options.progress = [&](size_t done) { progress.Update(done); };
  return Train(table, std::move(schema), options);
}

void PrintTraining(const TrainFlags& flags, const TrainingTable& table, const Training& training,
                   const std::string& digest, CommandLine& line) {
  const auto& model = training.model;
  if (line.json) {
    nlohmann::ordered_json segments = nlohmann::ordered_json::array();
    for (const auto& card : model.segments()) {
      segments.push_back({{"segment_id", card.segment_id()}, {"label", card.label()}, {"rows", card.training_rows()}});
    }
    PrintJson({{"model", flags.out},
               {"name", flags.name},
               {"digest", digest},
               {"rows", table.rows},
               {"features", table.columns.size()},
               {"missing_cells", table.missing_cells},
               {"k", flags.k},
               {"seed", flags.seed},
               {"cost", model.provenance().training_cost()},
               {"temperature", model.temperature()},
               {"margin_min", model.abstention().margin_min()},
               {"distance_max", model.abstention().distance_max()},
               {"segments", segments}},
              line);
    return;
  }
  const Terminal& terminal = line.terminal;
  line.out << "Trained " << terminal.Paint(Style::kBold, flags.name) << " on " << HumanCount(table.rows) << " rows, "
           << table.columns.size() << " features (" << HumanCount(table.missing_cells) << " missing cells)\n\n";
  for (const auto& card : model.segments()) {
    line.out << "  " << terminal.Paint(Style::kAccent, PadRight(card.segment_id(), 12))
             << PadLeft(HumanCount(card.training_rows()), 9) << " rows  " << card.label() << "\n";
  }
  line.out << "\n  within-cluster sum of squares " << absl::StrFormat("%.6f", model.provenance().training_cost())
           << "\n  model " << flags.out << ", digest " << digest.substr(0, 12) << "…\n";
}

absl::Status RunTrain(const TrainFlags& flags, CommandLine& line) {
  std::vector<std::string> columns;
  internal::v1::FeatureSchema schema;
  if (absl::Status status = ChooseFeatures(flags, columns, schema); !status.ok()) return status;
  auto table = ReadInput(flags, columns, line);
  if (!table.ok()) return table.status();
  if (flags.schema_file.empty()) {
    auto made = SchemaOfColumns(table->columns, flags.log1p);
    if (!made.ok()) return made.status();
    schema = *std::move(made);
  }
  auto training = RunTraining(flags, *table, std::move(schema), line);
  if (!training.ok()) return training.status();
  if (!flags.cards_file.empty()) {
    auto cards = ReadTextProto<internal::v1::ModelFile>(flags.cards_file);
    if (!cards.ok()) return cards.status();
    if (absl::Status status = OverrideCards(*cards, training->model); !status.ok()) return status;
  }
  auto model = storage::ModelFromMessage(training->model);
  if (!model.ok()) return model.status();
  if (absl::Status status = storage::WriteModelFile(flags.out, training->model); !status.ok()) return status;
  PrintTraining(flags, *table, *training, model->digest_hex(), line);
  return absl::OkStatus();
}

}  // namespace

void AddTrainCommand(CLI::App& root, CommandLine& line) {
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* command = root.add_subcommand("train", "Train a segment model from a CSV file");
  command->footer(kExamples);
  command->add_option("--input", flags->input, "CSV file with a header, plain or .gz")->required();
  command->add_option("--out", flags->out, "Model file to write")->required();
  command->add_option("--k", flags->k, "Number of segments")->required()->check(CLI::Range(1, 65536));
  command->add_option("--features", flags->features, "Columns to use, in this order (default: all)")->delimiter(',');
  command->add_option("--log1p", flags->log1p, "Columns that get ln(1 + x) first")->delimiter(',');
  command->add_option("--schema", flags->schema_file, "Feature schema (textproto) instead of --features");
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
  AddOutputFlags(*command, line);
  command->callback([flags, &line] { line.run = [flags, &line] { return RunTrain(*flags, line); }; });
}

}  // namespace assent::client
