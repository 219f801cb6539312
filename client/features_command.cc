#include <charconv>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/commands.h"
#include "client/csv_reader.h"
#include "client/event_stream_flags.h"
#include "client/private_file.h"
#include "client/replay_report.h"
#include "client/text_proto_file.h"

namespace assent::client {
namespace {

struct FeaturesFlags {
  EventStreamFlags events;
  std::string schema_file, out, as_of;
  bool every_event = false;
};

constexpr char kFeaturesExamples[] =
    R"(Feeds recorded events to the arithmetic that the server computes features with, and writes one row a subject.
Memory: a fixed number of bytes a subject, whatever the number of events.
Examples:
  assentctl features --schema schema.textproto --events events.jsonl.zst --out features.csv
  assentctl features --schema schema.textproto --events events.csv.gz --as-of 2011-12-09 --out features.csv
  assentctl features --schema schema.textproto --events events.csv --every-event --out history.csv
  assentctl features --schema rfm.textproto --events online_retail.csv.zst --subject-column CustomerID \
      --time-column InvoiceDate --type order_line --attributes InvoiceNo:text,Quantity,UnitPrice \
      --product amount=Quantity*UnitPrice --out rfm.csv)";

// The shortest text that reads as the same float32.
std::string FloatText(float value) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
  return error == std::errc() ? std::string(text, end) : std::string();
}

// Writes rows of features.
class FeatureRows {
 public:
  FeatureRows(const FeatureReplay& replay, PrivateFile& file)
      : replay_(replay), file_(file), values_(replay.names().size()), missing_(replay.names().size()) {}

  void WriteHeader(std::vector<std::string> cells) {
    cells.insert(cells.end(), replay_.names().begin(), replay_.names().end());
    file_.Write(CsvLine(cells));
  }
  // `cells`: what stands before the features.
  void WriteRow(std::vector<std::string> cells, size_t subject, int64_t now_us) {
    replay_.Read(subject, now_us, values_, missing_);
    for (size_t j = 0; j < values_.size(); ++j) {
      cells.push_back(missing_[j] != 0 ? std::string() : FloatText(values_[j]));
    }
    file_.Write(CsvLine(cells));
    ++rows_;
  }
  uint64_t rows() const { return rows_; }

 private:
  const FeatureReplay& replay_;
  PrivateFile& file_;
  std::vector<float> values_;
  std::vector<uint8_t> missing_;
  uint64_t rows_ = 0;
};

struct Outcome {
  ReplayCounts counts;
  uint64_t rows = 0;
  int64_t as_of_us = 0;
};

absl::StatusOr<Outcome> WriteFeatures(const FeaturesFlags& flags, const EventStreamOptions& events,
                                      FeatureReplay& replay, BadRows& bad, CommandLine& line) {
  auto file = PrivateFile::Create(flags.out);
  if (!file.ok()) return file.status();
  FeatureRows rows(replay, **file);
  ReplayOptions options;
  auto as_of = MakeTime("--as-of", flags.as_of, events);
  if (!as_of.ok()) return as_of.status();
  options.as_of_us = *as_of;
  if (flags.every_event) {
    rows.WriteHeader({"subject_id", "event_id", "time"});
    options.folded = [&](const RecordedEvent& event) {
      const size_t subject = replay.Find(event.subject);
      rows.WriteRow({event.subject, event.event_id, EventTimeText(event.time_us)}, subject,
                    replay.LastEventUs(subject));
    };
  }
  auto counts = ReplayWithProgress(events, options, replay, bad, line);
  if (!counts.ok()) return counts.status();
  Outcome outcome{.counts = *counts, .as_of_us = as_of->value_or(counts->newest_us)};
  if (!flags.every_event) {
    rows.WriteHeader({"subject_id"});
    for (size_t i = 0; i < replay.subjects(); ++i) rows.WriteRow({replay.subject(i)}, i, outcome.as_of_us);
  }
  outcome.rows = rows.rows();
  if (absl::Status status = (*file)->Commit(); !status.ok()) return status;
  return outcome;
}

absl::Status RunFeatures(const FeaturesFlags& flags, CommandLine& line) {
  if (flags.every_event && !flags.as_of.empty()) {
    return absl::InvalidArgumentError("--every-event gives the features at each event; leave out --as-of");
  }
  auto events = MakeEventStreamOptions(flags.events);
  if (!events.ok()) return events.status();
  internal::v1::FeatureSchema schema;
  if (absl::Status status = ReadTextProto(flags.schema_file, schema); !status.ok()) return status;
  auto replay = FeatureReplay::Create(schema);
  if (!replay.ok()) {
    return absl::Status(replay.status().code(), absl::StrCat(flags.schema_file, ": ", replay.status().message()));
  }
  BadRows bad;
  auto outcome = WriteFeatures(flags, *events, *replay, bad, line);
  if (!outcome.ok()) return outcome.status();
  if (line.json) {
    nlohmann::ordered_json json = ToJson(outcome->counts, bad);
    json["subjects"] = replay->subjects();
    json["features"] = replay->names();
    json["written"] = outcome->rows;
    json["out"] = flags.out;
    if (!flags.every_event) json["as_of"] = EventTimeText(outcome->as_of_us);
    json["state_bytes"] = replay->state_bytes();
    PrintJson(json, line);
  } else {
    PrintCounts(outcome->counts, bad, line);
    line.out << HumanCount(outcome->rows) << " rows with " << replay->names().size() << " features of "
             << HumanCount(replay->subjects()) << " subjects in " << flags.out;
    if (!flags.every_event) line.out << ", as of " << EventTimeText(outcome->as_of_us);
    line.out << "\n";
    bad.Print(line);
  }
  return bad.AsStatus(outcome->counts.rows);
}

}  // namespace

void AddFeaturesCommand(CLI::App& root, CommandLine& line) {
  auto flags = std::make_shared<FeaturesFlags>();
  CLI::App* command = root.add_subcommand("features", "Compute features from recorded events");
  command->footer(kFeaturesExamples);
  command->add_option("--schema", flags->schema_file, "Feature schema (textproto) with aggregates")->required();
  command->add_option("--out", flags->out, "CSV file to write")->required();
  command->add_option("--as-of", flags->as_of, "Features at this time, of the events until then (default: the newest)");
  command->add_flag("--every-event", flags->every_event, "A row after every event, at the newest of its subject");
  AddEventStreamFlags(*command, flags->events, /*required=*/true);
  AddOutputFlags(*command, line);
  command->callback([flags, &line] { line.run = [flags, &line] { return RunFeatures(*flags, line); }; });
}

}  // namespace assent::client
