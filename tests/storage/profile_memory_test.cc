// What a subject costs in resident memory. ASSENT_TEST_CASES=10000000 is the acceptance run's scale.

#include "storage/profile_memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <vector>

#include "tests/storage/profile_fixture.h"

namespace assent::storage {
namespace {

constexpr size_t kAggregates = 12;
constexpr uint64_t kBytesASubject = 256 + 16 * kAggregates;  // consent index, table, head, repeat window and all

uint64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t mapped = 0;
  uint64_t resident = 0;
  file >> mapped >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

TEST(ProfileMemory, ASubjectStaysWithinItsBytes) {
#ifdef ASSENT_SANITIZED
  GTEST_SKIP() << "a sanitizer's shadow memory would be counted";
#endif
  const char* const cases = std::getenv("ASSENT_TEST_CASES");
  const uint64_t subjects = cases == nullptr ? 200'000 : std::strtoull(cases, nullptr, 10);
  const scoring::ProfileLayout layout = ShopLayout(kAggregates - 2);
  const uint64_t before = ResidentBytes();
  scoring::Quiescence domain;
  ConsentIndex index(domain);
  ProfileMemory memory(index, subjects, absl::Hours(24 * 90));
  ASSERT_TRUE(memory.Register(layout).ok());
  scoring::Quiescence::Reader reader(domain);
  const scoring::AttributeValue price = {.attribute = layout.Attribute("price"), .number = 2};
  policy::ConsentState granted;
  granted.revision = 1;
  granted.status[static_cast<size_t>(kAds)] = policy::ConsentStatus::kGranted;
  std::vector<uint8_t> state(layout.state_bytes());
  FoldCounts counts;
  for (uint64_t i = 0; i < subjects; ++i) {
    const scoring::Event event = {.id_hash = i,
                                  .time_us = (kNowS - 1) * 1'000'000,
                                  .type = layout.EventType("purchase"),
                                  .attributes = {&price, 1}};
    index.Put(Subject(i), granted);
    reader.Online();
    ASSERT_EQ(memory.Fold(reader, Subject(i), kAds, layout, {&event, 1}, kNowS, state, counts), FoldOutcome::kKept);
    reader.Offline();
  }
  domain.Collect();
  ASSERT_EQ(memory.size(), subjects);
  // A huge page more or less for each of the few mappings that are being filled.
  const uint64_t allowance = uint64_t{64} << 20;
  const uint64_t used = ResidentBytes() - before;
  const double each = static_cast<double>(used) / static_cast<double>(subjects);
  const bool large = subjects >= 1'000'000;
  EXPECT_LE(used, subjects * kBytesASubject + (large ? 0 : allowance)) << each;
  std::printf("%llu subjects with %zu aggregates of %zu bytes: %.1f bytes each in resident memory, at most %llu\n",
              static_cast<unsigned long long>(subjects), kAggregates, layout.state_bytes(), each,
              static_cast<unsigned long long>(kBytesASubject));
}

}  // namespace
}  // namespace assent::storage
