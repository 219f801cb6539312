#include "storage/key_file.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "policy/subject.h"
#include "storage/file_descriptor.h"

namespace assent::storage {
namespace {

constexpr size_t kHexCharacters = 2 * kKeyBytes;

constexpr absl::string_view kPseudonymKeyFile = "pseudonym key file";
constexpr absl::string_view kSealingKeyFile = "sealing key file";
constexpr absl::string_view kKeyFile = "key file";

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

// The keys that stand there, one a line.
absl::StatusOr<std::vector<std::string>> KeysOf(absl::string_view what, const std::string& path,
                                                absl::string_view text) {
  std::vector<std::string> keys;
  bool readable = true;
  for (const absl::string_view line : absl::StrSplit(absl::StripSuffix(text, "\n"), '\n')) {
    readable = readable && IsKeyText(line);
    if (readable) keys.push_back(absl::HexStringToBytes(line));
  }
  if (readable) return keys;
  for (std::string& key : keys) OPENSSL_cleanse(key.data(), key.size());
  return absl::InvalidArgumentError(
      absl::StrCat(what, " ", path, ": must hold ", kHexCharacters, " hexadecimal characters a line"));
}

absl::Status AppendRandomKey(std::string& text) {
  std::array<unsigned char, kKeyBytes> key;
  if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) {
    return absl::UnavailableError("key: the system has no randomness");
  }
  std::string hex = absl::BytesToHexString({reinterpret_cast<const char*>(key.data()), key.size()});
  text += hex + "\n";
  OPENSSL_cleanse(hex.data(), hex.size());
  OPENSSL_cleanse(key.data(), key.size());
  return absl::OkStatus();
}

// Whole or not at all, and for the owner that the file had: the server's user, where an administrator rotates its keys.
absl::Status ReplaceSecretFile(const std::string& path, absl::string_view text) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return CannotWrite(kKeyFile, path);
  const std::string part = path + ".part";
  unlink(part.c_str());  // of an attempt that was interrupted
  const FileDescriptor file(open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  const bool replaced = file.ok() && fchown(file.number(), info.st_uid, info.st_gid) == 0 && file.Write(text) &&
                        fsync(file.number()) == 0 && std::rename(part.c_str(), path.c_str()) == 0 && SyncFolderOf(path);
  if (replaced) return absl::OkStatus();
  absl::Status failed = CannotWrite(kKeyFile, path);
  if (file.ok()) unlink(part.c_str());
  return failed;
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

absl::StatusOr<std::vector<std::string>> ReadPseudonymKeys(const std::string& path) {
  absl::StatusOr<std::string> text =
      ReadSecretFile(kPseudonymKeyFile, path, policy::kPseudonymKeysMax * (kHexCharacters + 1));
  if (absl::IsNotFound(text.status())) {
    return absl::NotFoundError(
        absl::StrCat(text.status().message(), "; make one with: assentctl keys new --append ", path));
  }
  if (!text.ok()) return text.status();
  absl::StatusOr<std::vector<std::string>> keys = KeysOf(kPseudonymKeyFile, path, *text);
  OPENSSL_cleanse(text->data(), text->size());
  return keys;
}

absl::StatusOr<policy::SealingRing> ReadSealingKeys(const std::string& path) {
  absl::StatusOr<std::string> text =
      ReadSecretFile(kSealingKeyFile, path, policy::kSealingKeysMax * (kHexCharacters + 1));
  if (!text.ok()) return text.status();
  absl::StatusOr<std::vector<std::string>> keys = KeysOf(kSealingKeyFile, path, *text);
  OPENSSL_cleanse(text->data(), text->size());
  if (!keys.ok()) return keys.status();
  auto ring = policy::SealingRing::Create(*keys);
  for (std::string& key : *keys) OPENSSL_cleanse(key.data(), key.size());
  if (ring.ok()) return ring;
  return absl::InvalidArgumentError(absl::StrCat(kSealingKeyFile, " ", path, ": ", ring.status().message()));
}

absl::StatusOr<size_t> AppendKey(const std::string& path) {
  absl::StatusOr<std::string> text = ReadSecretFile(kKeyFile, path, policy::kSealingKeysMax * (kHexCharacters + 1));
  if (absl::IsNotFound(text.status())) {
    absl::Status made = WriteNewKeyFile(path);
    if (!made.ok()) return made;
    return 1;
  }
  if (!text.ok()) return text.status();
  if (!text->empty() && text->back() != '\n') text->push_back('\n');
  absl::StatusOr<std::vector<std::string>> keys = KeysOf(kKeyFile, path, *text);
  if (!keys.ok()) return keys.status();
  for (std::string& key : *keys) OPENSSL_cleanse(key.data(), key.size());
  if (keys->size() >= policy::kSealingKeysMax) {
    return absl::ResourceExhaustedError(absl::StrCat(kKeyFile, " ", path, ": has ", keys->size(),
                                                     " keys, the most; take out those that nothing is sealed with"));
  }
  absl::Status added = AppendRandomKey(*text);
  if (added.ok()) added = ReplaceSecretFile(path, *text);
  OPENSSL_cleanse(text->data(), text->size());
  if (!added.ok()) return added;
  return keys->size() + 1;
}

absl::Status WriteNewKeyFile(const std::string& path) {
  std::string text;
  if (absl::Status status = AppendRandomKey(text); !status.ok()) return status;
  const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file.ok() && errno == EEXIST) {
    return absl::AlreadyExistsError(absl::StrCat(kKeyFile, " ", path, ": exists already, and is never replaced"));
  }
  if (!file.ok()) return CannotWrite(kKeyFile, path);
  const bool written = file.Write(text) && fsync(file.number()) == 0 && SyncFolderOf(path);
  absl::Status result = written ? absl::OkStatus() : CannotWrite(kKeyFile, path);
  if (!written) unlink(path.c_str());
  OPENSSL_cleanse(text.data(), text.size());
  return result;
}

}  // namespace assent::storage
