// Makes a data folder of a backup. Offline: no server uses the new folder yet.
#ifndef ASSENT_STORAGE_BACKUP_RESTORE_H_
#define ASSENT_STORAGE_BACKUP_RESTORE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "policy/sealing.h"
#include "storage/restore_replay.h"

namespace assent::storage {

struct RestoreOptions {
  std::string backup_dir;
  std::optional<uint32_t> backup = {};  // its id; nothing: the newest
  std::string data_dir;                 // made when missing; must have no database
  std::string replay_from = {};         // a data folder whose later denials are carried over; empty: none
  // Of the backup and of `replay_from`, where they are sealed.
  std::optional<policy::SealingRing> sealing_keys = {};
};

// What was restored.
struct RestoredFolder {
  uint32_t backup = 0;
  absl::Time made;           // of the backup
  uint64_t sequence = 0;     // of the last change in it
  uint64_t epoch = 0;        // the new one
  ReplayedDenials replayed;  // of `replay_from`
};

// Restores a backup whose every byte was checked. The folder has a new epoch, so that consent tokens of before are told
// apart, and is marked as restored: a server on it keeps every gate closed until it is released. Until all of that is
// on the disk there is no database in the folder; what an interrupted restore left is removed by the next.
// The pseudonym key is not asked for: the folder goes on needing the one that it was made with.
// Errors: NotFound (no such backup), AlreadyExists (the folder has a database), DataLoss (the backup, or `replay_from`,
// is damaged), FailedPrecondition (`replay_from` is in use, or not the folder that the backup is of, or older than it;
// or a sealing key is missing), Unavailable. Cost: copies the backup.
absl::StatusOr<RestoredFolder> RestoreBackup(RestoreOptions options);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_BACKUP_RESTORE_H_
