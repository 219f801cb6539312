#include <memory>
#include <string>
#include <utility>

#include "client/assignment_client.h"
#include "client/commands.h"
#include "client/decision_source.h"
#include "client/event_file.h"
#include "client/explanation_page.h"
#include "client/explanation_text.h"
#include "client/request_flags.h"
#include "client/text_file.h"

namespace assent::client {
namespace {

struct ExplainFlags {
  EventFlags event;
  EventFileFlags file;
  uint64_t row = 1;
  size_t top = 12;
  std::string by = "shapley";
  std::string language, why_not, html;
  std::string receipt, decision;
};

constexpr char kExplainExamples[] =
    R"(Decides as assign would, and shows what speaks for the segment and for the runner-up.
  --by shapley  each feature's exact Shapley value: what it adds compared with the average person
  --by terms    each feature's own term; the terms sum to the margin
Examples:
  assentctl explain --subject login:anna --purpose select_content --feature kids_share=0.7 --feature devices=4
  assentctl explain --input audience.csv --row 17 --namespace login --purpose select_content
  assentctl explain --receipt anna.receipt
  assentctl explain --subject login:anna --purpose select_content --feature kids_share=0.7 --json
  assentctl explain --input audience.csv --row 17 --namespace login --purpose select_content --why-not families --html why.html)";

absl::Status Show(const v1::ExplainResponse& response, const ExplainFlags& flags, CommandLine& line) {
  const ShownFeatures shown = {.by = flags.by == "terms" ? Amounts::kTerms : Amounts::kShapley, .top = flags.top};
  if (!flags.html.empty()) {
    absl::Status written = WriteTextFile(flags.html, ExplanationPage(response, shown, flags.language));
    if (!written.ok()) return written;
  }
  if (line.json) {
    PrintJson(ToJson(response), line);
    return absl::OkStatus();
  }
  for (const std::string& row : ExplanationLines(response, shown, line.terminal)) line.out << row << "\n";
  if (!flags.html.empty()) line.out << line.terminal.Paint(Style::kDim, "  page: ") << flags.html << "\n";
  return absl::OkStatus();
}

absl::StatusOr<v1::ExplainRequest> WhatToExplain(const ExplainFlags& flags) {
  const int given =
      !flags.event.subject.empty() + !flags.file.path.empty() + !flags.receipt.empty() + !flags.decision.empty();
  if (given != 1) {
    return absl::InvalidArgumentError(
        "give one event with --subject, a file with --input and --row, a --receipt or a --decision");
  }
  if (!flags.receipt.empty()) return RequestOfReceipt(flags.receipt);
  if (!flags.decision.empty()) return RequestOfDecision(flags.decision);
  if (flags.event.purpose.empty()) return absl::InvalidArgumentError("--purpose is required");
  auto request = ReadOneRequest(flags.event, flags.file, flags.row);
  if (!request.ok()) return request.status();
  v1::ExplainRequest explain;
  *explain.mutable_request() = *std::move(request);
  return explain;
}

absl::Status RunExplain(const ExplainFlags& flags, CommandLine& line) {
  auto explain = WhatToExplain(flags);
  if (!explain.ok()) return explain.status();
  auto client = AssignmentClient::Create(line.DataPlane());
  if (!client.ok()) return client.status();
  explain->set_language(flags.language);
  explain->set_smallest_change(true);
  explain->set_why_not(flags.why_not);
  auto response = client->Explain(*std::move(explain));
  if (!response.ok()) return response.status();
  absl::Status shown = Show(*response, flags, line);
  if (shown.ok() && !line.json && response->has_recorded()) PrintReplay(*response, line);
  return shown;
}

}  // namespace

void AddExplainCommand(CLI::App& root, CommandLine& line) {
  auto flags = std::make_shared<ExplainFlags>();
  CLI::App* command = root.add_subcommand("explain", "Say why a person is in a segment, as a bar chart");
  command->footer(kExplainExamples);
  AddEventFlags(*command, flags->event);
  command->get_option("--purpose")->required(false);  // what was decided before had one already
  AddEventFileFlags(*command, flags->file);
  command->add_option("--row", flags->row, "With --input: which row, from 1")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--receipt", flags->receipt, "The file of a receipt: explains the decision that it is of");
  command->add_option("--decision", flags->decision, "The id of a logged decision: explains that");
  command->add_option("--top", flags->top, "Features to show, largest first")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_option("--by", flags->by, "shapley or terms")
      ->check(CLI::IsMember({"shapley", "terms"}))
      ->capture_default_str();
  command->add_option("--language", flags->language, "Of the sentences: en or de");
  command->add_option("--why-not,--why_not", flags->why_not, "Also say why this segment was not assigned");
  command->add_option("--html", flags->html, "Also write a page for a browser, readable by its owner alone");
  AddConnectionFlags(*command, line);
  AddOutputFlags(*command, line);
  command->callback([flags, &line] { line.run = [flags, &line] { return RunExplain(*flags, line); }; });
}

}  // namespace assent::client
