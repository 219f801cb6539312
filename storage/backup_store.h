// Backups of a running database: made, listed, purged.
#ifndef ASSENT_STORAGE_BACKUP_STORE_H_
#define ASSENT_STORAGE_BACKUP_STORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/backup_folder.h"
#include "storage/consent_store.h"
#include "storage/database.h"

namespace assent::storage {

// As many backups as a folder may hold.
inline constexpr size_t kBackupsMax = 1024;

// A folder of backups, of one data folder. What is in a backup: the tables of all families, `meta` with the check value
// of the pseudonym key among them. What is not: the key itself, the log, the engine's own messages, the lock, the
// model. Threads: safe. Ownership: holds the folder's lock.
class BackupStore {
 public:
  // Makes the folder when it is missing, for its owner alone. What an interrupted backup or purge left is removed.
  // Errors: FailedPrecondition when others than the owner have access to the folder, or when another process holds it;
  // Unavailable when the disk refuses.
  static absl::StatusOr<std::unique_ptr<BackupStore>> Open(std::string folder);
  ~BackupStore();
  BackupStore(const BackupStore&) = delete;
  BackupStore& operator=(const BackupStore&) = delete;

  // Makes one. In it is every change that was acknowledged before the call, none that is acknowledged after it returns,
  // and of each change all or nothing. Commits wait while the last of what is in memory is written and the list of
  // files is taken (milliseconds), not while they are copied. Files that an earlier backup has are not copied again.
  // Synced when it returns. Errors: Aborted (another one is being made), ResourceExhausted (kBackupsMax), Cancelled
  // (Stop), DataLoss (a table is damaged), Unavailable. After an error no backup was added.
  absl::StatusOr<Backup> Create(Database& database, ConsentStore& store, absl::Time now);

  // By id. Never waits for a backup that is being made.
  std::vector<Backup> List() const;

  // Removes the backups that were made before `limit`, and every file that no other backup needs; damaged ones too, by
  // the age of their file. Returns how many. Waits for a backup that is being made. Errors: Unavailable; the rest was
  // purged all the same.
  absl::StatusOr<size_t> Purge(absl::Time limit);

  // Reads every byte of one. Errors: NotFound, DataLoss, Unavailable.
  absl::Status Verify(uint32_t id) const;

  // Ends the backup that is being made, within moments; no other can be made. Threads: any.
  void Stop();

 private:
  struct Impl;
  explicit BackupStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_BACKUP_STORE_H_
