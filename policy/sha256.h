// SHA-256, as a value.
#ifndef ASSENT_POLICY_SHA256_H_
#define ASSENT_POLICY_SHA256_H_

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>

#include "absl/strings/string_view.h"

namespace assent::policy {

inline constexpr size_t kSha256Bytes = 32;
using Sha256 = std::array<uint8_t, kSha256Bytes>;

// Of the parts, one behind the other. Threads: safe. Source: FIPS 180-4. Cost: an allocation the first time in a
// thread.
Sha256 Sha256Of(std::initializer_list<absl::string_view> parts);

// A view of the hash.
inline absl::string_view BytesOf(const Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}
// Nothing for another length.
std::optional<Sha256> Sha256FromBytes(absl::string_view bytes);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_SHA256_H_
