#include "policy/sha256.h"

#include <openssl/sha.h>

#include <algorithm>
#include <string>

namespace assent::policy {

Sha256 Sha256Of(std::initializer_list<absl::string_view> parts) {
  std::string message;
  for (const absl::string_view part : parts) message.append(part.data(), part.size());
  Sha256 hash;
  SHA256(reinterpret_cast<const unsigned char*>(message.data()), message.size(), hash.data());
  return hash;
}

std::optional<Sha256> Sha256FromBytes(absl::string_view bytes) {
  if (bytes.size() != kSha256Bytes) return std::nullopt;
  Sha256 hash;
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

}  // namespace assent::policy
