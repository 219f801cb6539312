// After an erasure and the time that the configuration promises, neither the data folder nor the folder of backups
// holds the subject's pseudonym outside its tombstone, nor anything that was said of it. The same scan finds all of it
// before.
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "storage/backup_restore.h"
#include "storage/backup_store.h"
#include "storage/consent_change.h"
#include "storage/erasure_sweep.h"
#include "storage/profile_record.h"
#include "tests/storage/folder_scan.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using policy::Purpose;
using policy::SubjectKey;

constexpr absl::Duration kRetention = absl::Hours(1);  // the smallest backup_retention_hours

class ErasedBackupTest : public testing::Test {
 protected:
  ErasedBackupTest() {
    Start();
    auto opened = BackupStore::Open(backup_dir);
    EXPECT_TRUE(opened.ok()) << opened.status();
    backups = *std::move(opened);
  }
  void Start() {
    open.reset();
    auto started = StartStore(data_dir, nullptr, /*compress=*/false);
    ASSERT_TRUE(started.ok()) << started.status();
    open = *std::move(started);
  }
  void MustApply(ConsentRequest request) {
    const auto result = open->store->Apply(std::move(request), now);
    ASSERT_TRUE(result.ok()) << result.status();
  }
  void MustBackUp() {
    const auto backup = backups->Create(*open->database, *open->store, now);
    ASSERT_TRUE(backup.ok()) << backup.status();
  }
  // What the server's watch does at `now`.
  void Watch() {
    const auto swept = SweepErased(*open->database, *open->store, stop);
    ASSERT_TRUE(swept.ok()) << swept.status();
    const auto purged = backups->Purge(now - kRetention);
    ASSERT_TRUE(purged.ok()) << purged.status();
  }
  // Everything that a subject may leave: consents, history, preferences, contests, a profile.
  void Live() {
    ConsentRequest grant = GrantOf(subject, {Purpose::kSelectContent, Purpose::kProfileContent});
    grant.terms.notice_version = canaries[0];
    MustApply(grant);
    MustApply(WithdrawalOf(subject, {Purpose::kSelectContent}));
    ConsentRequest contest = ChangeOf(internal::v1::CONSENT_CHANGE_KIND_SET_PREFERENCES, subject);
    contest.preference.segment_id = canaries[1];
    contest.preference.statement = canaries[2];
    MustApply(contest);
    ConsentRequest refusal = ChangeOf(internal::v1::CONSENT_CHANGE_KIND_SET_PREFERENCES, subject);
    refusal.preference.segment_id = canaries[3];
    MustApply(refusal);
    const std::string key = ProfileKey(subject, Purpose::kProfileContent);
    const auto put = [&](rocksdb::WriteBatch& batch) {
      EXPECT_TRUE(batch.Put(open->database->family(Family::kProfiles), key, canaries[4]).ok());
    };
    ASSERT_TRUE(open->store->Write(put).ok());
  }
  size_t CountIn(const std::string& where, const std::string& text) {
    size_t count = 0;
    for (const auto& [kind, times] : Scan(where, text)) count += times;
    return count;
  }
  // The tombstone may also be a bound of its table, in the table's index and in the list of files.
  void ExpectTombstoneOnly(const std::string& where) {
    for (const std::string& canary : canaries) EXPECT_EQ(Scan(where, canary), Found()) << canary;
    for (const std::string& gone : {HistoryKey(subject, 1).substr(0, 23), ProfileKey(subject, Purpose::kProfileContent),
                                    absl::BytesToHexString(pseudonym)}) {
      EXPECT_EQ(Scan(where, gone), Found()) << absl::CHexEscape(gone);
    }
    Found left = Scan(where, pseudonym);
    EXPECT_GE(left[".sst"], 1u) << "the scan can see";
    EXPECT_LE(left[".sst"], 2u);
    left.erase(".sst");
    left.erase("list of files");
    EXPECT_EQ(left, Found());
  }

  const SubjectKey subject = {.bytes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
  const std::string pseudonym = ConsentKey(subject);
  const std::vector<std::string> canaries = {"CANARY-notice-version", "CANARY-contested-segment", "CANARY-statement",
                                             "CANARY-refused-segment", "CANARY-profile-state"};
  absl::Time now = kTestTime;
  ScopedFolder folder;
  const std::string data_dir = folder.path() + "/data";
  const std::string backup_dir = folder.path() + "/backups";
  std::unique_ptr<OpenStore> open;
  std::unique_ptr<BackupStore> backups;
  std::atomic<bool> stop{false};
};

TEST_F(ErasedBackupTest, AfterThePromisedTimeNothingIsLeftInDataAndBackups) {
  for (uint64_t i = 100; i < 400; ++i) MustApply(GrantOf(Subject(i), {Purpose::kSelectContent}));
  Live();
  MustBackUp();
  Start();
  size_t found_before = CountIn(data_dir, pseudonym) + CountIn(backup_dir, pseudonym);
  for (const std::string& canary : canaries) {
    EXPECT_GE(CountIn(data_dir, canary), 1u) << canary;
    EXPECT_GE(CountIn(backup_dir, canary), 1u) << canary;
    found_before += CountIn(data_dir, canary) + CountIn(backup_dir, canary);
  }
  EXPECT_GE(CountIn(data_dir, pseudonym), 3u);
  EXPECT_GE(CountIn(backup_dir, pseudonym), 3u);

  now += absl::Minutes(10);
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, subject));
  MustBackUp();  // before the sweep: deleted is not gone
  EXPECT_GE(CountIn(backup_dir, canaries[2]), 1u);
  now += absl::Minutes(10);
  Watch();
  EXPECT_EQ(backups->List().size(), 2u) << "both are younger than the retention";
  EXPECT_GE(CountIn(backup_dir, canaries[2]), 1u) << "the backups hold it still";
  MustBackUp();

  now += kRetention - absl::Minutes(5);
  Watch();
  ASSERT_EQ(backups->List().size(), 1u);
  MustBackUp();
  // The engine removes files of the database a moment after it has replaced them.
  for (int i = 0; i < 1000 && CountIn(data_dir, canaries[0]) > 0; ++i) std::this_thread::yield();
  ExpectTombstoneOnly(backup_dir);
  open.reset();
  ExpectTombstoneOnly(data_dir);

  ASSERT_TRUE(RestoreBackup({.backup_dir = backup_dir, .data_dir = folder.path() + "/restored"}).ok());
  ExpectTombstoneOnly(folder.path() + "/restored");
  std::printf("the pseudonym and %zu canaries, found %zu times before the erasure, are in the tombstone and nowhere\n",
              canaries.size(), found_before);
}

}  // namespace
}  // namespace assent::storage
