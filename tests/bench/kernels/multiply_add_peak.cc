#include "tests/bench/kernels/multiply_add_peak.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/bench/kernels/multiply_add_peak.cc"  // NOLINT(build/include)
#include "hwy/foreach_target.h"
// After foreach_target.h, as Highway wants it.
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace assent::scoring {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

size_t Rounds(size_t rounds) {
  const hn::ScalableTag<float> d;
  using Vector = hn::Vec<decltype(d)>;
  constexpr size_t kSums = 12;  // enough to hide the latency of two multiply-adds a cycle; fits 16 registers
  Vector sum[kSums];
  for (size_t i = 0; i < kSums; ++i) sum[i] = hn::Set(d, static_cast<float>(i));
  const Vector a = hn::Set(d, 0.5f);
  const Vector b = hn::Set(d, 1.0f);
  for (size_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (size_t i = 0; i < kSums; ++i) sum[i] = hn::MulAdd(sum[i], a, b);
  }
  for (size_t i = 1; i < kSums; ++i) sum[0] = hn::Add(sum[0], sum[i]);
  volatile float keep = hn::GetLane(sum[0]);
  static_cast<void>(keep);
  return 2 * rounds * kSums * hn::Lanes(d);
}

}  // namespace HWY_NAMESPACE
}  // namespace assent::scoring
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace assent::scoring {

HWY_EXPORT(Rounds);

size_t MultiplyAdd(size_t rounds) { return HWY_DYNAMIC_DISPATCH(Rounds)(rounds); }

}  // namespace assent::scoring
#endif  // HWY_ONCE
