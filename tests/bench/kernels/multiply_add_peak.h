// What this core can do at best: float32 multiply-adds from registers.
#ifndef ASSENT_TESTS_BENCH_KERNELS_MULTIPLY_ADD_PEAK_H_
#define ASSENT_TESTS_BENCH_KERNELS_MULTIPLY_ADD_PEAK_H_

#include <cstddef>

namespace assent::scoring {

// Performs `rounds` rounds of independent multiply-adds with the widest vectors; returns the floating-point operations
// done, two for each multiply-add and lane.
size_t MultiplyAdd(size_t rounds);

}  // namespace assent::scoring

#endif  // ASSENT_TESTS_BENCH_KERNELS_MULTIPLY_ADD_PEAK_H_
