// Something that a subject did, as the profile arithmetic reads it: names are resolved to numbers, text to hashes.
#ifndef ASSENT_SCORING_EVENT_H_
#define ASSENT_SCORING_EVENT_H_

#include <cstdint>
#include <span>

#include "absl/strings/string_view.h"

namespace assent::scoring {

// The name of an event type or attribute, numbered by the ProfileLayout that knows it.
using NameNumber = uint16_t;
inline constexpr NameNumber kUnknownName = 0xFFFF;

enum class ValueKind : uint8_t { kNumber, kText, kFlag };

// One attribute's value. `number` of a kNumber is finite; of a kFlag it is 0 or 1; a kText has `text_hash`.
struct AttributeValue {
  NameNumber attribute = kUnknownName;
  ValueKind kind = ValueKind::kNumber;
  double number = 0;
  uint64_t text_hash = 0;
};

// Ownership: borrows `attributes`.
struct Event {
  uint64_t id_hash = 0;  // HashText(event_id): equal hashes are taken as the same event
  int64_t time_us = 0;   // since 1970
  NameNumber type = kUnknownName;
  std::span<const AttributeValue> attributes;
};

// 64-bit FNV-1a with a final mix (SplitMix64), the same on every machine: an independent program can compute it.
// Stored, and compared where two events have the same time. Source: docs/features.md. Cost: a multiplication a byte, no
// allocation.
uint64_t HashText(absl::string_view text);

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_EVENT_H_
