// Carries the denials, notices and links of a newer folder over to a restored one.
#ifndef ASSENT_STORAGE_RESTORE_REPLAY_H_
#define ASSENT_STORAGE_RESTORE_REPLAY_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "storage/database.h"

namespace assent::storage {

// What was carried over.
struct ReplayedDenials {
  uint64_t subjects = 0;  // whose record had changed since the backup
  uint64_t changes =
      0;  // withdrawals, opt-outs, restrictions, child marks, refused segments and erasures, and ended links
  uint64_t unreadable = 0;  // records of `from` that cannot be read: restricted, because nobody knows what they said
};

// Registers in `to` the notices that were registered in `from` since, links and unlinks as `from` did, and applies what
// `from` denied later than the commit `since`. A grant is never carried over, nor anything that takes a denial back. A
// subject that was erased in between is erased, whatever came after. Each change is synced. Errors: DataLoss,
// Unavailable; what was applied by then stays.
absl::StatusOr<ReplayedDenials> ReplayDenials(Database& from, uint64_t since, Database& to);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_RESTORE_REPLAY_H_
