// What a folder of backups holds, as the writer of backups and the restore both see it.
#ifndef ASSENT_STORAGE_BACKUP_FOLDER_H_
#define ASSENT_STORAGE_BACKUP_FOLDER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/consent_store.h"

namespace rocksdb {
class BackupEngineReadOnlyBase;
struct BackupEngineOptions;
class Status;
}  // namespace rocksdb

namespace assent::storage {

// A backup that can be restored.
struct Backup {
  uint32_t id = 0;     // from 1, ascending in the folder
  absl::Time made;     // what was erased later is still in it
  uint64_t bytes = 0;  // of its files; what it shares with others is counted in each
  CommitPoint point;   // the last change that is in it
};

// What stands beside a backup: its point and time, as text.
std::string BackupMetadata(const CommitPoint& point, absl::Time made);
// The backups of the folder, by id. One whose metadata are not ours has the engine's time and an empty point.
std::vector<Backup> BackupsIn(const rocksdb::BackupEngineReadOnlyBase& engine);

// How the folder is laid out: table files are shared among its backups, and no log is in any.
rocksdb::BackupEngineOptions BackupLayout(const std::string& folder);

// `doing` completes "cannot …". DataLoss for what is damaged, Cancelled for a backup that was stopped, NotFound for one
// that is not there, Unavailable for everything that may pass. Precondition: !status.ok().
absl::Status FromBackupEngine(const rocksdb::Status& status, absl::string_view doing, absl::string_view folder);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_BACKUP_FOLDER_H_
