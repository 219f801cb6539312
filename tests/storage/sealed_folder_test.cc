// A data folder with sealing keys: nothing that was said of a person stands in its files, and without the keys, or with
// others, nothing is served and nothing is changed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/backup_restore.h"
#include "storage/backup_store.h"
#include "storage/consent_change.h"
#include "storage/notice_store.h"
#include "storage/profile_record.h"
#include "tests/storage/folder_scan.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using policy::Purpose;
using policy::SubjectKey;
using testing::AllOf;
using testing::HasSubstr;

constexpr char kSealedCanary[] = "CANARY-of-what-was-said";

class SealedFolderTest : public testing::Test {
 protected:
  absl::Status Start(std::optional<policy::SealingRing> keys, const std::string& name = "data") {
    open.reset();
    auto started = StartStore(folder.path() + "/" + name, nullptr, /*compress=*/false, std::move(keys));
    if (started.ok()) open = *std::move(started);
    return started.status();
  }
  // A record, its history and a profile that say the canary, and a notice that does.
  void Say(uint64_t number) {
    ConsentRequest grant = GrantOf(Subject(number), {Purpose::kSelectContent, Purpose::kProfileContent});
    grant.terms.notice_version = kSealedCanary;
    ASSERT_TRUE(open->store->Apply(grant, kTestTime).ok());
    Database& database = *open->database;
    const std::string key = ProfileKey(Subject(number), Purpose::kProfileContent);
    ASSERT_TRUE(open->store
                    ->Write([&](rocksdb::WriteBatch& batch) {
                      const std::string value = database.codec(Family::kProfiles).Encode(key, kSealedCanary);
                      EXPECT_TRUE(batch.Put(database.family(Family::kProfiles), key, value).ok());
                    })
                    .ok());
  }
  void Register() {
    const auto notices = NoticeStore::Open(*open->database, *open->store, open->index);
    ASSERT_TRUE(notices.ok()) << notices.status();
    internal::v1::NoticeRecord notice;
    notice.set_id("notice");
    notice.set_version(kSealedCanary);
    ASSERT_TRUE((*notices)->Register(notice).ok());
  }
  size_t SaidInFiles() {
    size_t count = 0;
    for (const auto& [kind, times] : Scan(folder.path(), kSealedCanary)) count += times;
    return count;
  }

  ScopedFolder folder;
  std::unique_ptr<OpenStore> open;
};

TEST_F(SealedFolderTest, NoFileShowsWhatWasSaid) {
  ASSERT_TRUE(Start(std::nullopt, "plain").ok());
  Say(1);
  Register();
  EXPECT_GE(SaidInFiles(), 4u) << "the scan can see: record, history, profile, notice in the log";
  open.reset();
  EXPECT_GE(SaidInFiles(), 4u) << "and in the tables";
  std::filesystem::remove_all(folder.path() + "/plain");

  ASSERT_TRUE(Start(SealingRingOf("a")).ok());
  Say(1);
  Register();
  EXPECT_EQ(SaidInFiles(), 0u);
  ASSERT_TRUE(Start(SealingRingOf("a")).ok());
  EXPECT_EQ(SaidInFiles(), 0u);
  const auto record = open->store->Get(Subject(1));
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->record.purposes(0).notice_version(), kSealedCanary);
  EXPECT_TRUE(open->Allows(Subject(1), Purpose::kSelectContent));
  EXPECT_EQ(open->store->damaged_records(), 0u);
}

TEST_F(SealedFolderTest, WithoutItsKeyTheStartIsRefusedAndNothingIsLost) {
  ASSERT_TRUE(Start(SealingRingOf("a")).ok());
  Say(1);
  for (const auto& [keys, why] : {std::pair(std::optional<policy::SealingRing>(), "there is no sealing_key_file"),
                                  std::pair(std::optional(SealingRingOf("b")), "is not in sealing_key_file")}) {
    for (int attempt = 0; attempt < 2; ++attempt) {
      const absl::Status refused = Start(keys);
      EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
      EXPECT_THAT(std::string(refused.message()), AllOf(HasSubstr("data folder"), HasSubstr(why)));
    }
  }
  ASSERT_TRUE(Start(SealingRingOf("ba")).ok());
  EXPECT_TRUE(open->Allows(Subject(1), Purpose::kSelectContent));
}

// A new key seals from then on, and the folder needs both.
TEST_F(SealedFolderTest, NeedsEveryKeyThatSomethingIsSealedWith) {
  ASSERT_TRUE(Start(SealingRingOf("a")).ok());
  Say(1);
  ASSERT_TRUE(Start(SealingRingOf("ab")).ok());
  Say(2);
  EXPECT_TRUE(absl::IsFailedPrecondition(Start(SealingRingOf("a"))));
  EXPECT_TRUE(absl::IsFailedPrecondition(Start(SealingRingOf("b"))));
  ASSERT_TRUE(Start(SealingRingOf("ab")).ok());
  for (const uint64_t number : {1, 2}) EXPECT_TRUE(open->Allows(Subject(number), Purpose::kSelectContent)) << number;
}

TEST_F(SealedFolderTest, WhatWasNotSealedStaysReadable) {
  ASSERT_TRUE(Start(std::nullopt).ok());
  Say(1);
  Register();
  ASSERT_TRUE(Start(SealingRingOf("a")).ok());
  EXPECT_TRUE(open->Allows(Subject(1), Purpose::kSelectContent));
  ASSERT_TRUE(open->store->Get(Subject(1)).ok());
  EXPECT_TRUE(NoticeStore::Open(*open->database, *open->store, open->index).ok());
  std::string value;
  Database& database = *open->database;
  Say(2);
  ASSERT_TRUE(database.rocks().Get({}, database.family(Family::kConsent), ConsentKey(Subject(2)), &value).ok());
  EXPECT_EQ(RecordCodec::SealingOf(ConsentKey(Subject(2)), value).kind, ValueSealing::Kind::kSealed);
  ASSERT_TRUE(database.rocks().Get({}, database.family(Family::kConsent), ConsentKey(Subject(1)), &value).ok());
  EXPECT_EQ(RecordCodec::SealingOf(ConsentKey(Subject(1)), value).kind, ValueSealing::Kind::kNone);
}

// Whoever can write to the disk puts one person's record under another's key.
TEST_F(SealedFolderTest, ASwappedRecordRefusesItsSubject) {
  ASSERT_TRUE(Start(SealingRingOf("a")).ok());
  Say(1);
  Say(2);
  Database& database = *open->database;
  std::string value;
  ASSERT_TRUE(database.rocks().Get({}, database.family(Family::kConsent), ConsentKey(Subject(1)), &value).ok());
  ASSERT_TRUE(database.rocks().Put({}, database.family(Family::kConsent), ConsentKey(Subject(2)), value).ok());
  ASSERT_TRUE(Start(SealingRingOf("a")).ok());
  EXPECT_EQ(open->store->damaged_records(), 1u);
  EXPECT_TRUE(open->Allows(Subject(1), Purpose::kSelectContent));
  EXPECT_FALSE(open->Allows(Subject(2), Purpose::kSelectContent));
}

TEST_F(SealedFolderTest, ABackupAndWhatIsReplayedNeedTheKeysToo) {
  ASSERT_TRUE(Start(SealingRingOf("a")).ok());
  Say(1);
  Say(2);
  const std::string backups = folder.path() + "/backups";
  {
    const auto made = BackupStore::Open(backups);
    ASSERT_TRUE(made.ok()) << made.status();
    ASSERT_TRUE((*made)->Create(*open->database, *open->store, kTestTime).ok());
  }
  ASSERT_TRUE(open->store->Apply(WithdrawalOf(Subject(2), {}), kTestTime).ok());
  open.reset();
  EXPECT_EQ(SaidInFiles(), 0u) << "in the backup neither";
  RestoreOptions options{
      .backup_dir = backups, .data_dir = folder.path() + "/restored", .replay_from = folder.path() + "/data"};
  const absl::Status refused = RestoreBackup(options).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("--sealing-key-file"));
  options.sealing_keys = SealingRingOf("a");
  const auto restored = RestoreBackup(options);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->replayed.subjects, 1u);
  EXPECT_EQ(restored->replayed.unreadable, 0u);
  ASSERT_TRUE(Start(SealingRingOf("a"), "restored").ok());
  ASSERT_TRUE(open->store->Release(kTestTime, "test").ok());
  EXPECT_TRUE(open->Allows(Subject(1), Purpose::kSelectContent));
  EXPECT_FALSE(open->Allows(Subject(2), Purpose::kSelectContent));
}

// At full scale a million: prints what sealing adds to a start.
TEST_F(SealedFolderTest, ManyRecordsAreReadAtTheStart) {
  const uint64_t people = FullScale() ? 1'000'000 : 2'000;
  for (const auto& [name, keys] : {std::pair("not sealed", std::optional<policy::SealingRing>()),
                                   std::pair("sealed", std::optional(SealingRingOf("a")))}) {
    ASSERT_TRUE(Start(keys, name).ok());
    std::vector<ImportedRow> rows;
    for (uint64_t i = 0; i < people; ++i) {
      rows.push_back({.subject = Subject(i),
                      .purposes = {{.purpose = Purpose::kSelectContent,
                                    .status = policy::ConsentStatus::kGranted,
                                    .given_time_us = 1'000'000}}});
      if (rows.size() < 10'000 && i + 1 < people) continue;
      std::vector<ImportOutcome> outcomes(rows.size());
      ASSERT_TRUE(open->store->Import(rows, "test", kTestTime, outcomes).ok());
      rows.clear();
    }
    open.reset();
    const auto start = std::chrono::steady_clock::now();
    ASSERT_TRUE(Start(keys, name).ok());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::printf("%s: %llu records read in %.2f s\n", name, static_cast<unsigned long long>(people), took.count());
    EXPECT_EQ(open->index.size(), people);
    EXPECT_EQ(open->store->damaged_records(), 0u);
  }
}

}  // namespace
}  // namespace assent::storage
