#include "policy/signal_cache.h"

#include <cstring>

#include "absl/hash/hash.h"

namespace assent::policy {
namespace {

// The bytes of a request that tell it from others, in the order in which a slot keeps them.
std::array<absl::string_view, 4> KeyParts(const RawSignals& raw) {
  const std::span<const int32_t> sid = raw.gpp_sid;
  return {absl::string_view(reinterpret_cast<const char*>(sid.data()), sid.size_bytes()), raw.tcf, raw.gpp,
          raw.us_privacy};
}

// Then there is nothing to decode, and nothing to gain. (A GPP string without a section in force is not looked at.)
bool HasNoStrings(const RawSignals& raw) { return raw.tcf.empty() && raw.us_privacy.empty() && raw.gpp_sid.empty(); }

bool Fits(const RawSignals& raw) {
  size_t room = kSignalCacheKeyBytes;
  for (const absl::string_view part : KeyParts(raw)) {
    if (part.size() > room) return false;
    room -= part.size();
  }
  return true;
}

bool SameBytes(const RawSignals& raw, const char* bytes) {
  for (const absl::string_view part : KeyParts(raw)) {
    if (!part.empty() && std::memcmp(part.data(), bytes, part.size()) != 0) return false;
    bytes += part.size();
  }
  return true;
}

void KeepBytes(const RawSignals& raw, char* bytes) {
  for (const absl::string_view part : KeyParts(raw)) {
    if (!part.empty()) std::memcpy(bytes, part.data(), part.size());
    bytes += part.size();
  }
}

}  // namespace

SignalCache::Shape SignalCache::ShapeOf(const RawSignals& raw) {
  const unsigned gdpr = raw.gdpr ? (*raw.gdpr ? 2 : 1) : 0;
  const unsigned flags = 1u | (raw.gpc ? 2u : 0u) | (raw.known_child ? 4u : 0u) | gdpr << 3;
  return {.tcf = static_cast<uint16_t>(raw.tcf.size()),
          .gpp = static_cast<uint16_t>(raw.gpp.size()),
          .us_privacy = static_cast<uint16_t>(raw.us_privacy.size()),
          .gpp_sid = static_cast<uint16_t>(raw.gpp_sid.size()),
          .flags = static_cast<uint8_t>(flags)};
}

SignalReading SignalCache::Read(const RawSignals& raw) {
  if (HasNoStrings(raw) || !Fits(raw)) return ReadSignals(raw, policy_);
  const Shape shape = ShapeOf(raw);
  const std::array<absl::string_view, 4> parts = KeyParts(raw);
  const size_t hash = absl::HashOf(shape.flags, parts[0], parts[1], parts[2], parts[3]);
  Slot& slot = slots_[hash % kSignalCacheSlots];
  if (slot.shape == shape && SameBytes(raw, slot.bytes.data())) {
    ++hits_;
    return slot.reading;
  }
  slot.reading = ReadSignals(raw, policy_);
  slot.shape = shape;
  KeepBytes(raw, slot.bytes.data());
  return slot.reading;
}

}  // namespace assent::policy
