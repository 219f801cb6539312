// Generations of a data folder: with another pseudonym key every record stands under another key. The families whose
// keys are pseudonyms exist once for each generation, and `meta` says which counts.
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "assent/internal/v1/consent_record.pb.h"
#include "policy/recorded_decision.h"
#include "storage/database_impl.h"
#include "storage/decision_mask.h"
#include "storage/engine_options.h"
#include "storage/engine_status.h"
#include "storage/meta_value.h"
#include "storage/record_codec.h"

namespace assent::storage {
namespace {

using policy::Pseudonymizer;
using policy::SubjectKey;

constexpr size_t kRekeyBatchBytes = size_t{1} << 20;
constexpr size_t kRekeyReadAheadBytes = size_t{2} << 20;
constexpr char kRekeying[] = "re-key the data folder";
constexpr char kGenerationMark = '@';

// Where the values of a family name a subject. Who adds a family decides; and what its values say of subjects,
// RekeyedContent has to know.
enum class Naming { kNobody, kByKey, kInside };
Naming NamingOf(Family family) {
  switch (family) {
    case Family::kConsent:
    case Family::kConsentHistory:
    case Family::kProfiles:
    case Family::kDecisionsBySubject:
      return Naming::kByKey;  // which begins with the pseudonym
    case Family::kDecisions:
      return Naming::kInside;
    case Family::kNotices:
    case Family::kMeta:
    case Family::kAudit:
    case Family::kAuditOpening:
    case Family::kAuditLeaves:
    case Family::kAuditCheckpoint:
      return Naming::kNobody;
  }
  return Naming::kNobody;
}

SubjectKey SubjectOf(absl::string_view bytes) {
  SubjectKey subject;
  std::copy_n(bytes.data(), subject.bytes.size(), reinterpret_cast<char*>(subject.bytes.data()));
  return subject;
}

// The pseudonyms of more keys, as bytes.
class Continuation {
 public:
  Continuation(const Pseudonymizer& chain, size_t keys) : chain_(chain), keys_(keys) {}
  // The first 16 bytes are the pseudonym.
  std::string operator()(absl::string_view bytes) const {
    const SubjectKey continued = chain_.Continue(SubjectOf(bytes), keys_);
    std::string out(bytes);
    std::copy_n(reinterpret_cast<const char*>(continued.bytes.data()), continued.bytes.size(), out.begin());
    return out;
  }

 private:
  const Pseudonymizer& chain_;
  const size_t keys_;
};

// A logged decision of another subject key: a mask, and behind it the recorded decision under the mask
// (docs/storage_format.md).
std::optional<std::string> RekeyedDecision(absl::string_view content, const Continuation& continuation) {
  const size_t size = SubjectKey().bytes.size();
  if (content.size() < kDecisionMaskBytes + policy::kRecordedSubjectOffset + size) return std::nullopt;
  DecisionMask mask;
  std::copy_n(content.begin(), mask.size(), mask.begin());
  std::string recorded = UnderMask(mask, content.substr(mask.size()));
  recorded.replace(policy::kRecordedSubjectOffset, size,
                   continuation(recorded.substr(policy::kRecordedSubjectOffset, size)));
  return absl::StrCat(absl::string_view(mask.data(), mask.size()), UnderMask(mask, recorded));
}

// Without what the audit log was committed to: that holds the pseudonym of then, which must not be told from anything
// here.
std::string WithoutOpening(absl::string_view content) {
  internal::v1::ConsentChange change;
  if (!change.ParseFromArray(content.data(), static_cast<int>(content.size()))) return std::string(content);
  change.clear_audit_index();
  change.clear_audit_salt();
  change.clear_audit_leaf();
  return change.SerializeAsString();
}

// The record with the pseudonyms of who is linked. Nothing: it cannot be read.
std::optional<std::string> RekeyedContent(Family family, absl::string_view content, const Continuation& continuation) {
  if (family == Family::kConsentHistory) return WithoutOpening(content);
  if (family == Family::kDecisions) return RekeyedDecision(content, continuation);
  if (family != Family::kConsent) return std::string(content);  // the others name nobody
  internal::v1::ConsentRecord record;
  if (!record.ParseFromArray(content.data(), static_cast<int>(content.size()))) return std::nullopt;
  if (!record.has_links()) return std::string(content);
  // A request that links is remembered by a hash of the other's pseudonym, which would tell who it was.
  record.clear_remembered_requests();
  internal::v1::SubjectLinks& links = *record.mutable_links();
  std::vector<std::string> linked(links.linked().begin(), links.linked().end());
  if (!links.person().empty()) linked.push_back(links.person());
  const size_t size = SubjectKey().bytes.size();
  if (std::any_of(linked.begin(), linked.end(), [&](const std::string& one) { return one.size() != size; })) {
    return std::nullopt;
  }
  if (!links.person().empty()) links.set_person(continuation(links.person()));
  for (std::string& one : *links.mutable_linked()) one = continuation(one);
  std::sort(links.mutable_linked()->begin(), links.mutable_linked()->end());
  return record.SerializeAsString();
}

}  // namespace

std::string Database::Impl::NameOf(Family family, uint64_t generation) {
  const std::string name = Name(family);
  return NamingOf(family) != Naming::kNobody && generation > 0
             ? absl::StrCat(name, absl::string_view(&kGenerationMark, 1), generation)
             : name;
}

std::string Database::Impl::NameOf(const std::string& engine_name) {
  return engine_name.substr(0, engine_name.find(kGenerationMark));
}

absl::Status Database::Impl::TakeFamilies(std::map<std::string, rocksdb::ColumnFamilyHandle*> opened) {
  const std::vector<Family> all = AllFamilies();
  families.assign(all.size() + 1, nullptr);
  const auto take = [&](const std::string& name, size_t place) {
    const auto found = opened.find(name);
    if (found == opened.end()) return rocks->CreateColumnFamily(FamilyOptions(cache, compress), name, &families[place]);
    families[place] = found->second;
    opened.erase(found);
    return rocksdb::Status::OK();
  };
  const auto keep_rest = [&] {
    for (const auto& [name, handle] : opened) leftovers.push_back(handle);
  };
  rocksdb::Status taken = take(rocksdb::kDefaultColumnFamilyName, all.size());
  if (taken.ok()) taken = take(NameOf(Family::kMeta, 0), static_cast<size_t>(Family::kMeta));
  const auto stored = ReadMeta(kMetaGeneration);
  if (stored.ok() && stored->has_value()) generation = MetaNumberOf(**stored).value_or(0);
  for (const Family family : all) {
    if (!taken.ok() || !stored.ok() || family == Family::kMeta) continue;
    taken = take(NameOf(family, generation), static_cast<size_t>(family));
  }
  keep_rest();
  if (!taken.ok()) return FromEngine(taken, "open the database", data_dir);
  return stored.status();
}

rocksdb::Status Database::Impl::DropLeftovers() {
  rocksdb::Status status;
  for (rocksdb::ColumnFamilyHandle*& handle : leftovers) {
    const rocksdb::Status dropped = rocks->DropColumnFamily(handle);
    if (status.ok()) status = dropped;
    rocks->DestroyColumnFamilyHandle(handle);
    handle = nullptr;
  }
  leftovers.clear();
  return status;
}

absl::Status Database::Impl::CopyRekeyed(Family family, const Pseudonymizer& chain, rocksdb::ColumnFamilyHandle* to) {
  const Continuation continuation(chain, keys_of_folder);
  const RecordCodec& codec = *codecs[static_cast<size_t>(family)];
  const bool by_key = NamingOf(family) == Naming::kByKey;
  rocksdb::ReadOptions read;
  read.fill_cache = false;
  read.readahead_size = kRekeyReadAheadBytes;
  const std::unique_ptr<rocksdb::Iterator> values(rocks->NewIterator(read, families[static_cast<size_t>(family)]));
  rocksdb::WriteOptions unlogged;  // the tables are synced before the folder is of this generation
  unlogged.disableWAL = true;
  rocksdb::WriteBatch batch;
  rocksdb::Status status;
  std::string opened;
  for (values->SeekToFirst(); values->Valid() && status.ok(); values->Next()) {
    const absl::string_view key(values->key().data(), values->key().size());
    if (by_key && key.size() < SubjectKey().bytes.size()) return Damaged("a record's key is no pseudonym");
    const std::string new_key = by_key ? continuation(key) : std::string(key);
    const auto content = codec.Decode(key, {values->value().data(), values->value().size()}, opened);
    if (absl::IsFailedPrecondition(content.status())) return NewerFormat();
    const auto rekeyed_content = content.ok() ? RekeyedContent(family, *content, continuation) : std::nullopt;
    // What cannot be read stays unreadable, and says nothing of before: an empty value is cut short.
    status = batch.Put(to, new_key, rekeyed_content ? codec.Encode(new_key, *rekeyed_content) : "");
    ++rekeyed->values;
    rekeyed->subjects += family == Family::kConsent;
    rekeyed->unreadable += !rekeyed_content;
    if (batch.GetDataSize() < kRekeyBatchBytes || !status.ok()) continue;
    status = rocks->Write(unlogged, &batch);
    batch.Clear();
  }
  if (status.ok()) status = values->status();
  if (status.ok()) status = rocks->Write(unlogged, &batch);
  return status.ok() ? absl::OkStatus() : FromEngine(status, kRekeying, data_dir);
}

absl::Status Database::Impl::Rekey(const Pseudonymizer& chain) {
  rekeyed.emplace();
  // Ends the log, so that the one write below begins another: it does not continue the number of what is in this one
  // (storage/log_scan.h), because what is written in between is in no log.
  rocksdb::Status status = FlushAll();
  std::map<Family, rocksdb::ColumnFamilyHandle*> made;
  for (const Family family : AllFamilies()) {
    if (NamingOf(family) == Naming::kNobody || !status.ok()) continue;
    status = rocks->CreateColumnFamily(FamilyOptions(cache, compress), NameOf(family, generation + 1), &made[family]);
    if (!status.ok()) break;
    leftovers.push_back(made[family]);  // until they are those that count
    if (absl::Status copied = CopyRekeyed(family, chain, made[family]); !copied.ok()) return copied;
  }
  if (status.ok()) status = rocks->Flush(rocksdb::FlushOptions(), leftovers);
  if (!status.ok()) return FromEngine(status, kRekeying, data_dir);

  const SubjectKey check = chain.CheckValue();
  const absl::string_view check_bytes(reinterpret_cast<const char*>(check.bytes.data()), check.bytes.size());
  rocksdb::WriteBatch batch;
  status = batch.Put(meta(), kMetaKeyCheck, meta_codec().Encode(kMetaKeyCheck, check_bytes));
  const std::string number = MetaNumber(generation + 1);
  if (status.ok()) status = batch.Put(meta(), kMetaGeneration, meta_codec().Encode(kMetaGeneration, number));
  rocksdb::WriteOptions synced;
  synced.sync = true;
  if (status.ok()) status = rocks->Write(synced, &batch);
  if (!status.ok()) return FromEngine(status, kRekeying, data_dir);

  ++generation;
  leftovers.clear();
  for (const auto& [family, handle] : made) {
    leftovers.push_back(std::exchange(families[static_cast<size_t>(family)], handle));
  }
  // So that no table, no log and no list of files names anybody as before.
  status = DropLeftovers();
  if (status.ok()) status = FlushAll();
  return status.ok() ? absl::OkStatus() : FromEngine(status, kRekeying, data_dir);
}

const std::optional<RekeyedFolder>& Database::rekeyed() const { return impl_->rekeyed; }

uint64_t Database::generation() const { return impl_->generation; }

absl::StatusOr<policy::SubjectKey> Database::key_check() const {
  const auto stored = impl_->ReadMeta(kMetaKeyCheck);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value() || (*stored)->size() != SubjectKey().bytes.size()) {
    return impl_->Damaged("the check value of the pseudonym key is missing");
  }
  return SubjectOf(**stored);
}

}  // namespace assent::storage
