#include "tests/storage/lossy_file_system.h"

#include <rocksdb/file_system.h>

#include <cstring>
#include <utility>

namespace assent::storage {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus StatusOf(DiskFault fault, const std::string& path = "") {
  switch (fault) {
    case DiskFault::kNone:
      return IOStatus::OK();
    case DiskFault::kPowerOff:
      return IOStatus::IOError("the power is off");
    case DiskFault::kNoSpace:
      return IOStatus::NoSpace("no space left on the disk");
    case DiskFault::kInputOutput:
      return IOStatus::IOError("the disk refuses");
    case DiskFault::kNotFound:
      return IOStatus::PathNotFound(path);
    case DiskFault::kExists:
      return IOStatus::IOError("exists", path);
  }
  return IOStatus::IOError("unknown fault");
}

// Without slashes at the end or in a row.
std::string Plain(const std::string& path) {
  std::string plain;
  for (const char c : path) {
    if (c != '/' || plain.empty() || plain.back() != '/') plain.push_back(c);
  }
  if (plain.size() > 1 && plain.back() == '/') plain.pop_back();
  return plain;
}

// The result of a read, in the caller's buffer.
Slice CopyOut(const std::string& bytes, char* scratch) {
  std::memcpy(scratch, bytes.data(), bytes.size());
  return {scratch, bytes.size()};
}

class LossyWritableFile : public rocksdb::FSWritableFile {
 public:
  LossyWritableFile(LossyDisk& disk, std::shared_ptr<LossyDisk::File> file) : disk_(disk), file_(std::move(file)) {}

  using rocksdb::FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    return StatusOf(disk_.Append(*file_, data.data(), data.size()));
  }
  IOStatus Truncate(uint64_t size, const IOOptions&, IODebugContext*) override {
    return StatusOf(disk_.Truncate(*file_, size));
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return StatusOf(disk_.SyncFile(*file_)); }
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return StatusOf(disk_.SyncFile(*file_)); }
  bool IsSyncThreadSafe() const override { return true; }
  uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return disk_.Length(*file_); }

 private:
  LossyDisk& disk_;
  std::shared_ptr<LossyDisk::File> file_;
};

class LossySequentialFile : public rocksdb::FSSequentialFile {
 public:
  LossySequentialFile(LossyDisk& disk, std::shared_ptr<LossyDisk::File> file) : disk_(disk), file_(std::move(file)) {}

  IOStatus Read(size_t size, const IOOptions&, Slice* result, char* scratch, IODebugContext*) override {
    const std::string bytes = disk_.Read(*file_, offset_, size);
    offset_ += bytes.size();
    *result = CopyOut(bytes, scratch);
    return IOStatus::OK();
  }
  IOStatus Skip(uint64_t bytes) override {
    offset_ += bytes;
    return IOStatus::OK();
  }

 private:
  LossyDisk& disk_;
  std::shared_ptr<LossyDisk::File> file_;
  uint64_t offset_ = 0;
};

class LossyRandomAccessFile : public rocksdb::FSRandomAccessFile {
 public:
  LossyRandomAccessFile(LossyDisk& disk, std::shared_ptr<LossyDisk::File> file) : disk_(disk), file_(std::move(file)) {}

  IOStatus Read(uint64_t offset, size_t size, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    if (const DiskFault fault = disk_.read_fault(); fault != DiskFault::kNone) return StatusOf(fault);
    *result = CopyOut(disk_.Read(*file_, offset, size), scratch);
    return IOStatus::OK();
  }

 private:
  LossyDisk& disk_;
  std::shared_ptr<LossyDisk::File> file_;
};

class LossyFolder : public rocksdb::FSDirectory {
 public:
  LossyFolder(LossyDisk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return StatusOf(disk_.SyncFolder(path_)); }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  LossyDisk& disk_;
  std::string path_;
};

class LossyLock : public rocksdb::FileLock {
 public:
  explicit LossyLock(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The engine's own log is of no interest here.
class SilentLogger : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
  size_t GetLogFileSize() const override { return 0; }
};

class LossyFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit LossyFileSystem(LossyDisk& disk) : FileSystemWrapper(rocksdb::FileSystem::Default()), disk_(disk) {}
  const char* Name() const override { return "LossyFileSystem"; }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions&,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result, IODebugContext*) override {
    return OpenAs<LossySequentialFile>(path, result);
  }
  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions&,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result, IODebugContext*) override {
    return OpenAs<LossyRandomAccessFile>(path, result);
  }
  IOStatus NewWritableFile(const std::string& path, const FileOptions&,
                           std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext*) override {
    std::shared_ptr<LossyDisk::File> file;
    const DiskFault fault = disk_.Create(Plain(path), file);
    if (fault == DiskFault::kNone) *result = std::make_unique<LossyWritableFile>(disk_, std::move(file));
    return StatusOf(fault, path);
  }
  IOStatus ReopenWritableFile(const std::string& path, const FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* context) override {
    if (!disk_.IsFile(Plain(path))) return NewWritableFile(path, options, result, context);
    return OpenAs<LossyWritableFile>(path, result);
  }
  IOStatus ReuseWritableFile(const std::string&, const std::string&, const FileOptions&,
                             std::unique_ptr<rocksdb::FSWritableFile>*, IODebugContext*) override {
    return IOStatus::NotSupported("the disk does not write in place");
  }
  IOStatus NewRandomRWFile(const std::string&, const FileOptions&, std::unique_ptr<rocksdb::FSRandomRWFile>*,
                           IODebugContext*) override {
    return IOStatus::NotSupported("the disk does not write in place");
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions&, std::unique_ptr<rocksdb::FSDirectory>* result,
                        IODebugContext*) override {
    if (!disk_.IsFolder(Plain(path))) return IOStatus::PathNotFound(path);
    *result = std::make_unique<LossyFolder>(disk_, Plain(path));
    return IOStatus::OK();
  }

  IOStatus FileExists(const std::string& path, const IOOptions&, IODebugContext*) override {
    return disk_.IsFile(Plain(path)) || disk_.IsFolder(Plain(path)) ? IOStatus::OK() : IOStatus::NotFound();
  }
  IOStatus GetChildren(const std::string& path, const IOOptions&, std::vector<std::string>* result,
                       IODebugContext*) override {
    if (!disk_.IsFolder(Plain(path))) return IOStatus::PathNotFound(path);
    *result = disk_.Children(Plain(path));
    return IOStatus::OK();
  }
  IOStatus IsDirectory(const std::string& path, const IOOptions&, bool* result, IODebugContext*) override {
    *result = disk_.IsFolder(Plain(path));
    return *result || disk_.IsFile(Plain(path)) ? IOStatus::OK() : IOStatus::PathNotFound(path);
  }
  IOStatus GetFileSize(const std::string& path, const IOOptions&, uint64_t* result, IODebugContext*) override {
    const auto size = disk_.Size(Plain(path));
    if (!size) return IOStatus::PathNotFound(path);
    *result = *size;
    return IOStatus::OK();
  }
  IOStatus GetFileModificationTime(const std::string&, const IOOptions&, uint64_t* result, IODebugContext*) override {
    *result = 0;
    return IOStatus::OK();
  }
  IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* result, IODebugContext*) override {
    *result = path;
    return IOStatus::OK();
  }
  IOStatus GetFreeSpace(const std::string&, const IOOptions&, uint64_t* result, IODebugContext*) override {
    *result = uint64_t{1} << 40;
    return IOStatus::OK();
  }

  IOStatus DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) override {
    return StatusOf(disk_.Delete(Plain(path)), path);
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&, IODebugContext*) override {
    return StatusOf(disk_.Rename(Plain(from), Plain(to)), from);
  }
  IOStatus CreateDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    return StatusOf(disk_.MakeFolder(Plain(path)), path);
  }
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions&, IODebugContext*) override {
    const DiskFault fault = disk_.MakeFolder(Plain(path));
    return fault == DiskFault::kExists ? IOStatus::OK() : StatusOf(fault, path);
  }
  IOStatus Truncate(const std::string& path, size_t size, const IOOptions&, IODebugContext*) override {
    const auto file = disk_.Open(Plain(path));
    return file == nullptr ? IOStatus::PathNotFound(path) : StatusOf(disk_.Truncate(*file, size), path);
  }
  IOStatus LinkFile(const std::string&, const std::string&, const IOOptions&, IODebugContext*) override {
    return IOStatus::NotSupported("links");
  }

  IOStatus LockFile(const std::string& path, const IOOptions&, rocksdb::FileLock** lock, IODebugContext*) override {
    if (!disk_.Lock(Plain(path))) return IOStatus::IOError("lock", path);
    *lock = new LossyLock(Plain(path));
    return IOStatus::OK();
  }
  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) override {
    disk_.Unlock(static_cast<LossyLock*>(lock)->path());
    delete lock;
    return IOStatus::OK();
  }
  IOStatus NewLogger(const std::string&, const IOOptions&, std::shared_ptr<rocksdb::Logger>* result,
                     IODebugContext*) override {
    *result = std::make_shared<SilentLogger>();
    return IOStatus::OK();
  }

 private:
  template <typename Opened, typename Result>
  IOStatus OpenAs(const std::string& path, Result* result) {
    if (disk_.is_off()) return StatusOf(DiskFault::kPowerOff);
    auto file = disk_.Open(Plain(path));
    if (file == nullptr) return IOStatus::PathNotFound(path);
    *result = std::make_unique<Opened>(disk_, std::move(file));
    return IOStatus::OK();
  }

  LossyDisk& disk_;
};

}  // namespace

std::unique_ptr<rocksdb::Env> NewLossyEnv(LossyDisk& disk) {
  return rocksdb::NewCompositeEnv(std::make_shared<LossyFileSystem>(disk));
}

}  // namespace assent::storage
