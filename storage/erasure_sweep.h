// Makes the disk forget who was erased: what was deleted and replaced leaves the table files and the log.
#ifndef ASSENT_STORAGE_ERASURE_SWEEP_H_
#define ASSENT_STORAGE_ERASURE_SWEEP_H_

#include <atomic>
#include <cstdint>

#include "absl/status/statusor.h"
#include "storage/consent_store.h"
#include "storage/database.h"

namespace assent::storage {

// When it returns OK, no file of the database holds anything of a subject that was erased before it was called, but the
// tombstone. Returns how many had been erased since the last sweep; where none had, little is written.
// What was deleted without an erasure (a withdrawn profile) goes as well where it lies near.
// Threads: one sweep at a time; beside everything else. Cost: nothing where no consent changed since the last; else
// reads every consent record, and writes the table files again whose keys share the first byte with an erased
// subject's, all of them when many were erased, and of the decision log all of them each time. Commits go on meanwhile.
// `stop`, once it is true, ends it within moments. Borrowed. Errors: Cancelled (stopped); Unavailable, DataLoss: try
// again, nothing is hurt.
absl::StatusOr<uint64_t> SweepErased(Database& database, ConsentStore& store, std::atomic<bool>& stop);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_ERASURE_SWEEP_H_
