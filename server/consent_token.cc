#include "server/consent_token.h"

#include <openssl/crypto.h>

#include "absl/strings/escaping.h"

namespace assent::server {
namespace {

constexpr char kVersion = 1;
constexpr size_t kSignedBytes = 17;
constexpr size_t kMacBytes = 16;

uint64_t LoadBigEndian(const char* bytes) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

void AppendBigEndian(uint64_t value, std::string& out) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

}  // namespace

std::string ConsentTokenCodec::Encode(const storage::CommitPoint& point) const {
  std::string bytes(1, kVersion);
  AppendBigEndian(point.epoch, bytes);
  AppendBigEndian(point.sequence, bytes);
  const auto mac = pseudonymizer_.TokenMac(bytes);
  bytes.append(reinterpret_cast<const char*>(mac.data()), mac.size());
  return absl::WebSafeBase64Escape(bytes);
}

std::optional<storage::CommitPoint> ConsentTokenCodec::Decode(absl::string_view token) {
  if (token.size() > kConsentTokenBytesMax || !absl::WebSafeBase64Unescape(token, &scratch_)) return std::nullopt;
  if (scratch_.size() != kSignedBytes + kMacBytes || scratch_[0] != kVersion) return std::nullopt;
  const auto mac = pseudonymizer_.TokenMac(absl::string_view(scratch_).substr(0, kSignedBytes));
  if (CRYPTO_memcmp(mac.data(), scratch_.data() + kSignedBytes, kMacBytes) != 0) return std::nullopt;
  return storage::CommitPoint{.epoch = LoadBigEndian(scratch_.data() + 1),
                              .sequence = LoadBigEndian(scratch_.data() + 9)};
}

}  // namespace assent::server
