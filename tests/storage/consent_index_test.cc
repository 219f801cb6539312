#include "storage/consent_index.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "policy/consent_verdict.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using policy::ConsentState;
using policy::ConsentStatus;
using policy::Purpose;
using policy::SubjectKey;

ConsentState Granted(uint32_t revision, uint32_t end = 0) {
  ConsentState state;
  state.revision = revision;
  state.status[1] = ConsentStatus::kGranted;
  state.status[2] = ConsentStatus::kGranted;
  state.expire_time_s[1] = end;
  state.expire_time_s[2] = end;
  return state;
}

// A state whose purposes end at different times.
ConsentState Staggered(uint32_t revision) {
  ConsentState state = Granted(revision, 5000 + revision);
  state.expire_time_s[2] = 9000 + revision;
  return state;
}

class ConsentIndexTest : public testing::Test {
 protected:
  ConsentIndexTest() { reader.Online(); }
  ~ConsentIndexTest() override { reader.Offline(); }

  scoring::Quiescence domain;
  ConsentIndex index{domain};
  scoring::Quiescence::Reader reader{domain};
};

TEST_F(ConsentIndexTest, UnknownSubjectHasTheDefaultState) {
  EXPECT_EQ(index.Find(reader, Subject(1)), ConsentState{});
  EXPECT_EQ(index.size(), 0u);
}

TEST_F(ConsentIndexTest, GivesBackWhatWasPut) {
  index.Put(Subject(1), Granted(3, 77));
  index.Put(Subject(2), Staggered(4));
  EXPECT_EQ(index.Find(reader, Subject(1)), Granted(3, 77));
  EXPECT_EQ(index.Find(reader, Subject(2)), Staggered(4));
  index.Put(Subject(2), Granted(5));
  EXPECT_EQ(index.Find(reader, Subject(2)), Granted(5));
  index.Put(Subject(2), Staggered(6));
  EXPECT_EQ(index.Find(reader, Subject(2)), Staggered(6));
  EXPECT_EQ(index.size(), 2u);
}

TEST_F(ConsentIndexTest, KeysThatDifferInOneWordOnlyAreTwoSubjects) {
  SubjectKey one = Subject(1);
  SubjectKey two = one;
  two.bytes[0] = static_cast<uint8_t>(two.bytes[0] ^ 1);
  SubjectKey three = one;
  three.bytes[15] = static_cast<uint8_t>(three.bytes[15] ^ 1);
  index.Put(one, Granted(1));
  index.Put(two, Granted(2));
  index.Put(three, Granted(3));
  EXPECT_EQ(index.Find(reader, one).revision, 1u);
  EXPECT_EQ(index.Find(reader, two).revision, 2u);
  EXPECT_EQ(index.Find(reader, three).revision, 3u);
}

TEST_F(ConsentIndexTest, TheZeroKeyIsASubjectToo) {
  EXPECT_EQ(index.Find(reader, SubjectKey{}), ConsentState{});
  index.Put(SubjectKey{}, Granted(1));
  EXPECT_EQ(index.Find(reader, SubjectKey{}).revision, 1u);
}

TEST_F(ConsentIndexTest, CloseHoldsUntilTheNextPut) {
  index.Put(Subject(1), Staggered(1));
  EXPECT_EQ(index.Close(Subject(1), policy::PurposeBit(Purpose::kSelectAdvertising)), 0u);
  ConsentState closed = index.Find(reader, Subject(1));
  EXPECT_EQ(closed.status[1], ConsentStatus::kClosed);
  EXPECT_EQ(closed.status[2], ConsentStatus::kGranted);
  EXPECT_EQ(closed.expire_time_s[2], 9001u);
  EXPECT_EQ(index.Close(Subject(1), 0), policy::PurposeBit(Purpose::kSelectAdvertising));
  index.Put(Subject(1), Granted(2));
  EXPECT_EQ(index.Find(reader, Subject(1)), Granted(2));
}

TEST_F(ConsentIndexTest, CloseMakesAnUnknownSubjectKnown) {
  EXPECT_EQ(index.Close(Subject(1), policy::kAllPurposeBits), 0u);
  const ConsentState state = index.Find(reader, Subject(1));
  for (size_t p = 1; p <= policy::kPurposeCount; ++p) EXPECT_EQ(state.status[p], ConsentStatus::kClosed);
  EXPECT_EQ(state.revision, 0u);
  EXPECT_EQ(index.Close(Subject(2), 0), 0u);
  EXPECT_EQ(index.size(), 1u);  // asking for nothing adds nobody
}

TEST_F(ConsentIndexTest, GrowsThroughEverySizeAndLosesNobody) {
  constexpr uint32_t kSubjects = 200000;
  for (uint32_t i = 0; i < kSubjects; ++i) {
    index.Put(Subject(i), i % 10 == 0 ? Staggered(i + 1) : Granted(i + 1, i));
    reader.Quiescent();
  }
  EXPECT_EQ(index.size(), kSubjects);
  for (uint32_t i = 0; i < kSubjects; ++i) {
    ASSERT_EQ(index.Find(reader, Subject(i)), i % 10 == 0 ? Staggered(i + 1) : Granted(i + 1, i)) << i;
  }
  for (uint32_t i = kSubjects; i < kSubjects + 1000; ++i) ASSERT_EQ(index.Find(reader, Subject(i)), ConsentState{});
  EXPECT_EQ(domain.Collect(), 0u);
}

TEST_F(ConsentIndexTest, BatchEqualsSingle) {
  for (uint32_t i = 0; i < 1000; ++i) index.Put(Subject(i), i % 3 == 0 ? Staggered(i + 1) : Granted(i + 1, i));
  for (size_t count : {0, 1, 63, 64, 65, 2000}) {
    std::vector<SubjectKey> subjects;
    for (size_t i = 0; i < count; ++i) subjects.push_back(Subject(i));
    std::vector<ConsentState> states(count);
    index.FindBatch(reader, subjects, states);
    for (size_t i = 0; i < count; ++i) ASSERT_EQ(states[i], index.Find(reader, subjects[i])) << i << " of " << count;
  }
}

// At every size, not only at a lucky one: measured after each 2 % of growth, once the fixed part no longer matters.
TEST_F(ConsentIndexTest, TakesAtMost48BytesASubject) {
  const uint32_t subjects = FullScale() ? 10'000'000 : 1'000'000;
  double worst = 0;
  double next = 300'000;
  for (uint32_t i = 0; i < subjects; ++i) {
    index.Put(Subject(i), Granted(1));
    if (i + 1 < next) continue;
    next *= 1.02;
    reader.Quiescent();
    domain.Collect();
    worst = std::max(worst, static_cast<double>(index.memory_bytes()) / static_cast<double>(index.size()));
  }
  EXPECT_LE(worst, 48.0);
  RecordProperty("bytes_per_subject_worst", std::to_string(worst));
  RecordProperty("bytes_per_subject_end",
                 std::to_string(static_cast<double>(index.memory_bytes()) / static_cast<double>(index.size())));
}

// Readers run while the one writer grows the table under them, changes states and closes purposes. A subject goes
// through states in which exactly one of two purposes is granted: revision r grants purpose 1 when r is odd, purpose 2
// when it is even, with an end that is in force only for that revision. Nobody may ever see both, an end of another
// revision on a granted purpose, or a step back in time.
TEST(ConsentIndexConcurrency, ReadersSeeOnlyWholeStates) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  scoring::Quiescence domain;
  ConsentIndex index(domain);
  constexpr uint64_t kHot = 8;
  const uint32_t rounds = FullScale() ? 300'000 : 30'000;
  std::atomic<bool> stop{false};
  std::atomic<int> failures{0};
  std::atomic<uint64_t> reads{0};

  // The end tells the revision that the statuses belong to. It may differ from the reported one by the change that was
  // under way, never from the statuses.
  const auto whole = [](const ConsentState& state) {
    const bool one = state.status[1] == ConsentStatus::kGranted;
    const bool two = state.status[2] == ConsentStatus::kGranted;
    const bool three = state.status[3] == ConsentStatus::kGranted;
    if (one && two) return false;
    if (!one && !two) return !three || state.status[2] == ConsentStatus::kClosed;
    const uint32_t put = state.expire_time_s[one ? 1 : 2] - 10;
    if (put % 2 != (one ? 1u : 0u) || state.revision - put > 1) return false;
    // Purpose 3 ends far later, or is brought forward to the end of the other purpose.
    return !three || state.expire_time_s[3] == put + 10 || state.expire_time_s[3] == 2'000'000 + put;
  };
  std::vector<std::thread> readers;
  for (uint32_t thread = 0; thread < 2; ++thread) {
    readers.emplace_back([&, thread] {
      scoring::Quiescence::Reader reader(domain);
      std::mt19937 random(seed + thread);
      std::vector<uint32_t> last(kHot, 0);
      std::vector<SubjectKey> subjects;
      for (uint64_t i = 0; i < kHot; ++i) subjects.push_back(Subject(i));
      std::vector<ConsentState> states(kHot);
      uint64_t mine = 0;
      while (!stop.load(std::memory_order_relaxed)) {
        reader.Online();
        if (random() % 2 == 0) {
          index.FindBatch(reader, subjects, states);
        } else {
          for (size_t i = 0; i < kHot; ++i) states[i] = index.Find(reader, subjects[i]);
        }
        for (size_t i = 0; i < kHot; ++i) {
          if (!whole(states[i]) || states[i].revision < last[i]) failures.fetch_add(1);
          last[i] = states[i].revision;
        }
        mine += kHot;
        reader.Offline();
      }
      reads.fetch_add(mine);
    });
  }
  std::mt19937 random(seed + 100);
  std::vector<uint32_t> revision(kHot, 0);
  uint64_t stranger = 1000;
  for (uint32_t round = 0; round < rounds; ++round) {
    const uint64_t hot = random() % kHot;
    const uint32_t next = ++revision[hot];
    ConsentState state;
    state.revision = next;
    const size_t granted = next % 2 == 1 ? 1 : 2;
    state.status[granted] = ConsentStatus::kGranted;
    state.expire_time_s[granted] = next + 10;
    if (random() % 2 == 0) {
      state.status[3] = ConsentStatus::kGranted;
      state.expire_time_s[3] = 2'000'000 + next;
    }
    index.Put(Subject(hot), state);
    if (random() % 4 == 0) index.Close(Subject(hot), policy::PurposeBit(Purpose::kSelectContent));
    for (int i = 0; i < 4; ++i) index.Put(Subject(stranger++), Staggered(1));  // so that both tables grow
  }
  stop.store(true);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(failures.load(), 0);
  EXPECT_GT(reads.load(), 0u);
}

// The slot where the probing for an unknown subject ends may be taken by a stranger a moment later. Every round has a
// new index, whose slots are nearly all unused.
TEST(ConsentIndexConcurrency, AnUnknownSubjectNeverGetsAStrangersState) {
  const uint32_t rounds = FullScale() ? 20'000 : 400;
  constexpr uint32_t kUnknown = 512;
  constexpr uint32_t kStrangers = 4096;
  std::atomic<int> failures{0};
  std::atomic<uint64_t> reads{0};
  for (uint32_t round = 0; round < rounds; ++round) {
    scoring::Quiescence domain;
    ConsentIndex index(domain);
    std::atomic<bool> stop{false};
    std::atomic<bool> started{false};
    std::thread reading([&] {
      scoring::Quiescence::Reader reader(domain);
      while (!stop.load(std::memory_order_relaxed)) {
        reader.Online();
        for (uint32_t i = 0; i < kUnknown; ++i) {
          if (index.Find(reader, Subject(i)) != ConsentState{}) failures.fetch_add(1);
        }
        reader.Offline();
        started.store(true);
        reads.fetch_add(kUnknown);
      }
    });
    while (!started.load()) std::this_thread::yield();
    for (uint32_t i = 0; i < kStrangers; ++i) index.Put(Subject(kUnknown + i), Granted(i + 1));
    stop.store(true);
    reading.join();
  }
  EXPECT_EQ(failures.load(), 0);
  EXPECT_GT(reads.load(), 0u);
}

}  // namespace
}  // namespace assent::storage
