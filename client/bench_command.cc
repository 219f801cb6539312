// assentctl bench: load on a running assentd, and how it bore it.
#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/commands.h"
#include "client/load_generator.h"
#include "client/progress.h"

namespace assent::client {
namespace {

constexpr char kBenchExamples[] = R"(Examples:
  assentctl bench --dim 10                                 as fast as 64 calls in flight go
  assentctl bench --dim 10 --rate 30000 --duration 10      30,000 calls a second, whatever the server does
  assentctl bench --dim 10 --method batch --rows 256 --in-flight 4
  assentctl bench --dim 10 --method stream --json
Subjects are s000000000, s000000001, … in the namespace `bench`; without their consent every answer is NO_CONSENT.
With --rate, a call's latency counts from the time at which it was due, so that a stall is charged in full.)";

struct BenchFlags {
  LoadOptions load;
  double warm_up_s = 1;
  double duration_s = 5;
};

double Micros(int64_t nanos) { return static_cast<double>(nanos) * 1e-3; }

nlohmann::ordered_json ReportJson(const LoadReport& report) {
  nlohmann::ordered_json latency;
  for (const auto& [name, share] : {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99_9", 0.999}}) {
    latency[name] = Micros(report.latency.Quantile(share));
  }
  latency["max"] = Micros(report.latency.max());
  latency["mean"] = report.latency.mean() * 1e-3;
  nlohmann::ordered_json failures = nlohmann::ordered_json::object();
  for (const auto& [code, count] : report.failures) {
    failures[absl::StatusCodeToString(static_cast<absl::StatusCode>(code))] = count;
  }
  return {{"calls", report.calls},
          {"events", report.events},
          {"seconds", report.seconds},
          {"calls_per_s", report.calls_per_s},
          {"events_per_s", report.events_per_s},
          {"latency_us", latency},
          {"failures", failures},
          {"not_sent", report.not_sent},
          {"sampled_outcomes", report.outcomes},
          {"request_bytes", report.request_bytes},
          {"response_bytes", report.response_bytes},
          {"server_cpu_us_per_call", report.server_cpu_us_per_call},
          {"client_cpu_us_per_call", report.client_cpu_us_per_call}};
}

void PrintRow(CommandLine& line, absl::string_view name, const std::string& value) {
  line.out << "  " << PadRight(name, 22) << value << "\n";
}

void PrintReport(const LoadOptions& load, const LoadReport& report, CommandLine& line) {
  const bool open = load.rate_per_s > 0;
  line.out << line.terminal.Paint(Style::kBold, load.connection.target) << "  "
           << (open ? absl::StrCat(HumanNumber(load.rate_per_s, 6), " calls/s asked for")
                    : absl::StrCat(load.in_flight, " in flight"))
           << ", " << load.connections << (load.connections == 1 ? " connection" : " connections") << "\n";
  PrintRow(line, "calls/s", HumanCount(static_cast<uint64_t>(report.calls_per_s)));
  if (report.events_per_s != report.calls_per_s) {
    PrintRow(line, "events/s", HumanCount(static_cast<uint64_t>(report.events_per_s)));
  }
  PrintRow(line, "latency p50", absl::StrFormat("%.0f us", Micros(report.latency.Quantile(0.5))));
  PrintRow(line, "latency p99", absl::StrFormat("%.0f us", Micros(report.latency.Quantile(0.99))));
  PrintRow(line, "latency p99.9", absl::StrFormat("%.0f us", Micros(report.latency.Quantile(0.999))));
  PrintRow(line, "latency max", absl::StrFormat("%.0f us", Micros(report.latency.max())));
  if (report.server_cpu_us_per_call > 0) {
    PrintRow(line, "server CPU a call", absl::StrFormat("%.2f us", report.server_cpu_us_per_call));
  }
  for (const auto& [outcome, count] : report.outcomes) {
    PrintRow(line, "sampled answers", absl::StrCat(outcome, " ", HumanCount(count)));
  }
  if (report.not_sent > 0) {
    PrintRow(line, "not sent", line.terminal.Paint(Style::kBad, HumanCount(report.not_sent)));
  }
  for (const auto& [code, count] : report.failures) {
    const std::string name = absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
    PrintRow(line, "failed", line.terminal.Paint(Style::kBad, absl::StrCat(name, " ", HumanCount(count))));
  }
}

absl::Status RunBench(const BenchFlags& flags, CommandLine& line) {
  LoadOptions load = flags.load;
  load.connection = line.DataPlane();
  load.warm_up = absl::Seconds(flags.warm_up_s);
  load.duration = absl::Seconds(flags.duration_s);
  constexpr uint64_t kSteps = 1000;
  Progress progress(line.err, line.progress && !line.json, "load", kSteps);
  load.progress = [&](double share) { progress.Update(static_cast<uint64_t>(share * kSteps)); };
  const auto report = RunLoad(load);
  progress.Update(kSteps);
  if (!report.ok()) return report.status();
  if (line.json) {
    PrintJson(ReportJson(**report), line);
  } else {
    PrintReport(load, **report, line);
  }
  if ((*report)->calls == 0) return absl::UnavailableError("no call was answered");
  return absl::OkStatus();
}

void AddLoadFlags(CLI::App& command, BenchFlags& flags) {
  LoadOptions& load = flags.load;
  const std::map<std::string, LoadMethod> methods = {
      {"assign", LoadMethod::kAssign}, {"batch", LoadMethod::kBatchAssign}, {"stream", LoadMethod::kStreamAssign}};
  command.add_option("--method", load.payload.method, "assign, batch (columnar BatchAssign) or stream (StreamAssign)")
      ->transform(CLI::CheckedTransformer(methods).description(""));
  command.add_option("--in-flight", load.in_flight, "Calls in flight, of all connections together")
      ->capture_default_str();
  command.add_option("--rate", load.rate_per_s, "Calls a second, whatever the server does; 0: as fast as it answers")
      ->capture_default_str();
  command.add_option("--connections", load.connections, "Connections")->capture_default_str();
  command.add_option("--warm-up", flags.warm_up_s, "Seconds that are not counted")->capture_default_str();
  command.add_option("--duration", flags.duration_s, "Seconds that are counted, at most 3600")->capture_default_str();
  command.add_option("--calls", load.calls_max, "End after so many calls")->capture_default_str();
  command.add_option("--server-pid", load.server_pid, "Report the CPU time of this process, on this machine");
  command.add_flag("--allow-non-loopback", load.allow_non_loopback, "Load another machine, which is yours to load");
}

void AddPayloadFlags(CLI::App& command, LoadPayloadOptions& payload) {
  const std::string group = "Requests";
  command.add_option("--dim", payload.dim, "Direct features of the model")->capture_default_str()->group(group);
  command.add_option("--rows", payload.rows, "Events in a batch")->capture_default_str()->group(group);
  command.add_option("--namespace", payload.subject_namespace, "Namespace of the subjects")
      ->capture_default_str()
      ->group(group);
  command.add_option("--subjects", payload.subjects, "How many different subjects")
      ->capture_default_str()
      ->group(group);
  command.add_option("--purpose", payload.purpose, "1: select_advertising, 2: select_content")
      ->check(CLI::Range(1, 2))
      ->capture_default_str()
      ->group(group);
  command.add_option("--max-segments", payload.max_segments, "Segments in an answer, 0: one")
      ->capture_default_str()
      ->group(group);
  command.add_flag("--event", payload.with_event, "Each request brings one event, a `purchase` with an `amount`")
      ->group(group);
  command.add_option("--seed", payload.seed, "Seed of features and subjects")->capture_default_str()->group(group);
}

}  // namespace

void AddBenchCommand(CLI::App& root, CommandLine& line) {
  CLI::App& command = *root.add_subcommand("bench", "Put load on a running assentd and report rates and latencies");
  command.footer(kBenchExamples);
  auto flags = std::make_shared<BenchFlags>();
  AddLoadFlags(command, *flags);
  AddPayloadFlags(command, flags->load.payload);
  AddConnectionFlags(command, line);
  AddOutputFlags(command, line);
  command.callback([flags, &line] { line.run = [flags, &line] { return RunBench(*flags, line); }; });
}

}  // namespace assent::client
