#include "storage/engine_status.h"

#include <rocksdb/status.h>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace assent::storage {
namespace {

absl::Status Translate(const rocksdb::Status& status, absl::string_view doing, absl::string_view data_dir) {
  if (status.IsCorruption()) {
    return absl::DataLossError(absl::StrCat("cannot ", doing, ": the database in ", data_dir,
                                            " is damaged; restore it from a backup, the details are in ", data_dir,
                                            "/db/LOG"));
  }
  if (status.IsNoSpace()) {
    return absl::UnavailableError(
        absl::StrCat("cannot ", doing, ": the disk of ", data_dir, " is full; free some space and try again"));
  }
  // The engine gave up for good: what the kernel has dropped after a failed sync cannot be written again.
  const bool final = status.severity() >= rocksdb::Status::Severity::kFatalError;
  return absl::UnavailableError(absl::StrCat("cannot ", doing, ": the disk of ", data_dir, " refuses; check it and ",
                                             final ? "restart the service" : "try again", ", the details are in ",
                                             data_dir, "/db/LOG"));
}

}  // namespace

absl::Status FromEngine(const rocksdb::Status& status, absl::string_view doing, absl::string_view data_dir) {
  absl::Status translated = Translate(status, doing, data_dir);
  translated.SetPayload(kEngineCausePayload, absl::Cord(status.ToString()));
  return translated;
}

std::string EngineCause(const absl::Status& status) {
  const auto cause = status.GetPayload(kEngineCausePayload);
  return cause.has_value() ? std::string(*cause) : std::string();
}

}  // namespace assent::storage
