// A profile store on a disk that loses what was not synced, and shorthands for its tests.
#ifndef ASSENT_TESTS_STORAGE_PROFILE_STORE_FIXTURE_H_
#define ASSENT_TESTS_STORAGE_PROFILE_STORE_FIXTURE_H_

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "tests/storage/lossy_disk.h"
#include "tests/storage/lossy_file_system.h"
#include "tests/storage/profile_fixture.h"

namespace assent::storage {

inline constexpr int64_t kDayS = 86'400;

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
  void Grant(const policy::SubjectKey& subject, policy::Purpose purpose = kAds, uint32_t end = 0,
             absl::Time now = kTestTime) {
    ASSERT_TRUE(open->Apply(GrantOf(subject, {purpose}, end), now).ok());
  }
  FoldOutcome Buy(const policy::SubjectKey& subject, double price, policy::Purpose purpose = kAds,
                  int64_t now_s = kNowS) {
    return open->Buy(subject, purpose, ++event_id, price, layout, now_s);
  }
  std::optional<Shopped> Find(const policy::SubjectKey& subject, policy::Purpose purpose = kAds,
                              int64_t now_s = kNowS) {
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

}  // namespace assent::storage

#endif  // ASSENT_TESTS_STORAGE_PROFILE_STORE_FIXTURE_H_
