// A disk in memory that keeps what a real one promises to keep at a power cut, and no more.
#ifndef ASSENT_TESTS_STORAGE_LOSSY_DISK_H_
#define ASSENT_TESTS_STORAGE_LOSSY_DISK_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace assent::storage {

// What can go wrong with an operation.
enum class DiskFault { kNone, kPowerOff, kNoSpace, kInputOutput, kNotFound, kExists };

// Promises, as POSIX has them: bytes are kept once the file was synced after they were written; the name of a file
// (made, renamed or deleted) or of a folder is kept once the folder that holds it was synced, and with a folder's name
// goes all that is in it. A folder at the top is there for good. At a power cut the disk may have kept more: of the
// unsynced bytes of each file a random first part, of the unsynced names a random first part in the order in which they
// changed. The last unsynced bytes that it kept may be garbage. Threads: safe.
class LossyDisk {
 public:
  struct File {
    std::string content;
    size_t synced_bytes = 0;
  };

  explicit LossyDisk(uint64_t seed) : random_(seed) {}

  // Cuts the power at the nth operation from now that changes something, in its midst. 0: never.
  void CutAfter(uint64_t operations);
  // Cuts it now.
  void Cut();
  bool is_off();
  // What was kept is there again; open files of before stay dead. Precondition: is_off().
  void PowerOn();
  // Changing operations so far.
  uint64_t operations();

  // Makes every append, sync or new file fail in this way, until told otherwise.
  void FailChanges(DiskFault fault);
  // Makes syncs alone fail.
  void FailSyncs(DiskFault fault);
  // Makes reads at an offset, as of tables, fail.
  void FailReads(DiskFault fault);
  DiskFault read_fault();

  DiskFault Create(const std::string& path, std::shared_ptr<File>& file);
  std::shared_ptr<File> Open(const std::string& path);
  DiskFault Append(File& file, const char* data, size_t size);
  DiskFault Truncate(File& file, size_t size);
  DiskFault SyncFile(File& file);
  DiskFault SyncFolder(const std::string& folder);
  DiskFault Rename(const std::string& from, const std::string& to);
  DiskFault Delete(const std::string& path);
  DiskFault MakeFolder(const std::string& path);

  bool IsFile(const std::string& path);
  bool IsFolder(const std::string& path);
  std::vector<std::string> Children(const std::string& folder);
  std::optional<uint64_t> Size(const std::string& path);
  // Up to `size` bytes at `offset`.
  std::string Read(const File& file, uint64_t offset, size_t size);
  uint64_t Length(const File& file);

  bool Lock(const std::string& path);
  void Unlock(const std::string& path);

 private:
  using Names = std::map<std::string, std::shared_ptr<File>>;
  struct NameChange {
    std::string folder;
    std::string path;
    std::shared_ptr<File> file;  // null: deleted
    bool new_folder = false;     // then `path` is that of a folder
  };

  DiskFault BeginChange();  // with the mutex held
  void CutNow();
  void ChangeName(const std::string& path, std::shared_ptr<File> file);
  static void Apply(const NameChange& change, Names& names, std::set<std::string>& folders);

  std::mutex mutex_;
  std::mt19937_64 random_;
  bool off_ = false;
  uint64_t operations_ = 0;
  uint64_t cut_at_ = 0;
  DiskFault change_fault_ = DiskFault::kNone;
  DiskFault sync_fault_ = DiskFault::kNone;
  DiskFault read_fault_ = DiskFault::kNone;
  Names names_;
  Names kept_names_;                  // what a power cut would leave at least
  std::vector<NameChange> unsynced_;  // in order
  Names survivors_;                   // after a cut
  std::set<std::string> folders_;
  std::set<std::string> kept_folders_;
  std::set<std::string> surviving_folders_;
  std::set<std::string> locks_;
};

}  // namespace assent::storage

#endif  // ASSENT_TESTS_STORAGE_LOSSY_DISK_H_
