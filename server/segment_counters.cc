#include "server/segment_counters.h"

namespace assent::server {
namespace {

constexpr size_t kCellsALine = 128 / sizeof(Cell);

}  // namespace

SegmentCounters::SegmentCounters(SegmentTotals& totals, const scoring::Model& model, int threads)
    : totals_(totals),
      model_(model),
      threads_(static_cast<size_t>(threads)),
      stride_((model.segments().size() + kCellsALine - 1) / kCellsALine * kCellsALine),
      cells_(threads_ * stride_) {
  totals_.Attach(this);
}

SegmentCounters::~SegmentCounters() { totals_.DetachAndFold(this); }

uint64_t SegmentCounters::Sum(size_t segment) const {
  uint64_t sum = 0;
  for (size_t thread = 0; thread < threads_; ++thread) sum += cells_[thread * stride_ + segment].Read();
  return sum;
}

void SegmentTotals::Attach(const SegmentCounters* counters) {
  const std::lock_guard lock(mutex_);
  live_.insert(counters);
  for (const auto& segment : counters->model_.segments()) {
    if (folded_.size() < kept_max_) folded_.try_emplace(segment.segment_id, 0);
  }
}

void SegmentTotals::AddTo(std::map<std::string, uint64_t>& totals, const SegmentCounters& counters) {
  const auto& segments = counters.model_.segments();
  for (size_t i = 0; i < segments.size(); ++i) {
    const auto own = totals.find(segments[i].segment_id);
    (own != totals.end() ? own->second : totals[""]) += counters.Sum(i);
  }
}

void SegmentTotals::DetachAndFold(const SegmentCounters* counters) {
  const std::lock_guard lock(mutex_);
  live_.erase(counters);
  AddTo(folded_, *counters);
}

std::map<std::string, uint64_t> SegmentTotals::Read() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, uint64_t> totals = folded_;
  for (const SegmentCounters* counters : live_) AddTo(totals, *counters);
  return totals;
}

}  // namespace assent::server
