#include "storage/model_file.h"

#include <fcntl.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "storage/file_descriptor.h"
#include "storage/model_content.h"
#include "storage/model_wire.h"

namespace assent::storage {
namespace {

// bytes 0-7: magic; 8-11: version; 12-15: zero; 16-23: length of the content; 24-55: SHA-256 of the content; then the
// content. Numbers are little-endian.
constexpr absl::string_view kMagic("ASSENTMF", 8);
constexpr uint32_t kFileVersion = 1;
constexpr size_t kHeaderBytes = 56;
constexpr size_t kHashOffset = 24;
constexpr absl::string_view kAdvice = "; write it again with `assentctl train`, or copy it again from where it came";

using Digest = std::array<uint8_t, SHA256_DIGEST_LENGTH>;

Digest Sha256(absl::string_view bytes) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

void PutLittle(uint64_t value, size_t bytes, std::string& out) {
  for (size_t i = 0; i < bytes; ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xFF));
}

uint64_t GetLittle(absl::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) value |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
  return value;
}

absl::Status Damaged(const std::string& path, absl::string_view check) {
  return absl::DataLossError(absl::StrCat("model file ", path, ": ", check, kAdvice));
}

absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.ok() && errno == ENOENT) return absl::NotFoundError(absl::StrCat("model file ", path, ": does not exist"));
  struct stat info = {};
  if (!file.ok() || fstat(file.number(), &info) != 0) {
    return absl::UnavailableError(absl::StrCat("model file ", path, ": cannot be read: ", strerror(errno)));
  }
  if (!S_ISREG(info.st_mode)) return Damaged(path, "not a regular file");
  if (static_cast<uint64_t>(info.st_size) > kModelFileBytesMax) {
    return Damaged(path, absl::StrCat("larger than ", kModelFileBytesMax, " bytes"));
  }
  std::string bytes;
  bytes.reserve(static_cast<size_t>(info.st_size));
  if (!file.Read(kModelFileBytesMax, bytes)) {
    return absl::UnavailableError(absl::StrCat("model file ", path, ": cannot be read: ", strerror(errno)));
  }
  return bytes;
}

// Checks the header and the hash, and cuts the header off.
absl::StatusOr<std::string> ReadContent(const std::string& path, Digest& digest) {
  absl::StatusOr<std::string> whole = ReadWhole(path);
  if (!whole.ok()) return whole.status();
  const absl::string_view bytes = *whole;
  if (bytes.substr(0, kMagic.size()) != kMagic) return Damaged(path, "not a model file: it does not begin as one");
  if (bytes.size() < kHeaderBytes) return Damaged(path, "cut short within its header");
  const uint64_t version = GetLittle(bytes.substr(8, 4));
  if (version > kFileVersion) {
    return absl::FailedPreconditionError(absl::StrCat("model file ", path, ": format ", version,
                                                      " is newer than this program reads (", kFileVersion,
                                                      "); use a newer assent"));
  }
  if (version != kFileVersion || GetLittle(bytes.substr(12, 4)) != 0) return Damaged(path, "the header is damaged");
  const absl::string_view content = bytes.substr(kHeaderBytes);
  const uint64_t length = GetLittle(bytes.substr(16, 8));
  if (content.size() < length) return Damaged(path, "cut short");
  if (content.size() != length) return Damaged(path, "longer than its header says");
  digest = Sha256(content);
  if (std::memcmp(digest.data(), bytes.data() + kHashOffset, digest.size()) != 0) {
    return Damaged(path, "damaged: the SHA-256 of the content is not the one in the header");
  }
  whole->erase(0, kHeaderBytes);
  return whole;
}

absl::StatusOr<internal::v1::ModelFile> ReadMessage(const std::string& path, Digest& digest) {
  const absl::StatusOr<std::string> content = ReadContent(path, digest);
  if (!content.ok()) return content.status();
  if (absl::Status status = CheckModelWire(*content); !status.ok()) {
    if (absl::IsDataLoss(status)) return Damaged(path, status.message());
    return absl::Status(status.code(), absl::StrCat("model file ", path, ": ", status.message()));
  }
  internal::v1::ModelFile message;
  if (!message.ParseFromString(*content)) return Damaged(path, "the content is not a model");
  return message;
}

// Deterministic, so that the same model has the same digest.
std::string Serialize(const internal::v1::ModelFile& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

absl::Status ReplaceFile(const std::string& path, absl::string_view header, absl::string_view content) {
  std::string temporary = path + ".XXXXXX";
  const FileDescriptor file(mkostemp(temporary.data(), O_CLOEXEC));
  if (!file.ok()) return CannotWrite("model file", path);
  const bool written = file.Write(header) && file.Write(content) && fchmod(file.number(), 0644) == 0 &&
                       fsync(file.number()) == 0 && rename(temporary.c_str(), path.c_str()) == 0;
  if (!written) {
    absl::Status status = CannotWrite("model file", path);
    unlink(temporary.c_str());
    return status;
  }
  return SyncFolderOf(path) ? absl::OkStatus() : CannotWrite("model file", path);
}

}  // namespace

absl::StatusOr<scoring::Model> ReadModelFile(const std::string& path) {
  Digest digest;
  const absl::StatusOr<internal::v1::ModelFile> message = ReadMessage(path, digest);
  if (!message.ok()) return message.status();
  absl::StatusOr<scoring::Model> model = ModelFromContent(*message, digest);
  if (!model.ok()) {
    return absl::Status(model.status().code(), absl::StrCat("model file ", path, ": ", model.status().message()));
  }
  return model;
}

absl::StatusOr<internal::v1::ModelFile> ReadModelMessage(const std::string& path) {
  Digest digest;
  return ReadMessage(path, digest);
}

absl::Status WriteModelFile(const std::string& path, const internal::v1::ModelFile& content) {
  const std::string bytes = Serialize(content);
  if (kHeaderBytes + bytes.size() > kModelFileBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("model: larger than ", kModelFileBytesMax, " bytes"));
  }
  const Digest digest = Sha256(bytes);
  const absl::StatusOr<scoring::Model> model = ModelFromContent(content, digest);
  if (!model.ok()) return model.status();
  if (absl::Status status = CheckModelWire(bytes); !status.ok()) return status;
  std::string header(kMagic.data(), kMagic.size());
  PutLittle(kFileVersion, 4, header);
  PutLittle(0, 4, header);
  PutLittle(bytes.size(), 8, header);
  header.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  return ReplaceFile(path, header, bytes);
}

absl::StatusOr<scoring::Model> ModelFromMessage(const internal::v1::ModelFile& content) {
  return ModelFromContent(content, Sha256(Serialize(content)));
}

}  // namespace assent::storage
