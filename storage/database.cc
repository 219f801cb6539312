#include "storage/database.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/database_impl.h"
#include "storage/engine_log.h"
#include "storage/engine_options.h"
#include "storage/engine_status.h"
#include "storage/log_scan.h"
#include "storage/meta_value.h"
#include "storage/record_codec.h"

namespace assent::storage {
namespace {

// In the order of Family.
constexpr std::array<const char*, 11> kFamilyNames = {"consent",
                                                      "consent_history",
                                                      "profiles",
                                                      "notices",
                                                      "meta",
                                                      "audit",
                                                      "audit_opening",
                                                      "audit_leaves",
                                                      "audit_checkpoint",
                                                      "decisions",
                                                      "decisions_by_subject"};

// Bounds of what the engine may take. Unit: bytes.
constexpr size_t kBlockCacheBytes = size_t{64} << 20;
constexpr uint64_t kEngineLogBytesMax = uint64_t{16} << 20;  // of each of two files
constexpr uint64_t kProbeExtraBytes = uint64_t{4} << 20;
constexpr size_t kProbeChunkBytes = size_t{1} << 20;

// The folder that holds the name.
std::string FolderOf(const std::string& path) {
  std::string folder = path;
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  const size_t slash = folder.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : folder.substr(0, slash);
}

}  // namespace

absl::Status Database::Impl::NewerFormat() const {
  return absl::FailedPreconditionError(
      absl::StrCat("data folder ", data_dir, ": written by a newer version of assent; use that version"));
}

absl::Status Database::Impl::Damaged(absl::string_view what) const {
  return absl::DataLossError(
      absl::StrCat("data folder ", data_dir, ": ", what, "; restore it from a backup, or start with an empty folder"));
}

const char* Database::Impl::Name(Family family) { return kFamilyNames[static_cast<size_t>(family)]; }

std::vector<Family> Database::Impl::AllFamilies() {
  std::vector<Family> families;
  for (size_t i = 0; i < kFamilyNames.size(); ++i) families.push_back(static_cast<Family>(i));
  return families;
}

Database::Impl::Impl(const DatabaseOptions& options)
    : data_dir(options.data_dir),
      env(options.env != nullptr ? options.env : rocksdb::Env::Default()),
      compress(options.compress),
      sealing_keys(options.sealing_keys) {
  for (size_t i = 0; i < kFamilyNames.size(); ++i) {
    codecs.push_back(static_cast<Family>(i) == Family::kMeta
                         ? std::make_unique<RecordCodec>()
                         : std::make_unique<RecordCodec>(kFamilyNames[i], sealing_keys));
  }
}

Database::Impl::~Impl() {
  // Where it fails the log holds everything.
  const bool whole = std::find(families.begin(), families.end(), nullptr) == families.end();
  if (rocks != nullptr && whole) FlushAll().PermitUncheckedError();
  for (const auto& handles : {families, leftovers}) {
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      if (handle != nullptr) rocks->DestroyColumnFamilyHandle(handle);
    }
  }
  rocks.reset();
  if (lock != nullptr) env->UnlockFile(lock);
}

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
    return Damaged(absl::StrCat("its log is damaged (", where,
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
                         std::find(kFamilyNames.begin(), kFamilyNames.end(), NameOf(name)) != kFamilyNames.end();
      if (!known) return NewerFormat();
    }
    if (absl::Status status = CheckLogs(options, existing); !status.ok()) return status;
  }
  cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  return OpenFamilies(options, existing);
}

// Every family that is there has to be opened, also of another generation. What is missing is made, as in a new folder
// or one of an earlier version; of a folder that was re-keyed TakeFamilies does that, when it knows the generation.
absl::Status Database::Impl::OpenFamilies(const rocksdb::DBOptions& options, const std::vector<std::string>& existing) {
  std::vector<std::string> names = existing;
  const bool rekeyed_before =
      std::any_of(existing.begin(), existing.end(), [](const std::string& name) { return NameOf(name) != name; });
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const char* name : kFamilyNames) {
    if (!rekeyed_before) add(name);
  }
  add(NameOf(Family::kMeta, 0));
  add(rocksdb::kDefaultColumnFamilyName);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) descriptors.emplace_back(name, FamilyOptions(cache, compress));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(options, folder(), descriptors, &handles, &opened);
  rocks.reset(opened);
  if (status.ok()) {
    std::map<std::string, rocksdb::ColumnFamilyHandle*> by_name;
    for (size_t i = 0; i < names.size(); ++i) by_name[names[i]] = handles[i];
    return TakeFamilies(std::move(by_name));
  }
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
  std::string unused;
  const absl::StatusOr<absl::string_view> content = meta_codec().Decode(key, value, unused);
  if (!content.ok() && content.status().code() == absl::StatusCode::kFailedPrecondition) return NewerFormat();
  if (!content.ok()) return Damaged(absl::StrCat("the value `", key, "` is damaged"));
  return std::string(*content);
}

absl::StatusOr<bool> Database::Impl::HasRecords() const {
  for (const Family family : ValueFamilies()) {
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
    return batch.Put(meta(), rocksdb::Slice(key.data(), key.size()), meta_codec().Encode(key, content));
  };
  rocksdb::Status status = put(kMetaFormat, MetaNumber(kFormatOfNewFolder));
  if (status.ok()) status = put(kMetaEpoch, MetaNumber(epoch));
  if (status.ok()) status = put(kMetaKeyCheck, check);
  if (status.ok()) status = put(kMetaSequence, MetaNumber(0));
  rocksdb::WriteOptions synced;
  synced.sync = true;
  if (status.ok()) status = rocks->Write(synced, &batch);
  return status.ok() ? absl::OkStatus() : FromEngine(status, "write to the new database", data_dir);
}

absl::Status Database::Impl::CheckKey(const DatabaseOptions& options) {
  const policy::SubjectKey& key_check = *options.key_check;
  const auto check = ReadMeta(kMetaKeyCheck);
  if (!check.ok()) return check.status();
  if (!check->has_value()) return Damaged("the check value of the pseudonym key is missing");
  const std::string expected(reinterpret_cast<const char*>(key_check.bytes.data()), key_check.bytes.size());
  if (**check == expected) return absl::OkStatus();
  policy::SubjectKey stored;
  if (options.pseudonymizer != nullptr && (*check)->size() == stored.bytes.size()) {
    std::copy_n((*check)->data(), stored.bytes.size(), reinterpret_cast<char*>(stored.bytes.data()));
    keys_of_folder = options.pseudonymizer->KeysOf(stored).value_or(0);
    if (keys_of_folder != 0) return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat("data folder ", data_dir,
                                                    ": written with another pseudonym key, with which every opt-out "
                                                    "would vanish; give the key that it was made with"));
}

absl::Status Database::Impl::CheckMeta(const DatabaseOptions& options) {
  const auto format = ReadMeta(kMetaFormat);
  if (!format.ok()) return format.status();
  if (!format->has_value()) {
    const absl::StatusOr<bool> has_records = HasRecords();
    if (!has_records.ok()) return has_records.status();
    if (*has_records) return Damaged("it has records but no format version");
    if (!options.key_check) return Damaged("there is no format version");
    return WriteMeta(*options.key_check);
  }
  const auto version = MetaNumberOf(**format);
  if (!version || *version == 0) return Damaged("the format version is damaged");
  if (*version > kFormatVersion) return NewerFormat();
  if (absl::Status status = options.key_check ? CheckKey(options) : absl::OkStatus(); !status.ok()) return status;
  const auto stored_epoch = ReadMeta(kMetaEpoch);
  if (!stored_epoch.ok()) return stored_epoch.status();
  const auto number = stored_epoch->has_value() ? MetaNumberOf(**stored_epoch) : std::nullopt;
  if (!number) return Damaged("the epoch is missing or damaged");
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
  auto impl = std::make_unique<Impl>(options);
  if (absl::Status status = impl->MakeFolders(); !status.ok()) return status;
  if (absl::Status status = impl->LockFolder(); !status.ok()) return status;
  if (absl::Status status = impl->OpenEngine(); !status.ok()) return status;
  if (absl::Status status = impl->CheckMeta(options); !status.ok()) return status;
  if (absl::Status status = impl->CheckSealing(); !status.ok()) return status;
  if (rocksdb::Status status = impl->DropLeftovers(); !status.ok()) {
    return FromEngine(status, "open the database", options.data_dir);
  }
  if (impl->keys_of_folder != 0) {
    if (absl::Status status = impl->Rekey(*options.pseudonymizer); !status.ok()) return status;
  }
  return std::unique_ptr<Database>(new Database(std::move(impl)));
}

rocksdb::Status Database::FlushAll() { return impl_->FlushAll(); }

absl::Status Database::Resume() {
  rocksdb::Status status = impl_->ProbeDisk();
  if (status.ok()) status = impl_->rocks->Resume();
  return status.ok() ? absl::OkStatus() : FromEngine(status, "record consent", impl_->data_dir);
}

std::optional<uint64_t> Database::restored_us() const { return impl_->restored_us; }

absl::Status Database::BeginRestoredEpoch(
    absl::FunctionRef<absl::Status(uint64_t epoch, rocksdb::WriteBatch& batch)> also) {
  const uint64_t now = std::max<uint64_t>(impl_->env->NowMicros(), impl_->epoch + 1);
  rocksdb::WriteBatch batch;
  const auto put = [&](const char* key) {
    return batch.Put(impl_->meta(), key, impl_->meta_codec().Encode(key, MetaNumber(now)));
  };
  rocksdb::Status status = put(kMetaEpoch);
  if (status.ok()) status = put(kMetaRestored);
  if (absl::Status added = also(now, batch); !added.ok()) return added;
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
std::vector<Family> Database::ValueFamilies() {
  std::vector<Family> families = Impl::AllFamilies();
  std::erase(families, Family::kMeta);
  return families;
}
uint64_t Database::epoch() const { return impl_->epoch; }
uint64_t Database::log_bytes_cut_off() const { return impl_->log_bytes_cut_off; }
const std::string& Database::data_dir() const { return impl_->data_dir; }

}  // namespace assent::storage
