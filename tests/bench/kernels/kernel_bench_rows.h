// The rows of the target table that are about the kernels.
#ifndef ASSENT_TESTS_BENCH_KERNELS_KERNEL_BENCH_ROWS_H_
#define ASSENT_TESTS_BENCH_KERNELS_KERNEL_BENCH_ROWS_H_

#include <cstddef>
#include <string>
#include <vector>

namespace assent::scoring {

// One figure of one run: its samples, and what it should reach (0: there to be read, not judged).
struct BenchRow {
  std::string name;
  std::string unit;
  double must = 0;
  double aim = 0;
  bool higher_is_better = true;
  std::vector<double> samples;
};

// Measures every row `rounds` times. Within a round the two sides of a ratio follow each other directly.
// Times are CPU time of the thread. Cost: about two seconds a round.
std::vector<BenchRow> MeasureKernelRows(size_t rounds);

}  // namespace assent::scoring

#endif  // ASSENT_TESTS_BENCH_KERNELS_KERNEL_BENCH_ROWS_H_
