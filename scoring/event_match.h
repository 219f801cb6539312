// Which events an aggregate reads: filters with their names and texts resolved. Private to scoring.
#ifndef ASSENT_SCORING_EVENT_MATCH_H_
#define ASSENT_SCORING_EVENT_MATCH_H_

#include <cstdint>
#include <span>
#include <vector>

#include "scoring/aggregate.h"
#include "scoring/event.h"

namespace assent::scoring {

struct ResolvedScalar {
  ValueKind kind = ValueKind::kNumber;
  double number = 0;
  uint64_t text_hash = 0;
};

struct ResolvedFilter {
  NameNumber attribute = kUnknownName;
  Comparison comparison = Comparison::kEquals;
  std::vector<ResolvedScalar> values = {};
};

ResolvedScalar Resolve(const FilterScalar& scalar);

// The value of an attribute, or null where the event does not carry it.
const AttributeValue* FindAttribute(const Event& event, NameNumber attribute);

// Whether the event fits every filter. Cost: no allocation.
bool Fits(const Event& event, std::span<const ResolvedFilter> filters);

// The hash by which kDistinct tells values apart: of the text, of a number's eight bytes, of a flag's one.
uint64_t HashValue(const AttributeValue& value);

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_EVENT_MATCH_H_
