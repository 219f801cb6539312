#include "tests/storage/lossy_disk.h"

#include <algorithm>
#include <utility>

namespace assent::storage {
namespace {

std::string FolderOf(const std::string& path) { return path.substr(0, path.find_last_of('/')); }

// Whether every folder above the path is there.
bool HasFolder(const std::string& path, const std::set<std::string>& folders) {
  for (std::string above = FolderOf(path); !above.empty(); above = FolderOf(above)) {
    if (folders.count(above) == 0) return false;
  }
  return true;
}

}  // namespace

void LossyDisk::CutAfter(uint64_t operations) {
  const std::lock_guard<std::mutex> lock(mutex_);
  cut_at_ = operations == 0 ? 0 : operations_ + operations;
}

void LossyDisk::Cut() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!off_) CutNow();
}

bool LossyDisk::is_off() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return off_;
}

uint64_t LossyDisk::operations() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return operations_;
}

void LossyDisk::PowerOn() {
  const std::lock_guard<std::mutex> lock(mutex_);
  off_ = false;
  cut_at_ = 0;
  names_ = survivors_;
  kept_names_ = survivors_;
  folders_ = surviving_folders_;
  kept_folders_ = surviving_folders_;
  unsynced_.clear();
  locks_.clear();
}

void LossyDisk::FailChanges(DiskFault fault) {
  const std::lock_guard<std::mutex> lock(mutex_);
  change_fault_ = fault;
}

void LossyDisk::FailSyncs(DiskFault fault) {
  const std::lock_guard<std::mutex> lock(mutex_);
  sync_fault_ = fault;
}

void LossyDisk::FailReads(DiskFault fault) {
  const std::lock_guard<std::mutex> lock(mutex_);
  read_fault_ = fault;
}

DiskFault LossyDisk::read_fault() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return read_fault_;
}

DiskFault LossyDisk::BeginChange() {
  if (off_) return DiskFault::kPowerOff;
  ++operations_;
  if (cut_at_ != 0 && operations_ >= cut_at_) {
    CutNow();
    return DiskFault::kPowerOff;
  }
  return change_fault_;
}

void LossyDisk::CutNow() {
  off_ = true;
  Names kept = kept_names_;
  surviving_folders_ = kept_folders_;
  const size_t changes = unsynced_.empty() ? 0 : random_() % (unsynced_.size() + 1);
  for (size_t i = 0; i < changes; ++i) Apply(unsynced_[i], kept, surviving_folders_);
  std::erase_if(surviving_folders_, [&](const std::string& path) { return !HasFolder(path, surviving_folders_); });
  std::erase_if(kept, [&](const auto& entry) { return !HasFolder(entry.first, surviving_folders_); });
  survivors_.clear();
  for (const auto& [path, file] : kept) {
    auto survivor = std::make_shared<File>();
    const size_t unsynced = file->content.size() - file->synced_bytes;
    const size_t more = unsynced == 0 ? 0 : random_() % (unsynced + 1);
    survivor->content = file->content.substr(0, file->synced_bytes + more);
    if (more > 0 && random_() % 4 == 0) {
      const size_t garbage = 1 + random_() % more;
      for (size_t i = survivor->content.size() - garbage; i < survivor->content.size(); ++i) {
        survivor->content[i] = static_cast<char>(random_());
      }
    }
    survivor->synced_bytes = survivor->content.size();
    survivors_[path] = std::move(survivor);
  }
}

void LossyDisk::Apply(const NameChange& change, Names& names, std::set<std::string>& folders) {
  if (change.new_folder) {
    folders.insert(change.path);
  } else if (change.file == nullptr) {
    names.erase(change.path);
  } else {
    names[change.path] = change.file;
  }
}

void LossyDisk::ChangeName(const std::string& path, std::shared_ptr<File> file) {
  NameChange change = {.folder = FolderOf(path), .path = path, .file = std::move(file)};
  Apply(change, names_, folders_);
  unsynced_.push_back(std::move(change));
}

DiskFault LossyDisk::Create(const std::string& path, std::shared_ptr<File>& file) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (const DiskFault fault = BeginChange(); fault != DiskFault::kNone) return fault;
  file = std::make_shared<File>();
  ChangeName(path, file);
  return DiskFault::kNone;
}

std::shared_ptr<LossyDisk::File> LossyDisk::Open(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = names_.find(path);
  return off_ || found == names_.end() ? nullptr : found->second;
}

DiskFault LossyDisk::Append(File& file, const char* data, size_t size) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!off_) file.content.append(data, size);  // before the cut, so that part of it may be kept
  const DiskFault fault = BeginChange();
  if (fault != DiskFault::kNone && fault != DiskFault::kPowerOff) file.content.resize(file.content.size() - size);
  return fault;
}

DiskFault LossyDisk::Truncate(File& file, size_t size) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (const DiskFault fault = BeginChange(); fault != DiskFault::kNone) return fault;
  file.content.resize(size);
  file.synced_bytes = std::min(file.synced_bytes, size);
  return DiskFault::kNone;
}

DiskFault LossyDisk::SyncFile(File& file) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (const DiskFault fault = BeginChange(); fault != DiskFault::kNone) return fault;
  if (sync_fault_ != DiskFault::kNone) return sync_fault_;
  file.synced_bytes = file.content.size();
  return DiskFault::kNone;
}

DiskFault LossyDisk::SyncFolder(const std::string& folder) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (const DiskFault fault = BeginChange(); fault != DiskFault::kNone) return fault;
  if (sync_fault_ != DiskFault::kNone) return sync_fault_;
  std::vector<NameChange> others;
  for (NameChange& change : unsynced_) {
    if (change.folder == folder) {
      Apply(change, kept_names_, kept_folders_);
    } else {
      others.push_back(std::move(change));
    }
  }
  unsynced_ = std::move(others);
  return DiskFault::kNone;
}

DiskFault LossyDisk::Rename(const std::string& from, const std::string& to) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (const DiskFault fault = BeginChange(); fault != DiskFault::kNone) return fault;
  const auto found = names_.find(from);
  if (found == names_.end()) return DiskFault::kNotFound;
  const std::shared_ptr<File> file = found->second;
  ChangeName(to, file);
  ChangeName(from, nullptr);
  return DiskFault::kNone;
}

DiskFault LossyDisk::Delete(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (names_.count(path) == 0) return DiskFault::kNotFound;
  if (const DiskFault fault = BeginChange(); fault != DiskFault::kNone) return fault;
  ChangeName(path, nullptr);
  return DiskFault::kNone;
}

DiskFault LossyDisk::MakeFolder(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (off_) return DiskFault::kPowerOff;
  if (folders_.count(path) != 0) return DiskFault::kExists;
  if (const DiskFault fault = BeginChange(); fault != DiskFault::kNone) return fault;
  folders_.insert(path);
  if (FolderOf(path).empty()) {
    kept_folders_.insert(path);
  } else {
    unsynced_.push_back({.folder = FolderOf(path), .path = path, .file = nullptr, .new_folder = true});
  }
  return DiskFault::kNone;
}

bool LossyDisk::IsFile(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return !off_ && names_.count(path) != 0;
}

bool LossyDisk::IsFolder(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return !off_ && folders_.count(path) != 0;
}

std::vector<std::string> LossyDisk::Children(const std::string& folder) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::string> children;
  for (const auto& [path, file] : names_) {
    if (FolderOf(path) == folder) children.push_back(path.substr(folder.size() + 1));
  }
  for (const std::string& path : folders_) {
    if (FolderOf(path) == folder) children.push_back(path.substr(folder.size() + 1));
  }
  return children;
}

std::optional<uint64_t> LossyDisk::Size(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = names_.find(path);
  if (off_ || found == names_.end()) return std::nullopt;
  return found->second->content.size();
}

std::string LossyDisk::Read(const File& file, uint64_t offset, size_t size) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return offset >= file.content.size() ? "" : file.content.substr(offset, size);
}

uint64_t LossyDisk::Length(const File& file) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return file.content.size();
}

bool LossyDisk::Lock(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return locks_.insert(path).second;
}

void LossyDisk::Unlock(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  locks_.erase(path);
}

}  // namespace assent::storage
