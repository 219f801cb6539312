// How long a profile lives: to the end of its grant, its retention, the limit of subjects, its model.
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "storage/consent_change.h"
#include "storage/profile_record.h"
#include "storage/profile_store.h"
#include "tests/storage/profile_store_fixture.h"

namespace assent::storage {
namespace {

using policy::Purpose;

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

// The batch of a change makes these impossible; a folder that was put together by hand does not.
TEST_F(ProfileStoreTest, TheOpeningDropsWhatIsNotGrantedOrFromAnEarlierRun) {
  const std::vector<uint8_t> state(layout.state_bytes());
  const auto put = [&](uint64_t number, uint32_t opened_revision) {
    const std::string key = ProfileKey(Subject(number), kAds);
    PutRaw(key, EncodeProfile(RecordCodec(), key,
                              {.layout_digest = layout.digest(), .opened_revision = opened_revision, .state = state}));
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

TEST_F(ProfileStoreTest, AChildsProfileGoesAndARestrictedOneIsKeptUnused) {
  for (uint64_t i = 1; i <= 2; ++i) {
    Grant(Subject(i));
    Buy(Subject(i), 5);
  }
  ASSERT_TRUE(Flush().ok());
  ASSERT_TRUE(open->Apply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_MARK_CHILD, Subject(1))).ok());
  ASSERT_TRUE(open->Apply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_RESTRICT, Subject(2))).ok());
  EXPECT_EQ(Find(Subject(1)), std::nullopt);
  EXPECT_EQ(Find(Subject(2)), std::nullopt);
  EXPECT_EQ(Buy(Subject(2), 5), FoldOutcome::kNotAllowed);
  ASSERT_TRUE(Flush().ok());
  EXPECT_EQ(open->profiles->size(), 1u);
  EXPECT_FALSE(open->OnDisk(Subject(1), kAds));
  EXPECT_TRUE(open->OnDisk(Subject(2), kAds));
  CutAndStart();
  EXPECT_EQ(Find(Subject(2)), std::nullopt);
  ASSERT_TRUE(open->Apply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_LIFT_RESTRICTION, Subject(2))).ok());
  EXPECT_EQ(Find(Subject(2))->spent, 5);
  ASSERT_TRUE(open->Apply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, Subject(2))).ok());
  EXPECT_EQ(open->profiles->size(), 0u);
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

}  // namespace
}  // namespace assent::storage
