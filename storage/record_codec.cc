#include "storage/record_codec.h"

#include <google/protobuf/message_lite.h>
#include <zlib.h>

#include <cstdint>

namespace assent::storage {
namespace {

// byte 0: version; byte 1: sealing, 0 = none; bytes 2-5: CRC-32 (IEEE, as zlib has it), little-endian, of the key, the
// first two bytes and the content.
constexpr uint8_t kEnvelopeVersion = 1;
constexpr uint8_t kNotSealed = 0;
constexpr size_t kEnvelopeHeadBytes = 2;

uLong AddCrc(uLong crc, absl::string_view bytes) {
  return crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
}

uint32_t Checksum(absl::string_view key, absl::string_view head, absl::string_view content) {
  return static_cast<uint32_t>(AddCrc(AddCrc(AddCrc(0, key), head), content));
}

void PutChecksum(absl::string_view key, std::string& value) {
  const absl::string_view whole = value;
  const uint32_t checksum = Checksum(key, whole.substr(0, kEnvelopeHeadBytes), whole.substr(kEnvelopeBytes));
  for (size_t i = 0; i < 4; ++i) value[kEnvelopeHeadBytes + i] = static_cast<char>((checksum >> (8 * i)) & 0xFF);
}

std::string Head() {
  std::string value(kEnvelopeBytes, '\0');
  value[0] = static_cast<char>(kEnvelopeVersion);
  value[1] = static_cast<char>(kNotSealed);
  return value;
}

}  // namespace

std::string EncodeRecord(absl::string_view key, absl::string_view content) {
  std::string value = Head();
  value.append(content.data(), content.size());
  PutChecksum(key, value);
  return value;
}

std::string EncodeRecord(absl::string_view key, const google::protobuf::MessageLite& content) {
  std::string value = Head();
  content.AppendToString(&value);
  PutChecksum(key, value);
  return value;
}

absl::StatusOr<absl::string_view> DecodeRecord(absl::string_view key, absl::string_view value) {
  if (value.size() < kEnvelopeBytes) return absl::DataLossError("a stored record is cut short");
  uint32_t stored = 0;
  for (size_t i = 0; i < 4; ++i) stored |= uint32_t{static_cast<uint8_t>(value[kEnvelopeHeadBytes + i])} << (8 * i);
  const absl::string_view content = value.substr(kEnvelopeBytes);
  if (stored != Checksum(key, value.substr(0, kEnvelopeHeadBytes), content)) {
    return absl::DataLossError("a stored record is damaged: its checksum is wrong");
  }
  if (static_cast<uint8_t>(value[0]) != kEnvelopeVersion || static_cast<uint8_t>(value[1]) != kNotSealed) {
    return absl::FailedPreconditionError("a stored record was written by a newer version of assent");
  }
  return content;
}

absl::Status DecodeRecord(absl::string_view key, absl::string_view value, google::protobuf::MessageLite& content) {
  const auto bytes = DecodeRecord(key, value);
  if (!bytes.ok()) return bytes.status();
  if (bytes->size() > INT32_MAX || !content.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) {
    return absl::DataLossError("a stored record is damaged: its content cannot be read");
  }
  return absl::OkStatus();
}

}  // namespace assent::storage
