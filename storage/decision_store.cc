#include "storage/decision_store.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "assent/internal/v1/consent_record.pb.h"
#include "storage/consent_change.h"
#include "storage/decision_erasure.h"
#include "storage/decision_mask.h"
#include "storage/engine_status.h"
#include "storage/record_codec.h"

namespace assent::storage {
namespace {

constexpr size_t kDeletedPerWrite = 1000;
constexpr size_t kListReadAheadBytes = size_t{256} << 10;
constexpr char kKeepingDecisions[] = "keep decisions";
constexpr char kReadingDecisions[] = "read decisions";

absl::string_view ViewOf(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

std::optional<policy::DecisionId> IdOf(absl::string_view key) {
  policy::DecisionId id;
  if (key.size() != id.bytes.size()) return std::nullopt;
  std::copy(key.begin(), key.end(), id.bytes.begin());
  return id;
}

std::string DecisionValue(const RecordCodec& codec, absl::string_view key, absl::string_view content,
                          absl::BitGen& random) {
  DecisionMask mask;
  const auto number = absl::Uniform<uint64_t>(random);
  std::memcpy(mask.data(), &number, mask.size());
  return codec.Encode(key, absl::StrCat(absl::string_view(mask.data(), mask.size()), UnderMask(mask, content)));
}

absl::StatusOr<policy::RecordedDecision> ReadDecision(const RecordCodec& codec, absl::string_view key,
                                                      absl::string_view value) {
  std::string opened;
  const auto content = codec.Decode(key, value, opened);
  if (!content.ok()) return content.status();
  DecisionMask mask;
  if (content->size() < mask.size()) return absl::DataLossError("a logged decision is cut short");
  std::memcpy(mask.data(), content->data(), mask.size());
  return policy::ReadRecordedDecision(UnderMask(mask, content->substr(mask.size())));
}

}  // namespace

absl::StatusOr<bool> DecisionStore::ErasedSince(const policy::SubjectKey& subject, uint32_t revision) const {
  const std::string key = ConsentKey(subject);
  std::string value;
  const rocksdb::Status found = database_.rocks().Get({}, database_.family(Family::kConsent), key, &value);
  if (found.IsNotFound()) return false;
  if (!found.ok()) return FromEngine(found, kReadingDecisions, database_.data_dir());
  internal::v1::ConsentRecord record;
  absl::Status decoded = database_.codec(Family::kConsent).Decode(key, value, record);
  if (!decoded.ok()) return decoded;
  if (record.erased()) return true;
  // A history is without gaps, and an erasure takes all of it: what begins later than at 1 begins behind one.
  const std::unique_ptr<rocksdb::Iterator> history(
      database_.rocks().NewIterator({}, database_.family(Family::kConsentHistory)));
  history->Seek(HistoryKey(subject, 0));
  if (!history->status().ok()) return FromEngine(history->status(), kReadingDecisions, database_.data_dir());
  if (!history->Valid() || !history->key().starts_with(key)) return false;
  return RevisionOfHistoryKey(ViewOf(history->key())) > uint64_t{revision} + 1;
}

absl::StatusOr<bool> DecisionStore::MayKeep(const LoggedDecision& decision) {
  reader_.Online();
  const policy::ConsentState state = index_.Find(reader_, decision.subject);
  reader_.Offline();
  if (state.erased) return false;
  if (state.revision == decision.consent_revision) return true;
  const absl::StatusOr<bool> erased = ErasedSince(decision.subject, decision.consent_revision);
  if (absl::IsUnavailable(erased.status())) return erased.status();
  return erased.ok() && !*erased;
}

absl::StatusOr<size_t> DecisionStore::Append(std::span<const LoggedDecision> decisions) {
  size_t left_out = 0;
  absl::Status failed;
  const absl::Status written = consent_.Write([&](rocksdb::WriteBatch& batch) {
    rocksdb::Status added;
    absl::BitGen random;
    const RecordCodec& codec = database_.codec(Family::kDecisions);
    const RecordCodec& index_codec = database_.codec(Family::kDecisionsBySubject);
    for (const LoggedDecision& decision : decisions) {
      const absl::StatusOr<bool> keep = MayKeep(decision);
      if (!keep.ok()) failed = keep.status();
      if (!failed.ok() || !added.ok()) break;
      if (!*keep) {
        ++left_out;
        continue;
      }
      const std::string key = DecisionKey(decision.id);
      const std::string entry = SubjectDecisionKey(decision.subject, decision.id);
      added = batch.Put(database_.family(Family::kDecisions), key, DecisionValue(codec, key, decision.content, random));
      if (!added.ok()) continue;  // of an index entry the key says everything
      added = batch.Put(database_.family(Family::kDecisionsBySubject), entry,
                        index_codec.Encode(entry, absl::string_view()));
    }
    if (!added.ok()) failed = FromEngine(added, kKeepingDecisions, database_.data_dir());
    if (!failed.ok()) batch.Clear();
  });
  if (!failed.ok()) return failed;
  if (!written.ok()) return written;
  return left_out;
}

absl::StatusOr<policy::RecordedDecision> DecisionStore::Get(const policy::DecisionId& id) const {
  const std::string key = DecisionKey(id);
  std::string value;
  const rocksdb::Status status = database_.rocks().Get({}, database_.family(Family::kDecisions), key, &value);
  if (status.IsNotFound()) return absl::NotFoundError("no such decision is kept");
  if (!status.ok()) return FromEngine(status, kReadingDecisions, database_.data_dir());
  return ReadDecision(database_.codec(Family::kDecisions), key, value);
}

absl::Status DecisionStore::List(const policy::DecisionId& from, DecisionVisitor visitor) const {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = kListReadAheadBytes;
  const std::unique_ptr<rocksdb::Iterator> records(
      database_.rocks().NewIterator(options, database_.family(Family::kDecisions)));
  const RecordCodec& codec = database_.codec(Family::kDecisions);
  for (records->Seek(DecisionKey(from)); records->Valid(); records->Next()) {
    const auto id = IdOf(ViewOf(records->key()));
    const auto decision = ReadDecision(codec, ViewOf(records->key()), ViewOf(records->value()));
    if (!id || !decision.ok()) {
      damaged_.fetch_add(1, std::memory_order_relaxed);
    } else if (!visitor(*id, *decision)) {
      return absl::OkStatus();
    }
  }
  if (records->status().ok()) return absl::OkStatus();
  return FromEngine(records->status(), kReadingDecisions, database_.data_dir());
}

absl::Status DecisionStore::ListOfSubject(const policy::SubjectKey& subject, const policy::DecisionId& from,
                                          DecisionVisitor visitor) const {
  const std::unique_ptr<rocksdb::Iterator> entries(
      database_.rocks().NewIterator({}, database_.family(Family::kDecisionsBySubject)));
  const std::string prefix = SubjectDecisionPrefix(subject);
  for (entries->Seek(SubjectDecisionKey(subject, from)); entries->Valid() && entries->key().starts_with(prefix);
       entries->Next()) {
    const auto id = IdOf(ViewOf(entries->key()).substr(prefix.size()));
    const auto decision =
        id ? Get(*id) : absl::StatusOr<policy::RecordedDecision>(absl::DataLossError("a key of the decision log"));
    if (absl::IsUnavailable(decision.status())) return decision.status();
    if (absl::IsNotFound(decision.status())) continue;  // deleted since the iterator was made
    if (!decision.ok() || decision->subject != subject) {
      damaged_.fetch_add(1, std::memory_order_relaxed);
    } else if (!visitor(*id, *decision)) {
      return absl::OkStatus();
    }
  }
  if (entries->status().ok()) return absl::OkStatus();
  return FromEngine(entries->status(), kReadingDecisions, database_.data_dir());
}

absl::StatusOr<uint64_t> DecisionStore::DeleteBefore(int64_t time_us, const std::atomic<bool>& stop) {
  const std::string end = DecisionKey(policy::DecisionId::From(time_us));
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = kListReadAheadBytes;
  const rocksdb::Slice bound(end);
  options.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> records(
      database_.rocks().NewIterator(options, database_.family(Family::kDecisions)));
  records->SeekToFirst();
  uint64_t deleted = 0;
  while (records->Valid() && !stop) {
    // Only reads are made outside of the turn; what an erasure deletes meanwhile is deleted twice.
    std::vector<std::pair<std::string, std::string>> keys;  // of the log and of its index
    for (; records->Valid() && keys.size() < kDeletedPerWrite; records->Next()) {
      const auto id = IdOf(ViewOf(records->key()));
      const auto decision =
          ReadDecision(database_.codec(Family::kDecisions), ViewOf(records->key()), ViewOf(records->value()));
      keys.emplace_back(records->key().ToString(),
                        id && decision.ok() ? SubjectDecisionKey(decision->subject, *id) : std::string());
    }
    rocksdb::Status added;
    const absl::Status written = consent_.Write([&](rocksdb::WriteBatch& batch) {
      for (const auto& [key, entry] : keys) {
        if (added.ok()) added = batch.Delete(database_.family(Family::kDecisions), key);
        if (added.ok() && !entry.empty()) added = batch.Delete(database_.family(Family::kDecisionsBySubject), entry);
      }
    });
    if (!written.ok()) return written;
    if (!added.ok()) return FromEngine(added, "delete old decisions", database_.data_dir());
    deleted += keys.size();
  }
  if (records->status().ok()) return deleted;
  return FromEngine(records->status(), kReadingDecisions, database_.data_dir());
}

}  // namespace assent::storage
