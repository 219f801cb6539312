#include "server/pseudonym_text.h"

#include <cstdint>

#include "absl/strings/escaping.h"
#include "server/status_conversion.h"

namespace assent::server {

std::string HexOf(const policy::SubjectKey& key) {
  return absl::BytesToHexString({reinterpret_cast<const char*>(key.bytes.data()), key.bytes.size()});
}

absl::StatusOr<policy::SubjectKey> KeyOfHex(absl::string_view field, absl::string_view hex) {
  const auto value_of = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  policy::SubjectKey key;
  bool valid = hex.size() == 2 * key.bytes.size();
  for (size_t i = 0; valid && i < key.bytes.size(); ++i) {
    const int high = value_of(hex[2 * i]);
    const int low = value_of(hex[2 * i + 1]);
    valid = high >= 0 && low >= 0;
    key.bytes[i] = static_cast<uint8_t>(high << 4 | low);
  }
  if (valid) return key;
  return MakeError(Reason::kFieldInvalid, field, "must be 32 hexadecimal characters");
}

}  // namespace assent::server
