#include "storage/decision_erasure.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <memory>

#include "storage/engine_status.h"

namespace assent::storage {
namespace {

constexpr char kDeletingDecisions[] = "delete a subject's decisions";

}  // namespace

std::string DecisionKey(const policy::DecisionId& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

std::string SubjectDecisionPrefix(const policy::SubjectKey& subject) {
  return {reinterpret_cast<const char*>(subject.bytes.data()), subject.bytes.size()};
}

std::string SubjectDecisionKey(const policy::SubjectKey& subject, const policy::DecisionId& id) {
  return SubjectDecisionPrefix(subject) + DecisionKey(id);
}

absl::StatusOr<size_t> DeleteDecisionsOf(Database& database, const policy::SubjectKey& subject,
                                         const policy::DecisionId& end, rocksdb::WriteBatch& batch) {
  rocksdb::ColumnFamilyHandle* const index = database.family(Family::kDecisionsBySubject);
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> entries(database.rocks().NewIterator(options, index));
  const std::string prefix = SubjectDecisionPrefix(subject);
  const std::string last = SubjectDecisionKey(subject, end);
  size_t deleted = 0;
  for (entries->Seek(prefix); entries->Valid() && entries->key().compare(last) < 0; entries->Next()) {
    if (deleted == kDecisionsPerWriteMax) break;
    rocksdb::Slice id = entries->key();
    rocksdb::Status status = batch.Delete(index, id);
    id.remove_prefix(prefix.size());
    if (status.ok()) status = batch.Delete(database.family(Family::kDecisions), id);
    if (!status.ok()) return FromEngine(status, kDeletingDecisions, database.data_dir());
    ++deleted;
  }
  if (!entries->status().ok()) return FromEngine(entries->status(), kDeletingDecisions, database.data_dir());
  return deleted;
}

absl::Status DeleteLeftDecisions(Database& database, ConsentStore& store, const policy::SubjectKey& subject,
                                 const policy::DecisionId& end, const std::atomic<bool>& stop) {
  for (;;) {
    if (stop) return absl::CancelledError("the sweep was stopped");
    absl::StatusOr<size_t> deleted = 0;
    absl::Status written =
        store.Write([&](rocksdb::WriteBatch& batch) { deleted = DeleteDecisionsOf(database, subject, end, batch); });
    if (!deleted.ok()) return deleted.status();
    if (!written.ok()) return written;
    if (*deleted < kDecisionsPerWriteMax) return absl::OkStatus();
  }
}

}  // namespace assent::storage
