#include "scoring/event_match.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <variant>

namespace assent::scoring {
namespace {

bool Equal(const AttributeValue& value, const ResolvedScalar& scalar) {
  if (value.kind != scalar.kind) return false;
  return value.kind == ValueKind::kText ? value.text_hash == scalar.text_hash : value.number == scalar.number;
}

bool Fits(const AttributeValue& value, const ResolvedFilter& filter) {
  const ResolvedScalar& first = filter.values.front();
  switch (filter.comparison) {
    case Comparison::kEquals:
    case Comparison::kIn:
      return std::any_of(filter.values.begin(), filter.values.end(),
                         [&](const ResolvedScalar& scalar) { return Equal(value, scalar); });
    case Comparison::kGreater:
      return value.kind == ValueKind::kNumber && value.number > first.number;
    case Comparison::kLess:
      return value.kind == ValueKind::kNumber && value.number < first.number;
  }
  return false;
}

}  // namespace

ResolvedScalar Resolve(const FilterScalar& scalar) {
  if (const auto* text = std::get_if<std::string>(&scalar)) {
    return {.kind = ValueKind::kText, .text_hash = HashText(*text)};
  }
  if (const auto* flag = std::get_if<bool>(&scalar)) return {.kind = ValueKind::kFlag, .number = *flag ? 1.0 : 0.0};
  return {.kind = ValueKind::kNumber, .number = std::get<double>(scalar)};
}

const AttributeValue* FindAttribute(const Event& event, NameNumber attribute) {
  for (const AttributeValue& value : event.attributes) {
    if (value.attribute == attribute) return &value;
  }
  return nullptr;
}

bool Fits(const Event& event, std::span<const ResolvedFilter> filters) {
  return std::all_of(filters.begin(), filters.end(), [&](const ResolvedFilter& filter) {
    const AttributeValue* value = FindAttribute(event, filter.attribute);
    return value != nullptr && Fits(*value, filter);
  });
}

uint64_t HashValue(const AttributeValue& value) {
  if (value.kind == ValueKind::kText) return value.text_hash;
  std::array<char, sizeof(double)> bytes;
  const double number = value.number + 0.0;  // -0 is 0
  std::memcpy(bytes.data(), &number, sizeof number);
  if (value.kind == ValueKind::kNumber) return HashText({bytes.data(), bytes.size()});
  const char flag = number == 0 ? 0 : 1;
  return HashText({&flag, 1});
}

}  // namespace assent::scoring
