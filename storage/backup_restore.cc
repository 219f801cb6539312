#include "storage/backup_restore.h"

#include <rocksdb/env.h>
#include <rocksdb/utilities/backup_engine.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/audit_chain.h"
#include "storage/backup_folder.h"
#include "storage/consent_store.h"
#include "storage/database.h"
#include "storage/file_descriptor.h"

namespace assent::storage {
namespace {

// A data folder of its own inside the new one, until everything is in it.
std::string StagingFolder(const RestoreOptions& options) { return options.data_dir + "/restoring"; }

bool IsThere(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

absl::StatusOr<std::unique_ptr<rocksdb::BackupEngineReadOnly>> OpenBackups(const std::string& folder) {
  if (!IsThere(folder + "/meta")) return absl::NotFoundError(absl::StrCat("there are no backups in ", folder));
  rocksdb::BackupEngineReadOnly* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::BackupEngineReadOnly::Open(BackupLayout(folder), rocksdb::Env::Default(), &opened);
  std::unique_ptr<rocksdb::BackupEngineReadOnly> engine(opened);
  if (!status.ok()) return FromBackupEngine(status, "open the backups", folder);
  return engine;
}

absl::StatusOr<Backup> Choose(const rocksdb::BackupEngineReadOnly& engine, const RestoreOptions& options) {
  const std::vector<Backup> backups = BackupsIn(engine);
  if (!options.backup && !backups.empty()) return backups.back();
  for (const Backup& backup : backups) {
    if (backup.id == options.backup) return backup;
  }
  std::vector<rocksdb::BackupID> damaged;
  engine.GetCorruptedBackups(&damaged);
  for (const rocksdb::BackupID id : damaged) {
    if (id != options.backup.value_or(id)) continue;
    return absl::DataLossError(absl::StrCat("backup ", id, " in ", options.backup_dir, " is damaged"));
  }
  return absl::NotFoundError(options.backup
                                 ? absl::StrCat("there is no backup ", *options.backup, " in ", options.backup_dir)
                                 : absl::StrCat("there are no backups in ", options.backup_dir));
}

// Makes both folders, for their owner alone, without what an interrupted restore left.
absl::Status PrepareStaging(const RestoreOptions& options) {
  if (IsThere(options.data_dir + "/db")) {
    return absl::AlreadyExistsError(
        absl::StrCat("data folder ", options.data_dir, ": it has a database; restore into a new folder"));
  }
  std::error_code failed;
  std::filesystem::remove_all(StagingFolder(options), failed);
  for (const std::string& folder : {options.data_dir, StagingFolder(options)}) {
    if (!failed && mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) failed = {errno, std::generic_category()};
  }
  if (!failed) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("data folder ", options.data_dir, ": cannot be made: ", failed.message()));
}

absl::Status Replay(const RestoreOptions& options, const Backup& backup, Database& restored, RestoredFolder& result) {
  if (!IsThere(options.replay_from + "/db/CURRENT")) {
    return absl::FailedPreconditionError(absl::StrCat("data folder ", options.replay_from, ": has no database"));
  }
  const auto from = Database::Open(
      {.data_dir = options.replay_from, .key_check = std::nullopt, .sealing_keys = options.sealing_keys});
  if (!from.ok()) return from.status();
  // Sequences of two epochs cannot be compared.
  if ((*from)->epoch() != backup.point.epoch) {
    return absl::FailedPreconditionError(
        absl::StrCat("data folder ", options.replay_from, ": the backup is of another folder, or of another epoch"));
  }
  // Nor can pseudonyms of other keys.
  const auto key_check = (*from)->key_check();
  const auto restored_key_check = restored.key_check();
  if (!key_check.ok()) return key_check.status();
  if (!restored_key_check.ok()) return restored_key_check.status();
  if (*key_check != *restored_key_check) {
    return absl::FailedPreconditionError(absl::StrCat(
        "data folder ", options.replay_from,
        ": its pseudonym key was rotated after the backup, so that nobody in it is known there; restore without it"));
  }
  auto replayed = ReplayDenials(**from, result.sequence, restored);
  if (!replayed.ok()) return replayed.status();
  result.replayed = *replayed;
  return absl::OkStatus();
}

// With an entry of the audit log, which the changes that are entered again come after.
absl::Status BeginEpoch(Database& restored) {
  AuditChain chain(restored);
  if (absl::Status status = chain.ReadTail(); !status.ok()) return status;
  return restored.BeginRestoredEpoch([&](uint64_t epoch, rocksdb::WriteBatch& batch) {
    return chain.Append({.kind = AuditKind::kRestore, .actor = "assentctl", .number = epoch}, absl::Now(), batch);
  });
}

// Makes the copy a restored folder, before anything can start on it.
absl::Status Complete(const RestoreOptions& options, const Backup& backup, RestoredFolder& result) {
  auto database = Database::Open(
      {.data_dir = StagingFolder(options), .key_check = std::nullopt, .sealing_keys = options.sealing_keys});
  if (!database.ok()) return database.status();
  if (absl::Status status = BeginEpoch(**database); !status.ok()) return status;
  result.epoch = (*database)->epoch();
  return options.replay_from.empty() ? absl::OkStatus() : Replay(options, backup, **database, result);
}

// The last step: from then on the folder has a database.
absl::Status MoveIntoPlace(const RestoreOptions& options) {
  const std::string from = StagingFolder(options) + "/db";
  const std::string to = options.data_dir + "/db";
  if (std::rename(from.c_str(), to.c_str()) != 0 || !SyncFolderOf(to)) {
    return CannotWrite("data folder", options.data_dir);
  }
  std::error_code ignored;
  std::filesystem::remove_all(StagingFolder(options), ignored);
  return SyncFolderOf(options.data_dir) ? absl::OkStatus() : CannotWrite("data folder", options.data_dir);
}

}  // namespace

absl::StatusOr<RestoredFolder> RestoreBackup(RestoreOptions options) {
  while (options.data_dir.size() > 1 && options.data_dir.back() == '/') options.data_dir.pop_back();
  const auto engine = OpenBackups(options.backup_dir);
  if (!engine.ok()) return engine.status();
  const auto backup = Choose(**engine, options);
  if (!backup.ok()) return backup.status();
  if (absl::Status status = PrepareStaging(options); !status.ok()) return status;
  const std::string staging = StagingFolder(options);
  rocksdb::Status copied = (*engine)->VerifyBackup(backup->id, /*verify_with_checksum=*/true);
  if (copied.ok())
    copied = (*engine)->RestoreDBFromBackup(rocksdb::RestoreOptions(), backup->id, staging + "/db", staging + "/db");
  RestoredFolder result{.backup = backup->id, .made = backup->made, .sequence = backup->point.sequence, .replayed = {}};
  absl::Status status = copied.ok()
                            ? Complete(options, *backup, result)
                            : FromBackupEngine(copied, absl::StrCat("restore backup ", backup->id), options.backup_dir);
  if (status.ok()) status = MoveIntoPlace(options);
  if (status.ok()) return result;
  std::error_code ignored;
  std::filesystem::remove_all(staging, ignored);
  return status;
}

}  // namespace assent::storage
