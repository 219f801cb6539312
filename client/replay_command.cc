#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/bad_rows.h"
#include "client/commands.h"
#include "client/event_stream_flags.h"
#include "client/interrupt.h"
#include "client/progress.h"
#include "client/replay_run.h"
#include "client/request_flags.h"

namespace assent::client {
namespace {

constexpr int kStatusOfInterrupt = 130;  // as shells say it: 128 and the number of SIGINT

struct ReplayFlags {
  EventStreamFlags events;
  std::string rpc = "record", purpose, speed = "max", name_space = "login", consent_token;
  size_t parallel = 4, per_call = scoring::kRepeatWindow;
};

constexpr char kReplayExamples[] =
    R"(Sends recorded events to a running server, those of one subject in the order of the file.
--rpc record only folds them into profiles (purpose: profile_advertising or profile_content); --rpc assign asks for
segments as well, once a call, which --per-call 1 makes once an event (purpose: select_advertising or select_content).
Profiles need the profile purpose's consent.
Examples:
  assentctl replay --target 127.0.0.1:7400 --events events.jsonl.zst --purpose profile_content
  assentctl replay --events events.csv --rpc assign --purpose select_content --speed 60 --json)";

// Times the pace of the recording; 0 stands for "max".
absl::StatusOr<double> ParseSpeed(const std::string& text) {
  double speed = 0;
  if (text == "max") return speed;
  if (absl::SimpleAtod(text, &speed) && speed > 0 && speed <= 1e9) return speed;
  return absl::InvalidArgumentError("--speed: write a number above 0, such as 10 for ten times real time, or max");
}

absl::StatusOr<ReplayRunOptions> MakeOptions(const ReplayFlags& flags, const CommandLine& line) {
  ReplayRunOptions options;
  options.rpc = flags.rpc == "assign" ? ReplayRpc::kAssign : ReplayRpc::kRecord;
  auto purpose = ParsePurpose(flags.purpose);
  if (!purpose.ok()) return purpose.status();
  const bool profile = *purpose == v1::PURPOSE_PROFILE_ADVERTISING || *purpose == v1::PURPOSE_PROFILE_CONTENT;
  const bool select = *purpose == v1::PURPOSE_SELECT_ADVERTISING || *purpose == v1::PURPOSE_SELECT_CONTENT;
  if (options.rpc == ReplayRpc::kRecord ? !profile : !select) {
    return absl::InvalidArgumentError(options.rpc == ReplayRpc::kRecord
                                          ? "--purpose: --rpc record takes profile_advertising or profile_content"
                                          : "--purpose: --rpc assign takes select_advertising or select_content");
  }
  auto speed = ParseSpeed(flags.speed);
  if (!speed.ok()) return speed.status();
  options.frame.set_purpose(*purpose);
  options.frame.set_consent_token(flags.consent_token);
  options.name_space = flags.name_space;
  options.speed = *speed;
  options.threads = flags.parallel;
  options.events_per_call = flags.per_call;
  options.deadline = absl::Seconds(line.deadline_s);
  return options;
}

nlohmann::ordered_json SummaryJson(const ReplaySummary& summary, const BadRows& bad, double seconds) {
  return {{"rows", summary.rows},
          {"without_subject", summary.without_subject},
          {"events", summary.events},
          {"calls", summary.calls},
          {"outcomes", summary.outcomes},
          {"reasons", summary.reasons},
          {"segments", summary.segments},
          {"folded", summary.folded},
          {"repeated", summary.repeated},
          {"unknown", summary.unknown},
          {"expired", summary.expired},
          {"failed_calls", summary.failed_calls},
          {"failed_events", summary.failed_events},
          {"errors", summary.errors},
          {"failed", bad.count()},
          {"bad_rows", bad.ToJson()},
          {"late_max_seconds", absl::ToDoubleSeconds(summary.late_max)},
          {"stopped", summary.stopped},
          {"seconds", seconds}};
}

void PrintMap(const char* title, const std::map<std::string, uint64_t>& counts, CommandLine& line) {
  for (const auto& [name, count] : counts) {
    line.out << "  " << PadRight(title, 9) << PadRight(name, 36) << PadLeft(HumanCount(count), 12) << "\n";
    title = "";
  }
}

void PrintSummary(const ReplaySummary& summary, const BadRows& bad, double seconds, bool recorded, CommandLine& line) {
  line.out << HumanCount(summary.events) << " of " << HumanCount(summary.rows) << " events answered in "
           << HumanCount(summary.calls) << " calls"
           << absl::StrFormat(", %.2f s, %s events/s\n", seconds,
                              HumanNumber(static_cast<double>(summary.events) / std::max(seconds, 1e-9)));
  PrintMap("outcomes", summary.outcomes, line);
  PrintMap("reasons", summary.reasons, line);
  PrintMap("segments", summary.segments, line);
  PrintMap("errors", summary.errors, line);
  if (recorded) {
    line.out << "  " << HumanCount(summary.folded) << " folded, " << HumanCount(summary.repeated) << " repeated, "
             << HumanCount(summary.unknown) << " of unknown types, " << HumanCount(summary.expired)
             << " older than the server keeps profiles\n";
  }
  if (summary.without_subject > 0) line.out << "  " << HumanCount(summary.without_subject) << " without a subject\n";
  if (summary.late_max > absl::Seconds(1)) {
    line.out << absl::StrFormat("  up to %.1f s behind the recording's pace\n",
                                absl::ToDoubleSeconds(summary.late_max));
  }
  bad.Print(line);
}

absl::Status RunReplay(const ReplayFlags& flags, CommandLine& line) {
  auto options = MakeOptions(flags, line);
  if (!options.ok()) return options.status();
  auto where = MakeEventStreamOptions(flags.events);
  if (!where.ok()) return where.status();
  auto events = EventStream::Open(*where);
  if (!events.ok()) return events.status();
  auto client = AssignmentClient::Create(line.DataPlane());
  if (!client.ok()) return client.status();
  BadRows bad;
  ReplaySummary summary;
  absl::Status status;
  const absl::Time start = absl::Now();
  {
    const Interrupt interrupt;
    options->stop = [&] { return interrupt.seen(); };
    Progress progress(line.err, line.progress, "replaying", 1000);
    options->progress = [&](double share) { progress.Update(static_cast<uint64_t>(share * 1000)); };
    options->bad_row = [&](uint64_t row, absl::string_view what) { bad.Add(row, what); };
    status = ReplayEvents(*client, **events, *options, summary);
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  if (line.json) {
    PrintJson(SummaryJson(summary, bad, seconds), line);
  } else {
    PrintSummary(summary, bad, seconds, options->rpc == ReplayRpc::kRecord, line);
  }
  if (!status.ok()) return status;
  if (summary.stopped) {
    line.error_status = kStatusOfInterrupt;
    return absl::CancelledError(absl::StrCat("interrupted after ", summary.rows, " rows; what was read was sent"));
  }
  if (summary.failed_calls > 0) {
    return absl::UnknownError(absl::StrCat(summary.failed_calls, " calls with ", summary.failed_events,
                                           " events failed; the others are done"));
  }
  return bad.AsStatus(summary.rows);
}

}  // namespace

void AddReplayCommand(CLI::App& root, CommandLine& line) {
  auto flags = std::make_shared<ReplayFlags>();
  CLI::App* command = root.add_subcommand("replay", "Drive a server with recorded events");
  command->footer(kReplayExamples);
  command->add_option("--rpc", flags->rpc, "record: fold them into profiles; assign: and ask for segments, once a call")
      ->check(CLI::IsMember({"record", "assign"}))
      ->capture_default_str();
  command->add_option("--purpose", flags->purpose, "Of every call")->required();
  command->add_option("--namespace", flags->name_space, "Namespace of the subjects' ids")->capture_default_str();
  command->add_option("--speed", flags->speed, "Times the pace of the recording, or max")->capture_default_str();
  command->add_option("--parallel", flags->parallel, "Threads, each with subjects of its own")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->add_option("--per-call", flags->per_call, "Most events in a call: of one subject, right behind each other")
      ->check(CLI::Range(size_t{1}, scoring::kRepeatWindow))
      ->capture_default_str();
  command->add_option("--consent-token", flags->consent_token, "Answer from no older state than this write's");
  AddEventStreamFlags(*command, flags->events, /*required=*/true);
  AddConnectionFlags(*command, line);
  AddOutputFlags(*command, line);
  command->callback([flags, &line] { line.run = [flags, &line] { return RunReplay(*flags, line); }; });
}

}  // namespace assent::client
