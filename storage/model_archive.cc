#include "storage/model_archive.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "storage/file_descriptor.h"
#include "storage/model_file.h"
#include "storage/text_file.h"

namespace assent::storage {
namespace {

constexpr size_t kDigestTextBytes = 64;
constexpr absl::string_view kArchiveSuffix = ".assent";
constexpr absl::string_view kUnfinishedSuffix = ".part";
constexpr char kArchiveKind[] = "archived model";

bool IsDigest(absl::string_view name) {
  return name.size() == kDigestTextBytes && std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isxdigit(static_cast<unsigned char>(c));
         });
}

absl::Status WriteWhole(const std::string& path, absl::string_view bytes) {
  const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (file.ok() && file.Write(bytes) && fsync(file.number()) == 0) return absl::OkStatus();
  return CannotWrite(kArchiveKind, path);
}

}  // namespace

std::string ModelArchive::PathOfDigest(absl::string_view digest) const {
  return absl::StrCat(folder_, "/", digest, kArchiveSuffix);
}

absl::StatusOr<std::unique_ptr<ModelArchive>> ModelArchive::Open(const std::string& data_dir) {
  const std::string folder = data_dir + "/models";
  const bool made = mkdir(folder.c_str(), S_IRWXU) == 0;
  if (!made && errno != EEXIST) return CannotWrite(kArchiveKind, folder);
  if (made && !SyncFolderOf(folder)) return CannotWrite(kArchiveKind, folder);
  return std::unique_ptr<ModelArchive>(new ModelArchive(folder));
}

absl::Status ModelArchive::Keep(const std::string& model_path, absl::string_view digest, absl::Time now) {
  if (absl::Status noted = NoteServed(digest, now); !absl::IsNotFound(noted)) return noted;
  const auto bytes = ReadTextFile(model_path, kModelFileBytesMax);
  if (!bytes.ok()) return bytes.status();
  const std::string path = PathOfDigest(digest);
  const std::string unfinished = absl::StrCat(path, kUnfinishedSuffix);
  if (absl::Status written = WriteWhole(unfinished, *bytes); !written.ok()) return written;
  const auto copied = ReadModelFile(unfinished);
  if (!copied.ok() || copied->digest_hex() != digest) {
    unlink(unfinished.c_str());
    return absl::AbortedError("the model file was replaced while it was copied");
  }
  if (rename(unfinished.c_str(), path.c_str()) != 0 || !SyncFolderOf(path)) return CannotWrite(kArchiveKind, path);
  return NoteServed(digest, now);
}

absl::Status ModelArchive::NoteServed(absl::string_view digest, absl::Time now) {
  const std::string path = PathOfDigest(digest);
  const timespec time = absl::ToTimespec(now);
  const timespec both[2] = {time, time};
  if (utimensat(AT_FDCWD, path.c_str(), both, 0) == 0) return absl::OkStatus();
  if (errno == ENOENT) return absl::NotFoundError("the model is not in the archive");
  return CannotWrite(kArchiveKind, path);
}

absl::StatusOr<scoring::Model> ModelArchive::Read(absl::string_view digest) const {
  if (!IsDigest(digest)) return absl::NotFoundError("the model is not in the archive");
  auto model = ReadModelFile(PathOfDigest(digest));
  if (model.ok() && model->digest_hex() != digest) return absl::DataLossError("the archive has another model there");
  return model;
}

absl::StatusOr<size_t> ModelArchive::RemoveBefore(absl::Time before) {
  std::error_code error;
  size_t removed = 0;
  for (std::filesystem::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
    const std::string path = entry->path().string();
    const bool unfinished = entry->path().extension() == std::string(kUnfinishedSuffix);
    struct stat info = {};
    if (stat(path.c_str(), &info) != 0) continue;
    const bool old = absl::TimeFromTimespec(info.st_mtim) < before;
    if (!old || (!unfinished && !IsDigest(entry->path().stem().string()))) continue;
    if (unlink(path.c_str()) != 0 && errno != ENOENT) return CannotWrite(kArchiveKind, path);
    if (!unfinished) ++removed;
  }
  if (error) return absl::UnavailableError(absl::StrCat(folder_, ": cannot be read: ", error.message()));
  return removed;
}

}  // namespace assent::storage
