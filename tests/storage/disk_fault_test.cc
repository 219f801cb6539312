// A disk that is full or refuses: nothing is acknowledged, nothing that was denied opens, and it goes on afterwards.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "storage/engine_status.h"
#include "tests/storage/lossy_disk.h"
#include "tests/storage/lossy_file_system.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using policy::ConsentStatus;
using policy::Purpose;

class DiskFaultTest : public testing::Test {
 protected:
  DiskFaultTest() {
    EXPECT_TRUE(env->CreateDirIfMissing("/disk").ok());
    Start();
  }
  void Start() {
    open.reset();
    auto started = StartStore("/disk/data", env.get());
    ASSERT_TRUE(started.ok()) << started.status();
    open = *std::move(started);
  }
  void Restart() {
    disk.Cut();
    open.reset();
    disk.PowerOn();
    Start();
  }
  absl::StatusOr<ConsentResult> Apply(ConsentRequest request) {
    return open->store->Apply(std::move(request), kTestTime);
  }

  LossyDisk disk{5};
  std::unique_ptr<rocksdb::Env> env = NewLossyEnv(disk);
  std::unique_ptr<OpenStore> open;
};

TEST_F(DiskFaultTest, AFullDiskRefusesAndThenGoesOn) {
  ASSERT_TRUE(Apply(GrantOf(Subject(1), {Purpose::kSelectContent, Purpose::kSelectAdvertising})).ok());
  EXPECT_TRUE(open->store->disk_accepts());
  disk.FailChanges(DiskFault::kNoSpace);
  const absl::Status grant = Apply(GrantOf(Subject(2), {Purpose::kSelectContent})).status();
  EXPECT_EQ(grant.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(grant.message()), testing::HasSubstr("full"));
  EXPECT_FALSE(open->Allows(Subject(2), Purpose::kSelectContent));
  EXPECT_FALSE(open->store->disk_accepts());
  // A withdrawal cannot be acknowledged, but it is obeyed.
  EXPECT_EQ(Apply(WithdrawalOf(Subject(1), {Purpose::kSelectContent})).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(open->Find(Subject(1)).status[2], ConsentStatus::kClosed);
  EXPECT_TRUE(open->Allows(Subject(1), Purpose::kSelectAdvertising));
  EXPECT_EQ(open->store->applied().sequence, 1u);
  EXPECT_EQ(open->store->Get(Subject(1))->record.revision(), 1u);

  disk.FailChanges(DiskFault::kNone);
  const auto retried = Apply(GrantOf(Subject(2), {Purpose::kSelectContent}));
  ASSERT_TRUE(retried.ok()) << retried.status();
  EXPECT_TRUE(open->store->disk_accepts());
  EXPECT_TRUE(open->Allows(Subject(2), Purpose::kSelectContent));
  // Still closed: neither a change of another purpose nor a stale one opens it.
  ASSERT_TRUE(Apply(GrantOf(Subject(1), {Purpose::kMeasureAudience})).ok());
  EXPECT_EQ(open->Find(Subject(1)).status[2], ConsentStatus::kClosed);
  ConsentRequest stale = WithdrawalOf(Subject(1), {Purpose::kSelectContent});
  stale.check_revision = true;
  EXPECT_EQ(Apply(stale).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(open->Find(Subject(1)).status[2], ConsentStatus::kClosed);
  // Nor does one that is refused for its request id.
  ConsentRequest other = GrantOf(Subject(1), {Purpose::kMeasureAudience});
  other.request_id = std::string(16, 'a');
  ASSERT_TRUE(Apply(other).ok());
  ConsentRequest reused = WithdrawalOf(Subject(1), {Purpose::kSelectContent});
  reused.request_id = other.request_id;
  EXPECT_EQ(Apply(reused).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(open->Find(Subject(1)).status[2], ConsentStatus::kClosed);
  ASSERT_TRUE(Apply(WithdrawalOf(Subject(1), {Purpose::kSelectContent})).ok());
  EXPECT_EQ(open->Find(Subject(1)).status[2], ConsentStatus::kWithdrawn);
  Restart();
  EXPECT_EQ(open->Find(Subject(1)).status[2], ConsentStatus::kWithdrawn);
  EXPECT_TRUE(open->Allows(Subject(2), Purpose::kSelectContent));
}

TEST_F(DiskFaultTest, TheStoreGoesOnWithoutAChangeWhenItIsAsked) {
  EXPECT_TRUE(open->store->Resume().ok());  // nothing was refused
  disk.FailChanges(DiskFault::kNoSpace);
  EXPECT_FALSE(Apply(GrantOf(Subject(1), {Purpose::kSelectContent})).ok());
  EXPECT_EQ(open->store->Resume().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(open->store->disk_accepts());
  disk.FailChanges(DiskFault::kNone);
  EXPECT_TRUE(open->store->Resume().ok());
  EXPECT_TRUE(open->store->disk_accepts());
  EXPECT_EQ(open->store->applied().sequence, 0u);
  EXPECT_FALSE(open->Allows(Subject(1), Purpose::kSelectContent));
  EXPECT_TRUE(Apply(GrantOf(Subject(1), {Purpose::kSelectContent})).ok());
}

TEST_F(DiskFaultTest, AFailedSyncAcknowledgesNothingAndNothingIsLost) {
  ASSERT_TRUE(Apply(GrantOf(Subject(1), {Purpose::kSelectContent})).ok());
  disk.FailSyncs(DiskFault::kInputOutput);
  const absl::Status withdrawal = Apply(WithdrawalOf(Subject(1), {})).status();
  EXPECT_EQ(withdrawal.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(withdrawal.message()), testing::Not(testing::HasSubstr("IO error")));
  EXPECT_THAT(EngineCause(withdrawal), testing::HasSubstr("the disk refuses"));
  EXPECT_FALSE(open->Allows(Subject(1), Purpose::kSelectContent));
  EXPECT_EQ(Apply(GrantOf(Subject(1), {Purpose::kSelectContent})).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(open->Allows(Subject(1), Purpose::kSelectContent));
  disk.FailSyncs(DiskFault::kNone);
  // Whether the engine goes on or wants a restart, what it acknowledges from here is kept.
  const auto after = Apply(OptOutOf(Subject(1), {}));
  Restart();
  if (after.ok()) {
    EXPECT_EQ(open->Find(Subject(1)).status[2], ConsentStatus::kOptedOut);
  } else {
    EXPECT_EQ(after.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(after.status().message()), testing::HasSubstr("restart"));
  }
  ASSERT_TRUE(Apply(OptOutOf(Subject(1), {})).ok());
  EXPECT_EQ(open->Find(Subject(1)).status[2], ConsentStatus::kOptedOut);
}

TEST_F(DiskFaultTest, WhatAnOptOutReachesIsClosedThoughTheDiskRefusesIt) {
  for (uint64_t i = 1; i <= 3; ++i) ASSERT_TRUE(Apply(GrantOf(Subject(i), {Purpose::kSelectContent})).ok());
  for (uint64_t i = 2; i <= 3; ++i) ASSERT_TRUE(Apply(LinkOf(Subject(1), Subject(i))).ok());
  disk.FailChanges(DiskFault::kNoSpace);
  EXPECT_FALSE(Apply(GrantOf(Subject(4), {Purpose::kSelectContent})).ok())
      << "from here on the engine refuses by itself";
  EXPECT_EQ(Apply(OptOutOf(Subject(2), {Purpose::kSelectContent})).status().code(), absl::StatusCode::kUnavailable);
  for (uint64_t i = 1; i <= 3; ++i) EXPECT_EQ(open->Find(Subject(i)).status[2], ConsentStatus::kClosed) << i;
  disk.FailChanges(DiskFault::kNone);
  ASSERT_TRUE(Apply(OptOutOf(Subject(2), {Purpose::kSelectContent})).ok());
  for (uint64_t i = 1; i <= 3; ++i) EXPECT_EQ(open->Find(Subject(i)).status[2], ConsentStatus::kOptedOut) << i;
}

TEST_F(DiskFaultTest, AnOptOutThatTheDiskNeverTookReachesTheNextToo) {
  for (uint64_t i = 1; i <= 2; ++i) ASSERT_TRUE(Apply(GrantOf(Subject(i), {Purpose::kSelectContent})).ok());
  ASSERT_TRUE(Apply(LinkOf(Subject(1), Subject(2))).ok());
  disk.FailChanges(DiskFault::kNoSpace);
  EXPECT_FALSE(Apply(OptOutOf(Subject(1), {Purpose::kSelectContent})).ok());
  disk.FailChanges(DiskFault::kNone);
  ASSERT_TRUE(Apply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_RESTRICT, Subject(2))).ok());
  for (uint64_t i = 1; i <= 2; ++i) EXPECT_EQ(open->Find(Subject(i)).status[2], ConsentStatus::kClosed) << i;
  Restart();
  for (uint64_t i = 1; i <= 2; ++i) {
    EXPECT_TRUE(open->Find(Subject(i)).restricted) << i;
    EXPECT_EQ(open->Find(Subject(i)).status[2], ConsentStatus::kGranted) << i << ": it was never acknowledged";
  }
}

TEST_F(DiskFaultTest, AFullDiskAtTheStartIsNamed) {
  open.reset();
  disk.FailChanges(DiskFault::kNoSpace);
  const auto started = StartStore("/disk/data", env.get());
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(started.status().message()),
              testing::AllOf(testing::HasSubstr("/disk/data"), testing::HasSubstr("full")));
  disk.FailChanges(DiskFault::kNone);
  Start();
}

// An opt-out reaches the person and fails at another cookie, whose record is damaged and whose history cannot be read.
TEST_F(DiskFaultTest, ADenialThatCannotReachAllWhoAreLinkedIsWrittenForNobody) {
  const policy::SubjectKey asked = Subject(1);
  const policy::SubjectKey person = Subject(2);
  const policy::SubjectKey damaged = Subject(3);
  for (const policy::SubjectKey& subject : {asked, person, damaged}) {
    ASSERT_TRUE(Apply(GrantOf(subject, {Purpose::kSelectContent})).ok());
  }
  for (const policy::SubjectKey& subject : {asked, damaged}) ASSERT_TRUE(Apply(LinkOf(person, subject)).ok());
  rocksdb::DB& rocks = open->database->rocks();
  const std::string key(reinterpret_cast<const char*>(damaged.bytes.data()), damaged.bytes.size());
  ASSERT_TRUE(rocks.Put({}, open->database->family(Family::kConsent), key, "damaged").ok());
  Start();  // the tables have it all, and nothing of the history is in memory
  for (const policy::SubjectKey& subject : {asked, person, damaged}) open->store->Get(subject).IgnoreError();

  ConsentRequest opt_out = OptOutOf(asked, {Purpose::kSelectContent});
  opt_out.request_id = std::string(16, 'a');
  disk.FailReads(DiskFault::kInputOutput);
  EXPECT_EQ(Apply(opt_out).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(open->Allows(asked, Purpose::kSelectContent)) << "not acknowledged, and obeyed";
  disk.FailReads(DiskFault::kNone);
  EXPECT_EQ(open->store->Get(asked)->record.revision(), 2u) << "the grant and the link";
  const auto retried = Apply(opt_out);
  ASSERT_TRUE(retried.ok()) << retried.status();
  EXPECT_EQ(open->Find(asked).status[2], ConsentStatus::kOptedOut);
  EXPECT_EQ(open->Find(person).status[2], ConsentStatus::kOptedOut);
  EXPECT_TRUE(open->Find(damaged).restricted);
}

}  // namespace
}  // namespace assent::storage
