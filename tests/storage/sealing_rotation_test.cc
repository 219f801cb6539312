// Sealing keys rotate while the store is used: no acknowledged change is lost, whatever interrupts it, and afterwards
// the older keys are needed for nothing.
#include "storage/sealing_rotation.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "storage/consent_change.h"
#include "storage/notice_store.h"
#include "storage/profile_record.h"
#include "tests/storage/folder_scan.h"
#include "tests/storage/lossy_disk.h"
#include "tests/storage/lossy_file_system.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using policy::Purpose;
using policy::SealingRing;
using policy::SubjectKey;

constexpr char kRotationCanary[] = "CANARY-that-is-sealed-late";

class SealingRotationTest : public testing::Test {
 protected:
  void Start(std::optional<SealingRing> keys) {
    open.reset();
    auto started = StartStore(folder.path() + "/data", nullptr, /*compress=*/false, std::move(keys));
    ASSERT_TRUE(started.ok()) << started.status();
    open = *std::move(started);
  }
  void Grant(uint64_t number) {
    ConsentRequest grant = GrantOf(Subject(number), {Purpose::kSelectContent});
    grant.terms.notice_version = kRotationCanary;
    ASSERT_TRUE(open->store->Apply(grant, kTestTime).ok());
  }
  absl::StatusOr<SealingRotation> Rotate(const std::string& keys) {
    return RotateSealing(*open->database, *open->store, SealingRingOf(keys), stop);
  }
  SealingRotation MustRotate(const std::string& keys) {
    const auto rotation = Rotate(keys);
    EXPECT_TRUE(rotation.ok()) << rotation.status();
    return rotation.value_or(SealingRotation());
  }
  std::string RawRecord(uint64_t number) {
    std::string value;
    Database& database = *open->database;
    EXPECT_TRUE(database.rocks().Get({}, database.family(Family::kConsent), ConsentKey(Subject(number)), &value).ok());
    return value;
  }
  static uint32_t IdOf(char key) { return SealingRingOf(std::string(1, key)).sealing_key_id(); }

  ScopedFolder folder;
  std::unique_ptr<OpenStore> open;
  std::atomic<bool> stop{false};
};

TEST_F(SealingRotationTest, SealsEverythingAnewAndTheOldKeyCanGo) {
  constexpr uint64_t kSubjects = 700;  // more than one write takes
  Start(SealingRingOf("a"));
  for (uint64_t i = 0; i < kSubjects; ++i) Grant(i);
  const auto notices = NoticeStore::Open(*open->database, *open->store, open->index);
  ASSERT_TRUE(notices.ok());
  internal::v1::NoticeRecord notice;
  notice.set_id("notice");
  ASSERT_TRUE((*notices)->Register(notice).ok());
  const std::string sealed_before = RawRecord(5);
  EXPECT_FALSE(Scan(folder.path(), sealed_before).empty());

  const SealingRotation rotation = MustRotate("ab");
  constexpr uint64_t kValues = 3 * kSubjects + 3;
  EXPECT_EQ(rotation.rewritten, kValues)
      << "record, history and audit log; the notice, its entry there and what opens it";
  EXPECT_EQ(rotation.values, (std::map<uint32_t, uint64_t>{{IdOf('b'), kValues}}));
  EXPECT_EQ(rotation.not_sealed, 0u);
  EXPECT_EQ(rotation.unreadable, 0u);
  EXPECT_EQ(*open->database->ListedSealingKeys(), std::vector<uint32_t>{IdOf('b')});
  Grant(kSubjects);
  EXPECT_EQ(RecordCodec::SealingOf(ConsentKey(Subject(kSubjects)), RawRecord(kSubjects)).key_id, IdOf('b'));

  Start(SealingRingOf("b"));
  for (uint64_t i = 0; i <= kSubjects; ++i) {
    ASSERT_TRUE(open->Allows(Subject(i), Purpose::kSelectContent)) << i;
    ASSERT_TRUE(open->store->Get(Subject(i)).ok()) << i;
  }
  EXPECT_TRUE(NoticeStore::Open(*open->database, *open->store, open->index).ok());
  EXPECT_TRUE(Scan(folder.path(), sealed_before).empty()) << "not in any table, nor in the log";
  EXPECT_EQ(MustRotate("b").rewritten, 0u);
}

TEST_F(SealingRotationTest, SealsWhatWasNotSealed) {
  Start(std::nullopt);
  for (uint64_t i = 0; i < 50; ++i) Grant(i);
  Start(SealingRingOf("a"));
  EXPECT_FALSE(Scan(folder.path(), kRotationCanary).empty());
  const SealingRotation rotation = MustRotate("a");
  EXPECT_EQ(rotation.rewritten, 150u);
  EXPECT_EQ(rotation.not_sealed, 0u);
  // The engine removes files a moment after it has replaced them.
  for (int i = 0; i < 1000 && !Scan(folder.path(), kRotationCanary).empty(); ++i) std::this_thread::yield();
  EXPECT_EQ(Scan(folder.path(), kRotationCanary), Found());
}

TEST_F(SealingRotationTest, ARingThatLacksAKeyChangesNothing) {
  Start(SealingRingOf("a"));
  Grant(1);
  const absl::Status refused = Rotate("b").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  Grant(2);
  EXPECT_EQ(RecordCodec::SealingOf(ConsentKey(Subject(2)), RawRecord(2)).key_id, IdOf('a'));
  Start(SealingRingOf("a"));
}

TEST_F(SealingRotationTest, WhatWasStoppedGoesOn) {
  Start(SealingRingOf("a"));
  Grant(1);
  stop = true;
  EXPECT_TRUE(absl::IsCancelled(Rotate("ab").status()));
  stop = false;
  Grant(2);
  Start(SealingRingOf("ab"));
  EXPECT_EQ(MustRotate("ab").values, (std::map<uint32_t, uint64_t>{{IdOf('b'), 6}}));
  Start(SealingRingOf("b"));
  EXPECT_TRUE(open->Allows(Subject(1), Purpose::kSelectContent));
}

TEST_F(SealingRotationTest, WhatIsDamagedStaysRefusedAndIsCounted) {
  Start(SealingRingOf("a"));
  Grant(1);
  Grant(2);
  Database& database = *open->database;
  std::string damaged = RawRecord(1);
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  const std::string key = ConsentKey(Subject(1));
  ASSERT_TRUE(database.rocks().Put({}, database.family(Family::kConsent), key, damaged).ok());
  const SealingRotation rotation = MustRotate("ab");
  EXPECT_EQ(rotation.unreadable, 1u);
  EXPECT_EQ(rotation.rewritten, 5u);
  Start(SealingRingOf("b"));
  EXPECT_EQ(open->store->damaged_records(), 1u);
  EXPECT_FALSE(open->Allows(Subject(1), Purpose::kSelectContent));
  EXPECT_TRUE(open->Allows(Subject(2), Purpose::kSelectContent));
}

// What each subject's record must be, from the answers alone.
using Acknowledged = std::vector<internal::v1::ConsentRecord>;

// Writers, each with its own subjects, until they are told to stop or are refused.
class Writers {
 public:
  Writers(ConsentStore& store, Acknowledged& acknowledged, uint64_t seed) {
    for (size_t writer = 0; writer < kWriters; ++writer) {
      threads_.emplace_back([&store, &acknowledged, seed, writer, this] {
        std::mt19937_64 random(seed + writer);
        while (!stop_) {
          const uint64_t number = writer + kWriters * (random() % (acknowledged.size() / kWriters));
          const auto result = store.Apply(random() % 3 == 0 ? WithdrawalOf(Subject(number), {Purpose::kSelectContent})
                                                            : GrantOf(Subject(number), {Purpose::kSelectContent}),
                                          kTestTime);
          if (!result.ok()) return;
          acknowledged[number] = result->record;
          changes_.fetch_add(1);
        }
      });
    }
  }
  ~Writers() { Stop(); }
  void Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  uint64_t changes() const { return changes_; }

  static constexpr size_t kWriters = 3;

 private:
  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> changes_{0};
  std::vector<std::thread> threads_;
};

// `under_way`: of each subject the change after the acknowledged one may be there too.
void ExpectAcknowledged(OpenStore& open, const Acknowledged& acknowledged, bool under_way) {
  EXPECT_EQ(open.store->damaged_records(), 0u);
  for (size_t i = 0; i < acknowledged.size(); ++i) {
    const auto found = open.store->Get(Subject(i));
    const uint64_t revision = found.ok() ? found->record.revision() : 0;
    if (under_way && revision == acknowledged[i].revision() + 1) continue;
    ASSERT_EQ(revision, acknowledged[i].revision()) << i << " " << found.status();
    if (!found.ok()) continue;
    ASSERT_EQ(found->record.SerializeAsString(), acknowledged[i].SerializeAsString()) << i;
  }
}

TEST_F(SealingRotationTest, LosesNoChangeThatIsMadeMeanwhile) {
  const std::string rings[] = {"ab", "bc", "cd", "de"};
  Acknowledged acknowledged(60);
  Start(SealingRingOf("a"));
  for (const std::string& ring : rings) {
    {
      Writers writers(*open->store, acknowledged, 7);
      while (writers.changes() < 100) std::this_thread::yield();
      const SealingRotation rotation = MustRotate(ring);
      EXPECT_GT(rotation.rewritten, 0u);
      EXPECT_EQ(rotation.values.size(), 1u);
      const uint64_t before = writers.changes();
      while (writers.changes() < before + 20) std::this_thread::yield();
    }
    ExpectAcknowledged(*open, acknowledged, false);
    Start(SealingRingOf(ring.substr(1)));  // without the old key
    ExpectAcknowledged(*open, acknowledged, false);
  }
}

// The power goes at a random point of a rotation with writers: with both keys everything is there, and a second
// rotation ends what the first began.
TEST(SealingRotationCrash, APowerCutLeavesEverythingReadable) {
  const uint64_t seed = std::random_device{}();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  int interrupted = 0;
  for (int cut = 0; cut < (FullScale() ? 400 : 25); ++cut) {
    LossyDisk disk(random());
    const std::unique_ptr<rocksdb::Env> env = NewLossyEnv(disk);
    ASSERT_TRUE(env->CreateDirIfMissing("/disk").ok());
    Acknowledged acknowledged(30);
    std::atomic<bool> stop{false};
    {
      auto open = StartStore("/disk/data", env.get(), true, SealingRingOf("a"));
      ASSERT_TRUE(open.ok()) << open.status();
      Writers writers(*(*open)->store, acknowledged, random());
      while (writers.changes() < 30) std::this_thread::yield();
      disk.CutAfter(1 + random() % 120);
      const auto rotation = RotateSealing(*(*open)->database, *(*open)->store, SealingRingOf("ab"), stop);
      interrupted += !rotation.ok();
      disk.Cut();
    }
    disk.PowerOn();
    {
      auto open = StartStore("/disk/data", env.get(), true, SealingRingOf("ab"));
      ASSERT_TRUE(open.ok()) << "cut " << cut << ": " << open.status();
      ExpectAcknowledged(**open, acknowledged, true);
      if (testing::Test::HasFatalFailure()) return;
      const auto rotation = RotateSealing(*(*open)->database, *(*open)->store, SealingRingOf("ab"), stop);
      ASSERT_TRUE(rotation.ok()) << rotation.status();
      EXPECT_EQ(rotation->values.size(), 1u);
    }
    auto open = StartStore("/disk/data", env.get(), true, SealingRingOf("b"));
    ASSERT_TRUE(open.ok()) << open.status();
    ExpectAcknowledged(**open, acknowledged, true);
    if (testing::Test::HasFatalFailure()) return;
  }
  EXPECT_GT(interrupted, 0);
}

}  // namespace
}  // namespace assent::storage
