#include "storage/key_file.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "storage/file_descriptor.h"

namespace assent::storage {
namespace {

constexpr size_t kHexCharacters = 2 * kKeyBytes;

constexpr absl::string_view kPseudonymKeyFile = "pseudonym key file";
constexpr absl::string_view kSealingKeyFile = "sealing key file";

bool IsKeyText(absl::string_view text) {
  return text.size() == kHexCharacters && std::all_of(text.begin(), text.end(), absl::ascii_isxdigit);
}

absl::Status CheckMode(absl::string_view what, const std::string& path, const struct stat& info) {
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(what, " ", path, ": not a regular file"));
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(what, " ", path, ": group or others have access to it; run: chmod 600 ", path));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadSecretFile(absl::string_view what, const std::string& path, size_t bytes_max) {
  // O_NONBLOCK: opening a pipe must not wait for its writer; it is refused below.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.ok() && errno == ENOENT) return absl::NotFoundError(absl::StrCat(what, " ", path, ": does not exist"));
  struct stat info = {};
  if (!file.ok() || fstat(file.number(), &info) != 0) {
    return absl::UnavailableError(absl::StrCat(what, " ", path, ": cannot be read: ", strerror(errno)));
  }
  if (absl::Status mode = CheckMode(what, path, info); !mode.ok()) return mode;
  std::string text;
  if (!file.Read(bytes_max + 1, text)) {
    return absl::UnavailableError(absl::StrCat(what, " ", path, ": cannot be read: ", strerror(errno)));
  }
  if (text.size() <= bytes_max) return text;
  OPENSSL_cleanse(text.data(), text.size());
  return absl::InvalidArgumentError(absl::StrCat(what, " ", path, ": has more than ", bytes_max, " bytes"));
}

absl::StatusOr<std::string> ReadKeyFile(const std::string& path) {
  absl::StatusOr<std::string> read = ReadSecretFile(kPseudonymKeyFile, path, kHexCharacters + 1);
  if (absl::IsNotFound(read.status())) {
    return absl::NotFoundError(
        absl::StrCat(read.status().message(), "; make one with: (umask 077; openssl rand -hex 32 > ", path, ")"));
  }
  if (!read.ok() && !absl::IsInvalidArgument(read.status())) return read.status();
  std::string text = read.ok() ? *std::move(read) : "";
  if (text.size() == kHexCharacters + 1 && text.back() == '\n') text.pop_back();
  if (!IsKeyText(text)) {
    OPENSSL_cleanse(text.data(), text.size());
    return absl::InvalidArgumentError(
        absl::StrCat(kPseudonymKeyFile, " ", path, ": must hold exactly ", kHexCharacters, " hexadecimal characters"));
  }
  std::string key = absl::HexStringToBytes(text);
  OPENSSL_cleanse(text.data(), text.size());
  return key;
}

absl::StatusOr<policy::SealingRing> ReadSealingKeys(const std::string& path) {
  absl::StatusOr<std::string> text =
      ReadSecretFile(kSealingKeyFile, path, policy::kSealingKeysMax * (kHexCharacters + 1));
  if (!text.ok()) return text.status();
  std::vector<std::string> keys;
  bool readable = true;
  for (const absl::string_view line : absl::StrSplit(absl::StripSuffix(*text, "\n"), '\n')) {
    readable = readable && IsKeyText(line);
    if (readable) keys.push_back(absl::HexStringToBytes(line));
  }
  OPENSSL_cleanse(text->data(), text->size());
  auto ring =
      readable
          ? policy::SealingRing::Create(keys)
          : absl::InvalidArgumentError(absl::StrCat("must hold ", kHexCharacters, " hexadecimal characters a line"));
  for (std::string& key : keys) OPENSSL_cleanse(key.data(), key.size());
  if (ring.ok()) return ring;
  return absl::InvalidArgumentError(absl::StrCat(kSealingKeyFile, " ", path, ": ", ring.status().message()));
}

absl::Status WriteNewKeyFile(const std::string& path) {
  std::array<unsigned char, kKeyBytes> key;
  if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) {
    return absl::UnavailableError("pseudonym key: the system has no randomness");
  }
  const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file.ok() && errno == EEXIST) {
    return absl::AlreadyExistsError(
        absl::StrCat("pseudonym key file ", path, ": exists already, and is never replaced"));
  }
  if (!file.ok()) return CannotWrite("pseudonym key file", path);
  std::string text = absl::BytesToHexString({reinterpret_cast<const char*>(key.data()), key.size()});
  text.push_back('\n');
  const bool written = file.Write(text) && fsync(file.number()) == 0 && SyncFolderOf(path);
  absl::Status result = written ? absl::OkStatus() : CannotWrite("pseudonym key file", path);
  if (!written) unlink(path.c_str());
  OPENSSL_cleanse(key.data(), key.size());
  OPENSSL_cleanse(text.data(), text.size());
  return result;
}

}  // namespace assent::storage
