// assentctl consent import and export: everyone's consents from and to a file.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/commands.h"
#include "client/consent_client.h"
#include "client/consent_import_run.h"
#include "client/import_checkpoint.h"
#include "client/interrupt.h"
#include "client/private_file.h"
#include "client/progress.h"

namespace assent::client {
namespace {

constexpr int kInterruptedStatus = 130;  // as shells say it: 128 and the number of SIGINT
constexpr uint64_t kShareParts = 1000;
constexpr absl::Duration kExportDeadline = absl::Hours(24);  // a whole export, however slow its reader is
constexpr int kExportAttempts = 5;
constexpr absl::Duration kExportPause = absl::Milliseconds(100);

struct BulkFlags {
  std::string path, format, refused;
  size_t parallel = 4, rows_per_call = kImportRowsPerCallMax;
};

constexpr char kImportExamples[] =
    R"(The file is CSV with a header or one JSON object a line, plain, .gz or .zst. One line is one act of one person:
  namespace,id,purposes,status,given_time,expire_time,notice_id,notice_version,jurisdiction
  login,anna,select_content profile_content,granted,2026-05-01T10:00:00Z,,cookie-banner,7,DE
Other columns: pseudonym and key_check (of an export), legal_basis, restricted, child. JSON has the same names; purposes
may be a list. What counts is the time of the act: nothing newer is overridden, and no denial of the same time or later.
To import twice is safe. A run that was broken off goes on where the server's acknowledgements ended.
Examples:
  assentctl consent import consents.csv
  assentctl consent import consents.jsonl.zst --refused refused.csv --json)";
constexpr char kExportAllExamples[] =
    R"(Everyone's consents as they stand now, by pseudonym: a file that import takes, under the same pseudonym key.
Erased people are not in it. Only its owner can read the file.
Examples:
  assentctl consent export consents.csv
  assentctl consent export consents.jsonl)";

double PerSecond(uint64_t rows, double seconds) { return static_cast<double>(rows) / std::max(seconds, 1e-9); }

void PrintImport(const ImportProgress& progress, uint64_t before, double seconds, const std::string& refused_path,
                 CommandLine& line) {
  const double rate = PerSecond(progress.rows - before, seconds);
  if (line.json) {
    nlohmann::ordered_json json = {{"rows", progress.rows},           {"taken", progress.taken},
                                   {"unchanged", progress.unchanged}, {"refused", progress.refused},
                                   {"continued_behind", before},      {"seconds", seconds},
                                   {"rows_per_second", rate}};
    if (progress.refused != 0) json["refused_lines"] = refused_path;
    PrintJson(json, line);
    return;
  }
  line.out << HumanCount(progress.rows) << " rows"
           << (before == 0 ? "" : absl::StrCat(" (", HumanCount(before), " of them by an earlier run)")) << ": "
           << HumanCount(progress.taken) << " taken, " << HumanCount(progress.unchanged) << " unchanged, "
           << HumanCount(progress.refused) << " refused; "
           << absl::StrFormat("%.2f s, %s rows/s, each on disk\n", seconds, HumanNumber(rate));
  if (progress.refused != 0) line.err << "  refused lines, with field and reason: " << refused_path << "\n";
}

absl::Status ImportWithProgress(const BulkFlags& flags, ConsentFile& file, ImportCheckpoint& checkpoint,
                                ImportProgress& progress, bool& stopped, CommandLine& line) {
  auto client = ConsentClient::Create(line.ControlPlane());
  if (!client.ok()) return client.status();
  const Interrupt interrupt;
  Progress bar(line.err, line.progress, "importing", kShareParts);
  ImportRunOptions options;
  options.parallel = flags.parallel;
  options.rows_per_call = flags.rows_per_call;
  options.stop = [&] { return interrupt.seen(); };
  options.acknowledged = [&](const ImportProgress& now, const std::vector<RefusedLine>& refused, double share) {
    bar.Update(static_cast<uint64_t>(share * kShareParts));
    return checkpoint.Save(now, refused);
  };
  return ImportFile(*client, file, options, progress, stopped);
}

absl::Status RunImport(const BulkFlags& flags, CommandLine& line) {
  auto format = ConsentFormatOf(flags.format, flags.path);
  if (!format.ok()) return format.status();
  auto file = ConsentFile::Open(flags.path, *format);
  if (!file.ok()) return file.status();
  auto checkpoint =
      ImportCheckpoint::Open(flags.path, flags.refused.empty() ? flags.path + ".refused.csv" : flags.refused);
  if (!checkpoint.ok()) return checkpoint.status();
  ImportProgress progress = checkpoint->progress();
  const uint64_t before = progress.rows;
  bool stopped = false;
  const absl::Time start = absl::Now();
  const absl::Status status = ImportWithProgress(flags, **file, *checkpoint, progress, stopped, line);
  PrintImport(progress, before, absl::ToDoubleSeconds(absl::Now() - start), checkpoint->refused_path(), line);
  if (!status.ok()) {
    return WithHint(status,
                    HintOf(status).empty() ? "run the command again: it goes on where it ended" : HintOf(status));
  }
  if (stopped) {
    line.error_status = kInterruptedStatus;
    return WithHint(absl::CancelledError(absl::StrCat("interrupted after line ", progress.line)),
                    "run the command again: it goes on where it ended");
  }
  checkpoint->Remove();
  if (progress.refused == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(progress.refused, " of ", progress.rows, " rows failed; the others are done"));
}

// What an export has written.
struct ExportSoFar {
  uint64_t rows = 0;  // people
  uint64_t lines = 0;
  uint64_t damaged = 0;  // of the calls before this one
  std::string last;      // pseudonym
};

void WriteRows(const v1::ExportConsentsResponse& response, ConsentFormat format, PrivateFile& file,
               ExportSoFar& so_far) {
  std::string text;
  for (const v1::ConsentRow& row : response.rows()) {
    for (ConsentTexts& texts : LinesOfRow(row)) {
      if (so_far.lines++ == 0) texts[static_cast<size_t>(ConsentColumn::kKeyCheck)] = response.key_check();
      text += ConsentLineText(texts, format);
    }
    so_far.last = row.pseudonym();
  }
  so_far.rows += static_cast<uint64_t>(response.rows_size());
  file.Write(text);
}

// Pseudonyms are uniform, so the last one says how far the export has got.
uint64_t ShareOf(const std::string& pseudonym) {
  uint64_t first = 0;
  if (!absl::SimpleHexAtoi(absl::string_view(pseudonym).substr(0, 4), &first)) return 0;
  return first * kShareParts / 0x10000;
}

// A call that breaks off is continued behind the last person.
absl::Status ExportTo(PrivateFile& file, ConsentFormat format, ExportSoFar& so_far, CommandLine& line) {
  ChannelOptions channel = line.ControlPlane();
  channel.deadline = kExportDeadline;
  auto client = ConsentClient::Create(channel);
  if (!client.ok()) return client.status();
  Progress bar(line.err, line.progress, "exporting", kShareParts);
  file.Write(ConsentHeader(format));
  absl::Duration pause = kExportPause;
  for (int attempt = 1;; ++attempt) {
    v1::ExportConsentsRequest request;
    request.set_after_pseudonym(so_far.last);
    uint64_t damaged = 0;
    absl::Status status = client->ExportConsents(request, [&](const v1::ExportConsentsResponse& response) {
      WriteRows(response, format, file, so_far);
      damaged = response.damaged_records();
      bar.Update(ShareOf(so_far.last));
    });
    so_far.damaged += damaged;
    if (!absl::IsUnavailable(status) || attempt == kExportAttempts) return status;
    absl::SleepFor(pause);
    pause *= 2;
  }
}

absl::Status RunExportAll(const BulkFlags& flags, CommandLine& line) {
  auto format = ConsentFormatOf(flags.format, flags.path);
  if (!format.ok()) return format.status();
  auto file = PrivateFile::Create(flags.path);
  if (!file.ok()) return file.status();
  ExportSoFar so_far;
  const absl::Time start = absl::Now();
  absl::Status status = ExportTo(**file, *format, so_far, line);
  if (status.ok()) status = (*file)->Commit();
  if (!status.ok()) return status;
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  if (line.json) {
    PrintJson({{"rows", so_far.rows},
               {"lines", so_far.lines},
               {"damaged_records", so_far.damaged},
               {"seconds", seconds},
               {"rows_per_second", PerSecond(so_far.rows, seconds)}},
              line);
  } else {
    line.out << HumanCount(so_far.rows) << " people in " << HumanCount(so_far.lines) << " lines; "
             << absl::StrFormat("%.2f s, %s rows/s\n", seconds, HumanNumber(PerSecond(so_far.rows, seconds)));
    if (so_far.damaged != 0) line.err << "  " << HumanCount(so_far.damaged) << " damaged records are not in it\n";
  }
  return absl::OkStatus();
}

using BulkRunner = absl::Status (*)(const BulkFlags&, CommandLine&);

CLI::App* AddBulkCommand(CLI::App& consent, const char* name, const char* what, const char* examples, BulkRunner runner,
                         const std::shared_ptr<BulkFlags>& flags, CommandLine& line) {
  CLI::App* command = consent.add_subcommand(name, what);
  command->footer(examples);
  command->add_option("FILE", flags->path, "The file; its name says what is in it: .csv, .jsonl")->required();
  command->add_option("--format", flags->format, "csv or jsonl, whatever the file is called")
      ->check(CLI::IsMember({"csv", "jsonl"}));
  AddConnectionFlags(*command, line);
  AddOutputFlags(*command, line);
  command->callback([flags, runner, &line] { line.run = [flags, runner, &line] { return runner(*flags, line); }; });
  return command;
}

}  // namespace

void AddConsentBulkCommands(CLI::App& consent, CommandLine& line) {
  auto flags = std::make_shared<BulkFlags>();
  CLI::App* import = AddBulkCommand(consent, "import", "Record many people's consents from a file", kImportExamples,
                                    RunImport, flags, line);
  import->add_option("--refused", flags->refused, "File for the refused lines; FILE.refused.csv where it is not given");
  import->add_option("--parallel", flags->parallel, "Calls at a time")
      ->check(CLI::Range(size_t{1}, kImportParallelMax))
      ->capture_default_str();
  import->add_option("--rows-per-call", flags->rows_per_call, "Rows that are acknowledged together")
      ->check(CLI::Range(size_t{1}, kImportRowsPerCallMax))
      ->capture_default_str();
  AddBulkCommand(consent, "export", "Write everyone's consents to a file", kExportAllExamples, RunExportAll, flags,
                 line);
}

}  // namespace assent::client
