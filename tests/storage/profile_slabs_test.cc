#include "storage/profile_slabs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "storage/profile_table.h"
#include "tests/storage/profile_fixture.h"

namespace assent::storage {
namespace {

bool IsZero(std::span<const uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

TEST(ProfileSlabs, RecordsAreDistinctZeroAndUsedAgain) {
  constexpr size_t kStateBytes = 200;
  SlabDirectory directory;
  ProfileSlabs slabs(directory, 7, kStateBytes);
  std::set<RecordId> ids;
  for (uint32_t i = 0; i < 2 * kSlabRecordsMax + 10; ++i) {
    const RecordId id = slabs.Take();
    ASSERT_NE(id, 0u);
    ASSERT_TRUE(ids.insert(id).second);
    ProfileRecord& record = directory.Record(id);
    ASSERT_EQ(record.layout, 7);
    ASSERT_TRUE(IsZero(record.state(kStateBytes)));
    std::fill_n(record.state(kStateBytes).begin(), kStateBytes, uint8_t{0xFF});
    record.key_low.store(i);
  }
  EXPECT_EQ(directory.size(), 3u);
  EXPECT_EQ(slabs.live(), ids.size());
  for (const RecordId id : ids) slabs.Give(id);
  for (const RecordId id : ids) {
    ASSERT_TRUE(IsZero(directory.Record(id).state(kStateBytes)));
    ASSERT_EQ(directory.Record(id).key_low.load(), 0u);
  }
  const RecordId again = slabs.Take();
  EXPECT_TRUE(ids.contains(again));
  slabs.Release();  // one is in use: nothing happens
  directory.Record(again).key_low.store(5);
  EXPECT_EQ(directory.Record(again).key_low.load(), 5u);
  slabs.Give(again);
  slabs.Release();
  EXPECT_EQ(slabs.live(), 0u);
  std::set<RecordId> after;
  for (size_t i = 0; i < ids.size(); ++i) after.insert(slabs.Take());
  EXPECT_EQ(after, ids);
  EXPECT_EQ(directory.size(), 3u);
}

TEST(ProfileSlabs, LargeStatesLieInSmallSlabs) {
  constexpr size_t kStateBytes = 100'000;
  SlabDirectory directory;
  ProfileSlabs slabs(directory, 0, kStateBytes);
  std::set<RecordId> ids;
  for (int i = 0; i < 200; ++i) ids.insert(slabs.Take());
  EXPECT_EQ(ids.size(), 200u);
  EXPECT_EQ(directory.size(), 4u);  // of 64
  for (const RecordId id : ids) {
    const std::span<uint8_t> state = directory.Record(id).state(kStateBytes);
    ASSERT_TRUE(IsZero(state));
    std::fill(state.begin(), state.end(), uint8_t{1});
  }
}

TEST(ProfileSlabs, ThreadsNeverShareARecordNotEvenWhileMemoryIsReleased) {
  constexpr size_t kStateBytes = 64;
  SlabDirectory directory;
  ProfileSlabs slabs(directory, 0, kStateBytes);
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  const int rounds = FullScale() ? 2'000'000 : 20'000;
  const auto use = [&](uint8_t mark) {
    std::mt19937 random(mark);
    std::vector<RecordId> mine;
    for (int i = 0; i < rounds; ++i) {
      if (mine.size() < 3 && random() % 2 == 0) {
        const RecordId id = slabs.Take();
        const std::span<uint8_t> state = directory.Record(id).state(kStateBytes);
        if (!IsZero(state)) ++wrong;
        std::fill(state.begin(), state.end(), mark);
        mine.push_back(id);
      } else if (!mine.empty()) {
        const std::span<uint8_t> state = directory.Record(mine.back()).state(kStateBytes);
        if (std::count(state.begin(), state.end(), mark) != static_cast<ptrdiff_t>(kStateBytes)) ++wrong;
        slabs.Give(mine.back());
        mine.pop_back();
      }
    }
    for (const RecordId id : mine) slabs.Give(id);
  };
  std::thread releasing([&] {
    while (!done.load()) slabs.Release();
  });
  std::vector<std::thread> users;
  for (uint8_t mark = 1; mark <= 3; ++mark) users.emplace_back([&use, mark] { use(mark); });
  for (std::thread& user : users) user.join();
  done.store(true);
  releasing.join();
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_EQ(slabs.live(), 0u);
}

TEST(SlabDirectory, GivesEachMarkOnce) {
  SlabDirectory directory;
  ProfileSlabs slabs(directory, 0, 8);
  std::vector<RecordId> marked;
  for (int i = 0; i < 200; ++i) {
    const RecordId id = slabs.Take();
    if (i % 3 != 0) continue;
    directory.MarkChanged(id);
    directory.MarkChanged(id);
    marked.push_back(id);
  }
  std::vector<RecordId> taken;
  for (uint32_t word = 0; word < kSlabRecordsMax / 64; ++word) directory.TakeMarks(0, word, taken);
  EXPECT_EQ(taken, marked);
  taken.clear();
  for (uint32_t word = 0; word < kSlabRecordsMax / 64; ++word) directory.TakeMarks(0, word, taken);
  EXPECT_TRUE(taken.empty());
}

// Many more profiles than buckets: every list is long.
TEST(ProfileTable, FindsWhatIsLinkedAndNotWhatWasTakenOut) {
  SlabDirectory directory;
  ProfileSlabs slabs(directory, 0, 8);
  ProfileTable table(directory, 1);
  constexpr uint64_t kSubjects = 5000;
  const auto link = [&](uint64_t number, policy::Purpose purpose) {
    ProfileTable::Held held = table.Hold(Subject(number), purpose);
    ASSERT_EQ(held.id(), 0u);
    const RecordId id = slabs.Take();
    ProfileRecord& record = directory.Record(id);
    record.key_high.store(Subject(number).high());
    record.key_low.store(Subject(number).low());
    record.purpose = purpose;
    held.Link(id);
    ASSERT_EQ(held.id(), id);
  };
  for (uint64_t i = 0; i < kSubjects; ++i) {
    link(i, kAds);
    if (i % 2 == 0) link(i, kContent);
  }
  for (uint64_t i = 0; i < kSubjects; i += 3) {
    ProfileTable::Held held = table.Hold(Subject(i), kAds);
    const RecordId id = held.id();
    ASSERT_NE(id, 0u);
    held.Unlink();
    ASSERT_EQ(held.id(), 0u);
    slabs.Give(id);
  }
  for (uint64_t i = 0; i < kSubjects; ++i) {
    ASSERT_EQ(table.Hold(Subject(i), kAds).id() != 0, i % 3 != 0) << i;
    ASSERT_EQ(table.Hold(Subject(i), kContent).id() != 0, i % 2 == 0) << i;
    const RecordId id = table.Hold(Subject(i), kContent).id();
    if (id == 0) continue;
    ASSERT_EQ(table.Hold(id).record().subject(), Subject(i));
  }
  const RecordId free = slabs.Take();
  EXPECT_EQ(table.Hold(free).id(), 0u);
}

}  // namespace
}  // namespace assent::storage
