// Folds, withdrawals, flushes and changes of the model in every order that two cores produce: after a withdrawal was
// acknowledged nothing is folded or read, and nothing of what was before it is ever there again.

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <array>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "storage/profile_memory.h"
#include "tests/storage/lossy_disk.h"
#include "tests/storage/lossy_file_system.h"
#include "tests/storage/profile_fixture.h"

namespace assent::storage {
namespace {

using policy::Purpose;
using policy::SubjectKey;

constexpr int kChangers = 2;
constexpr int kFolders = 2;
constexpr uint64_t kRacingSubjects = 6;
constexpr size_t kEventsAFold = 4;

// What is told about a subject; one changer changes it. `number` is even while the last acknowledged change was a
// withdrawal and no grant has been asked for since.
struct Told {
  std::atomic<uint64_t> number{0};
  std::atomic<uint64_t> tried{0};  // events that were about to be folded
};

class ProfileRace : public testing::Test {
 protected:
  ProfileRace() {
    EXPECT_TRUE(env->CreateDirIfMissing("/disk").ok());
    Start();
  }
  void Start() {
    open.reset();
    auto started = StartProfiles("/disk/data", env.get());
    ASSERT_TRUE(started.ok()) << started.status();
    open = *std::move(started);
  }

  // The test means something only if both answers and the flush occurred often: the changes go on until they did.
  bool Meaningful() const { return kept > 100 && judged > 100 && open->profiles->figures().written > 10; }

  // Withdraws and grants in turn. Right after a grant the profile may hold what was folded since it was asked for, and
  // what a fold that had begun before brings along; nothing of the run before.
  void Change(uint64_t changer, uint32_t seed, uint64_t changes) {
    std::mt19937_64 random(seed);
    scoring::Quiescence::Reader reader(open->base->domain);
    std::vector<uint8_t> state(layouts[0].state_bytes());
    for (uint64_t i = 0; i < changes || !Meaningful(); ++i) {
      const uint64_t number = random() % (kRacingSubjects / kChangers) * kChangers + changer;
      Told& one = told[number];
      if (one.number.load() % 2 == 1) {
        const bool opts_out = random() % 2 == 0;
        if (!open->Apply(opts_out ? OptOutOf(Subject(number), {}) : WithdrawalOf(Subject(number), {kAds})).ok())
          ++failures;
        one.number.fetch_add(1);
        continue;
      }
      const uint64_t tried_before = one.tried.load();
      one.number.fetch_add(1);
      if (!open->Apply(GrantOf(Subject(number), {kAds})).ok()) ++failures;
      reader.Online();
      open->profiles->Read(reader, Subject(number), kAds, layouts[0], kNowS, state);
      reader.Offline();
      const uint64_t tried_since = one.tried.load() - tried_before + kFolders * kEventsAFold;
      if (ShoppedOf(layouts[0], state).purchases > static_cast<double>(tried_since)) ++leftovers;
    }
  }

  void Fold(uint32_t seed) {
    std::mt19937_64 random(seed);
    scoring::Quiescence::Reader reader(open->base->domain);
    while (!done.load(std::memory_order_relaxed)) {
      const uint64_t number = random() % kRacingSubjects;
      const size_t which = random() % 8 == 0 ? 1 : 0;
      const scoring::ProfileLayout& layout = layouts[which];
      const scoring::AttributeValue price = {.attribute = layout.Attribute("price"), .number = 1};
      std::array<scoring::Event, kEventsAFold> events;
      for (scoring::Event& event : events) {
        event = {.id_hash = random(),
                 .time_us = (kNowS - 1) * 1'000'000,
                 .type = layout.EventType("purchase"),
                 .attributes = {&price, 1}};
      }
      std::vector<uint8_t> state(layout.state_bytes());
      Told& one = told[number];
      const uint64_t before = one.number.load();
      one.tried.fetch_add(kEventsAFold);
      reader.Online();
      const FoldOutcome outcome = open->profiles->Fold(reader, Subject(number), kAds, layout, events, kNowS, state);
      const bool read = open->profiles->Read(reader, Subject(number), kAds, layout, kNowS, state);
      reader.Offline();
      std::this_thread::yield();  // or the changers, who wait for each other, hardly come to run on two processors
      if (before != one.number.load()) continue;
      if (before % 2 == 0) {
        ++judged;
        if (outcome == FoldOutcome::kKept || read) ++violations;
      } else if (outcome == FoldOutcome::kKept) {
        ++kept;
      }
    }
  }

  LossyDisk disk{3};
  std::unique_ptr<rocksdb::Env> env = NewLossyEnv(disk);
  const std::array<scoring::ProfileLayout, 2> layouts = {ShopLayout(), ShopLayout(3)};
  std::unique_ptr<OpenProfiles> open;
  std::array<Told, kRacingSubjects> told;
  std::atomic<bool> done{false};
  std::atomic<uint64_t> kept{0};
  std::atomic<uint64_t> judged{0};
  std::atomic<uint64_t> violations{0};
  std::atomic<uint64_t> leftovers{0};
  std::atomic<uint64_t> failures{0};
};

TEST_F(ProfileRace, NothingOutlivesAWithdrawal) {
  ASSERT_NE(open, nullptr);
  const uint32_t seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  const uint64_t changes = FullScale() ? 200'000 : 2'000;
  std::vector<std::thread> changers;
  std::vector<std::thread> others;
  for (uint32_t i = 0; i < kFolders; ++i) others.emplace_back([&, i] { Fold(seed + 100 + i); });
  others.emplace_back([&] {
    while (!done.load(std::memory_order_relaxed)) {
      if (!open->profiles->Flush(kTestTime).ok()) ++failures;
    }
  });
  for (uint32_t i = 0; i < kChangers; ++i) {
    changers.emplace_back([&, i] { Change(i, seed + i, changes / kChangers); });
  }
  for (std::thread& changer : changers) changer.join();
  done.store(true);
  for (std::thread& other : others) other.join();
  EXPECT_EQ(violations.load(), 0u);
  EXPECT_EQ(leftovers.load(), 0u);
  EXPECT_EQ(failures.load(), 0u);
  EXPECT_EQ(open->profiles->refused_full(), 0u);
  std::printf("%llu folds kept, %llu refused after a withdrawal, %llu profiles written\n",
              static_cast<unsigned long long>(kept.load()), static_cast<unsigned long long>(judged.load()),
              static_cast<unsigned long long>(open->profiles->figures().written));
  for (uint64_t i = 0; i < kRacingSubjects; ++i) ASSERT_TRUE(open->Apply(OptOutOf(Subject(i), {})).ok());
  EXPECT_EQ(open->profiles->size(), 0u);
  const std::unique_ptr<rocksdb::Iterator> profiles(
      open->base->database->rocks().NewIterator({}, open->base->database->family(Family::kProfiles)));
  profiles->SeekToFirst();
  EXPECT_FALSE(profiles->Valid());
}

// As the committer does it: close the index, take the profile out. From then on none is there, whatever folds began
// before.
TEST(ProfileMemoryRace, NoFoldThatBeganBeforeBringsAProfileBack) {
  scoring::Quiescence domain;
  ConsentIndex index(domain);
  ProfileMemory memory(index, 10, absl::InfiniteDuration());
  const scoring::ProfileLayout layout = ShopLayout();
  policy::ConsentState granted;
  granted.status[static_cast<size_t>(kAds)] = policy::ConsentStatus::kGranted;
  std::atomic<bool> done{false};
  std::atomic<uint64_t> kept{0};
  std::vector<std::thread> folders;
  for (uint64_t folder = 0; folder < kFolders; ++folder) {
    folders.emplace_back([&, folder] {
      scoring::Quiescence::Reader reader(domain);
      const scoring::AttributeValue price = {.attribute = layout.Attribute("price"), .number = 1};
      std::vector<uint8_t> state(layout.state_bytes());
      FoldCounts counts;
      for (uint64_t i = 0; !done.load(std::memory_order_relaxed); ++i) {
        const scoring::Event event = {
            .id_hash = 2 * i + folder, .time_us = 1, .type = layout.EventType("purchase"), .attributes = {&price, 1}};
        reader.Online();
        if (memory.Fold(reader, Subject(1), kAds, layout, {&event, 1}, kNowS, state, counts) == FoldOutcome::kKept)
          ++kept;
        reader.Offline();
      }
    });
  }
  uint64_t outlived = 0;
  const int rounds = FullScale() ? 1'000'000 : 20'000;
  for (int round = 0; round < rounds; ++round) {
    index.Put(Subject(1), granted);
    if (round % 4 == 0) std::this_thread::yield();
    index.Close(Subject(1), policy::PurposeBit(kAds));
    memory.Forget(Subject(1), kAds);
    for (int look = 0; look < 20; ++look) outlived += memory.size();
    if (round % 16 == 0) std::this_thread::yield();
    outlived += memory.size();
    memory.Forget(Subject(1), kAds);
  }
  done.store(true);
  for (std::thread& folder : folders) folder.join();
  EXPECT_EQ(outlived, 0u);
  EXPECT_GT(kept.load(), 0u);
}

}  // namespace
}  // namespace assent::storage
