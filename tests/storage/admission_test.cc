#include "storage/admission.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace assent::storage {
namespace {

// Two places become free before either sleeper runs: both must be woken, not only the one for the first place.
TEST(Admission, EveryPlaceThatBecomesFreeWakesOne) {
  constexpr size_t kPlaces = 3;
  for (int round = 0; round < 200; ++round) {
    Admission admission(kPlaces);
    for (size_t i = 0; i < kPlaces; ++i) admission.Enter();
    std::vector<std::thread> sleepers;
    for (size_t i = 0; i < kPlaces; ++i) sleepers.emplace_back([&] { admission.Enter(); });
    while (admission.waiting() < kPlaces) std::this_thread::yield();
    for (size_t i = 0; i < kPlaces; ++i) admission.Leave();
    for (std::thread& sleeper : sleepers) sleeper.join();
    EXPECT_EQ(admission.waiting(), 0u);
  }
}

TEST(Admission, NeverAdmitsMoreThanItsPlaces) {
  constexpr size_t kPlaces = 2;
  Admission admission(kPlaces);
  std::atomic<size_t> inside{0};
  std::atomic<size_t> most{0};
  std::vector<std::thread> visitors;
  for (int i = 0; i < 8; ++i) {
    visitors.emplace_back([&] {
      for (int visit = 0; visit < 2'000; ++visit) {
        admission.Enter();
        const size_t now = inside.fetch_add(1) + 1;
        size_t seen = most.load();
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
        inside.fetch_sub(1);
        admission.Leave();
      }
    });
  }
  for (std::thread& visitor : visitors) visitor.join();
  EXPECT_LE(most.load(), kPlaces);
  EXPECT_EQ(admission.waiting(), 0u);
}

}  // namespace
}  // namespace assent::storage
