// How the features that a model scores are distributed lately, in the bins of its reference histograms.
#ifndef ASSENT_SERVER_DRIFT_COUNTERS_H_
#define ASSENT_SERVER_DRIFT_COUNTERS_H_

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "scoring/model.h"
#include "scoring/reference_histogram.h"
#include "server/cell.h"

namespace assent::server {

// Counts one decision in kSampleEvery of each thread, at random steps (a fixed one would fall in step with batches): a
// bin search for each of 64 features would cost as much as the assignment itself. What is old is forgotten: a thread
// has two banks, and empties and fills the older one when the other holds kBankSamples, so that the counts stand for
// its last 16 * 65,536 to 32 * 65,536 decisions. Threads: Offer from polling thread `thread` only; the others from any.
// A scrape may see a bank half emptied, once in a million decisions. Ownership: owns what it needs of the model.
class DriftCounters {
 public:
  static constexpr uint64_t kSampleEvery = 16;
  static constexpr uint64_t kBankSamples = 65'536;

  DriftCounters(const scoring::Model& model, int threads);
  DriftCounters(const DriftCounters&) = delete;
  DriftCounters& operator=(const DriftCounters&) = delete;

  // A scored vector of a decision. Shape: [dim]. Cost: a count; one time in sixteen a bin search a feature.
  void Offer(int thread, std::span<const float> scaled) {
    Thread& own = threads_[static_cast<size_t>(thread)];
    if (--own.step == 0 && !histograms_.empty()) Take(own, scaled);
  }

  // Features, in the order of the scored ones; 0 where the model has no reference histograms.
  size_t size() const { return histograms_.size(); }
  const std::string& name(size_t position) const { return names_[position]; }
  const scoring::ReferenceHistogram& reference(size_t position) const { return histograms_[position]; }
  // Decisions that the counts stand for, and the counts of a feature's bins.
  uint64_t samples() const;
  std::vector<uint64_t> Counts(size_t position) const;

 private:
  struct alignas(128) Thread {
    std::minstd_rand random;
    uint64_t step = 1;  // decisions until the next sample
    size_t bank = 0;
    Cell samples[2];
    std::vector<Cell> bins[2];  // [all features' bins]
  };

  void Take(Thread& own, std::span<const float> scaled);

  std::vector<scoring::ReferenceHistogram> histograms_;
  std::vector<std::string> names_;
  std::vector<size_t> first_bin_;  // of each feature
  std::vector<Thread> threads_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_DRIFT_COUNTERS_H_
