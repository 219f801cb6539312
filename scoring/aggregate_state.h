// The 16 bytes that a profile keeps for each aggregate, by function. All zero: no event yet. Private to scoring.
// Shape: as they lie in a state and on disk, little-endian (docs/features.md). kDistinct has distinct_sketch.h.
#ifndef ASSENT_SCORING_AGGREGATE_STATE_H_
#define ASSENT_SCORING_AGGREGATE_STATE_H_

#include <bit>
#include <cmath>
#include <cstdint>
#include <tuple>

namespace assent::scoring {

inline constexpr double kUsPerDay = 86'400e6;

static_assert(std::endian::native == std::endian::little, "a state is copied to the disk as it lies in memory");

struct CountState {
  double weight = 0;
  uint64_t reserved = 0;

  void Add(double event_weight) { weight += event_weight; }
  void Decay(double factor) { weight *= factor; }
};

// The sum is sum + error: what rounding lost is kept, so that the order of events hardly matters.
// Source: Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", ZAMM 54, 1974.
struct SumState {
  double sum = 0;
  double error = 0;

  void Add(double value) {
    const double total = sum + value;
    error += std::abs(sum) >= std::abs(value) ? (sum - total) + value : (value - total) + sum;
    sum = total;
  }
  void Decay(double factor) {
    sum *= factor;
    error *= factor;
  }
};

struct MeanState {
  double weighted_sum = 0;
  double weight = 0;

  void Add(double value, double event_weight) {
    weighted_sum += value * event_weight;
    weight += event_weight;
  }
  void Decay(double factor) {
    weighted_sum *= factor;
    weight *= factor;
  }
};

struct ExtremeState {
  double value = 0;
  uint64_t seen = 0;  // 1 once there is a value

  void Add(double other, bool largest) {
    if (seen == 0 || (largest ? other > value : other < value)) value = other;
    seen = 1;
  }
};

struct LastState {
  float value = 0;
  uint32_t id_hash = 0;    // the upper half of the event id's hash
  int64_t time_after = 0;  // microseconds since 1970, plus 1

  // The later event wins; at one time that with the larger hash; then the larger value.
  void Add(const LastState& other) {
    const auto order = [](const LastState& state) { return std::tuple(state.time_after, state.id_hash, state.value); };
    if (order(other) > order(*this)) *this = other;
  }
};

struct LatestState {
  int64_t time_after = 0;  // microseconds since 1970, plus 1
  uint64_t reserved = 0;

  void Add(int64_t time_us) { time_after = time_us + 1 > time_after ? time_us + 1 : time_after; }
};

static_assert(sizeof(CountState) == 16 && sizeof(SumState) == 16 && sizeof(MeanState) == 16);
static_assert(sizeof(ExtremeState) == 16 && sizeof(LastState) == 16 && sizeof(LatestState) == 16);

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_AGGREGATE_STATE_H_
