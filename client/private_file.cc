#include "client/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace assent::client {
namespace {

absl::Status Refused(const std::string& path) {
  return absl::UnavailableError(absl::StrCat("cannot write ", path, "; does the folder exist, and is there room?"));
}

}  // namespace

PrivateFile::PrivateFile(std::string path, std::string part, std::FILE* file)
    : path_(std::move(path)), part_(std::move(part)), file_(file) {}

absl::StatusOr<std::unique_ptr<PrivateFile>> PrivateFile::Create(const std::string& path) {
  struct stat there = {};
  // A device or a pipe must not be replaced by a file.
  if (lstat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode) && !S_ISLNK(there.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat("cannot write ", path, ": it is there, and no file"));
  }
  std::string part = path + ".part";
  unlink(part.c_str());  // left by a run that was killed; the link itself goes, not what it points to
  const int descriptor = open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) return Refused(path);
  std::FILE* file = fdopen(descriptor, "wb");
  if (file == nullptr) {
    close(descriptor);
    unlink(part.c_str());
    return Refused(path);
  }
  return std::unique_ptr<PrivateFile>(new PrivateFile(path, std::move(part), file));
}

PrivateFile::~PrivateFile() {
  if (file_ == nullptr) return;
  std::fclose(file_);
  unlink(part_.c_str());
}

void PrivateFile::Write(absl::string_view content) {
  // A failure sets the stream's error flag, which Commit reads.
  (void)std::fwrite(content.data(), 1, content.size(), file_);
}

absl::Status PrivateFile::Commit() {
  bool good = std::ferror(file_) == 0;
  good = std::fclose(std::exchange(file_, nullptr)) == 0 && good;
  if (good && std::rename(part_.c_str(), path_.c_str()) == 0) return absl::OkStatus();
  unlink(part_.c_str());
  return Refused(path_);
}

}  // namespace assent::client
