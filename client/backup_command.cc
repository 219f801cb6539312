#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/backup_client.h"
#include "client/commands.h"
#include "client/duration_text.h"
#include "client/request_text.h"
#include "storage/backup_restore.h"
#include "storage/key_file.h"

namespace assent::client {
namespace {

struct BackupFlags {
  std::string older_than, from, data_dir, replay_from, sealing_key_file;
  uint32_t backup = 0;  // 0: the newest
};

// Unless --deadline says otherwise: a backup copies what is new, and a purge waits for it.
constexpr double kBackupDeadlineS = 3600;

constexpr char kCreateExamples[] =
    R"(Made by the server, in its backup_dir, while it serves. What was acknowledged before is in it.
Examples:
  assentctl backup create
  assentctl backup create --json)";
constexpr char kListExamples[] = R"(Examples:
  assentctl backup list
  assentctl backup list --json)";
constexpr char kPurgeExamples[] =
    R"(The server does this by itself with backups that are older than its backup_retention_hours.
Examples:
  assentctl backup purge --older-than 24h
  assentctl backup purge --older-than 0h)";
constexpr char kReleaseExamples[] =
    R"(A server on restored data refuses everybody until this: first enter again what was withdrawn, objected to and
erased since the backup was made.
Examples:
  assentctl backup release)";
constexpr char kRestoreExamples[] =
    R"(Makes a new data folder; no server may use it yet. A server that starts on it refuses everybody (consent.closed)
until `assentctl backup release`. It needs the pseudonym key that the data were made with.
Of sealed data every key that something in the backup is sealed with has to be in --sealing-key-file.
Examples:
  assentctl backup restore --from /backup/assent --data-dir /var/lib/assent/restored
  assentctl backup restore --from /backup/assent --backup 12 --data-dir restored --replay-from /var/lib/assent/data)";

void PrintBackup(const v1::Backup& backup, CommandLine& line) {
  line.out << line.terminal.Paint(Style::kBold, absl::StrCat("backup ", backup.id())) << "  "
           << UtcText(backup.create_time()) << "  " << HumanNumber(static_cast<double>(backup.bytes()) / 1e6) << " MB  "
           << line.terminal.Paint(Style::kDim, absl::StrCat("up to change ", HumanCount(backup.sequence()))) << "\n";
}

absl::Status RunCreate(const BackupFlags&, CommandLine& line) {
  auto client = BackupClient::Create(line.ControlPlane());
  if (!client.ok()) return client.status();
  auto response = client->CreateBackup();
  if (!response.ok()) return response.status();
  if (line.json) {
    PrintJson(ToJson(*response), line);
  } else {
    PrintBackup(response->backup(), line);
  }
  return absl::OkStatus();
}

absl::Status RunList(const BackupFlags&, CommandLine& line) {
  auto client = BackupClient::Create(line.ControlPlane());
  if (!client.ok()) return client.status();
  auto response = client->ListBackups();
  if (!response.ok()) return response.status();
  if (line.json) {
    PrintJson(ToJson(*response), line);
    return absl::OkStatus();
  }
  for (const v1::Backup& backup : response->backups()) PrintBackup(backup, line);
  if (response->backups().empty()) line.out << "no backups\n";
  return absl::OkStatus();
}

absl::Status RunPurge(const BackupFlags& flags, CommandLine& line) {
  const auto age = ParseDaysOrHours(flags.older_than);
  if (!age) return absl::InvalidArgumentError("--older-than: write an age in days or hours, such as 7d or 24h");
  auto client = BackupClient::Create(line.ControlPlane());
  if (!client.ok()) return client.status();
  auto response = client->PurgeBackups(absl::Now() - *age);
  if (!response.ok()) return response.status();
  if (line.json) {
    PrintJson(ToJson(*response), line);
  } else {
    line.out << HumanCount(response->purged()) << " backups removed\n";
  }
  return absl::OkStatus();
}

absl::Status RunRelease(const BackupFlags&, CommandLine& line) {
  auto client = BackupClient::Create(line.ControlPlane());
  if (!client.ok()) return client.status();
  auto response = client->ReleaseRestored();
  if (!response.ok()) return response.status();
  if (line.json) {
    PrintJson(ToJson(*response), line);
  } else {
    line.out << (response->was_closed() ? "released: consent counts again\n"
                                        : "the data were not restored, or are released already\n");
  }
  return absl::OkStatus();
}

void PrintRestored(const storage::RestoredFolder& restored, const BackupFlags& flags, CommandLine& line) {
  if (line.json) {
    PrintJson({{"backup", restored.backup},
               {"create_time", absl::FormatTime(absl::RFC3339_full, restored.made, absl::UTCTimeZone())},
               {"sequence", restored.sequence},
               {"replayed_subjects", restored.replayed.subjects},
               {"replayed_changes", restored.replayed.changes},
               {"unreadable_records", restored.replayed.unreadable}},
              line);
    return;
  }
  line.out << "backup " << restored.backup << " of " << UtcText(restored.made) << " is in " << flags.data_dir << "\n";
  if (!flags.replay_from.empty()) {
    line.out << "  of " << HumanCount(restored.replayed.subjects) << " people whose record changed since, "
             << HumanCount(restored.replayed.changes) << " denials were carried over; "
             << HumanCount(restored.replayed.unreadable) << " records could not be read and are restricted\n";
  }
  line.out << line.terminal.Paint(Style::kDim,
                                  "  next: start assentd on it, enter again what was withdrawn, objected to and erased "
                                  "since, then: assentctl backup release")
           << "\n";
}

absl::Status RunRestore(const BackupFlags& flags, CommandLine& line) {
  storage::RestoreOptions options{
      .backup_dir = flags.from, .data_dir = flags.data_dir, .replay_from = flags.replay_from};
  if (flags.backup != 0) options.backup = flags.backup;
  if (!flags.sealing_key_file.empty()) {
    auto keys = storage::ReadSealingKeys(flags.sealing_key_file);
    if (!keys.ok()) return keys.status();
    options.sealing_keys = *std::move(keys);
  }
  auto restored = storage::RestoreBackup(options);
  if (!restored.ok()) return restored.status();
  PrintRestored(*restored, flags, line);
  return absl::OkStatus();
}

using BackupRunner = absl::Status (*)(const BackupFlags&, CommandLine&);

}  // namespace

void AddBackupCommand(CLI::App& root, CommandLine& line) {
  auto flags = std::make_shared<BackupFlags>();
  CLI::App* backup = root.add_subcommand("backup", "Make, list and purge backups; restore one, and release it");
  backup->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, const char* examples, BackupRunner runner) {
    CLI::App* command = backup->add_subcommand(name, what);
    command->footer(examples);
    AddOutputFlags(*command, line);
    command->callback([flags, runner, command, &line] {
      const CLI::Option* deadline = command->get_option_no_throw("--deadline");
      if (deadline != nullptr && deadline->count() == 0) line.deadline_s = kBackupDeadlineS;
      line.run = [flags, runner, &line] { return runner(*flags, line); };
    });
    return command;
  };
  CLI::App* create = add("create", "Make a backup of the running server", kCreateExamples, RunCreate);
  CLI::App* list = add("list", "The backups of the server", kListExamples, RunList);
  CLI::App* purge = add("purge", "Remove old backups, every byte of them", kPurgeExamples, RunPurge);
  CLI::App* release = add("release", "Open the gates of a server on restored data", kReleaseExamples, RunRelease);
  for (CLI::App* command : {create, list, purge, release}) {
    AddConnectionFlags(*command, line);
    command->get_option("--deadline")->default_str(absl::StrCat(kBackupDeadlineS));
  }
  purge->add_option("--older-than", flags->older_than, "Age, such as 7d or 24h")->required();
  CLI::App* restore = add("restore", "Make a data folder of a backup, offline", kRestoreExamples, RunRestore);
  restore->add_option("--from", flags->from, "The folder of the backups (the server's backup_dir)")->required();
  restore->add_option("--backup", flags->backup, "Its number; the newest where it is not given")
      ->check(CLI::PositiveNumber);
  restore->add_option("--data-dir,--data_dir", flags->data_dir, "The new data folder")->required();
  restore->add_option("--replay-from,--replay_from", flags->replay_from,
                      "A data folder that still opens: what it denied since the backup is carried over");
  restore->add_option("--sealing-key-file,--sealing_key_file", flags->sealing_key_file,
                      "The sealing keys that backup and folder are sealed with, where they are");
}

}  // namespace assent::client
