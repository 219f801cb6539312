// The one RocksDB of a data folder: its column families, format version and pseudonym-key check.
#ifndef ASSENT_STORAGE_DATABASE_H_
#define ASSENT_STORAGE_DATABASE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "policy/sealing.h"
#include "policy/subject.h"
#include "storage/record_codec.h"
#include "storage/sealing_keys.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Env;
class Status;
class WriteBatch;
}  // namespace rocksdb

namespace assent::storage {

struct DatabaseOptions {
  std::string data_dir;  // made when missing, for its owner alone; the database is in its subfolder `db`
  // Pseudonymizer::CheckValue(). Nothing: whichever key the folder was made with; for tools that look up nobody. Then
  // there must be a database.
  std::optional<policy::SubjectKey> key_check;
  rocksdb::Env* env = nullptr;  // for tests; null: the default. Borrowed.
  bool compress = true;         // of the table files; tests that look for bytes want them as they are
  // With these what is written is sealed. A folder that is sealed needs every key that something in it is sealed with.
  std::optional<policy::SealingRing> sealing_keys = {};
  // Whose CheckValue() `key_check` is. A folder that was made with the first of its keys is re-keyed: every pseudonym
  // in it becomes that of all keys. Null: nothing is. Borrowed for the call.
  const policy::Pseudonymizer* pseudonymizer = nullptr;
};

// What became of a folder that was made with fewer pseudonym keys.
struct RekeyedFolder {
  uint64_t subjects = 0;    // consent records
  uint64_t values = 0;      // of all families
  uint64_t unreadable = 0;  // of these, which stay unreadable
};

enum class Family {
  kConsent,
  kConsentHistory,
  kProfiles,
  kNotices,
  kMeta,
  kAudit,
  kAuditOpening,
  kAuditLeaves,
  kAuditCheckpoint,
  kDecisions,
  kDecisionsBySubject
};

// Threads: safe. Ownership: owns the RocksDB handles.
class Database {
 public:
  // A folder is re-keyed in one step: after a crash it is the old one or the new one, whole. Cost of that: as much disk
  // as it has, and docs/operations.md says how long. Errors: FailedPrecondition when another process holds the folder,
  // when it was written with another pseudonym key, or by a newer format, or is sealed with a key that is not given;
  // DataLoss when it is damaged, also when a damaged log would lose acknowledged changes; Unavailable when the disk
  // refuses.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const DatabaseOptions& options);
  // Every promise is synced already; writes the tables all the same, so that the next start needs no log.
  ~Database();

  rocksdb::DB& rocks();
  rocksdb::ColumnFamilyHandle* family(Family family);
  // Of the family's values: whatever is put into it is encoded by this. The values of kMeta are never sealed.
  const RecordCodec& codec(Family family) const;
  // All but kMeta.
  static std::vector<Family> ValueFamilies();

  // What was re-keyed when it was opened; nothing as a rule.
  const std::optional<RekeyedFolder>& rekeyed() const;
  // How often the folder was re-keyed.
  uint64_t generation() const;
  // Which pseudonym keys it is of. Errors: DataLoss, Unavailable.
  absl::StatusOr<policy::SubjectKey> key_check() const;

  // The keys in use: those of the options, until a rotation replaces them (storage/sealing_rotation.h).
  SealingKeys& sealing_keys();
  // The ids of the keys that something in the folder may be sealed with. Errors: DataLoss, Unavailable.
  absl::StatusOr<std::vector<uint32_t>> ListedSealingKeys() const;
  // OK where the ring has each of them. Errors: FailedPrecondition that names the missing; DataLoss, Unavailable.
  absl::Status CheckSealingRing(const policy::SealingRing& ring) const;
  uint64_t epoch() const;
  // When the folder was restored from a backup, if its gates were still closed when it was opened. Unit: microseconds
  // since 1970.
  std::optional<uint64_t> restored_us() const;
  // Begins an epoch that is later than every epoch before, and marks the folder as restored: all in one synced write.
  // For a restore, before anything reads the folder. `also` puts what has to be in the same write into the batch, and
  // is told the epoch. Errors: Unavailable, and those of `also`.
  absl::Status BeginRestoredEpoch(absl::FunctionRef<absl::Status(uint64_t epoch, rocksdb::WriteBatch& batch)> also);
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
