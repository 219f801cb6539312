#include <memory>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/commands.h"
#include "client/private_file.h"
#include "client/request_flags.h"
#include "client/subject_client.h"

namespace assent::client {
namespace {

struct SubjectFlags {
  std::string subject, segment, statement, etag, out, format = "json";
  int32_t taxonomy = 0;
  bool not_a_child = false;
};

constexpr char kRefuseExamples[] =
    R"(Counts from the moment it is acknowledged, in this model and in every later one.
Examples:
  assentctl subject refuse --subject login:anna --segment segment-4
  assentctl subject refuse --subject login:anna --taxonomy 381)";
constexpr char kAllowExamples[] =
    R"(Takes a refusal back. It is no consent: what was not permitted before stays so.
Examples:
  assentctl subject allow --subject login:anna --segment segment-4
  assentctl subject allow --subject login:anna --taxonomy 381)";
constexpr char kContestExamples[] =
    R"(Stored for a review. To be kept out of the segment at once, refuse it as well.
Examples:
  assentctl subject contest --subject login:anna --segment segment-4 --statement "I have no children")";
constexpr char kRestrictExamples[] =
    R"(Everything is kept and nothing is done with it, until it is lifted.
Examples:
  assentctl subject restrict --subject login:anna)";
constexpr char kLiftExamples[] = R"(What was permitted before the restriction is permitted again.
Examples:
  assentctl subject lift --subject login:anna)";
constexpr char kChildExamples[] = R"(Nothing is permitted for a child, whatever consent says.
Examples:
  assentctl subject child --subject login:anna
  assentctl subject child --subject login:anna --not)";
constexpr char kEraseExamples[] =
    R"(Consents, history, preferences and profile are gone for good; only new consent counts afterwards.
Examples:
  assentctl subject erase --subject login:anna)";

constexpr char kSegmentsExamples[] =
    R"(What the running model makes of what is kept. A call may bring features and signals of its own.
Examples:
  assentctl subject segments --subject login:anna
  assentctl subject segments --subject login:anna --json)";
constexpr char kExportExamples[] =
    R"(Consents, their history, preferences, contests and profile; no id of the person.
Examples:
  assentctl subject export --subject login:anna > anna.json
  assentctl subject export --subject login:anna --format csv --out anna.csv)";

void PrintState(const v1::SubjectState& state, CommandLine& line) {
  const auto say = [&](Style style, const std::string& text) {
    line.out << "  " << line.terminal.Paint(style, text) << "\n";
  };
  if (state.erased()) say(Style::kWarn, absl::StrCat("erased ", UtcText(state.erase_time())));
  if (state.restricted()) say(Style::kWarn, "restricted: everything is kept, nothing is processed");
  if (state.child()) say(Style::kWarn, "a child: nothing is permitted");
  if (state.refused_segment_ids_size() != 0) {
    line.out << "  refuses the segments " << absl::StrJoin(state.refused_segment_ids(), ", ") << "\n";
  }
  if (state.refused_taxonomy_ids_size() != 0) {
    line.out << "  refuses the taxonomy rows " << absl::StrJoin(state.refused_taxonomy_ids(), ", ")
             << " and all below them\n";
  }
  for (const v1::ContestedAssignment& contest : state.contests()) {
    line.out << "  contests " << contest.segment_id() << " since " << UtcText(contest.contest_time()) << "\n";
  }
  say(Style::kDim, absl::StrCat("revision ", state.revision()));
}

// Sends `request` for the subject of the flags. `call` is a method of SubjectClient.
template <typename Request, typename Call>
absl::Status SendChange(const SubjectFlags& flags, Request request, Call call, CommandLine& line) {
  auto subject = ParseSubject(flags.subject);
  if (!subject.ok()) return subject.status();
  *request.mutable_subject() = *std::move(subject);
  request.set_etag(flags.etag);
  auto client = SubjectClient::Create(line.ControlPlane());
  if (!client.ok()) return client.status();
  auto response = (*client.*call)(std::move(request));
  if (!response.ok()) return response.status();
  if (line.json) {
    PrintJson(ToJson(*response), line);
  } else {
    PrintState(response->state(), line);
  }
  return absl::OkStatus();
}

absl::Status SendPreference(const SubjectFlags& flags, v1::SegmentPreference preference, CommandLine& line) {
  if (flags.segment.empty() == (flags.taxonomy == 0)) {
    return absl::InvalidArgumentError("give a segment with --segment, or a row of the taxonomy with --taxonomy");
  }
  v1::SetSegmentPreferenceRequest request;
  if (flags.segment.empty()) {
    request.set_taxonomy_id(flags.taxonomy);
  } else {
    request.set_segment_id(flags.segment);
  }
  request.set_preference(preference);
  return SendChange(flags, std::move(request), &SubjectClient::SetSegmentPreference, line);
}

absl::Status RunRefuse(const SubjectFlags& flags, CommandLine& line) {
  return SendPreference(flags, v1::SEGMENT_PREFERENCE_REFUSED, line);
}

absl::Status RunAllow(const SubjectFlags& flags, CommandLine& line) {
  return SendPreference(flags, v1::SEGMENT_PREFERENCE_ALLOWED, line);
}

absl::Status RunContest(const SubjectFlags& flags, CommandLine& line) {
  v1::ContestAssignmentRequest request;
  request.set_segment_id(flags.segment);
  request.set_statement(flags.statement);
  return SendChange(flags, std::move(request), &SubjectClient::ContestAssignment, line);
}

absl::Status RunRestrict(const SubjectFlags& flags, CommandLine& line) {
  return SendChange(flags, v1::RestrictSubjectRequest(), &SubjectClient::RestrictSubject, line);
}

absl::Status RunLift(const SubjectFlags& flags, CommandLine& line) {
  v1::RestrictSubjectRequest request;
  request.set_lift(true);
  return SendChange(flags, std::move(request), &SubjectClient::RestrictSubject, line);
}

absl::Status RunChild(const SubjectFlags& flags, CommandLine& line) {
  v1::MarkChildRequest request;
  request.set_child(!flags.not_a_child);
  return SendChange(flags, std::move(request), &SubjectClient::MarkChild, line);
}

absl::Status RunErase(const SubjectFlags& flags, CommandLine& line) {
  return SendChange(flags, v1::EraseSubjectRequest(), &SubjectClient::EraseSubject, line);
}

void PrintSegment(const v1::SubjectSegment& segment, CommandLine& line) {
  const bool assigned = segment.outcome() == v1::OUTCOME_ASSIGNED;
  const std::string what = segment.needs_features()                       ? "DEPENDS ON THE CALL"
                           : segment.outcome() == v1::OUTCOME_UNSPECIFIED ? "NO MODEL"
                                                                          : OutcomeText(segment.outcome());
  line.out << line.terminal.Paint(Style::kBold, absl::AsciiStrToLower(PurposeText(segment.purpose()))) << "  "
           << line.terminal.Paint(assigned ? Style::kGood : Style::kWarn, what) << "  "
           << line.terminal.Paint(Style::kDim, segment.rule()) << "\n";
  if (assigned) line.out << "  " << segment.segment().segment_id() << " “" << segment.segment().label() << "”\n";
  line.out << "  " << segment.explanation() << "\n";
}

absl::Status RunSegments(const SubjectFlags& flags, CommandLine& line) {
  auto subject = ParseSubject(flags.subject);
  if (!subject.ok()) return subject.status();
  auto client = SubjectClient::Create(line.ControlPlane());
  if (!client.ok()) return client.status();
  v1::ListSubjectSegmentsRequest request;
  *request.mutable_subject() = *std::move(subject);
  auto response = client->ListSubjectSegments(request);
  if (!response.ok()) return response.status();
  if (line.json) {
    PrintJson(ToJson(*response), line);
    return absl::OkStatus();
  }
  for (const v1::SubjectSegment& segment : response->segments()) PrintSegment(segment, line);
  return absl::OkStatus();
}

absl::Status RunExport(const SubjectFlags& flags, CommandLine& line) {
  auto subject = ParseSubject(flags.subject);
  if (!subject.ok()) return subject.status();
  auto client = SubjectClient::Create(line.ControlPlane());
  if (!client.ok()) return client.status();
  v1::ExportSubjectRequest request;
  *request.mutable_subject() = *std::move(subject);
  request.set_format(flags.format == "csv" ? v1::EXPORT_FORMAT_CSV : v1::EXPORT_FORMAT_JSON);
  if (flags.out.empty()) {
    absl::Status status = client->ExportSubject(request, [&](absl::string_view part) { line.out << part; });
    if (status.ok() && flags.format == "json") line.out << "\n";
    return status;
  }
  auto file = PrivateFile::Create(flags.out);
  if (!file.ok()) return file.status();
  absl::Status status = client->ExportSubject(request, [&](absl::string_view part) { (*file)->Write(part); });
  return status.ok() ? (*file)->Commit() : status;
}

using SubjectRunner = absl::Status (*)(const SubjectFlags&, CommandLine&);

CLI::App* AddSubjectCall(CLI::App& root, const char* name, const char* what, const char* examples, SubjectRunner runner,
                         const std::shared_ptr<SubjectFlags>& flags, CommandLine& line) {
  CLI::App* command = root.add_subcommand(name, what);
  command->footer(examples);
  command->add_option("--subject", flags->subject, "Who: NAMESPACE:ID, such as login:anna")->required();
  AddConnectionFlags(*command, line);
  AddOutputFlags(*command, line);
  command->callback([flags, runner, &line] { line.run = [flags, runner, &line] { return runner(*flags, line); }; });
  return command;
}

void AddSegmentFlags(CLI::App& command, SubjectFlags& flags) {
  command.add_option("--segment", flags.segment, "The segment's id");
  command.add_option("--taxonomy", flags.taxonomy, "A row of the IAB Audience Taxonomy, with all below it");
}

}  // namespace

void AddSubjectCommand(CLI::App& root, CommandLine& line) {
  auto flags = std::make_shared<SubjectFlags>();
  CLI::App* subject =
      root.add_subcommand("subject", "A person's controls: segments, refuse, contest, restrict, erase, export");
  subject->require_subcommand(1);
  const auto add_read = [&](const char* name, const char* what, const char* examples, SubjectRunner runner) {
    return AddSubjectCall(*subject, name, what, examples, runner, flags, line);
  };
  const auto add = [&](const char* name, const char* what, const char* examples, SubjectRunner runner) {
    CLI::App* command = add_read(name, what, examples, runner);
    command->add_option("--etag", flags->etag, "Fail if the record is no longer the one with this etag");
    return command;
  };
  add_read("segments", "Where the running model puts the person, and why", kSegmentsExamples, RunSegments);
  AddSegmentFlags(*add("refuse", "Never be put into a segment", kRefuseExamples, RunRefuse), *flags);
  AddSegmentFlags(*add("allow", "Take a refusal back", kAllowExamples, RunAllow), *flags);
  CLI::App* contest = add("contest", "Say that an assignment is wrong", kContestExamples, RunContest);
  contest->add_option("--segment", flags->segment, "The segment's id")->required();
  contest->add_option("--statement", flags->statement, "Why, in the person's words")->required();
  add("restrict", "Keep what is stored, and do nothing with it", kRestrictExamples, RunRestrict);
  add("lift", "Lift the restriction", kLiftExamples, RunLift);
  add("child", "Say that the person is a child", kChildExamples, RunChild)
      ->add_flag("--not", flags->not_a_child, "The person is no child (any more)");
  add("erase", "Forget the person", kEraseExamples, RunErase);
  CLI::App* exported = add_read("export", "Everything that is kept of the person", kExportExamples, RunExport);
  exported->add_option("--format", flags->format, "json or csv")
      ->check(CLI::IsMember({"json", "csv"}))
      ->capture_default_str();
  exported->add_option("--out", flags->out, "File for it, which only its owner can read; otherwise standard output");
}

}  // namespace assent::client
