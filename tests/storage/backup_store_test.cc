#include "storage/backup_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "storage/backup_restore.h"
#include "storage/consent_change.h"
#include "storage/meta_value.h"
#include "storage/profile_record.h"
#include "storage/record_codec.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using policy::Purpose;
using policy::SubjectKey;
using testing::HasSubstr;

class BackupStoreTest : public testing::Test {
 protected:
  BackupStoreTest() {
    StartOn("data");
    OpenBackups();
  }
  std::string Path(const std::string& name) { return folder.path() + "/" + name; }
  void StartOn(const std::string& name) {
    open.reset();
    auto started = StartStore(Path(name));
    ASSERT_TRUE(started.ok()) << started.status();
    open = *std::move(started);
  }
  void OpenBackups() {
    backups.reset();
    auto opened = BackupStore::Open(Path("backups"));
    ASSERT_TRUE(opened.ok()) << opened.status();
    backups = *std::move(opened);
  }
  void MustApply(ConsentRequest request) {
    const auto result = open->store->Apply(std::move(request), kTestTime);
    ASSERT_TRUE(result.ok()) << result.status();
  }
  void Grant(uint64_t subject) { MustApply(GrantOf(Subject(subject), {Purpose::kSelectContent})); }
  Backup MustCreate(absl::Time now = kTestTime) {
    const auto backup = backups->Create(*open->database, *open->store, now);
    EXPECT_TRUE(backup.ok()) << backup.status();
    return backup.value_or(Backup());
  }
  absl::StatusOr<RestoredFolder> Restore(const std::string& to, std::optional<uint32_t> id = {},
                                         const std::string& replay_from = "") {
    return RestoreBackup({.backup_dir = Path("backups"),
                          .backup = id,
                          .data_dir = Path(to),
                          .replay_from = replay_from.empty() ? "" : Path(replay_from)});
  }
  bool Granted(uint64_t subject) {
    return open->Find(Subject(subject)).status[static_cast<size_t>(Purpose::kSelectContent)] ==
           policy::ConsentStatus::kGranted;
  }
  // Every file under a folder, by its path in there.
  std::set<std::string> FilesIn(const std::string& name) {
    std::set<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(Path(name))) {
      if (entry.is_regular_file()) files.insert(std::filesystem::relative(entry.path(), Path(name)).string());
    }
    return files;
  }

  ScopedFolder folder;
  std::unique_ptr<OpenStore> open;
  std::unique_ptr<BackupStore> backups;
};

TEST_F(BackupStoreTest, ARestoreIsWhatWasAcknowledgedWhenItWasMade) {
  for (uint64_t i = 0; i < 50; ++i) Grant(i);
  const Backup backup = MustCreate();
  EXPECT_EQ(backup.id, 1u);
  EXPECT_EQ(backup.point.sequence, 50u);
  EXPECT_EQ(backup.point.epoch, open->database->epoch());
  EXPECT_EQ(backup.made, kTestTime);
  EXPECT_GT(backup.bytes, 0u);
  for (uint64_t i = 0; i < 50; i += 2) MustApply(WithdrawalOf(Subject(i), {}));
  Grant(50);
  const uint64_t epoch_before = open->database->epoch();
  const auto restored = Restore("restored");
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->backup, 1u);
  EXPECT_EQ(restored->sequence, 50u);
  EXPECT_GT(restored->epoch, epoch_before);
  StartOn("restored");
  EXPECT_EQ(open->database->epoch(), restored->epoch);
  EXPECT_EQ(open->store->applied().sequence, 50u);
  for (uint64_t i = 0; i < 50; ++i) EXPECT_TRUE(Granted(i)) << i;
  EXPECT_EQ(open->Find(Subject(50)), [] {
    policy::ConsentState unknown;
    unknown.gates_closed = true;
    return unknown;
  }());
}

TEST_F(BackupStoreTest, HoldsTablesOfTheDatabaseAndNothingElse) {
  Grant(1);
  MustCreate();
  EXPECT_EQ(std::filesystem::status(Path("backups")).permissions(), std::filesystem::perms::owner_all);
  size_t tables = 0;
  for (const std::string& file : FilesIn("backups")) {
    const std::string name = std::filesystem::path(file).filename().string();
    const bool table = name.ends_with(".sst");
    tables += table;
    EXPECT_TRUE(table || file == "lock" || file == "meta/1" || name == "CURRENT" || name.starts_with("MANIFEST-") ||
                name.starts_with("OPTIONS-"))
        << file;
  }
  EXPECT_GE(tables, 3u) << "consent, its history, meta";
}

TEST_F(BackupStoreTest, IsWholeWhileWritesGoOn) {
  // Each subject's record and history change in one commit: a backup has both or neither.
  std::atomic<bool> done{false};
  std::vector<std::atomic<uint64_t>> acknowledged(4);
  std::vector<std::thread> writers;
  for (uint64_t writer = 0; writer < acknowledged.size(); ++writer) {
    writers.emplace_back([&, writer] {
      for (uint64_t i = 0; !done; ++i) {
        const SubjectKey subject = Subject(1000 * (writer + 1) + i % 20);
        const auto result = open->store->Apply(
            i % 3 == 2 ? WithdrawalOf(subject, {}) : GrantOf(subject, {Purpose::kSelectContent}), kTestTime);
        ASSERT_TRUE(result.ok()) << result.status();
        acknowledged[writer] = result->point.sequence;
      }
    });
  }
  std::vector<uint64_t> least;
  for (int i = 0; i < 5; ++i) {
    while (acknowledged[0] == 0) std::this_thread::yield();
    uint64_t highest = 0;
    for (const auto& sequence : acknowledged) highest = std::max<uint64_t>(highest, sequence);
    least.push_back(highest);
    MustCreate();
  }
  done = true;
  for (std::thread& writer : writers) writer.join();
  const std::vector<Backup> made = backups->List();
  ASSERT_EQ(made.size(), 5u);
  for (size_t i = 0; i < made.size(); ++i) {
    EXPECT_GE(made[i].point.sequence, least[i]) << "acknowledged before the call";
    const std::string name = "restored" + std::to_string(i);
    ASSERT_TRUE(Restore(name, made[i].id).ok());
    StartOn(name);
    EXPECT_EQ(open->store->applied().sequence, made[i].point.sequence);
    uint64_t highest = 0;
    uint64_t changes = 0;
    const std::unique_ptr<rocksdb::Iterator> records(
        open->database->rocks().NewIterator({}, open->database->family(Family::kConsent)));
    for (records->SeekToFirst(); records->Valid(); records->Next()) {
      const std::string key = records->key().ToString();
      internal::v1::ConsentRecord record;
      ASSERT_TRUE(RecordCodec().Decode(key, records->value().ToString(), record).ok());
      highest = std::max(highest, record.sequence());
      SubjectKey subject;
      std::copy(key.begin(), key.end(), reinterpret_cast<char*>(subject.bytes.data()));
      uint64_t entries = 0;
      ASSERT_TRUE(open->store
                      ->History(subject, 0,
                                [&](uint64_t revision, const internal::v1::ConsentChange&) {
                                  EXPECT_EQ(revision, record.revision() - entries);
                                  ++entries;
                                  return true;
                                })
                      .ok());
      EXPECT_EQ(entries, record.revision());
      changes += entries;
    }
    EXPECT_EQ(highest, made[i].point.sequence);
    EXPECT_EQ(changes, made[i].point.sequence) << "every change of the epoch, and none twice";
  }
}

TEST_F(BackupStoreTest, APurgeLeavesNoFileOfItsOwn) {
  Grant(1);
  MustCreate(kTestTime);
  const std::set<std::string> first = FilesIn("backups");
  // The tables are written anew, so that the second shares nothing with the first.
  for (const Family family : {Family::kConsent, Family::kConsentHistory, Family::kMeta, Family::kAudit}) {
    Grant(2);
    rocksdb::CompactRangeOptions all;
    all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    ASSERT_TRUE(open->database->rocks().CompactRange(all, open->database->family(family), nullptr, nullptr).ok());
  }
  MustCreate(kTestTime + absl::Hours(1));
  auto purged = backups->Purge(kTestTime);
  ASSERT_TRUE(purged.ok()) << purged.status();
  EXPECT_EQ(*purged, 0u) << "as old as the limit is not older";
  purged = backups->Purge(kTestTime + absl::Seconds(1));
  ASSERT_TRUE(purged.ok()) << purged.status();
  EXPECT_EQ(*purged, 1u);
  ASSERT_EQ(backups->List().size(), 1u);
  EXPECT_EQ(backups->List()[0].id, 2u);
  for (const std::string& file : FilesIn("backups")) EXPECT_TRUE(file == "lock" || !first.contains(file)) << file;
  EXPECT_TRUE(backups->Verify(2).ok());
  EXPECT_TRUE(absl::IsNotFound(backups->Verify(1)));
  EXPECT_TRUE(absl::IsNotFound(Restore("restored", 1).status()));
  EXPECT_TRUE(Restore("restored").ok());
  ASSERT_TRUE(backups->Purge(absl::InfiniteFuture()).ok());
  EXPECT_EQ(FilesIn("backups"), std::set<std::string>{"lock"});
}

TEST_F(BackupStoreTest, IdsAndTimesOutliveARestart) {
  Grant(1);
  MustCreate(kTestTime);
  Grant(2);
  MustCreate(kTestTime + absl::Microseconds(7));
  OpenBackups();
  const std::vector<Backup> list = backups->List();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[1].made, kTestTime + absl::Microseconds(7));
  EXPECT_EQ(list[1].point.sequence, 2u);
  EXPECT_EQ(MustCreate().id, 3u);
}

TEST_F(BackupStoreTest, ADamagedBackupIsRefusedAndPurged) {
  for (uint64_t i = 0; i < 20; ++i) Grant(i);
  MustCreate();
  for (const std::string& file : FilesIn("backups")) {
    if (!file.ends_with(".sst")) continue;
    std::fstream table(Path("backups/" + file), std::ios::in | std::ios::out | std::ios::binary);
    const int first = table.get();
    table.seekp(0);
    table.put(static_cast<char>(first ^ 1));
  }
  EXPECT_TRUE(absl::IsDataLoss(backups->Verify(1)));
  const auto restored = Restore("restored");
  EXPECT_TRUE(absl::IsDataLoss(restored.status())) << restored.status();
  EXPECT_FALSE(std::filesystem::exists(Path("restored/db")));
  EXPECT_FALSE(std::filesystem::exists(Path("restored/restoring")));
  for (const std::string& file : FilesIn("backups")) {
    if (file.ends_with(".sst")) std::filesystem::remove(Path("backups/" + file));
  }
  EXPECT_TRUE(absl::IsDataLoss(Restore("restored").status())) << Restore("restored").status();
  OpenBackups();
  EXPECT_EQ(backups->List().size(), 0u);
  ASSERT_TRUE(backups->Purge(absl::InfiniteFuture()).ok());
  EXPECT_EQ(FilesIn("backups"), std::set<std::string>{"lock"});
}

TEST_F(BackupStoreTest, AFolderThatOthersReachOrUseIsRefused) {
  EXPECT_TRUE(absl::IsFailedPrecondition(BackupStore::Open(Path("backups")).status())) << "this test holds it";
  std::filesystem::create_directory(Path("open"));
  std::filesystem::permissions(Path("open"), std::filesystem::perms::owner_all | std::filesystem::perms::group_read);
  const auto status = BackupStore::Open(Path("open")).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("chmod 700"));
  std::ofstream(Path("file")) << "x";
  EXPECT_TRUE(absl::IsFailedPrecondition(BackupStore::Open(Path("file")).status()));
}

TEST_F(BackupStoreTest, OfTwoAtOnceOneIsMadeOrBothInTurn) {
  std::atomic<int> made{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> makers;
  for (int i = 0; i < 4; ++i) {
    makers.emplace_back([&] {
      const auto backup = backups->Create(*open->database, *open->store, kTestTime);
      EXPECT_TRUE(backup.ok() || absl::IsAborted(backup.status())) << backup.status();
      ++(backup.ok() ? made : refused);
    });
  }
  for (std::thread& maker : makers) maker.join();
  EXPECT_GE(made, 1);
  EXPECT_EQ(static_cast<int>(backups->List().size()), made);
  Grant(1);  // commits go on
}

TEST_F(BackupStoreTest, AfterStopNoneIsMadeAndCommitsGoOn) {
  backups->Stop();
  Grant(1);
  EXPECT_TRUE(absl::IsCancelled(backups->Create(*open->database, *open->store, kTestTime).status()));
  Grant(2);
  EXPECT_EQ(backups->List().size(), 0u);
}

}  // namespace
}  // namespace assent::storage
