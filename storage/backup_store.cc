#include "storage/backup_store.h"

#include <rocksdb/env.h>
#include <rocksdb/utilities/backup_engine.h>
#include <rocksdb/utilities/stackable_db.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/engine_status.h"
#include "storage/file_descriptor.h"

namespace assent::storage {
namespace {

// The database as the backup engine sees it. It says when the engine has flushed and knows which files it will copy:
// from then on, what is written goes to others, and commits need not wait.
class CapturedDatabase final : public rocksdb::StackableDB {
 public:
  // Borrows the database: the pointer that shares it deletes nothing.
  CapturedDatabase(rocksdb::DB& rocks, std::function<void()> captured)
      : StackableDB(std::shared_ptr<rocksdb::DB>(&rocks, [](rocksdb::DB*) {})), captured_(std::move(captured)) {}

  rocksdb::Status GetLiveFilesStorageInfo(const rocksdb::LiveFilesStorageInfoOptions& options,
                                          std::vector<rocksdb::LiveFileStorageInfo>* files) override {
    rocksdb::Status status = StackableDB::GetLiveFilesStorageInfo(options, files);
    captured_();
    return status;
  }

 private:
  const std::function<void()> captured_;
};

absl::Status PrepareFolder(const std::string& folder) {
  if (mkdir(folder.c_str(), S_IRWXU) == 0 && !SyncFolderOf(folder)) return CannotWrite("backup folder", folder);
  struct stat info = {};
  if (stat(folder.c_str(), &info) != 0) return CannotWrite("backup folder", folder);
  if (!S_ISDIR(info.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat("backup folder ", folder, ": is not a folder"));
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("backup folder ", folder, ": group or others have access to it; run: chmod 700 ", folder));
  }
  return absl::OkStatus();
}

}  // namespace

struct BackupStore::Impl {
  std::string folder;
  rocksdb::Env* const env = rocksdb::Env::Default();
  rocksdb::FileLock* lock = nullptr;
  std::unique_ptr<rocksdb::BackupEngine> engine;
  std::mutex writing;             // held while the folder is changed
  mutable std::mutex list_mutex;  // guards the one below, for moments
  std::vector<Backup> list;

  ~Impl() {
    engine.reset();
    if (lock != nullptr) env->UnlockFile(lock);
  }

  void ReadList() {
    std::vector<Backup> now = BackupsIn(*engine);
    const std::lock_guard held(list_mutex);
    list = std::move(now);
  }
  // The damaged backups of which the last file was written before `limit`.
  std::vector<rocksdb::BackupID> DamagedBefore(absl::Time limit) const;
};

std::vector<rocksdb::BackupID> BackupStore::Impl::DamagedBefore(absl::Time limit) const {
  std::vector<rocksdb::BackupID> damaged;
  engine->GetCorruptedBackups(&damaged);
  std::erase_if(damaged, [&](rocksdb::BackupID id) {
    uint64_t written_s = 0;
    const rocksdb::Status status = env->GetFileModificationTime(absl::StrCat(folder, "/meta/", id), &written_s);
    return status.ok() && absl::FromUnixSeconds(static_cast<int64_t>(written_s)) >= limit;
  });
  return damaged;
}

BackupStore::BackupStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BackupStore::~BackupStore() = default;

absl::StatusOr<std::unique_ptr<BackupStore>> BackupStore::Open(std::string folder) {
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  auto impl = std::make_unique<Impl>();
  impl->folder = folder;
  if (absl::Status status = PrepareFolder(folder); !status.ok()) return status;
  if (!impl->env->LockFile(folder + "/lock", &impl->lock).ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("backup folder ", folder,
                     ": in use by another process, or not writable; each data folder needs one of its own"));
  }
  rocksdb::BackupEngine* opened = nullptr;
  rocksdb::Status status = rocksdb::BackupEngine::Open(BackupLayout(folder), impl->env, &opened);
  impl->engine.reset(opened);
  if (status.ok()) status = impl->engine->GarbageCollect();
  if (!status.ok()) return FromBackupEngine(status, "open the backups", folder);
  impl->ReadList();
  return std::unique_ptr<BackupStore>(new BackupStore(std::move(impl)));
}

absl::StatusOr<Backup> BackupStore::Create(Database& database, ConsentStore& store, absl::Time now) {
  const std::unique_lock writing(impl_->writing, std::try_to_lock);
  if (!writing.owns_lock()) return absl::AbortedError("another backup is being made, or purged; try again later");
  if (List().size() >= kBackupsMax) {
    return absl::ResourceExhaustedError(absl::StrCat("there are ", kBackupsMax, " backups, the most; purge some"));
  }
  // The bulk of the work is done before anybody has to wait.
  rocksdb::Status status = database.FlushAll();
  if (!status.ok()) return FromEngine(status, "write the tables for a backup", database.data_dir());
  status = impl_->engine->GarbageCollect();
  if (!status.ok()) return FromBackupEngine(status, "make a backup", impl_->folder);
  const std::unique_ptr<CommitPause> pause = store.Pause();
  const std::string metadata = BackupMetadata(store.applied(), now);
  CapturedDatabase captured(database.rocks(), [&] { pause->End(); });
  rocksdb::CreateBackupOptions options;
  options.flush_before_backup = true;
  rocksdb::BackupID id = 0;
  status = impl_->engine->CreateNewBackupWithMetadata(options, &captured, metadata, &id);
  if (!status.ok()) return FromBackupEngine(status, "make a backup", impl_->folder);
  impl_->ReadList();
  for (const Backup& backup : List()) {
    if (backup.id == id) return backup;
  }
  return absl::DataLossError(absl::StrCat("backup folder ", impl_->folder, ": the new backup cannot be read"));
}

std::vector<Backup> BackupStore::List() const {
  const std::lock_guard held(impl_->list_mutex);
  return impl_->list;
}

absl::StatusOr<size_t> BackupStore::Purge(absl::Time limit) {
  const std::lock_guard writing(impl_->writing);
  std::vector<rocksdb::BackupID> ids = impl_->DamagedBefore(limit);
  for (const Backup& backup : List()) {
    if (backup.made < limit) ids.push_back(backup.id);
  }
  size_t purged = 0;
  rocksdb::Status first;
  for (const rocksdb::BackupID id : ids) {
    const rocksdb::Status status = impl_->engine->DeleteBackup(id);
    purged += status.ok();
    if (first.ok()) first = status;
  }
  // Also what an earlier purge could not remove.
  const rocksdb::Status collected = impl_->engine->GarbageCollect();
  if (first.ok()) first = collected;
  impl_->ReadList();
  if (!first.ok()) return FromBackupEngine(first, "purge backups", impl_->folder);
  return purged;
}

absl::Status BackupStore::Verify(uint32_t id) const {
  const rocksdb::Status status = impl_->engine->VerifyBackup(id, /*verify_with_checksum=*/true);
  return status.ok() ? absl::OkStatus() : FromBackupEngine(status, absl::StrCat("verify backup ", id), impl_->folder);
}

void BackupStore::Stop() { impl_->engine->StopBackup(); }

}  // namespace assent::storage
