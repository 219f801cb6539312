#include "scoring/profile.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"
#include "scoring/aggregate_state.h"
#include "scoring/distinct_sketch.h"

namespace assent::scoring {
namespace {

constexpr double kNothing = 0x1p-500;  // what has decayed below this reads as nothing, long before precision suffers
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

template <typename State>
State Load(std::span<const uint8_t> state, size_t offset) {
  State value;
  std::memcpy(&value, state.data() + offset, sizeof value);
  return value;
}

template <typename State>
void Store(const State& value, size_t offset, std::span<uint8_t> state) {
  std::memcpy(state.data() + offset, &value, sizeof value);
}

// Lets `change` change the state of an aggregate.
template <typename State, typename Change>
void Update(size_t offset, std::span<uint8_t> state, const Change& change) {
  State value = Load<State>(state, offset);
  change(value);
  Store(value, offset, state);
}

double DecayFactor(int64_t age_us, double half_life_us) {
  return std::exp2(-static_cast<double>(age_us) / half_life_us);
}

bool TakesNumber(AggregateFunction function) {
  switch (function) {
    case AggregateFunction::kSum:
    case AggregateFunction::kMean:
    case AggregateFunction::kMax:
    case AggregateFunction::kMin:
    case AggregateFunction::kLast:
      return true;
    default:
      return false;
  }
}

float ClampToFloat(double value) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  return static_cast<float>(std::clamp(value, -kLargest, kLargest));
}

}  // namespace

absl::Status ProfileLayout::Check(const Event& event) const {
  if (event.time_us < 0) return absl::InvalidArgumentError("time: must not be before 1970");
  if (event.time_us > kEventTimeUsMax) return absl::InvalidArgumentError("time: must not be after the year 9999");
  for (const uint32_t index : SlotsOf(event.type)) {
    const Slot& slot = slots_[index];
    if (slot.attribute == kUnknownName) continue;
    const AttributeValue* value = FindAttribute(event, slot.attribute);
    if (value == nullptr) continue;
    const std::string& name = attribute_names_[slot.attribute];
    if (value->kind != ValueKind::kNumber) {
      if (!TakesNumber(slot.function)) continue;
      return absl::InvalidArgumentError(absl::StrCat("attribute ", name, ": must be a number"));
    }
    if (!(std::abs(value->number) <= kAggregatedNumberMax)) {
      return absl::InvalidArgumentError(absl::StrCat("attribute ", name, ": must be a number from -1e30 to 1e30"));
    }
  }
  return absl::OkStatus();
}

FoldResult ProfileLayout::Fold(const Event& event, std::span<uint8_t> state) const {
  const std::span<const uint32_t> slots = SlotsOf(event.type);
  if (slots.empty()) return FoldResult::kIrrelevant;
  ProfileHead head = Load<ProfileHead>(state, 0);
  if (head.Knows(event.id_hash)) return FoldResult::kRepeated;
  if (head.event_count == 0) head.newest_us = head.oldest_us = event.time_us;
  head.oldest_us = std::min(head.oldest_us, event.time_us);
  if (event.time_us > head.newest_us) {
    Rebase(event.time_us - head.newest_us, state);
    head.newest_us = event.time_us;
  }
  const int64_t age_us = head.newest_us - event.time_us;
  int known_half_life = -1;
  double known_weight = 1;
  for (const uint32_t index : slots) {
    const Slot& slot = slots_[index];
    if (!Fits(event, slot.filters)) continue;
    double weight = 1;
    if (slot.half_life >= 0 && age_us != 0) {
      if (slot.half_life != known_half_life) {
        known_half_life = slot.half_life;
        known_weight = DecayFactor(age_us, half_lives_us_[static_cast<size_t>(slot.half_life)]);
      }
      weight = known_weight;
    }
    FoldInto(slot, event, weight, state);
  }
  head.Remember(event.id_hash);
  Store(head, 0, state);
  return FoldResult::kFolded;
}

FoldCounts ProfileLayout::FoldAll(std::span<const Event> events, std::span<uint8_t> state) const {
  const auto before = Load<ProfileHead>(state, 0);
  std::bitset<kSettledEventsMax> known;
  for (size_t i = 0; i < std::min(events.size(), known.size()); ++i) {
    known[i] = before.Knows(events[i].id_hash) && !SlotsOf(events[i].type).empty();
  }
  FoldCounts counts;
  for (size_t i = 0; i < events.size(); ++i) {
    switch (i < known.size() && known[i] ? FoldResult::kRepeated : Fold(events[i], state)) {
      case FoldResult::kFolded:
        ++counts.folded;
        break;
      case FoldResult::kRepeated:
        ++counts.repeated;
        break;
      case FoldResult::kIrrelevant:
        ++counts.irrelevant;
        break;
    }
  }
  return counts;
}

// Moves the reference time of everything that decays.
void ProfileLayout::Rebase(int64_t by_us, std::span<uint8_t> state) const {
  std::array<double, kAggregatesMax> factors;
  for (size_t i = 0; i < half_lives_us_.size(); ++i) factors[i] = DecayFactor(by_us, half_lives_us_[i]);
  for (const Slot& slot : slots_) {
    if (slot.half_life < 0) continue;
    const auto decay = [&](auto& aggregate) { aggregate.Decay(factors[static_cast<size_t>(slot.half_life)]); };
    if (slot.function == AggregateFunction::kCount) Update<CountState>(slot.offset, state, decay);
    if (slot.function == AggregateFunction::kSum) Update<SumState>(slot.offset, state, decay);
    if (slot.function == AggregateFunction::kMean) Update<MeanState>(slot.offset, state, decay);
  }
}

void ProfileLayout::FoldInto(const Slot& slot, const Event& event, double weight, std::span<uint8_t> state) const {
  const AttributeValue* value = nullptr;
  if (slot.attribute != kUnknownName) {
    value = FindAttribute(event, slot.attribute);
    if (value == nullptr) return;
  }
  switch (slot.function) {
    case AggregateFunction::kCount:
      return Update<CountState>(slot.offset, state, [&](CountState& count) { count.Add(weight); });
    case AggregateFunction::kSum:
      return Update<SumState>(slot.offset, state, [&](SumState& sum) { sum.Add(value->number * weight); });
    case AggregateFunction::kMean:
      return Update<MeanState>(slot.offset, state, [&](MeanState& mean) { mean.Add(value->number, weight); });
    // + 0.0 makes one zero of both, so that it does not matter which came first.
    case AggregateFunction::kMax:
    case AggregateFunction::kMin:
      return Update<ExtremeState>(slot.offset, state, [&](ExtremeState& extreme) {
        extreme.Add(value->number + 0.0, slot.function == AggregateFunction::kMax);
      });
    case AggregateFunction::kLast:
      return Update<LastState>(slot.offset, state, [&](LastState& last) {
        last.Add({.value = ClampToFloat(value->number + 0.0),
                  .id_hash = static_cast<uint32_t>(event.id_hash >> 32),
                  .time_after = event.time_us + 1});
      });
    case AggregateFunction::kDaysSinceLast:
      return Update<LatestState>(slot.offset, state, [&](LatestState& latest) { latest.Add(event.time_us); });
    case AggregateFunction::kDistinct:
      return Update<DistinctHead>(slot.offset, state, [&](DistinctHead& distinct) {
        Update<DistinctBody>(slot.sketch, state,
                             [&](DistinctBody& body) { AddDistinct(HashValue(*value), distinct, body); });
      });
  }
}

double ProfileLayout::Value(const Slot& slot, std::span<const uint8_t> state, int64_t now_us, double factor) const {
  const double nothing = slot.half_life < 0 ? 0 : kNothing;
  switch (slot.function) {
    case AggregateFunction::kCount: {
      const double count = Load<CountState>(state, slot.offset).weight * factor;
      return count < nothing ? 0 : count;
    }
    case AggregateFunction::kSum: {
      const auto sum = Load<SumState>(state, slot.offset);
      const double value = (sum.sum + sum.error) * factor;
      return std::abs(value) < nothing ? 0 : value;
    }
    case AggregateFunction::kMean: {
      const auto mean = Load<MeanState>(state, slot.offset);
      return mean.weight * factor <= nothing ? kMissing : mean.weighted_sum / mean.weight;
    }
    case AggregateFunction::kMax:
    case AggregateFunction::kMin: {
      const auto extreme = Load<ExtremeState>(state, slot.offset);
      return extreme.seen == 0 ? kMissing : extreme.value;
    }
    case AggregateFunction::kLast: {
      const auto last = Load<LastState>(state, slot.offset);
      return last.time_after == 0 ? kMissing : static_cast<double>(last.value);
    }
    case AggregateFunction::kDaysSinceLast: {
      const auto latest = Load<LatestState>(state, slot.offset);
      return latest.time_after == 0 ? kMissing : static_cast<double>(now_us - (latest.time_after - 1)) / kUsPerDay;
    }
    case AggregateFunction::kDistinct:
      return CountDistinct(Load<DistinctHead>(state, slot.offset), Load<DistinctBody>(state, slot.sketch));
  }
  return kMissing;
}

void ProfileLayout::Read(std::span<const uint8_t> state, int64_t now_us, std::span<float> values,
                         std::span<uint8_t> missing) const {
  const int64_t newest_us = LastEventUs(state);
  now_us = std::max(now_us, newest_us);
  std::array<double, kAggregatesMax> factors;
  for (size_t i = 0; i < half_lives_us_.size(); ++i) factors[i] = DecayFactor(now_us - newest_us, half_lives_us_[i]);
  std::array<double, kAggregatesMax> slot_values;
  for (size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    slot_values[i] = Value(slot, state, now_us, slot.half_life < 0 ? 1 : factors[static_cast<size_t>(slot.half_life)]);
  }
  for (const Output& output : outputs_) {
    double value = slot_values[output.slot];
    if (output.divisor >= 0) {
      const double divisor = slot_values[static_cast<size_t>(output.divisor)];
      value = divisor == 0 ? kMissing : value / divisor;
    }
    missing[output.position] = std::isnan(value) ? 1 : 0;
    values[output.position] = std::isnan(value) ? 0 : ClampToFloat(value);
  }
}

int64_t ProfileLayout::LastEventUs(std::span<const uint8_t> state) {
  return Load<int64_t>(state, offsetof(ProfileHead, newest_us));
}

int64_t ProfileLayout::FirstEventUs(std::span<const uint8_t> state) {
  return Load<int64_t>(state, offsetof(ProfileHead, oldest_us));
}

uint64_t ProfileLayout::EventCount(std::span<const uint8_t> state) {
  return Load<uint64_t>(state, offsetof(ProfileHead, event_count));
}

}  // namespace assent::scoring
