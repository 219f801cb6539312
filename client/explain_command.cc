#include <algorithm>
#include <cmath>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/assignment_client.h"
#include "client/bar_chart.h"
#include "client/commands.h"
#include "client/event_file.h"
#include "client/request_flags.h"

namespace assent::client {
namespace {

struct ExplainFlags {
  EventFlags event;
  EventFileFlags file;
  uint64_t row = 1;
  size_t top = 12;
  std::string by = "shapley";
};

constexpr char kExplainExamples[] =
    R"(Decides as assign would, and shows what speaks for the segment and for the runner-up.
  --by shapley  each feature's exact Shapley value: what it adds compared with the average person
  --by terms    each feature's own term; the terms sum to the margin
Examples:
  assentctl explain --subject login:anna --purpose select_content --feature kids_share=0.7 --feature devices=4
  assentctl explain --input audience.csv --row 17 --namespace login --purpose select_content
  assentctl explain --subject login:anna --purpose select_content --feature kids_share=0.7 --json)";

std::string WithUnit(double value, const std::string& unit) {
  return absl::StrCat(HumanNumber(value), unit.empty() ? "" : " ", unit);
}

std::vector<Bar> MakeBars(const v1::ExplainResponse& response, const ExplainFlags& flags) {
  const auto amount = [&](const v1::FeatureContribution& c) {
    return flags.by == "terms" ? c.contribution() : c.shapley();
  };
  std::vector<v1::FeatureContribution> sorted(response.contributions().begin(), response.contributions().end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const auto& a, const auto& b) { return std::fabs(amount(a)) > std::fabs(amount(b)); });
  std::vector<Bar> bars;
  double rest = 0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    const v1::FeatureContribution& c = sorted[i];
    if (i >= flags.top) {
      rest += amount(c);
      continue;
    }
    bars.push_back({absl::StrReplaceAll(c.feature(), {{"_", " "}}),
                    c.missing() ? "missing" : WithUnit(c.value(), c.unit()), WithUnit(c.typical_value(), c.unit()),
                    amount(c)});
  }
  if (sorted.size() > flags.top) bars.push_back({absl::StrCat(sorted.size() - flags.top, " more"), "", "", rest});
  return bars;
}

std::string SegmentText(const v1::SegmentMatch& match) {
  if (match.segment_id().empty()) {
    return absl::StrCat("a segment that this purpose may not use (", HumanShare(match.membership()), ")");
  }
  return absl::StrCat(match.segment_id(), " “", match.label(), "” (", HumanShare(match.membership()), ")");
}

void PrintExplanation(const v1::ExplainResponse& response, const ExplainFlags& flags, CommandLine& line) {
  const Terminal& terminal = line.terminal;
  const v1::AssignResponse& decision = response.decision();
  const bool assigned = decision.outcome() == v1::OUTCOME_ASSIGNED;
  line.out << terminal.Paint(assigned ? Style::kGood : Style::kWarn, OutcomeText(decision.outcome())) << "  "
           << terminal.Paint(Style::kDim, decision.reason()) << "\n";
  if (response.contributions().empty()) {
    line.out << "  No features were read: the answer was decided before the model.\n";
    return;
  }
  line.out << "  nearest    " << terminal.Paint(Style::kBold, SegmentText(response.segment())) << "\n";
  if (!response.has_runner_up()) return;
  line.out << "  runner-up  " << SegmentText(response.runner_up()) << "\n\n";
  const std::vector<Bar> bars = MakeBars(response, flags);
  const BarChartText text = {"feature", "this person", "typical", "for runner-up", "for nearest"};
  for (const std::string& row : DrawBarChart(bars, text, terminal)) line.out << row << "\n";
  const std::string sum = flags.by == "terms"
                              ? absl::StrCat("the bars sum to the margin, ", HumanNumber(response.margin(), 4))
                              : absl::StrCat("average person ", HumanNumber(response.expected_margin(), 4), ", bars ",
                                             HumanNumber(response.margin() - response.expected_margin(), 4),
                                             ": margin ", HumanNumber(response.margin(), 4));
  line.out << terminal.Paint(Style::kDim, absl::StrCat("  ", sum, " (squared scaled units)")) << "\n";
}

absl::Status RunExplain(const ExplainFlags& flags, CommandLine& line) {
  if (flags.event.subject.empty() == flags.file.path.empty()) {
    return absl::InvalidArgumentError("give one event with --subject, or a file with --input and --row");
  }
  auto request = ReadOneRequest(flags.event, flags.file, flags.row);
  if (!request.ok()) return request.status();
  auto client = AssignmentClient::Create(line.DataPlane());
  if (!client.ok()) return client.status();
  v1::ExplainRequest explain;
  *explain.mutable_request() = *std::move(request);
  auto response = client->Explain(std::move(explain));
  if (!response.ok()) return response.status();
  if (line.json) {
    PrintJson(ToJson(*response), line);
  } else {
    PrintExplanation(*response, flags, line);
  }
  return absl::OkStatus();
}

}  // namespace

void AddExplainCommand(CLI::App& root, CommandLine& line) {
  auto flags = std::make_shared<ExplainFlags>();
  CLI::App* command = root.add_subcommand("explain", "Say why a person is in a segment, as a bar chart");
  command->footer(kExplainExamples);
  AddEventFlags(*command, flags->event);
  AddEventFileFlags(*command, flags->file);
  command->add_option("--row", flags->row, "With --input: which row, from 1")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--top", flags->top, "Features to show, largest first")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_option("--by", flags->by, "shapley or terms")
      ->check(CLI::IsMember({"shapley", "terms"}))
      ->capture_default_str();
  AddConnectionFlags(*command, line);
  AddOutputFlags(*command, line);
  command->callback([flags, &line] { line.run = [flags, &line] { return RunExplain(*flags, line); }; });
}

}  // namespace assent::client
