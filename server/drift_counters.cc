#include "server/drift_counters.h"

namespace assent::server {
namespace {

void Empty(Cell& cell) { cell.Add(uint64_t{0} - cell.Read()); }

}  // namespace

DriftCounters::DriftCounters(const scoring::Model& model, int threads)
    : histograms_(model.reference_histograms()), threads_(static_cast<size_t>(threads)) {
  size_t bins = 0;
  for (size_t position = 0; position < histograms_.size(); ++position) {
    names_.push_back(model.schema().scored(position).name);
    first_bin_.push_back(bins);
    bins += histograms_[position].counts.size();
  }
  for (size_t number = 0; number < threads_.size(); ++number) {
    Thread& thread = threads_[number];
    thread.random.seed(static_cast<std::minstd_rand::result_type>(number + 1));
    for (std::vector<Cell>& bank : thread.bins) bank = std::vector<Cell>(bins);
  }
}

void DriftCounters::Take(Thread& own, std::span<const float> scaled) {
  own.step = 1 + own.random() % (2 * kSampleEvery - 1);  // kSampleEvery on average
  if (own.samples[own.bank].Read() >= kBankSamples) {
    own.bank = 1 - own.bank;
    Empty(own.samples[own.bank]);
    for (Cell& cell : own.bins[own.bank]) Empty(cell);
  }
  std::vector<Cell>& bins = own.bins[own.bank];
  for (size_t position = 0; position < histograms_.size(); ++position) {
    bins[first_bin_[position] + histograms_[position].BinOf(scaled[position])].Add(1);
  }
  own.samples[own.bank].Add(1);
}

uint64_t DriftCounters::samples() const {
  uint64_t sum = 0;
  for (const Thread& thread : threads_) sum += thread.samples[0].Read() + thread.samples[1].Read();
  return sum;
}

std::vector<uint64_t> DriftCounters::Counts(size_t position) const {
  std::vector<uint64_t> counts(histograms_[position].counts.size());
  for (const Thread& thread : threads_) {
    for (const std::vector<Cell>& bank : thread.bins) {
      for (size_t bin = 0; bin < counts.size(); ++bin) counts[bin] += bank[first_bin_[position] + bin].Read();
    }
  }
  return counts;
}

}  // namespace assent::server
