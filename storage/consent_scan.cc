#include "storage/consent_scan.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <memory>

#include "storage/consent_change.h"
#include "storage/engine_status.h"
#include "storage/record_codec.h"

namespace assent::storage {
namespace {

constexpr size_t kScanReadAheadBytes = size_t{2} << 20;
constexpr char kScanning[] = "read the consent records";

}  // namespace

absl::Status ScanRecords(Database& database, const policy::SubjectKey* after, RecordVisitor visitor) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = kScanReadAheadBytes;
  const std::unique_ptr<rocksdb::Iterator> records(
      database.rocks().NewIterator(options, database.family(Family::kConsent)));
  if (after == nullptr) {
    records->SeekToFirst();
  } else {
    const std::string last = ConsentKey(*after);
    records->Seek(last);
    if (records->Valid() && records->key() == rocksdb::Slice(last)) records->Next();
  }
  internal::v1::ConsentRecord record;
  for (; records->Valid(); records->Next()) {
    const rocksdb::Slice key = records->key();
    policy::SubjectKey subject;
    if (key.size() != subject.bytes.size()) {
      return FromEngine(rocksdb::Status::Corruption("consent key"), kScanning, database.data_dir());
    }
    std::copy_n(key.data(), key.size(), reinterpret_cast<char*>(subject.bytes.data()));
    const rocksdb::Slice value = records->value();
    record.Clear();
    const bool readable =
        database.codec(Family::kConsent).Decode({key.data(), key.size()}, {value.data(), value.size()}, record).ok();
    if (!visitor(subject, readable ? &record : nullptr)) return absl::OkStatus();
  }
  if (records->status().ok()) return absl::OkStatus();
  return FromEngine(records->status(), kScanning, database.data_dir());
}

}  // namespace assent::storage
