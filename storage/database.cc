#include "storage/database.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/engine_log.h"
#include "storage/engine_status.h"
#include "storage/log_scan.h"
#include "storage/meta_value.h"
#include "storage/record_codec.h"

namespace assent::storage {
namespace {

constexpr uint64_t kFormatVersion = 1;

// In the order of Family.
constexpr std::array<const char*, 7> kFamilyNames = {"consent",   "consent_history",     "profiles", "notices", "meta",
                                                     "decisions", "decisions_by_subject"};

// Bounds of what the engine may take. Unit: bytes.
constexpr size_t kBlockCacheBytes = size_t{64} << 20;
constexpr size_t kMemtableBytes = size_t{64} << 20;
// How much log a start after a crash may have to read again.
constexpr uint64_t kLogBytesMax = uint64_t{256} << 20;
constexpr uint64_t kEngineLogBytesMax = uint64_t{16} << 20;  // of each of two files
constexpr uint64_t kFileListBytesMax = 1;                    // each change exceeds it
constexpr int kOpenFilesMax = 1024;
constexpr uint64_t kProbeExtraBytes = uint64_t{4} << 20;
constexpr size_t kProbeChunkBytes = size_t{1} << 20;
constexpr double kBloomBitsPerKey = 10;

// After a refused write the engine would try again in its own time, seconds later, and refuse a request to go on until
// then. The store asks instead: at the next change, or when it is told to (Database::Resume).
class ResumesOnRequest : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

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

// The folder that holds the name.
std::string FolderOf(const std::string& path) {
  std::string folder = path;
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  const size_t slash = folder.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : folder.substr(0, slash);
}

absl::Status NewerFormat(const std::string& data_dir) {
  return absl::FailedPreconditionError(
      absl::StrCat("data folder ", data_dir, ": written by a newer version of assent; use that version"));
}

absl::Status Damaged(const std::string& data_dir, absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat("data folder ", data_dir, ": ", what, "; restore it from a backup, or start with an empty folder"));
}

}  // namespace

struct Database::Impl {
  std::string data_dir;
  rocksdb::Env* env = nullptr;
  rocksdb::FileLock* lock = nullptr;
  bool compress = true;
  std::shared_ptr<rocksdb::Cache> cache;
  std::vector<rocksdb::ColumnFamilyHandle*> families;  // by Family; the engine's own "default" comes last
  std::unique_ptr<rocksdb::DB> rocks;
  uint64_t epoch = 0;
  std::optional<uint64_t> restored_us;
  uint64_t log_bytes_cut_off = 0;

  ~Impl() {
    // Where it fails the log holds everything.
    if (rocks != nullptr) FlushAll().PermitUncheckedError();
    for (rocksdb::ColumnFamilyHandle* handle : families) rocks->DestroyColumnFamilyHandle(handle);
    rocks.reset();
    if (lock != nullptr) env->UnlockFile(lock);
  }

  std::string folder() const { return data_dir + "/db"; }
  rocksdb::Status FlushAll() { return rocks->Flush(rocksdb::FlushOptions(), families); }
  rocksdb::ColumnFamilyHandle* meta() const { return families[static_cast<size_t>(Family::kMeta)]; }

  absl::Status MakeFolders();
  absl::Status LockFolder();
  absl::Status CheckLogs(const rocksdb::DBOptions& options, const std::vector<std::string>& existing);
  absl::Status OpenEngine();
  absl::Status CheckMeta(const std::optional<policy::SubjectKey>& key_check);
  absl::Status CheckKey(const policy::SubjectKey& key_check) const;
  absl::Status WriteMeta(const policy::SubjectKey& key_check);
  absl::StatusOr<std::optional<std::string>> ReadMeta(absl::string_view key) const;
  absl::StatusOr<bool> HasRecords() const;
  rocksdb::Status ProbeDisk();
  rocksdb::Status SyncFolder(const std::string& path) const;
};

// Makes them last: a folder whose name a power cut forgets takes everything in it along.
absl::Status Database::Impl::MakeFolders() {
  const bool existed = env->FileExists(data_dir).ok();
  // For the owner alone from the first moment. The other environments are those of tests and have no modes.
  if (env == rocksdb::Env::Default()) mkdir(data_dir.c_str(), S_IRWXU);
  rocksdb::Status made = env->CreateDirIfMissing(data_dir);
  if (made.ok()) made = SyncFolder(FolderOf(data_dir));
  if (existed) return absl::OkStatus();  // the folder above may be closed to us; then who made this one answers for it
  if (!made.ok()) return FromEngine(made, "make the data folder", data_dir);
  return absl::OkStatus();
}

rocksdb::Status Database::Impl::SyncFolder(const std::string& path) const {
  std::unique_ptr<rocksdb::Directory> opened;
  const rocksdb::Status status = env->NewDirectory(path, &opened);
  return status.ok() ? opened->Fsync() : status;
}

// A lock of our own, taken before the engine is touched: a second process gets a clear answer and changes nothing.
absl::Status Database::Impl::LockFolder() {
  if (rocksdb::Status locked = env->LockFile(data_dir + "/lock", &lock); !locked.ok()) {
    if (locked.IsNoSpace()) return FromEngine(locked, "lock the data folder", data_dir);
    absl::Status status = absl::FailedPreconditionError(
        absl::StrCat("data folder ", data_dir, ": in use by another process, or not writable (", data_dir,
                     "/lock cannot be locked); stop the other process, or choose another data_dir"));
    status.SetPayload(kEngineCausePayload, absl::Cord(locked.ToString()));
    return status;
  }
  return absl::OkStatus();
}

// Before the engine opens for writing, because it throws away what it cuts off.
absl::Status Database::Impl::CheckLogs(const rocksdb::DBOptions& options, const std::vector<std::string>& existing) {
  const absl::StatusOr<LogScan> scan = ScanLogs(*env, folder(), data_dir);
  if (!scan.ok()) return scan.status();
  const auto lost = [&](absl::string_view where) {
    return Damaged(data_dir, absl::StrCat("its log is damaged (", where,
                                          ") in front of changes that were acknowledged, and opening it would undo "
                                          "them, withdrawals too; nothing was changed"));
  };
  if (!scan->damage.empty()) return lost(absl::StrCat("db/", scan->damage));
  log_bytes_cut_off = scan->torn_bytes;
  if (scan->sequence_behind_torn == 0) return absl::OkStatus();
  // A younger log continues behind a torn one. See how far the engine would come.
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : existing) descriptors.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(options, folder(), descriptors, &handles, &opened);
  if (!status.ok()) return FromEngine(status, "read the database's log", data_dir);
  const std::unique_ptr<rocksdb::DB> preview(opened);
  for (rocksdb::ColumnFamilyHandle* handle : handles) preview->DestroyColumnFamilyHandle(handle);
  if (preview->GetLatestSequenceNumber() < scan->sequence_behind_torn) return lost("the end of one of db/*.log");
  return absl::OkStatus();
}

absl::Status Database::Impl::OpenEngine() {
  rocksdb::Status folders = env->CreateDirIfMissing(folder());
  if (folders.ok()) folders = SyncFolder(data_dir);
  if (!folders.ok()) return FromEngine(folders, "make the data folder", data_dir);
  rocksdb::DBOptions options = EngineOptions(env);
  options.info_log = std::make_shared<EngineLog>(folder() + "/LOG", kEngineLogBytesMax);
  std::vector<std::string> existing;
  // Fails where there is no database yet; a damaged one is reported by Open.
  if (rocksdb::DB::ListColumnFamilies(options, folder(), &existing).ok()) {
    for (const std::string& name : existing) {
      const bool known = name == rocksdb::kDefaultColumnFamilyName ||
                         std::find(kFamilyNames.begin(), kFamilyNames.end(), name) != kFamilyNames.end();
      if (!known) return NewerFormat(data_dir);
    }
    if (absl::Status status = CheckLogs(options, existing); !status.ok()) return status;
  }
  cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const char* name : kFamilyNames) descriptors.emplace_back(name, FamilyOptions(cache, compress));
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName, FamilyOptions(cache, compress));
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(options, folder(), descriptors, &families, &opened);
  rocks.reset(opened);
  if (status.ok()) return absl::OkStatus();
  // A file of the database that is missing is damage too: there was nothing to create, or Open would have done it.
  if (status.IsPathNotFound() || status.IsNotFound() || status.IsInvalidArgument()) {
    return FromEngine(rocksdb::Status::Corruption(status.ToString()), "open the database", data_dir);
  }
  return FromEngine(status, "open the database", data_dir);
}

absl::StatusOr<std::optional<std::string>> Database::Impl::ReadMeta(absl::string_view key) const {
  std::string value;
  const rocksdb::Status status = rocks->Get({}, meta(), rocksdb::Slice(key.data(), key.size()), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return FromEngine(status, "read the database", data_dir);
  const absl::StatusOr<absl::string_view> content = DecodeRecord(key, value);
  if (!content.ok() && content.status().code() == absl::StatusCode::kFailedPrecondition) return NewerFormat(data_dir);
  if (!content.ok()) return Damaged(data_dir, absl::StrCat("the value `", key, "` is damaged"));
  return std::string(*content);
}

absl::StatusOr<bool> Database::Impl::HasRecords() const {
  for (Family family : {Family::kConsent, Family::kConsentHistory, Family::kProfiles, Family::kNotices}) {
    const std::unique_ptr<rocksdb::Iterator> records(rocks->NewIterator({}, families[static_cast<size_t>(family)]));
    records->SeekToFirst();
    if (records->Valid()) return true;
    if (!records->status().ok()) return FromEngine(records->status(), "read the database", data_dir);
  }
  return false;
}

// All in one synced batch, so that a crash leaves everything or nothing.
absl::Status Database::Impl::WriteMeta(const policy::SubjectKey& key_check) {
  epoch = env->NowMicros();  // later than that of any folder before: tokens of an older one are told apart
  const std::string check(reinterpret_cast<const char*>(key_check.bytes.data()), key_check.bytes.size());
  rocksdb::WriteBatch batch;
  const auto put = [&](absl::string_view key, const std::string& content) {
    return batch.Put(meta(), rocksdb::Slice(key.data(), key.size()), EncodeRecord(key, content));
  };
  rocksdb::Status status = put(kMetaFormat, MetaNumber(kFormatVersion));
  if (status.ok()) status = put(kMetaEpoch, MetaNumber(epoch));
  if (status.ok()) status = put(kMetaKeyCheck, check);
  if (status.ok()) status = put(kMetaSequence, MetaNumber(0));
  rocksdb::WriteOptions synced;
  synced.sync = true;
  if (status.ok()) status = rocks->Write(synced, &batch);
  return status.ok() ? absl::OkStatus() : FromEngine(status, "write to the new database", data_dir);
}

absl::Status Database::Impl::CheckKey(const policy::SubjectKey& key_check) const {
  const auto check = ReadMeta(kMetaKeyCheck);
  if (!check.ok()) return check.status();
  if (!check->has_value()) return Damaged(data_dir, "the check value of the pseudonym key is missing");
  const std::string expected(reinterpret_cast<const char*>(key_check.bytes.data()), key_check.bytes.size());
  if (**check == expected) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("data folder ", data_dir,
                                                    ": written with another pseudonym key, with which every opt-out "
                                                    "would vanish; give the key that it was made with"));
}

absl::Status Database::Impl::CheckMeta(const std::optional<policy::SubjectKey>& key_check) {
  const auto format = ReadMeta(kMetaFormat);
  if (!format.ok()) return format.status();
  if (!format->has_value()) {
    const absl::StatusOr<bool> has_records = HasRecords();
    if (!has_records.ok()) return has_records.status();
    if (*has_records) return Damaged(data_dir, "it has records but no format version");
    if (!key_check) return Damaged(data_dir, "there is no format version");
    return WriteMeta(*key_check);
  }
  const auto version = MetaNumberOf(**format);
  if (!version || *version == 0) return Damaged(data_dir, "the format version is damaged");
  if (*version > kFormatVersion) return NewerFormat(data_dir);
  if (absl::Status status = key_check ? CheckKey(*key_check) : absl::OkStatus(); !status.ok()) return status;
  const auto stored_epoch = ReadMeta(kMetaEpoch);
  if (!stored_epoch.ok()) return stored_epoch.status();
  const auto number = stored_epoch->has_value() ? MetaNumberOf(**stored_epoch) : std::nullopt;
  if (!number) return Damaged(data_dir, "the epoch is missing or damaged");
  epoch = *number;
  const auto restored = ReadMeta(kMetaRestored);
  if (!restored.ok()) return restored.status();
  if (restored->has_value()) restored_us = MetaNumberOf(**restored).value_or(epoch);  // closed, whatever it says
  return absl::OkStatus();
}

// Writes a file as large as what waits in memory, and some more, and removes it.
rocksdb::Status Database::Impl::ProbeDisk() {
  uint64_t bytes = kProbeExtraBytes;
  for (rocksdb::ColumnFamilyHandle* handle : families) {
    uint64_t waiting = 0;
    if (rocks->GetIntProperty(handle, rocksdb::DB::Properties::kCurSizeAllMemTables, &waiting)) bytes += waiting;
  }
  const std::string path = data_dir + "/probe";
  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status = env->NewWritableFile(path, &file, rocksdb::EnvOptions());
  if (!status.ok()) return status;
  const std::string chunk(kProbeChunkBytes, '\x5A');
  for (uint64_t written = 0; status.ok() && written < bytes; written += chunk.size()) status = file->Append(chunk);
  if (status.ok()) status = file->Sync();
  const rocksdb::Status closed = file->Close();
  env->DeleteFile(path).PermitUncheckedError();
  return status.ok() ? closed : status;
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const DatabaseOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->data_dir = options.data_dir;
  impl->compress = options.compress;
  impl->env = options.env != nullptr ? options.env : rocksdb::Env::Default();
  if (absl::Status status = impl->MakeFolders(); !status.ok()) return status;
  if (absl::Status status = impl->LockFolder(); !status.ok()) return status;
  if (absl::Status status = impl->OpenEngine(); !status.ok()) return status;
  if (absl::Status status = impl->CheckMeta(options.key_check); !status.ok()) return status;
  return std::unique_ptr<Database>(new Database(std::move(impl)));
}

rocksdb::Status Database::FlushAll() { return impl_->FlushAll(); }

absl::Status Database::Resume() {
  rocksdb::Status status = impl_->ProbeDisk();
  if (status.ok()) status = impl_->rocks->Resume();
  return status.ok() ? absl::OkStatus() : FromEngine(status, "record consent", impl_->data_dir);
}

std::optional<uint64_t> Database::restored_us() const { return impl_->restored_us; }

absl::Status Database::BeginRestoredEpoch() {
  const uint64_t now = std::max<uint64_t>(impl_->env->NowMicros(), impl_->epoch + 1);
  rocksdb::WriteBatch batch;
  rocksdb::Status status = batch.Put(impl_->meta(), kMetaEpoch, EncodeRecord(kMetaEpoch, MetaNumber(now)));
  if (status.ok()) status = batch.Put(impl_->meta(), kMetaRestored, EncodeRecord(kMetaRestored, MetaNumber(now)));
  rocksdb::WriteOptions synced;
  synced.sync = true;
  if (status.ok()) status = impl_->rocks->Write(synced, &batch);
  if (!status.ok()) return FromEngine(status, "begin an epoch", impl_->data_dir);
  impl_->epoch = now;
  impl_->restored_us = now;
  return absl::OkStatus();
}

rocksdb::DB& Database::rocks() { return *impl_->rocks; }
rocksdb::ColumnFamilyHandle* Database::family(Family family) { return impl_->families[static_cast<size_t>(family)]; }
uint64_t Database::epoch() const { return impl_->epoch; }
uint64_t Database::log_bytes_cut_off() const { return impl_->log_bytes_cut_off; }
const std::string& Database::data_dir() const { return impl_->data_dir; }

}  // namespace assent::storage
