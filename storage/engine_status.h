// What the storage engine says, turned into what a caller may see.
#ifndef ASSENT_STORAGE_ENGINE_STATUS_H_
#define ASSENT_STORAGE_ENGINE_STATUS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace rocksdb {
class Status;
}  // namespace rocksdb

namespace assent::storage {

// The engine's own words travel as a payload under this name: for the log, never for the caller.
inline constexpr char kEngineCausePayload[] = "assent.storage/engine_cause";

// `doing` completes "cannot …", `data_dir` names the folder. DataLoss for a checksum that failed; Unavailable for
// everything that may pass: a full disk is named as such. Precondition: !status.ok().
absl::Status FromEngine(const rocksdb::Status& status, absl::string_view doing, absl::string_view data_dir);

// The engine's words of a status from FromEngine; empty for others.
std::string EngineCause(const absl::Status& status);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_ENGINE_STATUS_H_
