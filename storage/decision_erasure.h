// Takes a subject's decisions out of the log.
#ifndef ASSENT_STORAGE_DECISION_ERASURE_H_
#define ASSENT_STORAGE_DECISION_ERASURE_H_

#include <atomic>
#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "policy/decision_id.h"
#include "policy/subject.h"
#include "storage/consent_store.h"
#include "storage/database.h"

namespace rocksdb {
class WriteBatch;
}  // namespace rocksdb

namespace assent::storage {

// What the write of an erasure takes along. What a subject has beyond that is readable no more
// (DecisionStore::ErasedSince) and goes with the next sweep, so that no write becomes too large.
inline constexpr size_t kDecisionsPerWriteMax = 2000;

// Keys of the two column families.
std::string DecisionKey(const policy::DecisionId& id);
std::string SubjectDecisionKey(const policy::SubjectKey& subject, const policy::DecisionId& id);
// The least key of the subject in the index.
std::string SubjectDecisionPrefix(const policy::SubjectKey& subject);

// Ends what is to be deleted of a subject: the decisions before it. After all that there can be.
inline constexpr policy::DecisionId kAllDecisions = {
    .bytes = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}};

// Adds the deletion of at most kDecisionsPerWriteMax decisions before `end` to the batch; returns how many. Errors:
// Unavailable.
absl::StatusOr<size_t> DeleteDecisionsOf(Database& database, const policy::SubjectKey& subject,
                                         const policy::DecisionId& end, rocksdb::WriteBatch& batch);

// Deletes all that is left of the subject before `end`, in synced writes of their own. Errors: Cancelled (`stop` became
// true), Unavailable.
absl::Status DeleteLeftDecisions(Database& database, ConsentStore& store, const policy::SubjectKey& subject,
                                 const policy::DecisionId& end, const std::atomic<bool>& stop);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_DECISION_ERASURE_H_
