#include "storage/engine_log.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace assent::storage {
namespace {

constexpr size_t kLineBytesMax = 4096;  // the rest of a longer message is cut off

}  // namespace

EngineLog::EngineLog(std::string path, uint64_t bytes_max) : path_(std::move(path)), bytes_max_(bytes_max) { Open(); }

void EngineLog::Open() {
  file_ = std::make_unique<FileDescriptor>(
      open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR));
  struct stat info = {};
  bytes_ = file_->ok() && fstat(file_->number(), &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

void EngineLog::Logv(const char* format, va_list arguments) {
  char message[kLineBytesMax];
  const int length = std::vsnprintf(message, sizeof(message), format, arguments);
  if (length < 0) return;
  const size_t kept = std::min(static_cast<size_t>(length), sizeof(message) - 1);
  const std::string line = absl::StrCat(absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ ", absl::Now(), absl::UTCTimeZone()),
                                        absl::string_view(message, kept), "\n");
  const std::lock_guard<std::mutex> lock(mutex_);
  if (bytes_ != 0 && bytes_ + line.size() > bytes_max_ && std::rename(path_.c_str(), (path_ + ".old").c_str()) == 0) {
    Open();
  }
  if (file_->ok() && file_->Write(line)) bytes_ += line.size();
}

size_t EngineLog::GetLogFileSize() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return bytes_;
}

}  // namespace assent::storage
