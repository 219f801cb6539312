// Assignments by segment: cells that live with a model, and totals that outlive it.
#ifndef ASSENT_SERVER_SEGMENT_COUNTERS_H_
#define ASSENT_SERVER_SEGMENT_COUNTERS_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "scoring/model.h"
#include "server/cell.h"

namespace assent::server {

class SegmentCounters;

// Counts by segment id over all models of the process. A segment id that two models share goes on counting.
// Threads: safe. Cost: a mutex, at swaps and scrapes only.
class SegmentTotals {
 public:
  // So many ids have a count of their own, for the life of the process; the ids of models that come when there are so
  // many are counted together, under "". Settled when a model comes, so that no count ever goes backwards.
  static constexpr size_t kSegmentsKeptMax = 65536;

  explicit SegmentTotals(size_t kept_max = kSegmentsKeptMax) : kept_max_(kept_max) {}
  std::map<std::string, uint64_t> Read() const;

 private:
  friend class SegmentCounters;
  void Attach(const SegmentCounters* counters);
  void DetachAndFold(const SegmentCounters* counters);
  static void AddTo(std::map<std::string, uint64_t>& totals, const SegmentCounters& counters);

  const size_t kept_max_;
  mutable std::mutex mutex_;
  std::set<const SegmentCounters*> live_;
  std::map<std::string, uint64_t> folded_;  // every id with a count of its own has an entry
};

// The cells of one model: [threads x k].
// Threads: Count from polling thread `thread` only. Ownership: borrows both arguments, which outlive it.
class SegmentCounters {
 public:
  SegmentCounters(SegmentTotals& totals, const scoring::Model& model, int threads);
  ~SegmentCounters();
  SegmentCounters(const SegmentCounters&) = delete;
  SegmentCounters& operator=(const SegmentCounters&) = delete;

  void Count(int thread, uint32_t segment, uint64_t events = 1) const {
    cells_[static_cast<size_t>(thread) * stride_ + segment].Add(events);
  }

 private:
  friend class SegmentTotals;
  uint64_t Sum(size_t segment) const;

  SegmentTotals& totals_;
  const scoring::Model& model_;
  size_t threads_;
  size_t stride_;  // k, rounded up to whole cache lines
  mutable std::vector<Cell> cells_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_SEGMENT_COUNTERS_H_
