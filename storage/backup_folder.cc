#include "storage/backup_folder.h"

#include <rocksdb/utilities/backup_engine.h>

#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "storage/engine_status.h"

namespace assent::storage {
namespace {

constexpr absl::string_view kMetadataVersion = "1";

// False for what BackupMetadata did not write.
bool ReadMetadata(const std::string& text, Backup& backup) {
  const std::vector<std::string> parts = absl::StrSplit(text, ' ');
  int64_t made_us = 0;
  if (parts.size() != 4 || parts[0] != kMetadataVersion) return false;
  if (!absl::SimpleAtoi(parts[1], &backup.point.epoch) || !absl::SimpleAtoi(parts[2], &backup.point.sequence) ||
      !absl::SimpleAtoi(parts[3], &made_us)) {
    return false;
  }
  backup.made = absl::FromUnixMicros(made_us);
  return true;
}

absl::Status TranslateBackup(const rocksdb::Status& status, absl::string_view doing, absl::string_view folder) {
  if (status.IsCorruption()) {
    return absl::DataLossError(absl::StrCat("cannot ", doing, ": the backup in ", folder, " is damaged"));
  }
  if (status.IsNotFound()) return absl::NotFoundError(absl::StrCat("cannot ", doing, ": it is not in ", folder));
  if (status.IsIncomplete()) return absl::CancelledError(absl::StrCat("cannot ", doing, ": it was stopped"));
  if (status.IsNoSpace()) {
    return absl::UnavailableError(
        absl::StrCat("cannot ", doing, ": the disk of ", folder, " is full; free some space and try again"));
  }
  return absl::UnavailableError(
      absl::StrCat("cannot ", doing, ": a disk refuses, that of ", folder, " or that of the data; check them"));
}

}  // namespace

std::string BackupMetadata(const CommitPoint& point, absl::Time made) {
  return absl::StrCat(kMetadataVersion, " ", point.epoch, " ", point.sequence, " ", absl::ToUnixMicros(made));
}

std::vector<Backup> BackupsIn(const rocksdb::BackupEngineReadOnlyBase& engine) {
  std::vector<rocksdb::BackupInfo> infos;
  engine.GetBackupInfo(&infos);
  std::vector<Backup> backups;
  for (const rocksdb::BackupInfo& info : infos) {
    Backup backup{.id = info.backup_id, .made = absl::FromUnixSeconds(info.timestamp), .bytes = info.size, .point = {}};
    if (!ReadMetadata(info.app_metadata, backup)) backup.point = {};
    backups.push_back(backup);
  }
  std::sort(backups.begin(), backups.end(), [](const Backup& a, const Backup& b) { return a.id < b.id; });
  return backups;
}

rocksdb::BackupEngineOptions BackupLayout(const std::string& folder) {
  rocksdb::BackupEngineOptions options(folder);
  options.share_table_files = true;
  options.backup_log_files = false;
  options.sync = true;
  return options;
}

absl::Status FromBackupEngine(const rocksdb::Status& status, absl::string_view doing, absl::string_view folder) {
  absl::Status translated = TranslateBackup(status, doing, folder);
  translated.SetPayload(kEngineCausePayload, absl::Cord(status.ToString()));
  return translated;
}

}  // namespace assent::storage
