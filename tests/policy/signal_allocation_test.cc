// Decoding allocates nothing, whatever the strings are. This program counts every allocation of its thread.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "policy/signal_cache.h"
#include "tests/policy/signal_fixture.h"

namespace {

thread_local size_t allocations = 0;

void* Count(size_t size, size_t alignment) {
  ++allocations;
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, size == 0 ? 1 : size) != 0) std::abort();
  return memory;
}

}  // namespace

void* operator new(size_t size) { return Count(size, alignof(std::max_align_t)); }
void* operator new[](size_t size) { return Count(size, alignof(std::max_align_t)); }
void* operator new(size_t size, std::align_val_t alignment) { return Count(size, static_cast<size_t>(alignment)); }
void* operator new[](size_t size, std::align_val_t alignment) { return Count(size, static_cast<size_t>(alignment)); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t /*size*/) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t /*size*/) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t /*alignment*/) noexcept { std::free(memory); }
void operator delete(void* memory, size_t /*size*/, std::align_val_t /*alignment*/) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t /*size*/, std::align_val_t /*alignment*/) noexcept { std::free(memory); }

namespace assent::policy {
namespace {

TEST(SignalAllocation, TheCounterCounts) {
  const size_t before = allocations;
  const std::string large(1000, 'x');
  EXPECT_GT(allocations, before);
}

TEST(SignalAllocation, NoneWhileReading) {
  const SignalPolicy policy = {.tcf = ExamplePolicy()};
  std::vector<std::string> tcf = {kTcfA, kTcfB, kTcfC, kTcfD, kTcfE, kTcfF, kTcfG, kTcfJ, "x", std::string(5000, 'B')};
  std::vector<std::string> gpp = {kGppAllOptedOut, kGppNoneOptedOut, kGppChild,
                                  "DBACNYA~" + std::string(kTcfB) + "~1YNN"};
  Random random(4);
  for (int i = 0; i < 200; ++i) tcf.push_back(RandomTcf(random));
  for (int i = 0; i < 200; ++i) gpp.push_back("DBABLA~" + RandomUsSection(random, 7));
  const std::vector<int32_t> sid = {2, 6, 7};
  const std::vector<int32_t> national = {7};
  SignalCache cache(policy);
  const size_t before = allocations;
  uint32_t seen = 0;
  for (const std::string& one : tcf) {
    for (const std::string& other : gpp) {
      const RawSignals all = {.tcf = one, .gpp = other, .us_privacy = "1YNN", .gpp_sid = sid};
      const RawSignals one_section = {.tcf = one, .gpp = other, .gpp_sid = national, .gdpr = true};
      seen |= ReadSignals(all, policy).tcf_permits;
      seen |= cache.Read(one_section).gpp_denies;
    }
  }
  EXPECT_EQ(allocations, before);
  EXPECT_NE(seen, 0u);
}

}  // namespace
}  // namespace assent::policy
