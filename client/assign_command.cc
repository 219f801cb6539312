#include <memory>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/assign_run.h"
#include "client/commands.h"
#include "client/progress.h"
#include "client/request_flags.h"
#include "client/text_file.h"
#include "storage/model_file.h"

namespace assent::client {
namespace {

struct AssignFlags {
  EventFlags event;
  EventFileFlags file;
  AssignReportOptions report;
  std::string model_file;
  std::string receipt_path;
  int segments = 3;
  uint64_t row = 0;  // 0: all rows of the file
  size_t batch_rows = 1024;
};

constexpr char kAssignExamples[] =
    R"(One event with --subject, or all rows of a file with --input. A refusal is an answer, not an error.
With --model the rows go in columnar batches, in the model's order; without it they go in a stream, by name.
Examples:
  assentctl assign --subject login:anna --purpose select_content --feature kids_share=0.7 --feature devices=4
  assentctl assign --subject cookie:4f2a --purpose select_advertising --feature devices=2 --gpc
  assentctl assign --input audience.csv --namespace login --purpose select_content --model model.assent --out segments.csv
  assentctl assign --input audience.csv --row 17 --namespace login --purpose select_content
  assentctl assign --input sessions.csv.gz --number-rows --features a,b,c --purpose select_content --json)";

void PrintDecision(const v1::AssignResponse& response, CommandLine& line) {
  const bool assigned = response.outcome() == v1::OUTCOME_ASSIGNED;
  line.out << line.terminal.Paint(assigned ? Style::kGood : Style::kWarn, OutcomeText(response.outcome())) << "  "
           << line.terminal.Paint(Style::kDim, response.reason()) << "\n";
  for (const v1::SegmentMatch& match : response.segments()) {
    line.out << "  " << line.terminal.Paint(Style::kAccent, PadRight(match.segment_id(), 12))
             << PadLeft(HumanShare(match.membership()), 6) << "  distance "
             << PadRight(HumanNumber(match.distance()), 8) << " " << match.label();
    if (match.iab_audience_id() > 0) line.out << "  IAB " << match.iab_audience_id();
    line.out << "\n";
  }
  if (response.has_model()) {
    line.out << line.terminal.Paint(Style::kDim, absl::StrCat("  margin ", HumanNumber(response.margin(), 4),
                                                              ", model ", response.model().name(), " ",
                                                              response.model().digest().substr(0, 12), "…"))
             << "\n";
  }
  if (!response.decision_id().empty()) {
    line.out << line.terminal.Paint(Style::kDim, absl::StrCat("  decision ", response.decision_id())) << "\n";
  }
}

absl::Status AssignOne(const AssignFlags& flags, const AssignmentClient& client, CommandLine& line) {
  auto request = ReadOneRequest(flags.event, flags.file, flags.row);
  if (!request.ok()) return request.status();
  request->set_max_segments(flags.segments);
  request->set_return_memberships(true);
  request->set_return_receipt(!flags.receipt_path.empty());
  auto response = client.Assign(*std::move(request));
  if (!response.ok()) return response.status();
  if (!flags.receipt_path.empty()) {
    absl::Status kept = WriteTextFile(flags.receipt_path, absl::WebSafeBase64Escape(response->receipt()) + "\n");
    if (!kept.ok()) return kept;
  }
  if (line.json) {
    PrintJson(ToJson(*response), line);
  } else {
    PrintDecision(*response, line);
  }
  return absl::OkStatus();
}

void PrintReport(const AssignReport& report, absl::Duration took, CommandLine& line) {
  const double seconds = absl::ToDoubleSeconds(took);
  if (line.json) {
    nlohmann::ordered_json json = report.ToJson();
    json["seconds"] = seconds;
    PrintJson(json, line);
    return;
  }
  report.Print(line);
  line.out << line.terminal.Paint(Style::kDim, absl::StrFormat("\n  %s rows in %.2f s, reading the file included",
                                                               HumanCount(report.rows()), seconds))
           << "\n";
}

absl::Status AssignFile(const AssignFlags& flags, const AssignmentClient& client, CommandLine& line) {
  auto frame = MakeRequestFrame(flags.event);
  if (!frame.ok()) return frame.status();
  std::optional<scoring::Model> model;
  if (!flags.model_file.empty()) {
    auto read = storage::ReadModelFile(flags.model_file);
    if (!read.ok()) return read.status();
    model.emplace(*std::move(read));
  }
  auto file = EventFile::Open(flags.file, model.has_value() ? &model->schema() : nullptr);
  if (!file.ok()) return file.status();
  AssignReportOptions report_options = flags.report;
  report_options.keep_all = line.json && report_options.out_path.empty();
  auto report = AssignReport::Create(report_options);
  if (!report.ok()) return report.status();

  Progress progress(line.err, line.progress, "assigning", 1000);
  AssignRunOptions run;
  run.frame = *std::move(frame);
  run.name_space = flags.file.name_space;
  run.batch_rows = flags.batch_rows;
  run.deadline = absl::Seconds(line.deadline_s);
  run.progress = [&](double share) { progress.Update(static_cast<uint64_t>(share * 1000)); };
  const absl::Time start = absl::Now();
  absl::Status status =
      model.has_value() ? AssignInBatches(client, **file, run, *report) : AssignInStream(client, **file, run, *report);
  const absl::Duration took = absl::Now() - start;
  if (status.ok()) status = report->Close();
  if (!status.ok()) return status;
  PrintReport(*report, took, line);
  if (!line.json) report->bad_rows().Print(line);
  return report->bad_rows().AsStatus(report->rows());
}

absl::Status RunAssign(const AssignFlags& flags, CommandLine& line) {
  if (flags.event.subject.empty() == flags.file.path.empty()) {
    return absl::InvalidArgumentError("give one event with --subject, or a file with --input");
  }
  if (!flags.model_file.empty() && !flags.file.features.empty()) {
    return absl::InvalidArgumentError("--model names the features already; leave out --features");
  }
  auto client = AssignmentClient::Create(line.DataPlane());
  if (!client.ok()) return client.status();
  const bool one = flags.file.path.empty() || flags.row > 0;
  if (!one && !flags.receipt_path.empty()) {
    return absl::InvalidArgumentError("--receipt is for one event: give --subject, or --row");
  }
  return one ? AssignOne(flags, *client, line) : AssignFile(flags, *client, line);
}

}  // namespace

void AddAssignCommand(CLI::App& root, CommandLine& line) {
  auto flags = std::make_shared<AssignFlags>();
  CLI::App* command = root.add_subcommand("assign", "Ask for the segments of people");
  command->footer(kAssignExamples);
  AddEventFlags(*command, flags->event);
  command->add_option("--segments", flags->segments, "Of one event: segments to show, nearest first")
      ->check(CLI::Range(1, 16))
      ->capture_default_str();
  command->add_option("--receipt", flags->receipt_path,
                      "Of one event: file for its receipt, for explain and replay-decision");
  AddEventFileFlags(*command, flags->file);
  const std::string group = "Events from a file";
  command->add_option("--row", flags->row, "Only this row of the file, from 1")
      ->check(CLI::PositiveNumber)
      ->group(group);
  command->add_option("--model", flags->model_file, "Model file that the server uses: sends columnar batches")
      ->group(group);
  command->add_option("--batch", flags->batch_rows, "Rows in a batch")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str()
      ->group(group);
  command->add_option("--out", flags->report.out_path, "CSV file for the answers")->group(group);
  command->add_option("--sample", flags->report.sample, "Answers to print")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
  command->add_option("--compare", flags->report.compare_path, "CSV of id and label to hold the segments against")
      ->group(group);
  AddConnectionFlags(*command, line);
  AddOutputFlags(*command, line);
  command->callback([flags, &line] { line.run = [flags, &line] { return RunAssign(*flags, line); }; });
}

}  // namespace assent::client
