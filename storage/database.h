// The one RocksDB of a data folder: its column families, format version and pseudonym-key check.
#ifndef ASSENT_STORAGE_DATABASE_H_
#define ASSENT_STORAGE_DATABASE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "policy/subject.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Env;
class Status;
}  // namespace rocksdb

namespace assent::storage {

struct DatabaseOptions {
  std::string data_dir;  // made when missing, for its owner alone; the database is in its subfolder `db`
  // Pseudonymizer::CheckValue(). Nothing: whichever key the folder was made with; for tools that look up nobody. Then
  // there must be a database.
  std::optional<policy::SubjectKey> key_check;
  rocksdb::Env* env = nullptr;  // for tests; null: the default. Borrowed.
  bool compress = true;         // of the table files; tests that look for bytes want them as they are
};

enum class Family { kConsent, kConsentHistory, kProfiles, kNotices, kMeta, kDecisions, kDecisionsBySubject };

// Threads: safe. Ownership: owns the RocksDB handles.
class Database {
 public:
  // Errors: FailedPrecondition when another process holds the folder, when it was written with another pseudonym key,
  // or by a newer format; DataLoss when it is damaged, also when a damaged log would lose acknowledged changes;
  // Unavailable when the disk refuses.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const DatabaseOptions& options);
  // Every promise is synced already; writes the tables all the same, so that the next start needs no log.
  ~Database();

  rocksdb::DB& rocks();
  rocksdb::ColumnFamilyHandle* family(Family family);
  uint64_t epoch() const;
  // When the folder was restored from a backup, if its gates were still closed when it was opened. Unit: microseconds
  // since 1970.
  std::optional<uint64_t> restored_us() const;
  // Begins an epoch that is later than every epoch before, and marks the folder as restored: all in one synced write.
  // For a restore, before anything reads the folder. Errors: Unavailable.
  absl::Status BeginRestoredEpoch();
  const std::string& data_dir() const;
  // Bytes at the end of the log that the opening cut off: of a write that a crash interrupted, never acknowledged.
  uint64_t log_bytes_cut_off() const;

  // Writes what waits in memory of every family to table files, which ends the log that it stands in.
  rocksdb::Status FlushAll();

  // Makes the engine accept writes again after it has refused one. First shows that the disk takes as much as the
  // engine has to write, because an attempt that fails is final: then only a restart helps. Errors: Unavailable.
  absl::Status Resume();

 private:
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_DATABASE_H_
