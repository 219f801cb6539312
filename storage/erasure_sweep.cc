#include "storage/erasure_sweep.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <bitset>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "assent/internal/v1/consent_record.pb.h"
#include "storage/consent_change.h"
#include "storage/consent_scan.h"
#include "storage/decision_erasure.h"
#include "storage/engine_status.h"
#include "storage/meta_value.h"
#include "storage/record_codec.h"

namespace assent::storage {
namespace {

// Ranges are cut by a key's first byte, because the engine's log names where a range begins and ends: no pseudonym may
// stand there.
using FirstBytes = std::bitset<256>;
// From so many ranges on everything is written again at once.
constexpr size_t kRangesMax = 64;

absl::Status Stopped() { return absl::CancelledError("the sweep was stopped"); }

absl::StatusOr<uint64_t> LastSwept(Database& database) {
  std::string value;
  const rocksdb::Status status =
      database.rocks().Get({}, database.family(Family::kMeta), rocksdb::Slice(kMetaSwept), &value);
  if (status.IsNotFound()) return 0;
  if (!status.ok()) return FromEngine(status, "read what was swept", database.data_dir());
  std::string unused;
  const absl::StatusOr<absl::string_view> content = database.codec(Family::kMeta).Decode(kMetaSwept, value, unused);
  if (!content.ok()) return content.status();
  return MetaNumberOf(*content).value_or(0);
}

struct Erased {
  uint64_t subjects = 0;
  // Whose decisions of before were left by a write that would have become too large, and where those end.
  std::vector<std::pair<policy::SubjectKey, policy::DecisionId>> with_decisions;
  FirstBytes first_bytes;
};

// What there is of a subject who was erased ends with the first change of after the erasure, or now where there is
// none.
absl::StatusOr<policy::DecisionId> EndOfErased(Database& database, const policy::SubjectKey& subject, absl::Time now) {
  const std::unique_ptr<rocksdb::Iterator> changes(
      database.rocks().NewIterator({}, database.family(Family::kConsentHistory)));
  const std::string prefix = ConsentKey(subject);
  changes->Seek(prefix);
  if (!changes->status().ok()) return FromEngine(changes->status(), "look for erasures", database.data_dir());
  internal::v1::ConsentChange change;
  const bool found = changes->Valid() && changes->key().starts_with(prefix) &&
                     database.codec(Family::kConsentHistory)
                         .Decode({changes->key().data(), changes->key().size()},
                                 {changes->value().data(), changes->value().size()}, change)
                         .ok();
  return policy::DecisionId::From(found ? change.time_us() : absl::ToUnixMicros(now));
}

absl::StatusOr<bool> HasDecisions(Database& database, const policy::SubjectKey& subject) {
  const std::unique_ptr<rocksdb::Iterator> entries(
      database.rocks().NewIterator({}, database.family(Family::kDecisionsBySubject)));
  const std::string prefix = SubjectDecisionPrefix(subject);
  entries->Seek(prefix);
  if (!entries->status().ok()) return FromEngine(entries->status(), "look for decisions", database.data_dir());
  return entries->Valid() && entries->key().starts_with(prefix);
}

// Who was erased since a commit, also where the person agreed to something anew, and the records that lost a link
// since: older versions of them name who may be among the erased. A record that cannot be read is none: its erasure
// would have replaced it.
absl::StatusOr<Erased> FindErased(Database& database, uint64_t since, const std::atomic<bool>& stop) {
  Erased erased;
  absl::Status failed;
  absl::Status scanned = ScanRecords(database, nullptr, [&](const policy::SubjectKey& subject, const auto* record) {
    if (stop) return false;
    if (record == nullptr) return true;
    const bool is_erased = record->erase_sequence() > since;
    if (!is_erased && record->links().removal_sequence() <= since) return true;
    erased.subjects += is_erased;
    erased.first_bytes.set(subject.bytes[0]);
    if (!is_erased) return true;
    const absl::StatusOr<bool> has_decisions = HasDecisions(database, subject);
    failed = has_decisions.status();
    if (!has_decisions.ok() || !*has_decisions) return failed.ok();
    const auto end = EndOfErased(database, subject, absl::Now());
    failed = end.status();
    if (end.ok()) erased.with_decisions.emplace_back(subject, *end);
    return failed.ok();
  });
  if (stop) return Stopped();
  if (!failed.ok()) return failed;
  if (!scanned.ok()) return scanned;
  return erased;
}

rocksdb::Status Rewrite(Database& database, const FirstBytes& first_bytes, std::atomic<bool>& stop) {
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.canceled = &stop;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  rocksdb::DB& rocks = database.rocks();
  rocksdb::Status status;
  // The log stands in the order of time: nobody knows where in it the erased were.
  status = rocks.CompactRange(options, database.family(Family::kDecisions), nullptr, nullptr);
  if (!status.ok()) return status;
  for (const Family family :
       {Family::kConsent, Family::kConsentHistory, Family::kProfiles, Family::kDecisionsBySubject}) {
    rocksdb::ColumnFamilyHandle* const handle = database.family(family);
    if (first_bytes.count() > kRangesMax) {
      status = rocks.CompactRange(options, handle, nullptr, nullptr);
      if (!status.ok()) return status;
      continue;
    }
    for (size_t first = 0; first < first_bytes.size(); ++first) {
      if (!first_bytes[first]) continue;
      const std::string from(1, static_cast<char>(first));
      const std::string to(1, static_cast<char>(first + 1));
      const rocksdb::Slice begin(from);
      const rocksdb::Slice end(to);
      status = rocks.CompactRange(options, handle, &begin, first == 255 ? nullptr : &end);
      if (!status.ok()) return status;
    }
  }
  return status;
}

}  // namespace

absl::StatusOr<uint64_t> SweepErased(Database& database, ConsentStore& store, std::atomic<bool>& stop) {
  const uint64_t until =
      store.applied().sequence;  // what is committed later may be missed here, and is found next time
  const absl::StatusOr<uint64_t> since = LastSwept(database);
  if (!since.ok()) return since.status();
  if (*since == until) return 0;
  const absl::StatusOr<Erased> erased = FindErased(database, *since, stop);
  if (!erased.ok()) return erased.status();
  for (const auto& [subject, end] : erased->with_decisions) {
    absl::Status left = DeleteLeftDecisions(database, store, subject, end, stop);
    if (!left.ok()) return left;
  }
  if (erased->first_bytes.any()) {
    rocksdb::Status status = database.FlushAll();  // ends the log that the erasures stand in
    if (status.ok()) status = Rewrite(database, erased->first_bytes, stop);
    if (stop) return Stopped();
    if (!status.ok()) return FromEngine(status, "write the tables without who was erased", database.data_dir());
  }
  // Not before all is done: a sweep that was interrupted is made again.
  rocksdb::Status added;
  absl::Status written = store.Write([&](rocksdb::WriteBatch& batch) {
    added = batch.Put(database.family(Family::kMeta), kMetaSwept,
                      database.codec(Family::kMeta).Encode(kMetaSwept, MetaNumber(until)));
  });
  if (written.ok() && !added.ok()) written = FromEngine(added, "record the sweep", database.data_dir());
  if (!written.ok()) return written;
  if (erased->first_bytes.any()) {
    // Another version of the list of files, which names those that are left and no bounds of those that went.
    const rocksdb::Status status = database.FlushAll();
    if (!status.ok()) return FromEngine(status, "end the sweep", database.data_dir());
  }
  return erased->subjects;
}

}  // namespace assent::storage
