// Latencies of a load run: logarithmic buckets, each under one percent wide.
// Source: Tene, HdrHistogram (the layout of its buckets); Dean and Barroso, "The Tail at Scale", CACM 56(2), 2013.
#ifndef ASSENT_CLIENT_LATENCY_HISTOGRAM_H_
#define ASSENT_CLIENT_LATENCY_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace assent::client {

// Units: nanoseconds. Values above kLargest count as kLargest; negative values as 0.
// Threads: one. Cost of Record: a few instructions, no allocation.
class LatencyHistogram {
 public:
  static constexpr int64_t kLargest = (int64_t{1} << 40) - 1;  // 18 minutes

  void Record(int64_t latency_ns) {
    const int64_t value = std::clamp<int64_t>(latency_ns, 0, kLargest);
    ++counts_[Bucket(static_cast<uint64_t>(value))];
    ++count_;
    sum_ += static_cast<double>(value);
    max_ = std::max(max_, value);
  }

  // The smallest recorded latency, rounded up to its bucket's edge, that at least `share` (0 to 1) of all do not
  // exceed; never above max(). 0 when empty.
  int64_t Quantile(double share) const {
    if (count_ == 0) return 0;
    const double wanted = std::clamp(share, 0.0, 1.0) * static_cast<double>(count_);
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (seen > 0 && static_cast<double>(seen) >= wanted) return std::min(UpperEdge(bucket), max_);
    }
    return max_;
  }

  uint64_t count() const { return count_; }
  int64_t max() const { return max_; }
  double mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

 private:
  static constexpr int kSubBits = 7;  // 128 buckets an octave
  static constexpr uint64_t kLinear = uint64_t{1} << (kSubBits + 1);
  static constexpr size_t kBuckets = kLinear + (40 - kSubBits - 1) * (kLinear / 2);

  static size_t Bucket(uint64_t value) {
    if (value < kLinear) return static_cast<size_t>(value);
    const int shift =
        static_cast<int>(std::bit_width(value)) - kSubBits - 1;  // 1 or more; value >> shift is in [128, 256)
    return static_cast<size_t>(kLinear + static_cast<uint64_t>(shift - 1) * (kLinear / 2) + (value >> shift) -
                               kLinear / 2);
  }

  static int64_t UpperEdge(size_t bucket) {
    if (bucket < kLinear) return static_cast<int64_t>(bucket);
    const uint64_t above = bucket - kLinear;
    const int shift = static_cast<int>(above / (kLinear / 2)) + 1;
    const uint64_t top = above % (kLinear / 2) + kLinear / 2;
    return static_cast<int64_t>(((top + 1) << shift) - 1);
  }

  std::array<uint64_t, kBuckets> counts_ = {};
  uint64_t count_ = 0;
  double sum_ = 0;
  int64_t max_ = 0;
};

}  // namespace assent::client

#endif  // ASSENT_CLIENT_LATENCY_HISTOGRAM_H_
