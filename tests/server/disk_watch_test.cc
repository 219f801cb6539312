#include "server/disk_watch.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "tests/storage/lossy_disk.h"
#include "tests/storage/lossy_file_system.h"
#include "tests/storage/store_fixture.h"

namespace assent::server {
namespace {

using policy::Purpose;
using std::chrono::hours;
using std::chrono::milliseconds;

class DiskWatchTest : public testing::Test {
 protected:
  DiskWatchTest() {
    EXPECT_TRUE(env_->CreateDirIfMissing("/disk").ok());
    auto started = storage::StartStore("/disk/data", env_.get());
    EXPECT_TRUE(started.ok()) << started.status();
    open_ = *std::move(started);
  }
  ~DiskWatchTest() override { watch_.reset(); }
  void Start(DiskWatch::Options options) {
    watch_ = std::make_unique<DiskWatch>(
        *open_->store, [this](bool accepts) { told_.at(next_++).set_value(accepts); }, options);
  }
  absl::Status Grant() {
    return open_->store->Apply(storage::GrantOf(storage::Subject(1), {Purpose::kSelectContent}), storage::kTestTime)
        .status();
  }
  bool Told(size_t number) { return told_.at(number).get_future().get(); }

  storage::LossyDisk disk_{7};
  std::unique_ptr<rocksdb::Env> env_ = storage::NewLossyEnv(disk_);
  std::unique_ptr<storage::OpenStore> open_;
  std::vector<std::promise<bool>> told_{3};  // one too many is an exception
  size_t next_ = 0;
  std::unique_ptr<DiskWatch> watch_;
};

TEST_F(DiskWatchTest, TellsOfARefusalAndGoesOnByItself) {
  Start({.look = milliseconds(1), .resume = milliseconds(1)});
  EXPECT_TRUE(Told(0));
  disk_.FailChanges(storage::DiskFault::kNoSpace);
  EXPECT_FALSE(Grant().ok());
  EXPECT_FALSE(Told(1));
  disk_.FailChanges(storage::DiskFault::kNone);
  EXPECT_TRUE(Told(2));  // without a change from anybody
  EXPECT_TRUE(Grant().ok());
}

TEST_F(DiskWatchTest, TellsWhenALaterChangeSucceeds) {
  Start({.look = milliseconds(1), .resume = hours(1)});
  EXPECT_TRUE(Told(0));
  disk_.FailChanges(storage::DiskFault::kNoSpace);
  EXPECT_FALSE(Grant().ok());
  EXPECT_FALSE(Told(1));  // its one attempt within the hour has failed
  disk_.FailChanges(storage::DiskFault::kNone);
  EXPECT_TRUE(Grant().ok());
  EXPECT_TRUE(Told(2));
}

TEST_F(DiskWatchTest, StopsWithoutWaitingForItsNextLook) {
  Start({.look = hours(1), .resume = hours(1)});
  EXPECT_TRUE(Told(0));
  watch_->Stop();
  watch_->Stop();
}

}  // namespace
}  // namespace assent::server
