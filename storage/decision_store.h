// The decision log on disk: by time, with an index by subject; what is erased or too old is gone from both.
#ifndef ASSENT_STORAGE_DECISION_STORE_H_
#define ASSENT_STORAGE_DECISION_STORE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "policy/decision_id.h"
#include "policy/recorded_decision.h"
#include "policy/subject.h"
#include "scoring/quiescence.h"
#include "storage/consent_index.h"
#include "storage/consent_store.h"
#include "storage/database.h"

namespace assent::storage {

// One to be written. `content`: of policy::WriteRecordedDecision, about this subject at this revision. Ownership:
// borrowed.
struct LoggedDecision {
  policy::DecisionId id;
  policy::SubjectKey subject;
  uint32_t consent_revision = 0;
  absl::string_view content;
};

// Shown what is kept, until it says false. Keeps nothing of what it is shown.
using DecisionVisitor = absl::FunctionRef<bool(const policy::DecisionId& id, const policy::RecordedDecision& decision)>;

// What a crash or a power cut can lose: what was not appended yet (server/decision_log.h), and nothing that was.
// Threads: Append by one at a time; everything else by any. Blocks on the disk. Ownership: borrows all it is given.
class DecisionStore {
 public:
  DecisionStore(Database& database, ConsentStore& consent, const ConsentIndex& index, scoring::Quiescence& domain)
      : database_(database), consent_(consent), index_(index), reader_(domain) {}

  // Keeps them in one synced write, in turn with the changes of consent, which wait meanwhile: give it about 512 KiB.
  // Leaves out decisions of subjects who were erased since, and says how many; an erasure that was acknowledged is
  // never followed by a record of before it. Errors: Unavailable: none is kept, and it may be tried again.
  absl::StatusOr<size_t> Append(std::span<const LoggedDecision> decisions);

  // Errors: NotFound (never kept, too old, or erased), DataLoss, FailedPrecondition (a newer version's), Unavailable.
  absl::StatusOr<policy::RecordedDecision> Get(const policy::DecisionId& id) const;
  // Every decision from `from` on, ascending. What cannot be read is left out and counted in damaged(). Errors:
  // Unavailable.
  absl::Status List(const policy::DecisionId& from, DecisionVisitor visitor) const;
  // The subject's.
  absl::Status ListOfSubject(const policy::SubjectKey& subject, const policy::DecisionId& from,
                             DecisionVisitor visitor) const;

  // Deletes what was decided before. In writes of at most 1000 decisions; changes of consent go on in between. Returns
  // how many. `stop`, once it is true, ends it within moments. Errors: Unavailable: the rest goes the next time.
  absl::StatusOr<uint64_t> DeleteBefore(int64_t time_us, const std::atomic<bool>& stop);

  // Whether the subject was erased after a decision at `revision`, also where it agreed to something anew. Errors:
  // Unavailable, DataLoss (its record cannot be read: nobody knows).
  absl::StatusOr<bool> ErasedSince(const policy::SubjectKey& subject, uint32_t revision) const;

  // Records that could not be read, counted each time. Relaxed: a count.
  uint64_t damaged() const { return damaged_.load(std::memory_order_relaxed); }

 private:
  // Whether it may be kept. An error: nobody knows.
  absl::StatusOr<bool> MayKeep(const LoggedDecision& decision);

  Database& database_;
  ConsentStore& consent_;
  const ConsentIndex& index_;
  scoring::Quiescence::Reader reader_;  // of Append
  mutable std::atomic<uint64_t> damaged_{0};
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_DECISION_STORE_H_
