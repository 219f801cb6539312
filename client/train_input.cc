#include "client/train_input.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/progress.h"
#include "client/replay_report.h"
#include "client/scaling.h"
#include "client/text_proto_file.h"
#include "client/training.h"
#include "storage/model_file.h"

namespace assent::client {
namespace {

// The schema of --schema, checked. Empty without the flag.
absl::Status ReadSchema(const TrainInputFlags& flags, internal::v1::FeatureSchema& schema) {
  if (flags.schema_file.empty()) return absl::OkStatus();
  if (!flags.features.empty() || !flags.log1p.empty()) {
    return absl::InvalidArgumentError(
        "--schema names the features and their transforms; leave out --features and --log1p");
  }
  if (absl::Status status = ReadTextProto(flags.schema_file, schema); !status.ok()) return status;
  if (auto valid = storage::SchemaFromMessage(schema, /*allow_unfitted=*/true); !valid.ok()) {
    return absl::Status(valid.status().code(), absl::StrCat(flags.schema_file, ": ", valid.status().message()));
  }
  return absl::OkStatus();
}

absl::Status ReadTable(const TrainInputFlags& flags, TrainInput& input, CommandLine& line) {
  std::vector<std::string> columns = flags.features;
  for (const int index : ScoredFeatures(input.schema)) columns.push_back(input.schema.features(index).name());
  Progress progress(line.err, line.progress, "reading", 1000);
  auto table = ReadTrainingTable(flags.table, columns,
                                 [&](double share) { progress.Update(static_cast<uint64_t>(share * 1000)); });
  if (!table.ok()) return table.status();
  input.table = *std::move(table);
  if (!flags.schema_file.empty()) return absl::OkStatus();
  auto made = SchemaOfColumns(input.table.columns, flags.log1p);
  if (!made.ok()) return made.status();
  input.schema = *std::move(made);
  return absl::OkStatus();
}

absl::Status ReadEvents(const TrainInputFlags& flags, TrainInput& input, CommandLine& line) {
  if (flags.schema_file.empty()) {
    return absl::InvalidArgumentError("--events needs --schema, which says what to compute from them");
  }
  auto events = MakeEventStreamOptions(flags.events);
  if (!events.ok()) return events.status();
  auto replay = FeatureReplay::Create(input.schema);
  if (!replay.ok()) return replay.status();
  auto as_of = MakeTime("--as-of", flags.as_of, *events);
  if (!as_of.ok()) return as_of.status();
  ReplayOptions options;
  options.as_of_us = *as_of;
  auto counts = ReplayWithProgress(*events, options, *replay, input.bad_events, line);
  if (!counts.ok()) return counts.status();
  input.events = *counts;
  input.as_of_us = as_of->value_or(counts->newest_us);
  auto table = TableOf(*replay, input.as_of_us);
  if (!table.ok()) return table.status();
  auto sha256 = FileSha256(flags.events.options.path);
  if (!sha256.ok()) return sha256.status();
  input.table = *std::move(table);
  input.table.sha256 = *std::move(sha256);
  return absl::OkStatus();
}

}  // namespace

void AddTrainInputFlags(CLI::App& command, TrainInputFlags& flags) {
  command.add_option("--input", flags.table, "CSV file of features with a header, plain, gzip or zstd");
  command.add_option("--features", flags.features, "Columns to use, in this order (default: all)")->delimiter(',');
  command.add_option("--log1p", flags.log1p, "Columns that get ln(1 + x) first")->delimiter(',');
  command.add_option("--schema", flags.schema_file, "Feature schema (textproto) instead of --features");
  AddEventStreamFlags(command, flags.events, /*required=*/false);
  command
      .add_option("--as-of", flags.as_of,
                  "Train on the features at this time, of the events until then (default: the newest)")
      ->group("Recorded events");
}

absl::StatusOr<TrainInput> ReadTrainInput(const TrainInputFlags& flags, CommandLine& line) {
  const bool from_events = !flags.events.options.path.empty();
  if (from_events == !flags.table.empty()) {
    return absl::InvalidArgumentError("give a table of features with --input, or events with --events and --schema");
  }
  TrainInput input;
  if (absl::Status status = ReadSchema(flags, input.schema); !status.ok()) return status;
  absl::Status status = from_events ? ReadEvents(flags, input, line) : ReadTable(flags, input, line);
  if (!status.ok()) return status;
  return input;
}

}  // namespace assent::client
