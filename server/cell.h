// A counter with one writer and any number of readers, for figures of the hot path.
#ifndef ASSENT_SERVER_CELL_H_
#define ASSENT_SERVER_CELL_H_

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace assent::server {

// Threads: Add from one thread at a time; Read from any. Cost of Add: a load and a store, no locked instruction.
// All accesses are relaxed: a count orders nothing, and a scrape may see one figure a moment before another.
class Cell {
 public:
  void Add(uint64_t amount) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  uint64_t Read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// Upper bounds of the duration histograms, nanoseconds, ascending.
inline constexpr std::array<int64_t, 20> kDurationBoundsNs = {
    10'000,     20'000,     50'000,     100'000,    200'000,     300'000,    500'000,
    750'000,    1'000'000,  1'500'000,  2'000'000,  3'000'000,   5'000'000,  7'500'000,
    10'000'000, 15'000'000, 25'000'000, 50'000'000, 100'000'000, 250'000'000};

// By the number of bits of a duration: the first bound that such a duration may stay under. A duration of as many bits
// exceeds at most kDurationSteps bounds from there on.
inline constexpr int kDurationSteps = 2;
inline constexpr auto kFirstDurationBound = [] {
  std::array<uint8_t, 65> first = {};
  for (size_t bits = 1; bits < first.size(); ++bits) {
    const uint64_t smallest = uint64_t{1} << (bits - 1);
    while (first[bits] < kDurationBoundsNs.size() && static_cast<uint64_t>(kDurationBoundsNs[first[bits]]) < smallest) {
      ++first[bits];
    }
  }
  return first;
}();
static_assert([] {
  for (size_t bits = 1; bits + 1 < kFirstDurationBound.size(); ++bits) {
    if (kFirstDurationBound[bits + 1] - kFirstDurationBound[bits] > kDurationSteps) return false;
  }
  return true;
}());

// Durations by bucket. Threads and cost: as Cell, plus a search of two comparisons.
class DurationCells {
 public:
  void Observe(int64_t duration_ns) {
    const uint64_t duration = duration_ns < 0 ? 0 : static_cast<uint64_t>(duration_ns);
    size_t bucket = kFirstDurationBound[static_cast<size_t>(std::bit_width(duration))];
    for (int step = 0; step < kDurationSteps; ++step) bucket += duration > kBounds[bucket] ? 1 : 0;
    buckets_[bucket].Add(1);
    sum_ns_.Add(duration);
  }
  // Not cumulative; the last one holds what is above every bound.
  uint64_t bucket(size_t index) const { return buckets_[index].Read(); }
  uint64_t sum_ns() const { return sum_ns_.Read(); }

 private:
  // The bounds, and one that nothing exceeds.
  static constexpr auto kBounds = [] {
    std::array<uint64_t, kDurationBoundsNs.size() + 1> bounds;
    bounds.fill(std::numeric_limits<uint64_t>::max());
    for (size_t i = 0; i < kDurationBoundsNs.size(); ++i) bounds[i] = static_cast<uint64_t>(kDurationBoundsNs[i]);
    return bounds;
  }();

  std::array<Cell, kDurationBoundsNs.size() + 1> buckets_;
  Cell sum_ns_;
};

// Durations of several threads, added up.
struct DurationSums {
  std::array<uint64_t, kDurationBoundsNs.size() + 1> buckets{};  // as in DurationCells
  uint64_t sum_ns = 0;

  void Add(const DurationCells& cells) {
    for (size_t i = 0; i < buckets.size(); ++i) buckets[i] += cells.bucket(i);
    sum_ns += cells.sum_ns();
  }
};

inline constexpr size_t kStatusCodeCount = 17;

// Calls of one method.
struct RpcCells {
  std::array<Cell, kStatusCodeCount> by_code;
  DurationCells duration;

  void Count(int code, int64_t duration_ns) {
    by_code[static_cast<size_t>(code) % kStatusCodeCount].Add(1);
    duration.Observe(duration_ns);
  }
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_CELL_H_
