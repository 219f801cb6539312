#include "server/erasure_watch.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "absl/time/clock.h"
#include "tests/storage/folder_scan.h"
#include "tests/storage/store_fixture.h"

namespace assent::server {
namespace {

using policy::Purpose;
using std::chrono::hours;

class ErasureWatchTest : public testing::Test {
 protected:
  ErasureWatchTest() {
    auto started = storage::StartStore(folder_.path() + "/data", nullptr, /*compress=*/false);
    EXPECT_TRUE(started.ok()) << started.status();
    open_ = *std::move(started);
    auto backups = storage::BackupStore::Open(folder_.path() + "/backups");
    EXPECT_TRUE(backups.ok()) << backups.status();
    backups_ = *std::move(backups);
  }
  void Apply(storage::ConsentRequest request) {
    EXPECT_TRUE(open_->store->Apply(std::move(request), storage::kTestTime).ok());
  }

  storage::ScopedFolder folder_;
  std::unique_ptr<storage::OpenStore> open_;
  std::unique_ptr<storage::BackupStore> backups_;
};

TEST_F(ErasureWatchTest, SweepsAndPurgesByItselfAfterTheStart) {
  storage::ConsentRequest grant = storage::GrantOf(storage::Subject(1), {Purpose::kSelectContent});
  grant.terms.notice_version = "CANARY";
  Apply(grant);
  ASSERT_TRUE(backups_->Create(*open_->database, *open_->store, absl::Now() - absl::Hours(3)).ok());
  Apply(storage::ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, storage::Subject(1)));
  ASSERT_TRUE(backups_->Create(*open_->database, *open_->store, absl::Now()).ok());
  EXPECT_FALSE(storage::Scan(folder_.path() + "/data", "CANARY").empty());
  ErasureWatch watch(*open_->database, *open_->store, backups_.get(),
                     {.sweep = hours(1), .backup_retention = hours(2)});
  while (backups_->List().size() > 1) std::this_thread::yield();
  EXPECT_EQ(backups_->List()[0].id, 2u) << "the younger one is kept";
  while (!storage::Scan(folder_.path() + "/data", "CANARY").empty()) std::this_thread::yield();
  watch.Stop();
}

TEST_F(ErasureWatchTest, SweepsWhereThereAreNoBackups) {
  Apply(storage::ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, storage::Subject(1)));
  ErasureWatch watch(*open_->database, *open_->store, nullptr, {.sweep = hours(1), .backup_retention = hours(1)});
  watch.Stop();
}

}  // namespace
}  // namespace assent::server
