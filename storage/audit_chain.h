// The audit log as it is written: each change adds an entry to the batch that the change itself is in, and the entries
// are chained by their hashes.
#ifndef ASSENT_STORAGE_AUDIT_CHAIN_H_
#define ASSENT_STORAGE_AUDIT_CHAIN_H_

#include <array>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "assent/internal/v1/consent_record.pb.h"
#include "policy/audit_entry.h"
#include "policy/sha256.h"
#include "policy/subject.h"
#include "storage/database.h"

namespace rocksdb {
class WriteBatch;
}  // namespace rocksdb

namespace assent::storage {

// Values of assent.v1.AuditEntryKind. Below them stand those of internal.v1.ConsentChangeKind.
enum class AuditKind : uint32_t {
  kImport = 20,
  kNotice = 40,
  kModel = 41,
  kConfiguration = 42,
  kPrincipals = 43,
  kRestore = 44,
  kRelease = 45,
  kPseudonymKey = 46,
};

// A change that is about no person. assent.internal.v1.AuditDetail says what the fields are for each kind.
struct GovernanceChange {
  AuditKind kind;
  std::string actor;  // the principal that asked, or the program that did by itself
  std::string name = {};
  std::string version = {};
  std::string sha256 = {};
  uint64_t number = 0;
};

// Where the log ends.
struct AuditTail {
  uint64_t index = 0;        // of the last entry; 0: there is none
  policy::Sha256 hash = {};  // of it; zeros where there is none
};

// Threads: one at a time (who has the turn among the commits); tail() from any. Ownership: borrows the database.
class AuditChain {
 public:
  explicit AuditChain(Database& database) : database_(database) {}

  // Continues after the last entry of the folder. Cost: one seek. Errors: DataLoss, FailedPrecondition (it is of a
  // newer version), Unavailable.
  absl::Status ReadTail();

  // Begins a batch: what was appended to another and did not reach the disk never was.
  void Begin() { staged_ = durable_; }
  // The batch with what was appended since Begin is on the disk.
  void Adopt();
  // Of the last batch that is on the disk. Threads: any. Cost: a lock.
  AuditTail tail() const;

  // A change as it has to be stored, and what an entry is committed to of it.
  struct SealedChange {
    std::string content;
    policy::Sha256 commitment;
  };
  // Gives the change its place in the log, that of the next entry, and its salt. Errors: Unavailable (no random bytes).
  absl::StatusOr<SealedChange> Seal(const policy::SubjectKey& subject, internal::v1::ConsentChange& change);
  // Appends an entry for a change that Seal has sealed.
  absl::Status AppendChange(const internal::v1::ConsentChange& change, const policy::Sha256& commitment,
                            rocksdb::WriteBatch& batch);
  // Appends one entry for a batch of an import. `leaves`: the commitments of its changes, in the order of their
  // audit_leaf. Errors: as Append.
  absl::Status AppendImport(std::span<const policy::Sha256> leaves, const std::string& actor, absl::Time now,
                            rocksdb::WriteBatch& batch);
  // Appends an entry for what is about no person. Errors: Unavailable.
  absl::Status Append(const GovernanceChange& change, absl::Time now, rocksdb::WriteBatch& batch);
  // Append, unless the change before of the same kind had the same sha256.
  absl::Status AppendIfNew(const GovernanceChange& change, absl::Time now, rocksdb::WriteBatch& batch);

 private:
  absl::StatusOr<std::string> NewSalt();
  absl::Status AppendEntry(uint32_t kind, int64_t time_us, const std::string& actor, const policy::Sha256& commitment,
                           rocksdb::WriteBatch& batch);

  static constexpr size_t kSaltBytes = 32;

  Database& database_;
  // Random bytes that no salt was made of yet, taken in one go: asking for them costs more than they do.
  std::array<unsigned char, 16 * kSaltBytes> random_;
  size_t random_left_ = 0;
  AuditTail staged_;
  mutable std::mutex mutex_;  // guards durable_ for tail()
  AuditTail durable_;         // written by who has the turn
};

// Bytes that the entry of one change adds to a batch, without the name of who asked.
inline constexpr size_t kAuditEntryBytes = 160;

// Keys of the column families `audit`, `audit_opening`, `audit_leaves` and `audit_checkpoint`.
std::string AuditKey(uint64_t index);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_AUDIT_CHAIN_H_
