#include "storage/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "storage/file_descriptor.h"

namespace assent::storage {

absl::StatusOr<std::string> ReadTextFile(const std::string& path, size_t bytes_max) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.ok() && errno == ENOENT) return absl::NotFoundError("does not exist");
  struct stat info = {};
  std::string text;
  if (!file.ok() || fstat(file.number(), &info) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot be read: ", strerror(errno)));
  }
  if (!S_ISREG(info.st_mode)) return absl::InvalidArgumentError("not a regular file");
  if (!file.Read(bytes_max + 1, text)) {
    return absl::UnavailableError(absl::StrCat("cannot be read: ", strerror(errno)));
  }
  if (text.size() > bytes_max) return absl::InvalidArgumentError(absl::StrCat("larger than ", bytes_max, " bytes"));
  return text;
}

}  // namespace assent::storage
