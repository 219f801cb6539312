#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/commands.h"
#include "client/consent_client.h"
#include "client/consent_run.h"
#include "client/csv_reader.h"
#include "client/duration_text.h"
#include "client/page_reader.h"
#include "client/progress.h"
#include "client/request_flags.h"
#include "client/request_text.h"

namespace assent::client {
namespace {

struct ConsentFlags {
  std::string subject, linked, input, subject_column = "subject_id", name_space = "login";
  std::vector<std::string> purposes;
  std::string notice, notice_version, expires, jurisdiction, legal_basis = "consent", etag;
  size_t parallel = 16;
};

constexpr char kGrantExamples[] = R"(Examples:
  assentctl consent grant --subject login:anna --purpose select_content --notice welcome --notice-version 1
  assentctl consent grant --subject login:anna --purpose select_advertising --expires 365d --notice welcome --notice-version 1
  assentctl consent grant --input grants.csv --namespace login --purpose select_content --notice welcome --notice-version 1)";
constexpr char kWithdrawExamples[] =
    R"(Without --purpose everything is withdrawn. It counts from the moment it is acknowledged.
Examples:
  assentctl consent withdraw --subject login:anna
  assentctl consent withdraw --subject login:anna --purpose select_advertising)";
constexpr char kOptOutExamples[] =
    R"(Without --purpose the person objects to everything. It counts from the moment it is acknowledged.
Examples:
  assentctl consent opt-out --subject login:anna
  assentctl consent opt-out --input opt_outs.csv --namespace login --purpose select_advertising)";
constexpr char kShowExamples[] = R"(Examples:
  assentctl consent show --subject login:anna
  assentctl consent show --subject login:anna --json)";

constexpr char kHistoryExamples[] = R"(Examples:
  assentctl consent history --subject login:anna
  assentctl consent history --subject login:anna --json)";
constexpr char kLinkExamples[] =
    R"(Says that a cookie or device belongs to a person who is known. From then on an opt-out, a signal such as Global
Privacy Control, a restriction or being a child of one holds for all; what is denied already is carried over.
Examples:
  assentctl consent link --subject login:anna --linked cookie:c-1)";
constexpr char kUnlinkExamples[] = R"(Takes nothing back that the link carried. Without --linked every link ends.
Examples:
  assentctl consent unlink --subject login:anna --linked cookie:c-1
  assentctl consent unlink --subject cookie:c-1)";

// "90d", "12h", or an RFC 3339 time.
absl::StatusOr<absl::Time> ParseExpiry(const std::string& text) {
  const auto span = ParseDaysOrHours(text);
  if (span && *span > absl::ZeroDuration()) return absl::Now() + *span;
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return time;
  return absl::InvalidArgumentError("--expires: write 90d, 12h, or a time such as 2027-01-31T00:00:00Z");
}

absl::StatusOr<std::vector<v1::Purpose>> ParsePurposes(const std::vector<std::string>& names) {
  std::vector<v1::Purpose> purposes;
  for (const std::string& name : names) {
    auto purpose = ParsePurpose(name);
    if (!purpose.ok()) return purpose.status();
    purposes.push_back(*purpose);
  }
  return purposes;
}

absl::StatusOr<v1::RecordConsentRequest> MakeGrant(const ConsentFlags& flags) {
  v1::RecordConsentRequest request;
  auto purposes = ParsePurposes(flags.purposes);
  if (!purposes.ok()) return purposes.status();
  for (const v1::Purpose purpose : *purposes) {
    v1::PurposeGrant* grant = request.add_grants();
    grant->set_purpose(purpose);
    grant->set_legal_basis(flags.legal_basis == "consent" ? v1::LEGAL_BASIS_CONSENT
                                                          : v1::LEGAL_BASIS_LEGITIMATE_INTEREST);
  }
  request.set_notice_id(flags.notice);
  request.set_notice_version(flags.notice_version);
  request.set_jurisdiction(flags.jurisdiction);
  request.set_etag(flags.etag);
  if (!flags.expires.empty()) {
    auto expiry = ParseExpiry(flags.expires);
    if (!expiry.ok()) return expiry.status();
    request.mutable_expire_time()->set_seconds(absl::ToUnixSeconds(*expiry));
  }
  return request;
}

template <typename Request>
absl::StatusOr<Request> MakeRefusal(const ConsentFlags& flags) {
  Request request;
  auto purposes = ParsePurposes(flags.purposes);
  if (!purposes.ok()) return purposes.status();
  for (const v1::Purpose purpose : *purposes) request.add_purposes(purpose);
  request.set_etag(flags.etag);
  return request;
}

void PrintPurpose(const v1::PurposeConsent& purpose, CommandLine& line) {
  const bool granted = purpose.status() == v1::CONSENT_STATUS_GRANTED;
  const std::string status = v1::ConsentStatus_Name(purpose.status()).substr(15);  // without CONSENT_STATUS_
  line.out << "  " << PadRight(absl::AsciiStrToLower(PurposeText(purpose.purpose())), 22)
           << line.terminal.Paint(granted ? Style::kGood : Style::kWarn, PadRight(status, 11)) << " since "
           << UtcText(purpose.update_time());
  if (purpose.has_expire_time()) line.out << ", until " << UtcText(purpose.expire_time());
  if (!purpose.notice_id().empty()) line.out << ", notice " << purpose.notice_id() << " " << purpose.notice_version();
  line.out << "\n";
}

void PrintConsent(const v1::Consent& consent, CommandLine& line) {
  for (const v1::PurposeConsent& purpose : consent.purposes()) PrintPurpose(purpose, line);
  line.out << line.terminal.Paint(Style::kDim, absl::StrCat("  revision ", consent.revision())) << "\n";
}

template <typename Response>
void PrintAnswer(const Response& response, CommandLine& line) {
  if (line.json) {
    PrintJson(ToJson(response), line);
  } else {
    PrintConsent(response.consent(), line);
  }
}

absl::StatusOr<std::vector<std::string>> ReadIds(const ConsentFlags& flags) {
  auto reader = CsvReader::Open(flags.input);
  if (!reader.ok()) return reader.status();
  auto column = (*reader)->Column(flags.subject_column);
  if (!column.ok()) return WithHint(column.status(), "name the column with the ids with --subject-column");
  std::vector<std::string> ids;
  CsvRow row;
  while (true) {
    auto more = (*reader)->Next(row);
    if (!more.ok()) return more.status();
    if (!*more) return ids;
    ids.push_back(row.cells[*column]);
  }
}

void PrintRun(const ConsentRun& run, absl::Duration took, CommandLine& line) {
  const double seconds = absl::ToDoubleSeconds(took);
  if (line.json) {
    nlohmann::ordered_json json = {{"recorded", run.done}, {"seconds", seconds}};
    if (run.bad_rows.count() != 0) {
      json["failed"] = run.bad_rows.count();
      json["bad_rows"] = run.bad_rows.ToJson();
    }
    PrintJson(json, line);
    return;
  }
  line.out << HumanCount(run.done) << " people recorded in " << HumanNumber(seconds) << " s, each synced to disk\n";
  run.bad_rows.Print(line);
}

// Sends `request` for the subject of the flags, or for every id of the file. `call` is a method of ConsentClient.
template <typename Request, typename Call>
absl::Status Apply(const ConsentFlags& flags, const Request& request, Call call, CommandLine& line) {
  auto client = ConsentClient::Create(line.ControlPlane());
  if (!client.ok()) return client.status();
  if (flags.subject.empty() == flags.input.empty()) {
    return absl::InvalidArgumentError("give one person with --subject, or a file with --input");
  }
  if (flags.input.empty()) {
    Request one = request;
    auto subject = ParseSubject(flags.subject);
    if (!subject.ok()) return subject.status();
    *one.mutable_subject() = *std::move(subject);
    auto response = (*client.*call)(std::move(one));
    if (!response.ok()) return response.status();
    PrintAnswer(*response, line);
    return absl::OkStatus();
  }
  auto ids = ReadIds(flags);
  if (!ids.ok()) return ids.status();
  Progress progress(line.err, line.progress, "recording", ids->size());
  ConsentRun run;
  const absl::Time start = absl::Now();
  const auto change = [&](const std::string& id) {
    Request one = request;
    one.mutable_subject()->set_namespace_(flags.name_space);
    one.mutable_subject()->set_id(id);
    return (*client.*call)(std::move(one)).status();
  };
  const absl::Status status = ForEachSubject(
      *ids, flags.parallel, change, [&](uint64_t now_done) { progress.Update(now_done); }, run);
  if (!status.ok()) {
    return WithHint(absl::Status(status.code(), absl::StrCat(status.message(), " (", run.done, " of ", ids->size(),
                                                             " were recorded)")),
                    HintOf(status).empty() ? "run the command again: recording twice is safe" : HintOf(status));
  }
  PrintRun(run, absl::Now() - start, line);
  return run.bad_rows.AsStatus(ids->size());
}

absl::Status RunGrant(const ConsentFlags& flags, CommandLine& line) {
  auto request = MakeGrant(flags);
  if (!request.ok()) return request.status();
  return Apply(flags, *request, &ConsentClient::RecordConsent, line);
}

absl::Status RunWithdraw(const ConsentFlags& flags, CommandLine& line) {
  auto request = MakeRefusal<v1::WithdrawConsentRequest>(flags);
  if (!request.ok()) return request.status();
  return Apply(flags, *request, &ConsentClient::WithdrawConsent, line);
}

absl::Status RunOptOut(const ConsentFlags& flags, CommandLine& line) {
  auto request = MakeRefusal<v1::OptOutRequest>(flags);
  if (!request.ok()) return request.status();
  return Apply(flags, *request, &ConsentClient::OptOut, line);
}

absl::Status RunShow(const ConsentFlags& flags, CommandLine& line) {
  auto subject = ParseSubject(flags.subject);
  if (!subject.ok()) return subject.status();
  auto client = ConsentClient::Create(line.ControlPlane());
  if (!client.ok()) return client.status();
  v1::GetConsentRequest request;
  *request.mutable_subject() = *std::move(subject);
  auto response = client->GetConsent(std::move(request));
  if (!response.ok()) return response.status();
  PrintAnswer(*response, line);
  return absl::OkStatus();
}

void PrintChange(const v1::ConsentChange& change, CommandLine& line) {
  const std::string kind = v1::ConsentChangeKind_Name(change.kind()).substr(20);  // without CONSENT_CHANGE_KIND_
  line.out << line.terminal.Paint(Style::kBold, absl::StrCat("revision ", change.revision())) << "  " << kind << "  "
           << UtcText(change.change_time());
  if (!change.recorded_by().empty()) line.out << "  by " << change.recorded_by();
  line.out << "\n";
  for (const v1::PurposeConsent& purpose : change.purposes()) PrintPurpose(purpose, line);
}

absl::Status RunHistory(const ConsentFlags& flags, CommandLine& line) {
  auto subject = ParseSubject(flags.subject);
  if (!subject.ok()) return subject.status();
  auto client = ConsentClient::Create(line.ControlPlane());
  if (!client.ok()) return client.status();
  v1::ListConsentHistoryRequest request;
  *request.mutable_subject() = *std::move(subject);
  const auto all = ReadPages(std::move(request), [&](const auto& page) { return client->ListConsentHistory(page); });
  if (!all.ok()) return all.status();
  if (line.json) {
    PrintJson(ToJson(*all), line);
    return absl::OkStatus();
  }
  for (const v1::ConsentChange& change : all->changes()) PrintChange(change, line);
  if (all->changes().empty()) line.out << "nothing is recorded\n";
  return absl::OkStatus();
}

// Sends `request` for the two subjects of the flags. `call` is a method of ConsentClient.
template <typename Request, typename Call>
absl::Status SendLink(const ConsentFlags& flags, Request request, Call call, CommandLine& line) {
  auto subject = ParseSubject(flags.subject);
  if (!subject.ok()) return subject.status();
  *request.mutable_subject() = *std::move(subject);
  if (!flags.linked.empty()) {
    auto linked = ParseSubject(flags.linked);
    if (!linked.ok()) return linked.status();
    *request.mutable_linked() = *std::move(linked);
  }
  request.set_etag(flags.etag);
  auto client = ConsentClient::Create(line.ControlPlane());
  if (!client.ok()) return client.status();
  auto response = (*client.*call)(std::move(request));
  if (!response.ok()) return response.status();
  PrintAnswer(*response, line);
  if (!line.json) line.out << "  links " << response->links() << "\n";
  return absl::OkStatus();
}

absl::Status RunLink(const ConsentFlags& flags, CommandLine& line) {
  return SendLink(flags, v1::LinkSubjectsRequest(), &ConsentClient::LinkSubjects, line);
}

absl::Status RunUnlink(const ConsentFlags& flags, CommandLine& line) {
  return SendLink(flags, v1::UnlinkSubjectsRequest(), &ConsentClient::UnlinkSubjects, line);
}

using Runner = absl::Status (*)(const ConsentFlags&, CommandLine&);

CLI::App* AddCommand(CLI::App& consent, const char* name, const char* what, const char* examples, Runner runner,
                     const std::shared_ptr<ConsentFlags>& flags, CommandLine& line) {
  CLI::App* command = consent.add_subcommand(name, what);
  command->footer(examples);
  command->add_option("--subject", flags->subject, "Who: NAMESPACE:ID, such as login:anna");
  AddConnectionFlags(*command, line);
  AddOutputFlags(*command, line);
  command->callback([flags, runner, &line] { line.run = [flags, runner, &line] { return runner(*flags, line); }; });
  return command;
}

void AddLinkCommands(CLI::App& consent, const std::shared_ptr<ConsentFlags>& flags, CommandLine& line) {
  CLI::App* link = AddCommand(consent, "link", "Say that a cookie or device belongs to a known person", kLinkExamples,
                              RunLink, flags, line);
  link->get_option("--subject")->required();
  link->add_option("--linked", flags->linked, "The cookie or device: NAMESPACE:ID")->required();
  CLI::App* unlink = AddCommand(consent, "unlink", "End a link", kUnlinkExamples, RunUnlink, flags, line);
  unlink->get_option("--subject")->required();
  unlink->add_option("--linked", flags->linked, "The other of the two; without it every link ends");
  for (CLI::App* command : {link, unlink}) {
    command->add_option("--etag", flags->etag, "Fail if the record is no longer the one with this etag");
  }
}

void AddWriteFlags(CLI::App& command, ConsentFlags& flags, bool purposes_required) {
  CLI::Option* purposes =
      command.add_option("--purpose", flags.purposes, "Purposes, separated by commas")->delimiter(',');
  if (purposes_required) purposes->required();
  command.add_option("--etag", flags.etag, "Fail if the record is no longer the one with this etag");
  const std::string group = "Many people from a file";
  command.add_option("--input", flags.input, "CSV file with a header, plain or .gz")->group(group);
  command.add_option("--subject-column", flags.subject_column, "Column with the ids")
      ->capture_default_str()
      ->group(group);
  command.add_option("--namespace", flags.name_space, "Namespace of the ids")->capture_default_str()->group(group);
  command.add_option("--parallel", flags.parallel, "Calls at a time")
      ->check(CLI::Range(size_t{1}, kParallelMax))
      ->capture_default_str()
      ->group(group);
}

}  // namespace

void AddConsentCommand(CLI::App& root, CommandLine& line) {
  auto flags = std::make_shared<ConsentFlags>();
  CLI::App* consent = root.add_subcommand("consent", "Record, withdraw, show, import and export consent");
  consent->require_subcommand(1);
  CLI::App* grant =
      AddCommand(*consent, "grant", "Record what a person agreed to", kGrantExamples, RunGrant, flags, line);
  AddWriteFlags(*grant, *flags, /*purposes_required=*/true);
  grant->add_option("--expires", flags->expires, "When it ends: 90d, 12h, or an RFC 3339 time");
  grant->add_option("--notice", flags->notice, "The notice that the person saw (assentctl notice list)")->required();
  grant->add_option("--notice-version", flags->notice_version, "Its version")->required();
  grant->add_option("--jurisdiction", flags->jurisdiction, "Where the person is: DE, US-CA, …");
  grant->add_option("--legal-basis", flags->legal_basis, "consent or legitimate_interest")
      ->check(CLI::IsMember({"consent", "legitimate_interest"}))
      ->capture_default_str();
  CLI::App* withdraw =
      AddCommand(*consent, "withdraw", "Take consent back, at once", kWithdrawExamples, RunWithdraw, flags, line);
  AddWriteFlags(*withdraw, *flags, /*purposes_required=*/false);
  CLI::App* opt_out =
      AddCommand(*consent, "opt-out", "Record an objection, at once", kOptOutExamples, RunOptOut, flags, line);
  AddWriteFlags(*opt_out, *flags, /*purposes_required=*/false);
  AddLinkCommands(*consent, flags, line);
  AddCommand(*consent, "show", "Print what is recorded", kShowExamples, RunShow, flags, line)
      ->get_option("--subject")
      ->required();
  AddReceiptCommands(*consent, line);
  AddCommand(*consent, "history", "Print every change, the newest first", kHistoryExamples, RunHistory, flags, line)
      ->get_option("--subject")
      ->required();
  AddConsentBulkCommands(*consent, line);
}

}  // namespace assent::client
