// The keys of the column family `meta`, and the numbers under them.
#ifndef ASSENT_STORAGE_META_VALUE_H_
#define ASSENT_STORAGE_META_VALUE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace assent::storage {

inline constexpr char kMetaFormat[] = "format";          // number: version of docs/storage_format.md
inline constexpr char kMetaEpoch[] = "epoch";            // number: microseconds since 1970 when the epoch began
inline constexpr char kMetaKeyCheck[] = "key_check";     // 16 bytes: Pseudonymizer::CheckValue()
inline constexpr char kMetaGeneration[] = "generation";  // number: how often the pseudonym key was rotated
inline constexpr char kMetaSealing[] = "sealing";    // 4 bytes each: ids of the keys that a value may be sealed with
inline constexpr char kMetaSequence[] = "sequence";  // number: of the last commit in the epoch
inline constexpr char kMetaSwept[] = "swept";        // number: of the last commit whose erasures left no trace
inline constexpr char kMetaRestored[] = "restored";  // number: microseconds since 1970 of the restore; gates are closed
inline constexpr char kMetaReleased[] = "released";  // number: when they were opened; behind it who did that, as text

// 32 bytes: what the audit log says last of a kind of change; the kind's number stands behind it
// (storage/audit_chain.h).
inline constexpr char kMetaAudited[] = "audited_";

// Eight bytes, little-endian.
inline std::string MetaNumber(uint64_t number) {
  std::string bytes;
  for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<char>((number >> shift) & 0xFF));
  return bytes;
}

// Nothing for another length.
inline std::optional<uint64_t> MetaNumberOf(absl::string_view bytes) {
  if (bytes.size() != 8) return std::nullopt;
  uint64_t number = 0;
  for (size_t i = 0; i < 8; ++i) number |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
  return number;
}

// Four bytes each, little-endian.
inline std::string MetaKeyIds(const std::vector<uint32_t>& ids) {
  std::string bytes;
  for (const uint32_t id : ids) bytes += MetaNumber(id).substr(0, 4);
  return bytes;
}

// Nothing for another length.
inline std::optional<std::vector<uint32_t>> MetaKeyIdsOf(absl::string_view bytes) {
  if (bytes.size() % 4 != 0) return std::nullopt;
  std::vector<uint32_t> ids;
  for (size_t i = 0; i < bytes.size(); i += 4) {
    ids.push_back(static_cast<uint32_t>(*MetaNumberOf(std::string(bytes.substr(i, 4)) + std::string(4, '\0'))));
  }
  return ids;
}

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_META_VALUE_H_
