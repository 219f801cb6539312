#include "storage/profile_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <optional>
#include <vector>

#include "storage/consent_change.h"
#include "storage/profile_record.h"
#include "storage/record_codec.h"
#include "tests/storage/lossy_disk.h"
#include "tests/storage/lossy_file_system.h"
#include "tests/storage/profile_fixture.h"

namespace assent::storage {
namespace {

using policy::Purpose;
using policy::SubjectKey;

constexpr Purpose kAds = Purpose::kProfileAdvertising;
constexpr Purpose kContent = Purpose::kProfileContent;
constexpr int64_t kDayS = 86'400;

class ProfileStoreTest : public testing::Test {
 protected:
  ProfileStoreTest() {
    EXPECT_TRUE(env->CreateDirIfMissing("/disk").ok());
    Start();
  }
  void Start() {
    open.reset();
    auto started = StartProfiles("/disk/data", env.get(), options);
    ASSERT_TRUE(started.ok()) << started.status();
    open = *std::move(started);
  }
  // The process is killed and the power goes: what was not synced is gone.
  void CutAndStart() {
    disk.Cut();
    open.reset();
    disk.PowerOn();
    Start();
  }
  void Grant(const SubjectKey& subject, Purpose purpose = kAds, uint32_t end = 0, absl::Time now = kTestTime) {
    ASSERT_TRUE(open->Apply(GrantOf(subject, {purpose}, end), now).ok());
  }
  FoldOutcome Buy(const SubjectKey& subject, double price, Purpose purpose = kAds, int64_t now_s = kNowS) {
    return open->Buy(subject, purpose, ++event_id, price, layout, now_s);
  }
  std::optional<Shopped> Find(const SubjectKey& subject, Purpose purpose = kAds, int64_t now_s = kNowS) {
    return open->Find(subject, purpose, layout, now_s);
  }
  absl::Status Flush(int64_t now_s = kNowS) { return open->profiles->Flush(absl::FromUnixSeconds(now_s)); }
  void PutRaw(const std::string& key, const std::string& value) {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    Database& database = *open->base->database;
    ASSERT_TRUE(database.rocks().Put(synced, database.family(Family::kProfiles), key, value).ok());
  }

  LossyDisk disk{9};
  std::unique_ptr<rocksdb::Env> env = NewLossyEnv(disk);
  ProfileStoreOptions options = TestOptions();
  scoring::ProfileLayout layout = ShopLayout();
  uint64_t event_id = 0;
  std::unique_ptr<OpenProfiles> open;
};

TEST_F(ProfileStoreTest, KeepsWhatIsGrantedAndNothingElse) {
  EXPECT_EQ(Buy(Subject(1), 5), FoldOutcome::kNotAllowed);
  ASSERT_TRUE(open->Apply(GrantOf(Subject(1), {Purpose::kSelectAdvertising})).ok());
  EXPECT_EQ(Buy(Subject(1), 5), FoldOutcome::kNotAllowed);
  EXPECT_EQ(Find(Subject(1)), std::nullopt);
  EXPECT_EQ(open->profiles->size(), 0u);
  Grant(Subject(1));
  EXPECT_EQ(Find(Subject(1)), std::nullopt);
  EXPECT_EQ(Buy(Subject(1), 5), FoldOutcome::kKept);
  EXPECT_EQ(Buy(Subject(1), 7), FoldOutcome::kKept);
  EXPECT_EQ(Find(Subject(1)), (Shopped{2, 12}));
  EXPECT_EQ(Find(Subject(2)), std::nullopt);
  EXPECT_EQ(open->profiles->size(), 1u);
}

TEST_F(ProfileStoreTest, AFoldAnswersWithTheStateKeptOrNot) {
  const scoring::AttributeValue price = {.attribute = layout.Attribute("price"), .number = 3};
  std::vector<scoring::Event> events(3);
  for (size_t i = 0; i < events.size(); ++i) {
    events[i] = {.id_hash = 1 + i % 2,
                 .time_us = (kNowS - 5) * 1'000'000,
                 .type = layout.EventType("purchase"),
                 .attributes = {&price, 1}};
  }
  scoring::Quiescence::Reader reader(open->base->domain);
  std::vector<uint8_t> state(layout.state_bytes(), 0xAA);
  const auto fold = [&](FoldCounts& counts) {
    reader.Online();
    const FoldOutcome outcome = open->profiles->Fold(reader, Subject(1), kAds, layout, events, kNowS, state, &counts);
    reader.Offline();
    return outcome;
  };
  FoldCounts alone;
  EXPECT_EQ(fold(alone), FoldOutcome::kNotAllowed);
  EXPECT_EQ(ShoppedOf(layout, state), (Shopped{2, 6}));
  EXPECT_EQ(alone.folded, 2u);
  EXPECT_EQ(alone.repeated, 1u);
  Grant(Subject(1));
  FoldCounts first;
  EXPECT_EQ(fold(first), FoldOutcome::kKept);
  EXPECT_EQ(ShoppedOf(layout, state), (Shopped{2, 6}));
  EXPECT_EQ(first.folded, 2u);
  FoldCounts again;
  EXPECT_EQ(fold(again), FoldOutcome::kKept);
  EXPECT_EQ(again.folded, 0u);
  EXPECT_EQ(again.repeated, 3u);
  EXPECT_EQ(Find(Subject(1)), (Shopped{2, 6}));
  // Nothing to fold: a Read.
  events.clear();
  FoldCounts none;
  EXPECT_EQ(fold(none), FoldOutcome::kKept);
  EXPECT_EQ(ShoppedOf(layout, state), (Shopped{2, 6}));
}

TEST_F(ProfileStoreTest, PurposesAreApart) {
  ASSERT_TRUE(open->Apply(GrantOf(Subject(1), {kAds, kContent})).ok());
  EXPECT_EQ(Buy(Subject(1), 5, kAds), FoldOutcome::kKept);
  EXPECT_EQ(Find(Subject(1), kContent), std::nullopt);
  EXPECT_EQ(Buy(Subject(1), 9, kContent), FoldOutcome::kKept);
  EXPECT_EQ(Find(Subject(1), kAds), (Shopped{1, 5}));
  EXPECT_EQ(Find(Subject(1), kContent), (Shopped{1, 9}));
  ASSERT_TRUE(Flush().ok());
  ASSERT_TRUE(open->Apply(WithdrawalOf(Subject(1), {kAds})).ok());
  EXPECT_EQ(Find(Subject(1), kAds), std::nullopt);
  EXPECT_EQ(Find(Subject(1), kContent), (Shopped{1, 9}));
  EXPECT_FALSE(open->OnDisk(Subject(1), kAds));
  EXPECT_TRUE(open->OnDisk(Subject(1), kContent));
}

TEST_F(ProfileStoreTest, AWithdrawalDeletesInMemoryAndOnDiskAtOnce) {
  for (uint64_t i = 1; i <= 3; ++i) {
    Grant(Subject(i));
    Buy(Subject(i), 5);
  }
  ASSERT_TRUE(Flush().ok());
  Buy(Subject(1), 5);  // changed again when it is withdrawn
  ASSERT_TRUE(open->Apply(WithdrawalOf(Subject(1), {kAds})).ok());
  ASSERT_TRUE(open->Apply(OptOutOf(Subject(2), {})).ok());
  ASSERT_TRUE(open->Apply(WithdrawalOf(Subject(3), {Purpose::kSelectAdvertising, kContent})).ok());
  EXPECT_EQ(open->profiles->size(), 1u);
  EXPECT_FALSE(open->OnDisk(Subject(1), kAds));
  EXPECT_FALSE(open->OnDisk(Subject(2), kAds));
  EXPECT_EQ(Find(Subject(3)), (Shopped{1, 5}));
  EXPECT_EQ(Buy(Subject(1), 5), FoldOutcome::kNotAllowed);
  ASSERT_TRUE(Flush().ok());
  EXPECT_FALSE(open->OnDisk(Subject(1), kAds));
  CutAndStart();
  EXPECT_FALSE(open->OnDisk(Subject(1), kAds));
  EXPECT_EQ(open->profiles->size(), 1u);
  // A new grant begins with nothing.
  Grant(Subject(1));
  EXPECT_EQ(Find(Subject(1)), std::nullopt);
  EXPECT_EQ(Buy(Subject(1), 2), FoldOutcome::kKept);
  EXPECT_EQ(Find(Subject(1)), (Shopped{1, 2}));
}

TEST_F(ProfileStoreTest, AChangeThatIsRefusedLeavesTheProfile) {
  Grant(Subject(1));
  Buy(Subject(1), 5);
  ConsentRequest stale = WithdrawalOf(Subject(1), {});
  stale.check_revision = true;
  stale.expected_revision = 77;
  EXPECT_EQ(open->Apply(stale).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Find(Subject(1)), (Shopped{1, 5}));
}

TEST_F(ProfileStoreTest, AGrantOnTopOfAGrantContinuesTheProfile) {
  Grant(Subject(1), kAds, 2'000'000);
  Buy(Subject(1), 5);
  Grant(Subject(1), kAds, 3'000'000);
  Buy(Subject(1), 6);
  ASSERT_TRUE(Flush().ok());
  CutAndStart();
  EXPECT_EQ(Find(Subject(1)), (Shopped{2, 11}));
  Grant(Subject(1));
  CutAndStart();
  EXPECT_EQ(Find(Subject(1)), (Shopped{2, 11}));
}

TEST_F(ProfileStoreTest, APowerCutLosesOnlyWhatWasNotFlushed) {
  for (uint64_t i = 1; i <= 3; ++i) Grant(Subject(i));
  Buy(Subject(1), 5);
  Buy(Subject(2), 6);
  ASSERT_TRUE(Flush().ok());
  EXPECT_EQ(open->profiles->figures().written, 2u);
  Buy(Subject(2), 7);
  Buy(Subject(3), 8);
  CutAndStart();
  EXPECT_EQ(Find(Subject(1)), (Shopped{1, 5}));
  EXPECT_EQ(Find(Subject(2)), (Shopped{1, 6}));
  EXPECT_EQ(Find(Subject(3)), std::nullopt);
  EXPECT_EQ(open->profiles->size(), 2u);
}

TEST_F(ProfileStoreTest, AnOrderlyStopLosesNothingAndOnlyChangesAreWritten) {
  for (uint64_t i = 0; i < 500; ++i) {
    Grant(Subject(i));
    Buy(Subject(i), static_cast<double>(i));
  }
  ASSERT_TRUE(Flush().ok());
  EXPECT_EQ(open->profiles->figures().written, 500u);
  Buy(Subject(7), 1);
  ASSERT_TRUE(Flush().ok());
  ASSERT_TRUE(Flush().ok());
  EXPECT_EQ(open->profiles->figures().written, 501u);
  Buy(Subject(8), 1);
  Start();
  EXPECT_EQ(open->profiles->size(), 500u);
  for (uint64_t i = 0; i < 500; ++i) {
    const bool twice = i == 7 || i == 8;
    const auto number = static_cast<double>(i);
    EXPECT_EQ(Find(Subject(i)), (twice ? Shopped{2, number + 1} : Shopped{1, number})) << i;
  }
}

TEST_F(ProfileStoreTest, AnEndedGrantIsNotReadableAndTheFlushDeletes) {
  Grant(Subject(1), kAds, kNowS + 10);
  Grant(Subject(2));
  Buy(Subject(1), 5);
  Buy(Subject(2), 6);
  ASSERT_TRUE(Flush().ok());
  EXPECT_EQ(Find(Subject(1), kAds, kNowS + 9), (Shopped{1, 5}));
  EXPECT_EQ(Find(Subject(1), kAds, kNowS + 10), std::nullopt);
  EXPECT_EQ(Buy(Subject(1), 5, kAds, kNowS + 10), FoldOutcome::kNotAllowed);
  ASSERT_TRUE(Flush(kNowS + 10).ok());
  EXPECT_EQ(open->profiles->size(), 1u);
  EXPECT_FALSE(open->OnDisk(Subject(1), kAds));
  EXPECT_TRUE(open->OnDisk(Subject(2), kAds));
  EXPECT_EQ(open->profiles->figures().deleted, 1u);
}

// Nobody flushed between the end of one grant and the beginning of the next.
TEST_F(ProfileStoreTest, AGrantAfterOneThatHasEndedBeginsWithNothing) {
  Grant(Subject(1), kAds, kNowS + 10);
  Buy(Subject(1), 5);
  ASSERT_TRUE(Flush().ok());
  Grant(Subject(1), kAds, 0, absl::FromUnixSeconds(kNowS + 10));
  EXPECT_EQ(Find(Subject(1)), std::nullopt);
  EXPECT_FALSE(open->OnDisk(Subject(1), kAds));
  Buy(Subject(1), 2);
  CutAndStart();
  EXPECT_EQ(Find(Subject(1)), std::nullopt);
}

TEST_F(ProfileStoreTest, RetentionCountsFromTheLastEvent) {
  Grant(Subject(1));
  Grant(Subject(2));
  Buy(Subject(1), 5);  // at kNowS - 1000
  open->Buy(Subject(2), kAds, 1000, 6, layout, kNowS, 500);
  ASSERT_TRUE(Flush().ok());
  const int64_t end_s = kNowS - 1000 + 90 * kDayS;
  EXPECT_EQ(Find(Subject(1), kAds, end_s), (Shopped{1, 5}));
  EXPECT_EQ(Find(Subject(1), kAds, end_s + 1), std::nullopt);
  ASSERT_TRUE(Flush(end_s).ok());
  EXPECT_EQ(open->profiles->size(), 2u);
  // An event that comes after the end starts anew, before any flush noticed.
  EXPECT_EQ(open->Buy(Subject(1), kAds, 1001, 1, layout, end_s + 1, 90 * kDayS), FoldOutcome::kKept);
  EXPECT_EQ(Find(Subject(1), kAds, end_s + 1), (Shopped{1, 1}));
  ASSERT_TRUE(Flush(end_s + 501).ok());
  EXPECT_EQ(open->profiles->size(), 1u);
  EXPECT_FALSE(open->OnDisk(Subject(2), kAds));
  EXPECT_TRUE(open->OnDisk(Subject(1), kAds));
}

TEST_F(ProfileStoreTest, BeyondSubjectsMaxNoProfileStarts) {
  options.subjects_max = 2;
  Start();
  for (uint64_t i = 1; i <= 3; ++i) Grant(Subject(i));
  EXPECT_EQ(Buy(Subject(1), 5), FoldOutcome::kKept);
  EXPECT_EQ(Buy(Subject(2), 5), FoldOutcome::kKept);
  EXPECT_EQ(Buy(Subject(3), 5), FoldOutcome::kFull);
  EXPECT_EQ(Buy(Subject(1), 5), FoldOutcome::kKept);
  EXPECT_EQ(Find(Subject(3)), std::nullopt);
  EXPECT_EQ(open->profiles->refused_full(), 1u);
  ASSERT_TRUE(open->Apply(WithdrawalOf(Subject(2), {kAds})).ok());
  EXPECT_EQ(Buy(Subject(3), 5), FoldOutcome::kKept);
  // A lower limit loses nothing that is there.
  options.subjects_max = 1;
  Start();
  EXPECT_EQ(Find(Subject(1)), (Shopped{2, 10}));
  EXPECT_EQ(Find(Subject(3)), (Shopped{1, 5}));
  EXPECT_EQ(open->profiles->size(), 2u);
}

TEST_F(ProfileStoreTest, DamagedRecordsAreDroppedAndNothingElseIsHurt) {
  for (uint64_t i = 1; i <= 4; ++i) {
    Grant(Subject(i));
    Buy(Subject(i), 5);
  }
  ASSERT_TRUE(Flush().ok());
  std::string value;
  Database& database = *open->base->database;
  const std::string second = ProfileKey(Subject(2), kAds);
  ASSERT_TRUE(database.rocks().Get({}, database.family(Family::kProfiles), second, &value).ok());
  PutRaw(ProfileKey(Subject(3), kAds), value);  // under another key
  value[value.size() / 2] = static_cast<char>(value[value.size() / 2] ^ 1);
  PutRaw(second, value);
  PutRaw("short", "");
  CutAndStart();
  EXPECT_EQ(open->profiles->figures().damaged, 3u);
  EXPECT_EQ(open->profiles->size(), 2u);
  EXPECT_EQ(Find(Subject(1)), (Shopped{1, 5}));
  EXPECT_EQ(Find(Subject(2)), std::nullopt);
  EXPECT_EQ(Find(Subject(4)), (Shopped{1, 5}));
  EXPECT_FALSE(open->OnDisk(Subject(2), kAds));
  EXPECT_TRUE(open->base->Allows(Subject(2), kAds));
  EXPECT_EQ(Buy(Subject(2), 1), FoldOutcome::kKept);
  CutAndStart();
  EXPECT_EQ(open->profiles->figures().damaged, 0u);
}

// The batch of a change makes these impossible; a folder that was put together by hand does not.
TEST_F(ProfileStoreTest, TheOpeningDropsWhatIsNotGrantedOrFromAnEarlierRun) {
  const std::vector<uint8_t> state(layout.state_bytes());
  const auto put = [&](uint64_t number, uint32_t opened_revision) {
    const std::string key = ProfileKey(Subject(number), kAds);
    PutRaw(key,
           EncodeProfile(key, {.layout_digest = layout.digest(), .opened_revision = opened_revision, .state = state}));
  };
  Grant(Subject(1));
  ASSERT_TRUE(open->Apply(WithdrawalOf(Subject(1), {})).ok());
  Grant(Subject(1));  // revision 3 begins the run
  Grant(Subject(1));
  put(1, 2);
  Grant(Subject(2), kContent);
  put(2, 1);
  put(3, 1);
  Grant(Subject(4));
  put(4, 1);
  CutAndStart();
  EXPECT_EQ(open->profiles->size(), 1u);
  EXPECT_EQ(open->profiles->figures().deleted, 3u);
  for (uint64_t i = 1; i <= 3; ++i) EXPECT_FALSE(open->OnDisk(Subject(i), kAds)) << i;
  put(1, 3);
  CutAndStart();
  EXPECT_EQ(open->profiles->size(), 2u);
}

TEST_F(ProfileStoreTest, ProfilesOfAChildOrARestrictedSubjectGo) {
  for (uint64_t i = 1; i <= 2; ++i) {
    Grant(Subject(i));
    Buy(Subject(i), 5);
  }
  ASSERT_TRUE(Flush().ok());
  // No request sets the flags yet: as a later version will.
  policy::ConsentState child = open->base->Find(Subject(1));
  child.child = true;
  open->base->index.Put(Subject(1), child);
  policy::ConsentState restricted = open->base->Find(Subject(2));
  restricted.restricted = true;
  open->base->index.Put(Subject(2), restricted);
  EXPECT_EQ(Find(Subject(1)), std::nullopt);
  EXPECT_EQ(Buy(Subject(2), 5), FoldOutcome::kNotAllowed);
  ASSERT_TRUE(Flush().ok());
  EXPECT_EQ(open->profiles->size(), 0u);
  EXPECT_FALSE(open->OnDisk(Subject(1), kAds));
  EXPECT_FALSE(open->OnDisk(Subject(2), kAds));
}

TEST_F(ProfileStoreTest, ANewModelTakesOverWhatItHasInCommon) {
  const scoring::ProfileLayout wider = ShopLayout(5);
  ASSERT_GT(wider.state_bytes(), layout.state_bytes());
  for (uint64_t i = 1; i <= 3; ++i) {
    Grant(Subject(i));
    Buy(Subject(i), 5);
  }
  ASSERT_TRUE(open->profiles->Register(wider).ok());
  EXPECT_EQ(open->Find(Subject(1), kAds, wider, kNowS, 5), (Shopped{1, 5}));
  EXPECT_EQ(open->Buy(Subject(1), kAds, 100, 6, wider), FoldOutcome::kKept);
  EXPECT_EQ(open->Buy(Subject(1), kAds, 100, 6, wider), FoldOutcome::kKept);  // the window came along
  EXPECT_EQ(open->Find(Subject(1), kAds, wider, kNowS, 5), (Shopped{2, 11}));
  EXPECT_EQ(open->profiles->size(), 3u);
  ASSERT_TRUE(Flush().ok());
  CutAndStart();
  EXPECT_EQ(open->Find(Subject(1), kAds, wider, kNowS, 5), (Shopped{2, 11}));
  EXPECT_EQ(Find(Subject(2)), (Shopped{1, 5}));
}

TEST_F(ProfileStoreTest, AfterARestartAnotherModelStartsAnewAndItIsCounted) {
  Grant(Subject(1));
  Buy(Subject(1), 5);
  Start();
  const scoring::ProfileLayout wider = ShopLayout(5);
  EXPECT_EQ(open->Find(Subject(1), kAds, wider, kNowS, 5), std::nullopt);
  EXPECT_EQ(open->Buy(Subject(1), kAds, 100, 6, wider), FoldOutcome::kKept);
  EXPECT_EQ(open->Find(Subject(1), kAds, wider, kNowS, 5), (Shopped{1, 6}));
  EXPECT_EQ(open->profiles->figures().dropped_layouts, 1u);
  EXPECT_EQ(open->profiles->size(), 1u);
}

TEST_F(ProfileStoreTest, MemoryOfALayoutThatNobodyUsesIsUsedAgain) {
  const scoring::ProfileLayout wider = ShopLayout(5);
  constexpr uint64_t kSubjects = 300;
  for (uint64_t i = 0; i < kSubjects; ++i) Grant(Subject(i));
  for (int round = 0; round < 4; ++round) {
    const scoring::ProfileLayout& now = round % 2 == 0 ? layout : wider;
    ASSERT_TRUE(open->profiles->Register(now).ok());
    for (uint64_t i = 0; i < kSubjects; ++i) {
      ASSERT_EQ(open->Buy(Subject(i), kAds, ++event_id, 1, now), FoldOutcome::kKept);
    }
    ASSERT_TRUE(Flush().ok());
  }
  for (uint64_t i = 0; i < kSubjects; ++i) {
    EXPECT_EQ(open->Find(Subject(i), kAds, wider, kNowS, 5), (Shopped{4, 4})) << i;
  }
  EXPECT_EQ(open->profiles->size(), kSubjects);
}

TEST_F(ProfileStoreTest, ARefusedFlushKeepsWhatIsToBeWrittenAndHarmsNoConsent) {
  for (uint64_t i = 0; i < 300; ++i) {
    Grant(Subject(i));
    Buy(Subject(i), 5);
  }
  Grant(Subject(400), kAds, kNowS + 10);
  Buy(Subject(400), 5);
  disk.FailChanges(DiskFault::kNoSpace);
  EXPECT_EQ(Flush(kNowS + 10).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(open->profiles->figures().flush_failures, 1u);
  EXPECT_EQ(open->profiles->size(), 301u);
  EXPECT_EQ(Find(Subject(1)), (Shopped{1, 5}));
  disk.FailChanges(DiskFault::kNone);
  ASSERT_TRUE(open->Apply(WithdrawalOf(Subject(0), {kAds})).ok());
  ASSERT_TRUE(Flush(kNowS + 10).ok());
  CutAndStart();
  EXPECT_EQ(open->profiles->size(), 299u);
  EXPECT_FALSE(open->OnDisk(Subject(400), kAds));
  EXPECT_FALSE(open->OnDisk(Subject(0), kAds));
  for (uint64_t i = 1; i < 300; ++i) EXPECT_EQ(Find(Subject(i)), (Shopped{1, 5})) << i;
}

TEST_F(ProfileStoreTest, AWithdrawalThatTheDiskRefusesHidesTheProfileAndALaterGrantBeginsWithNothing) {
  Grant(Subject(1));
  Buy(Subject(1), 5);
  ASSERT_TRUE(Flush().ok());
  disk.FailChanges(DiskFault::kNoSpace);
  EXPECT_EQ(open->Apply(WithdrawalOf(Subject(1), {kAds})).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Find(Subject(1)), std::nullopt);
  EXPECT_EQ(Buy(Subject(1), 5), FoldOutcome::kNotAllowed);
  disk.FailChanges(DiskFault::kNone);
  Grant(Subject(1));
  EXPECT_EQ(Find(Subject(1)), std::nullopt);
  EXPECT_FALSE(open->OnDisk(Subject(1), kAds));
}

TEST_F(ProfileStoreTest, TheFlushingThreadWrites) {
  options.flush_interval = absl::Milliseconds(1);
  Start();
  Grant(Subject(1));
  Buy(Subject(1), 5);
  while (open->profiles->figures().written == 0) std::this_thread::yield();
  EXPECT_TRUE(open->OnDisk(Subject(1), kAds));
}

TEST(ProfileRecord, GivesBackWhatWentIn) {
  const std::string key = ProfileKey(Subject(3), kContent);
  EXPECT_EQ(key.size(), kProfileKeyBytes);
  EXPECT_EQ(key.back(), 4);
  const std::vector<uint8_t> state = {1, 2, 3, 250};
  const std::string value =
      EncodeProfile(key, {.layout_digest = 0x1122334455667788, .opened_revision = 77, .state = state});
  const auto read = DecodeProfile(key, value);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->layout_digest, 0x1122334455667788u);
  EXPECT_EQ(read->opened_revision, 77u);
  EXPECT_THAT(read->state, testing::ElementsAre(1, 2, 3, 250));
  EXPECT_EQ(DecodeProfile(ProfileKey(Subject(3), kAds), value).status().code(), absl::StatusCode::kDataLoss);
  for (size_t length = 0; length < value.size(); ++length) {
    EXPECT_FALSE(DecodeProfile(key, absl::string_view(value).substr(0, length)).ok());
  }
  EXPECT_EQ(DecodeProfile(key, EncodeRecord(key, std::string(16, '\2'))).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(DecodeProfile(key, EncodeRecord(key, std::string("\1"))).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace assent::storage
