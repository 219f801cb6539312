#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/commands.h"
#include "client/duration_text.h"
#include "client/oversight_client.h"
#include "client/page_reader.h"
#include "client/request_flags.h"
#include "client/request_text.h"

namespace assent::client {
namespace {

struct DecisionsFlags {
  std::string subject, since, until;
};

constexpr char kDecisionsExamples[] =
    R"(What the decision log keeps (decisions.log in the server's configuration), the oldest first. Times are RFC 3339, or how long ago,
such as 2h or 7d. `assentctl explain --decision ID` says why; `assentctl replay-decision ID` computes it again.
Examples:
  assentctl decisions --since 2h
  assentctl decisions --subject login:anna --since 2026-05-01T00:00:00Z --until 2026-06-01T00:00:00Z --json)";

// Errors: InvalidArgument that names the flag.
absl::StatusOr<absl::Time> ParseMoment(const char* flag, const std::string& text) {
  if (const auto ago = ParseDaysOrHours(text)) return absl::Now() - *ago;
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return time;
  return absl::InvalidArgumentError(absl::StrCat(flag, ": write 2h, 7d, or a time such as 2026-05-01T00:00:00Z"));
}

absl::Status ReadMoment(const char* flag, const std::string& text, google::protobuf::Timestamp& out) {
  const auto moment = ParseMoment(flag, text);
  if (!moment.ok()) return moment.status();
  out.set_seconds(absl::ToUnixSeconds(*moment));
  return absl::OkStatus();
}

absl::Status ReadFlags(const DecisionsFlags& flags, v1::ListDecisionsRequest& request) {
  absl::Status status;
  if (!flags.subject.empty()) {
    auto subject = ParseSubject(flags.subject);
    if (!subject.ok()) return subject.status();
    *request.mutable_subject() = *std::move(subject);
  }
  if (!flags.since.empty()) status = ReadMoment("--since", flags.since, *request.mutable_start_time());
  if (status.ok() && !flags.until.empty()) status = ReadMoment("--until", flags.until, *request.mutable_end_time());
  return status;
}

void PrintDecision(const v1::LoggedDecision& decision, CommandLine& line) {
  const bool assigned = decision.outcome() == v1::OUTCOME_ASSIGNED;
  line.out << decision.decision_id() << "  " << UtcText(decision.time()) << "  "
           << line.terminal.Paint(assigned ? Style::kGood : Style::kWarn, PadRight(OutcomeText(decision.outcome()), 10))
           << "  " << PadRight(decision.segment_id().empty() ? decision.reason() : decision.segment_id(), 24) << "  "
           << line.terminal.Paint(Style::kDim, absl::StrCat("of ", decision.pseudonym())) << "\n";
}

absl::Status RunDecisions(const DecisionsFlags& flags, CommandLine& line) {
  v1::ListDecisionsRequest request;
  if (absl::Status read = ReadFlags(flags, request); !read.ok()) return read;
  auto client = OversightClient::Create(line.ControlPlane());
  if (!client.ok()) return client.status();
  const auto all = ReadPages(std::move(request), [&](const auto& page) { return client->ListDecisions(page); });
  if (!all.ok()) return all.status();
  if (line.json) {
    PrintJson(ToJson(*all), line);
    return absl::OkStatus();
  }
  for (const v1::LoggedDecision& decision : all->decisions()) PrintDecision(decision, line);
  if (all->decisions().empty()) line.out << "no decision is kept\n";
  return absl::OkStatus();
}

}  // namespace

void AddDecisionsCommand(CLI::App& root, CommandLine& line) {
  auto flags = std::make_shared<DecisionsFlags>();
  CLI::App* command = root.add_subcommand("decisions", "List what the decision log keeps");
  command->footer(kDecisionsExamples);
  command->add_option("--subject", flags->subject, "Only about this one: NAMESPACE:ID");
  command->add_option("--since", flags->since, "Only from then on");
  command->add_option("--until", flags->until, "Only before then");
  AddConnectionFlags(*command, line);
  AddOutputFlags(*command, line);
  command->callback([flags, &line] { line.run = [flags, &line] { return RunDecisions(*flags, line); }; });
}

}  // namespace assent::client
