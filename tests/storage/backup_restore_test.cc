// A restored folder: another epoch, every gate closed until it is released, and what a newer folder denied carried
// over.
#include "storage/backup_restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "policy/consent_verdict.h"
#include "storage/backup_store.h"
#include "storage/consent_change.h"
#include "storage/meta_value.h"
#include "storage/notice_store.h"
#include "storage/profile_record.h"
#include "storage/record_codec.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using policy::ConsentStatus;
using policy::Purpose;
using policy::SubjectKey;
using testing::HasSubstr;

class BackupRestoreTest : public testing::Test {
 protected:
  BackupRestoreTest() { StartOn("data"); }
  std::string Path(const std::string& name) { return folder.path() + "/" + name; }
  void StartOn(const std::string& name) {
    open.reset();
    auto started = StartStore(Path(name));
    ASSERT_TRUE(started.ok()) << started.status();
    open = *std::move(started);
  }
  void MustApply(ConsentRequest request) {
    const auto result = open->store->Apply(std::move(request), kTestTime);
    ASSERT_TRUE(result.ok()) << result.status();
  }
  void Grant(uint64_t subject) {
    MustApply(GrantOf(Subject(subject), {Purpose::kSelectContent, Purpose::kProfileContent}));
  }
  void BackUp() {
    auto backups = BackupStore::Open(Path("backups"));
    ASSERT_TRUE(backups.ok()) << backups.status();
    const auto backup = (*backups)->Create(*open->database, *open->store, kTestTime);
    ASSERT_TRUE(backup.ok()) << backup.status();
  }
  absl::StatusOr<RestoredFolder> Restore(const std::string& to, const std::string& replay_from = "") {
    return RestoreBackup({.backup_dir = Path("backups"),
                          .data_dir = Path(to),
                          .replay_from = replay_from.empty() ? "" : Path(replay_from)});
  }
  void MustRestore(const std::string& to) {
    const auto restored = Restore(to);
    ASSERT_TRUE(restored.ok()) << restored.status();
    StartOn(to);
  }
  policy::Verdict Ask(uint64_t subject, const policy::SignalReading& signals = {},
                      policy::Regime otherwise = policy::Regime::kOptIn) {
    return policy::EvaluateConsent(open->Find(Subject(subject)), signals,
                                   {.purpose = Purpose::kSelectContent, .now_s = 1'000'000},
                                   {.regime_otherwise = otherwise});
  }
  ConsentStatus StatusNow(uint64_t subject) {
    return open->Find(Subject(subject)).status[static_cast<size_t>(Purpose::kSelectContent)];
  }

  ScopedFolder folder;
  std::unique_ptr<OpenStore> open;
};

TEST_F(BackupRestoreTest, EveryGateIsClosedUntilTheReleaseKnownOrNot) {
  Grant(1);
  EXPECT_TRUE(Ask(1).allowed);
  BackUp();
  MustRestore("restored");
  for (int start = 0; start < 2; ++start) {
    EXPECT_FALSE(open->store->released());
    for (const uint64_t subject : {1u, 2u}) {
      EXPECT_EQ(Ask(subject).rule, policy::Rule::kConsentClosed) << subject;
      EXPECT_FALSE(Ask(subject, {}, policy::Regime::kOptOut).allowed) << "an opt-out place permits by default";
      EXPECT_FALSE(Ask(subject, {.tcf_permits = ~0u}).allowed) << "and a TCF string permits";
    }
    StartOn("restored");
  }
  // Writes go on, and do not open anything.
  Grant(3);
  MustApply(WithdrawalOf(Subject(1), {Purpose::kSelectContent}));
  EXPECT_FALSE(Ask(3).allowed);
  const auto released = open->store->Release(kTestTime, "the privacy officer");
  ASSERT_TRUE(released.ok()) << released.status();
  EXPECT_TRUE(*released);
  for (int start = 0; start < 2; ++start) {
    EXPECT_TRUE(open->store->released());
    EXPECT_EQ(Ask(1).rule, policy::Rule::kConsentWithdrawn);
    EXPECT_TRUE(Ask(3).allowed);
    EXPECT_TRUE(Ask(2, {}, policy::Regime::kOptOut).allowed);
    StartOn("restored");
  }
  EXPECT_FALSE(*open->store->Release(kTestTime, "somebody")) << "nothing was closed";
  std::string value;
  ASSERT_TRUE(open->database->rocks().Get({}, open->database->family(Family::kMeta), kMetaReleased, &value).ok());
  std::string unused;
  EXPECT_EQ(*RecordCodec().Decode(kMetaReleased, value, unused), MetaNumber(1'000'000'000'000) + "the privacy officer");
}

TEST_F(BackupRestoreTest, ManyAtOnceAreClosedToo) {
  for (uint64_t i = 0; i < 100; ++i) Grant(i);
  BackUp();
  MustRestore("restored");
  std::vector<SubjectKey> subjects;
  for (uint64_t i = 0; i < 200; ++i) subjects.push_back(Subject(i));
  std::vector<policy::ConsentState> states(subjects.size());
  const auto closed = [&] {
    scoring::Quiescence::Reader reader(open->domain);
    reader.Online();
    open->index.FindBatch(reader, subjects, states);
    reader.Offline();
    return std::count_if(states.begin(), states.end(), [](const auto& state) { return state.gates_closed; });
  };
  EXPECT_EQ(closed(), 200);
  ASSERT_TRUE(open->store->Release(kTestTime, "").ok());
  EXPECT_EQ(closed(), 0);
}

TEST_F(BackupRestoreTest, AProfileOutlivesTheClosedGates) {
  Grant(1);
  const std::string key = ProfileKey(Subject(1), Purpose::kProfileContent);
  ASSERT_TRUE(open->store
                  ->Write([&](rocksdb::WriteBatch& batch) {
                    EXPECT_TRUE(batch.Put(open->database->family(Family::kProfiles), key, "profile").ok());
                  })
                  .ok());
  BackUp();
  MustRestore("restored");
  EXPECT_TRUE(policy::MayKeepProfile(open->Find(Subject(1)), Purpose::kProfileContent, 1'000'000));
  EXPECT_FALSE(policy::MayUseProfile(open->Find(Subject(1)), Purpose::kProfileContent, 1'000'000));
  std::string value;
  EXPECT_TRUE(open->database->rocks().Get({}, open->database->family(Family::kProfiles), key, &value).ok());
}

TEST_F(BackupRestoreTest, AFolderWithADatabaseIsRefusedAndUntouched) {
  Grant(1);
  BackUp();
  EXPECT_TRUE(absl::IsAlreadyExists(Restore("data").status()));
  MustRestore("restored");
  EXPECT_TRUE(absl::IsAlreadyExists(Restore("restored").status()));
  EXPECT_EQ(StatusNow(1), ConsentStatus::kGranted);
}

TEST_F(BackupRestoreTest, WhatAnInterruptedRestoreLeftIsRemoved) {
  Grant(1);
  BackUp();
  std::filesystem::create_directories(Path("restored/restoring/db"));
  std::ofstream(Path("restored/restoring/db/000001.sst")) << "half";
  MustRestore("restored/");
  EXPECT_FALSE(std::filesystem::exists(Path("restored/restoring")));
  EXPECT_EQ(StatusNow(1), ConsentStatus::kGranted);
}

TEST_F(BackupRestoreTest, TheFolderNeedsTheKeyThatItWasMadeWith) {
  BackUp();
  ASSERT_TRUE(Restore("restored").ok());
  const auto other = Database::Open({.data_dir = Path("restored"), .key_check = Subject(7)});
  EXPECT_TRUE(absl::IsFailedPrecondition(other.status()));
  EXPECT_THAT(std::string(other.status().message()), HasSubstr("another pseudonym key"));
}

TEST_F(BackupRestoreTest, EpochsGrowEvenWhereTheClockDoesNot) {
  const uint64_t late = uint64_t{1} << 62;
  ASSERT_TRUE(open->database->rocks()
                  .Put({}, open->database->family(Family::kMeta), kMetaEpoch,
                       RecordCodec().Encode(kMetaEpoch, MetaNumber(late)))
                  .ok());
  StartOn("data");
  BackUp();
  const auto restored = Restore("restored");
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->epoch, late + 1);
}

TEST_F(BackupRestoreTest, LaterDenialsAreCarriedOverAndNothingElse) {
  for (uint64_t i = 1; i <= 9; ++i) Grant(i);
  BackUp();
  MustApply(WithdrawalOf(Subject(1), {Purpose::kSelectContent}));
  MustApply(OptOutOf(Subject(2), {Purpose::kSelectContent}));
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_RESTRICT, Subject(3)));
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_MARK_CHILD, Subject(4)));
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, Subject(5)));
  // Agreed to again: the denial is carried over, the grant is not.
  MustApply(WithdrawalOf(Subject(6), {Purpose::kSelectContent}));
  Grant(6);
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, Subject(7)));
  ConsentRequest anew = GrantOf(Subject(7), {Purpose::kSelectContent});
  MustApply(anew);
  ConsentRequest refusal = ChangeOf(internal::v1::CONSENT_CHANGE_KIND_SET_PREFERENCES, Subject(8));
  refusal.preference.segment_id = "s1";
  MustApply(refusal);
  // A signal that withdraws beside what it grants.
  ConsentRequest signal = GrantOf(Subject(9), {Purpose::kProfileContent});
  signal.withdrawn_bits = policy::PurposeBit(Purpose::kSelectContent);
  MustApply(signal);
  Grant(10);                             // a grant alone
  MustApply(OptOutOf(Subject(11), {}));  // of somebody new
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, Subject(12)));
  open.reset();
  const auto restored = Restore("restored", "data");
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->replayed.subjects, 12u);
  EXPECT_EQ(restored->replayed.changes, 11u);
  EXPECT_EQ(restored->replayed.unreadable, 0u);
  StartOn("restored");
  EXPECT_FALSE(open->store->released());
  EXPECT_EQ(StatusNow(1), ConsentStatus::kWithdrawn);
  EXPECT_EQ(StatusNow(2), ConsentStatus::kOptedOut);
  EXPECT_TRUE(open->Find(Subject(3)).restricted);
  EXPECT_TRUE(open->Find(Subject(4)).child);
  EXPECT_TRUE(open->Find(Subject(5)).erased);
  EXPECT_EQ(StatusNow(6), ConsentStatus::kWithdrawn);
  EXPECT_TRUE(open->Find(Subject(7)).erased) << "the history that is left shows the erasure";
  EXPECT_TRUE(open->Find(Subject(8)).has_preferences);
  EXPECT_EQ(StatusNow(8), ConsentStatus::kGranted);
  EXPECT_EQ(StatusNow(9), ConsentStatus::kWithdrawn);
  EXPECT_EQ(open->Find(Subject(10)).revision, 0u);
  EXPECT_EQ(StatusNow(11), ConsentStatus::kOptedOut);
  EXPECT_TRUE(open->Find(Subject(12)).erased);
}

TEST_F(BackupRestoreTest, WhoseRecordCannotBeReadIsRestricted) {
  Grant(1);
  Grant(2);
  BackUp();
  const std::string key = ConsentKey(Subject(1));
  ASSERT_TRUE(open->database->rocks().Put({}, open->database->family(Family::kConsent), key, "damaged").ok());
  open.reset();
  const auto restored = Restore("restored", "data");
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->replayed.unreadable, 1u);
  StartOn("restored");
  EXPECT_TRUE(open->Find(Subject(1)).restricted);
  EXPECT_FALSE(open->Find(Subject(2)).restricted);
}

// What is replayed of one reaches the other, and must not hide what the other did itself: in either order of their
// keys.
TEST_F(BackupRestoreTest, AReplayLosesNothingOfWhoIsLinked) {
  const uint64_t low = Subject(1).bytes < Subject(2).bytes ? 1 : 2;
  const uint64_t high = 3 - low;
  for (const uint64_t subject : {low, high}) Grant(subject);
  MustApply(LinkOf(Subject(low), Subject(high)));
  BackUp();
  MustApply(WithdrawalOf(Subject(high), {Purpose::kSelectContent}));
  MustApply(OptOutOf(Subject(low), {Purpose::kSelectAdvertising}));
  open.reset();
  const auto restored = Restore("restored", "data");
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->replayed.unreadable, 0u);
  StartOn("restored");
  ASSERT_TRUE(open->store->Release(kTestTime, "the privacy officer").ok());
  EXPECT_EQ(Ask(high).rule, policy::Rule::kConsentWithdrawn);
  EXPECT_TRUE(Ask(low).allowed) << "a withdrawal does not travel, and nobody was restricted";
}

TEST_F(BackupRestoreTest, AReplayLinksAndUnlinksAsTheOldFolderDid) {
  for (uint64_t subject = 1; subject <= 4; ++subject) Grant(subject);
  MustApply(LinkOf(Subject(1), Subject(2)));
  BackUp();
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_UNLINK, Subject(2)));
  MustApply(LinkOf(Subject(3), Subject(2)));
  MustApply(LinkOf(Subject(3), Subject(4)));
  open.reset();
  const auto restored = Restore("restored", "data");
  ASSERT_TRUE(restored.ok()) << restored.status();
  StartOn("restored");
  ASSERT_TRUE(open->store->Release(kTestTime, "the privacy officer").ok());
  MustApply(OptOutOf(Subject(4), {Purpose::kSelectContent}));
  EXPECT_TRUE(Ask(1).allowed) << "linked to nobody";
  for (const uint64_t subject : {2u, 3u, 4u}) {
    EXPECT_EQ(Ask(subject).rule, policy::Rule::kConsentOptedOut) << subject;
  }
}

TEST_F(BackupRestoreTest, AReplayRegistersTheLaterNotices) {
  const auto version = [](const std::string& name, std::initializer_list<Purpose> purposes) {
    internal::v1::NoticeRecord record;
    record.set_id("welcome");
    record.set_version(name);
    uint32_t bits = 0;
    for (const Purpose purpose : purposes) bits |= policy::PurposeBit(purpose);
    record.set_purpose_bits(bits);
    return record;
  };
  const auto open_notices = [&] {
    auto notices = NoticeStore::Open(*open->database, *open->store, open->index);
    EXPECT_TRUE(notices.ok()) << notices.status();
    return *std::move(notices);
  };
  auto notices = open_notices();
  ASSERT_TRUE(notices->Register(version("1", {Purpose::kSelectContent})).ok());
  ConsentRequest grant = GrantOf(Subject(1), {Purpose::kSelectContent});
  grant.terms.notice_id = "welcome";
  grant.terms.notice_version = "1";
  grant.terms.notice_ordinal = 1;
  MustApply(grant);
  BackUp();
  ASSERT_TRUE(notices->Register(version("2", {Purpose::kSelectContent, Purpose::kSelectAdvertising})).ok());
  EXPECT_EQ(Ask(1).rule, policy::Rule::kNoticeOutdated);
  notices.reset();
  open.reset();
  const auto restored = Restore("restored", "data");
  ASSERT_TRUE(restored.ok()) << restored.status();
  StartOn("restored");
  notices = open_notices();
  ASSERT_TRUE(open->store->Release(kTestTime, "the privacy officer").ok());
  EXPECT_EQ(Ask(1).rule, policy::Rule::kNoticeOutdated);
  EXPECT_EQ(notices->List("", 0, 10).size(), 2u);
}

TEST_F(BackupRestoreTest, AnotherFolderIsNotReplayed) {
  BackUp();
  ASSERT_TRUE(Restore("restored").ok());
  const auto other_epoch = Restore("again", "restored");
  EXPECT_TRUE(absl::IsFailedPrecondition(other_epoch.status())) << other_epoch.status();
  EXPECT_FALSE(std::filesystem::exists(Path("again/db")));
  EXPECT_TRUE(absl::IsFailedPrecondition(Restore("again", "nowhere").status()));
  EXPECT_FALSE(std::filesystem::exists(Path("nowhere")));
  EXPECT_TRUE(absl::IsFailedPrecondition(Restore("again", "data").status())) << "in use";
}

}  // namespace
}  // namespace assent::storage
