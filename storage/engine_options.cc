#include "storage/engine_options.h"

#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>

#include <cstdint>

namespace assent::storage {
namespace {

// Bounds of what the engine may take. Unit: bytes.
constexpr size_t kMemtableBytes = size_t{64} << 20;
// How much log a start after a crash may have to read again.
constexpr uint64_t kLogBytesMax = uint64_t{256} << 20;
constexpr uint64_t kFileListBytesMax = 1;  // each change exceeds it
constexpr int kOpenFilesMax = 1024;
constexpr double kBloomBitsPerKey = 10;

// After a refused write the engine would try again in its own time, seconds later, and refuse a request to go on until
// then. The store asks instead: at the next change, or when it is told to (Database::Resume).
class ResumesOnRequest : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

}  // namespace

rocksdb::DBOptions EngineOptions(rocksdb::Env* env) {
  rocksdb::DBOptions options;
  options.env = env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  // A torn batch at the end of the log was never acknowledged: it is cut off. That it is the end, and no damage in
  // front of acknowledged changes, CheckLogs has shown before.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.max_total_wal_size = kLogBytesMax;
  // The list of files names bounds of keys: written anew with each change, it has none of files that went.
  options.max_manifest_file_size = kFileListBytesMax;
  options.max_open_files = kOpenFilesMax;
  options.listeners.push_back(std::make_shared<ResumesOnRequest>());
  options.max_bgerror_resume_count = 0;
  options.max_background_jobs = 2;
  options.bytes_per_sync = size_t{1} << 20;  // so that a flush does not fill the disk's queue at once
  return options;
}

rocksdb::ColumnFamilyOptions FamilyOptions(const std::shared_ptr<rocksdb::Cache>& cache, bool compress) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = kMemtableBytes;
  options.memtable_prefix_bloom_size_ratio = 0.02;  // most first consents are of subjects that were never seen
  options.memtable_whole_key_filtering = true;
  if (!compress) options.compression = rocksdb::kNoCompression;
  return options;
}

}  // namespace assent::storage
