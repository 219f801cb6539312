// The plan of a profile: which aggregate lies where, and what the names of events mean to it.
#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

#include "scoring/aggregate_state.h"
#include "scoring/profile.h"

namespace assent::scoring {
namespace {

// The digest is a hash of this: little-endian numbers, texts after their length in two bytes (docs/features.md).
class CanonicalText {
 public:
  void Byte(size_t value) { bytes_.push_back(static_cast<char>(value)); }
  void Number(double value) {
    value += 0.0;  // -0 is 0
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    bytes_.append(bytes, sizeof value);
  }
  void Text(absl::string_view text) {
    Byte(text.size() % 256);
    Byte(text.size() / 256);
    bytes_.append(text.data(), text.size());
  }
  void Scalar(const FilterScalar& scalar) {
    Byte(scalar.index() + 1);
    if (const auto* number = std::get_if<double>(&scalar)) Number(*number);
    if (const auto* text = std::get_if<std::string>(&scalar)) Text(*text);
    if (const auto* flag = std::get_if<bool>(&scalar)) Byte(*flag ? 1 : 0);
  }
  void Add(const Aggregate& aggregate) {
    Byte(static_cast<size_t>(aggregate.function) + 1);
    Text(aggregate.event_type);
    Text(aggregate.attribute);
    Number(aggregate.half_life_days.value_or(0));
    Byte(aggregate.filters.size());
    for (const AttributeFilter& filter : aggregate.filters) {
      Text(filter.attribute);
      Byte(static_cast<size_t>(filter.comparison) + 1);
      Byte(filter.values.size());
      for (const FilterScalar& scalar : filter.values) Scalar(scalar);
    }
  }
  uint64_t Hash() const { return HashText(bytes_); }

 private:
  std::string bytes_ = "assent profile 2";
};

NameNumber NumberOf(const std::string& name, absl::flat_hash_map<std::string, NameNumber>& numbers) {
  return numbers.emplace(name, static_cast<NameNumber>(numbers.size())).first->second;
}

NameNumber FindName(absl::string_view name, const absl::flat_hash_map<std::string, NameNumber>& numbers) {
  const auto found = numbers.find(name);
  return found == numbers.end() ? kUnknownName : found->second;
}

}  // namespace

absl::StatusOr<ProfileLayout> ProfileLayout::Create(const FeatureSchema& schema) {
  ProfileLayout layout;
  std::vector<uint32_t> slot_of(schema.size());
  for (size_t i = 0; i < schema.size(); ++i) {
    if (schema[i].aggregate.has_value()) slot_of[i] = layout.AddSlot(*schema[i].aggregate);
  }
  for (size_t i = 0; i < schema.size(); ++i) {
    if (!schema[i].aggregate.has_value() || schema.position(i) < 0) continue;
    const int divisor = schema.divisor(i);
    layout.outputs_.push_back({.position = static_cast<uint32_t>(schema.position(i)),
                               .slot = slot_of[i],
                               .divisor = divisor < 0 ? -1 : static_cast<int>(slot_of[static_cast<size_t>(divisor)])});
  }
  layout.attribute_names_.resize(layout.attributes_.size());
  for (const auto& [name, number] : layout.attributes_) layout.attribute_names_[number] = name;
  layout.NumberEventTypes(schema);
  layout.PlaceSlots();
  return layout;
}

uint32_t ProfileLayout::AddSlot(const Aggregate& aggregate) {
  const auto same =
      std::find_if(slots_.begin(), slots_.end(), [&](const Slot& slot) { return slot.aggregate == aggregate; });
  if (same != slots_.end()) return static_cast<uint32_t>(same - slots_.begin());
  Slot slot{.function = aggregate.function, .half_life = HalfLife(aggregate), .aggregate = aggregate};
  if (!aggregate.attribute.empty()) slot.attribute = NumberOf(aggregate.attribute, attributes_);
  for (const AttributeFilter& filter : aggregate.filters) {
    ResolvedFilter resolved{.attribute = NumberOf(filter.attribute, attributes_), .comparison = filter.comparison};
    for (const FilterScalar& scalar : filter.values) resolved.values.push_back(Resolve(scalar));
    slot.filters.push_back(std::move(resolved));
  }
  slots_.push_back(std::move(slot));
  return static_cast<uint32_t>(slots_.size() - 1);
}

int ProfileLayout::HalfLife(const Aggregate& aggregate) {
  if (!aggregate.half_life_days.has_value()) return -1;
  const double half_life_us = *aggregate.half_life_days * kUsPerDay;
  const auto found = std::find(half_lives_us_.begin(), half_lives_us_.end(), half_life_us);
  if (found != half_lives_us_.end()) return static_cast<int>(found - half_lives_us_.begin());
  half_lives_us_.push_back(half_life_us);
  return static_cast<int>(half_lives_us_.size() - 1);
}

void ProfileLayout::NumberEventTypes(const FeatureSchema& schema) {
  for (const Slot& slot : slots_) {
    if (!slot.aggregate.event_type.empty()) NumberOf(slot.aggregate.event_type, event_types_);
  }
  for (const std::string& type : schema.other_event_types()) NumberOf(type, event_types_);
  slots_by_type_.resize(event_types_.size());
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    const std::string& type = slots_[i].aggregate.event_type;
    if (!type.empty()) {
      slots_by_type_[EventType(type)].push_back(i);
      continue;
    }
    slots_of_every_type_.push_back(i);
    for (std::vector<uint32_t>& slots : slots_by_type_) slots.push_back(i);
  }
}

void ProfileLayout::PlaceSlots() {
  CanonicalText text;
  size_t sketch = kProfileHeadBytes + slots_.size() * kAggregateBytes;
  for (size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    slot.offset = static_cast<uint32_t>(kProfileHeadBytes + i * kAggregateBytes);
    text.Add(slot.aggregate);
    if (slot.function != AggregateFunction::kDistinct) continue;
    slot.sketch = static_cast<uint32_t>(sketch);
    sketch += kDistinctSketchBytes;
  }
  state_bytes_ = sketch;
  digest_ = text.Hash();
}

NameNumber ProfileLayout::EventType(absl::string_view name) const { return FindName(name, event_types_); }

NameNumber ProfileLayout::Attribute(absl::string_view name) const { return FindName(name, attributes_); }

std::span<const uint32_t> ProfileLayout::SlotsOf(NameNumber event_type) const {
  return event_type < slots_by_type_.size() ? slots_by_type_[event_type] : slots_of_every_type_;
}

void ProfileLayout::Convert(const ProfileLayout& from_layout, std::span<const uint8_t> from,
                            std::span<uint8_t> to) const {
  std::memcpy(to.data(), from.data(), kProfileHeadBytes);
  for (const Slot& slot : slots_) {
    const auto same = std::find_if(from_layout.slots_.begin(), from_layout.slots_.end(),
                                   [&](const Slot& other) { return other.aggregate == slot.aggregate; });
    if (same == from_layout.slots_.end()) continue;
    std::memcpy(to.data() + slot.offset, from.data() + same->offset, kAggregateBytes);
    if (slot.function != AggregateFunction::kDistinct) continue;
    std::memcpy(to.data() + slot.sketch, from.data() + same->sketch, kDistinctSketchBytes);
  }
}

}  // namespace assent::scoring
