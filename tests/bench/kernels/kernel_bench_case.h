// What is measured: one model and its events, scored by Assent and by FAISS.
#ifndef ASSENT_TESTS_BENCH_KERNELS_KERNEL_BENCH_CASE_H_
#define ASSENT_TESTS_BENCH_KERNELS_KERNEL_BENCH_CASE_H_

#include <faiss/IndexFlat.h>

#include <array>
#include <cstddef>
#include <vector>

#include "scoring/assign.h"
#include "scoring/model.h"

namespace assent::scoring {

inline constexpr size_t kBenchEvents = 256;

// Threads: one at a time.
class KernelBenchCase {
 public:
  // Standard normal centroids and events, the same at every run: no cluster to find early, no cell to skip.
  KernelBenchCase(size_t k, size_t dim);

  size_t k() const { return model_.centroids().k(); }
  size_t dim() const { return model_.centroids().dim(); }

  // The next event, alone. FAISS looks for one neighbour, Assent for the two that a margin needs.
  void AssentOne();
  void FaissOne();
  // All events in one call.
  void AssentBatch();
  void FaissBatch();

 private:
  const float* NextEvent();

  Model model_;
  faiss::IndexFlatL2 index_;
  std::vector<float> events_;
  size_t next_ = 0;
  Workspace workspace_;
  std::array<Assignment, kBenchEvents> assignments_;
  std::array<float, kBenchEvents> distances_;
  std::array<faiss::Index::idx_t, kBenchEvents> labels_;
};

}  // namespace assent::scoring

#endif  // ASSENT_TESTS_BENCH_KERNELS_KERNEL_BENCH_CASE_H_
