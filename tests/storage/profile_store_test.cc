#include "storage/profile_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "storage/consent_change.h"
#include "storage/profile_record.h"
#include "storage/record_codec.h"
#include "tests/storage/profile_store_fixture.h"

namespace assent::storage {
namespace {

using policy::Purpose;

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

TEST_F(ProfileStoreTest, WhatANewerVersionWroteIsNotDeleted) {
  Grant(Subject(1));
  Buy(Subject(1), 5);
  ASSERT_TRUE(Flush().ok());
  const std::string newer = ProfileKey(Subject(2), kAds);
  PutRaw(newer, RecordCodec().Encode(newer, std::string(24, '\2')));
  open.reset();
  const auto refused = StartProfiles("/disk/data", env.get(), options);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition) << refused.status();
  auto database = Database::Open({.data_dir = "/disk/data", .key_check = KeyCheck(), .env = env.get()});
  ASSERT_TRUE(database.ok()) << database.status();
  std::string value;
  EXPECT_TRUE((*database)->rocks().Get({}, (*database)->family(Family::kProfiles), newer, &value).ok());
}

TEST_F(ProfileStoreTest, FiguresSaySinceWhenACrashWouldLoseEvents) {
  Grant(Subject(1));
  Buy(Subject(1), 5);
  ASSERT_TRUE(Flush(kNowS + 7).ok());
  EXPECT_EQ(open->profiles->figures().flushed_until, absl::FromUnixSeconds(kNowS + 7));
  disk.FailChanges(DiskFault::kNoSpace);
  Buy(Subject(1), 5);
  EXPECT_FALSE(Flush(kNowS + 9).ok());
  EXPECT_EQ(open->profiles->figures().flushed_until, absl::FromUnixSeconds(kNowS + 7));
  disk.FailChanges(DiskFault::kNone);
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
      EncodeProfile(RecordCodec(), key, {.layout_digest = 0x1122334455667788, .opened_revision = 77, .state = state});
  std::vector<uint8_t> memory;
  const auto read = DecodeProfile(RecordCodec(), key, value, memory);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->layout_digest, 0x1122334455667788u);
  EXPECT_EQ(read->opened_revision, 77u);
  EXPECT_THAT(read->state, testing::ElementsAre(1, 2, 3, 250));
  // Never as it is, and never twice the same.
  const std::string text(state.begin(), state.end());
  EXPECT_EQ(value.find(text), std::string::npos);
  EXPECT_NE(EncodeProfile(RecordCodec(), key, {.layout_digest = 1, .opened_revision = 1, .state = state}),
            EncodeProfile(RecordCodec(), key, {.layout_digest = 1, .opened_revision = 1, .state = state}));
  EXPECT_EQ(DecodeProfile(RecordCodec(), ProfileKey(Subject(3), kAds), value, memory).status().code(),
            absl::StatusCode::kDataLoss);
  for (size_t length = 0; length < value.size(); ++length) {
    EXPECT_FALSE(DecodeProfile(RecordCodec(), key, absl::string_view(value).substr(0, length), memory).ok());
  }
  EXPECT_EQ(DecodeProfile(RecordCodec(), key, RecordCodec().Encode(key, std::string(3, '\2')), memory).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(DecodeProfile(RecordCodec(), key, RecordCodec().Encode(key, std::string("\1")), memory).status().code(),
            absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace assent::storage
