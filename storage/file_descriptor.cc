#include "storage/file_descriptor.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace assent::storage {
namespace {

constexpr size_t kChunkBytes = size_t{1} << 20;

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (number_ >= 0) close(number_);
}

bool FileDescriptor::Read(size_t bytes_max, std::string& content) const {
  for (size_t left = bytes_max; left > 0;) {
    const size_t chunk = std::min(left, kChunkBytes);
    const size_t before = content.size();
    content.resize(before + chunk);
    const ssize_t got = read(number_, content.data() + before, chunk);
    content.resize(before + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return true;
    if (got < 0 && errno != EINTR) return false;
    left -= static_cast<size_t>(std::max<ssize_t>(got, 0));
  }
  return true;
}

bool FileDescriptor::Write(absl::string_view content) const {
  while (!content.empty()) {
    const ssize_t put = write(number_, content.data(), content.size());
    if (put < 0 && errno != EINTR) return false;
    content.remove_prefix(static_cast<size_t>(std::max<ssize_t>(put, 0)));
  }
  return true;
}

absl::Status CannotWrite(absl::string_view kind, const std::string& path) {
  return absl::UnavailableError(absl::StrCat(kind, " ", path, ": cannot be written: ", strerror(errno)));
}

bool SyncFolderOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const FileDescriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.ok() && fsync(opened.number()) == 0;
}

}  // namespace assent::storage
