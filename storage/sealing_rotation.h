// Seals everything that is stored with the newest key, while the store is used.
#ifndef ASSENT_STORAGE_SEALING_ROTATION_H_
#define ASSENT_STORAGE_SEALING_ROTATION_H_

#include <atomic>
#include <cstdint>
#include <map>

#include "absl/status/statusor.h"
#include "policy/sealing.h"
#include "storage/consent_store.h"
#include "storage/database.h"

namespace assent::storage {

// What a rotation did, and what it found when there was nothing left to do.
struct SealingRotation {
  uint64_t rewritten = 0;               // values that were sealed otherwise, or not at all
  std::map<uint32_t, uint64_t> values;  // by the id of the key that they are sealed with
  uint64_t not_sealed = 0;
  uint64_t unreadable = 0;  // they open with no key, stay as they are, and are in the two above as they stand there
};

// Publishes `ring` (Database::sealing_keys), so that everything is sealed with its last key from then on, and writes
// anew what is sealed otherwise, also in the table files. Afterwards no file of the database needs another key than the
// last one, and the others can go; values that are not readable need none. Writes are in the commits' turns, small and
// synced, so that no change is lost and none waits for more than one of them. Every writer of the database has to
// encode and write in a turn (ConsentStore::Write). A rotation that was interrupted, also by a crash, leaves everything
// readable with the keys of `ring`; the next one goes on.
// Threads: one rotation at a time. Errors: FailedPrecondition (the ring lacks a key that something may be sealed with;
// nothing was changed), Cancelled (`stop`), Aborted (something is still sealed otherwise: a writer outside the turns),
// Unavailable, DataLoss. Cost: reads every value twice, writes every table.
absl::StatusOr<SealingRotation> RotateSealing(Database& database, ConsentStore& store, const policy::SealingRing& ring,
                                              std::atomic<bool>& stop);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_SEALING_ROTATION_H_
