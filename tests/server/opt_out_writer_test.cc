#include "server/opt_out_writer.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/storage/lossy_disk.h"
#include "tests/storage/lossy_file_system.h"
#include "tests/storage/store_fixture.h"

namespace assent::server {
namespace {

using policy::ConsentStatus;
using policy::Purpose;
using policy::Rule;
using storage::Subject;

class OptOutWriterTest : public testing::Test {
 protected:
  OptOutWriterTest() {
    EXPECT_TRUE(env_->CreateDirIfMissing("/disk").ok());
    auto started = storage::StartStore("/disk/data", env_.get());
    EXPECT_TRUE(started.ok()) << started.status();
    open_ = *std::move(started);
    Apply(storage::LinkOf(Subject(1), Subject(2)));
  }
  void Apply(storage::ConsentRequest request) {
    EXPECT_TRUE(open_->store->Apply(std::move(request), storage::kTestTime).ok());
  }
  void Offer(uint64_t subject, Purpose purpose, Rule rule = Rule::kSignalGpc) {
    queue_.Offer({.subject = Subject(subject), .opt_out = {.purposes = policy::PurposeBit(purpose), .rule = rule}});
  }
  ConsentStatus StatusOf(uint64_t subject, Purpose purpose) {
    return open_->Find(Subject(subject)).status[static_cast<size_t>(purpose)];
  }

  storage::LossyDisk disk_{9};
  std::unique_ptr<rocksdb::Env> env_ = storage::NewLossyEnv(disk_);
  std::unique_ptr<storage::OpenStore> open_;
  OptOutQueue queue_;
};

TEST_F(OptOutWriterTest, WhatIsOfferedReachesThePersonAndNamesTheSignal) {
  Offer(2, Purpose::kSelectAdvertising);
  Offer(2, Purpose::kSelectAdvertising);
  Offer(2, Purpose::kProfileAdvertising, Rule::kSignalUsPrivacy);
  Offer(3, Purpose::kSelectAdvertising);  // linked to nobody
  OptOutWriter writer(queue_, *open_->store, open_->index, open_->domain);
  writer.Stop();
  for (const uint64_t subject : {1, 2}) {
    EXPECT_EQ(StatusOf(subject, Purpose::kSelectAdvertising), ConsentStatus::kOptedOut);
    EXPECT_EQ(StatusOf(subject, Purpose::kProfileAdvertising), ConsentStatus::kOptedOut);
    EXPECT_EQ(StatusOf(subject, Purpose::kSelectContent), ConsentStatus::kNone);
    const auto record = open_->store->Get(Subject(subject))->record;
    EXPECT_EQ(record.purposes(0).recorded_by(), "signal.gpc");
    EXPECT_EQ(record.purposes(1).recorded_by(), "signal.us_privacy");
    EXPECT_EQ(record.revision(), 3u) << "the link and two opt-outs";
  }
  EXPECT_EQ(open_->Find(Subject(3)).revision, 0u);
  EXPECT_EQ(writer.figures().stored, 2u);
  EXPECT_EQ(writer.figures().known, 2u);
  EXPECT_EQ(writer.figures().failed, 0u);
}

TEST_F(OptOutWriterTest, WhatTheDiskRefusesIsTriedAgainUntilItTakesIt) {
  disk_.FailChanges(storage::DiskFault::kNoSpace);
  OptOutWriter writer(queue_, *open_->store, open_->index, open_->domain, std::chrono::milliseconds(1));
  Offer(2, Purpose::kSelectAdvertising);
  Offer(2, Purpose::kSelectContent);
  while (writer.figures().failed < 3) std::this_thread::yield();
  EXPECT_EQ(writer.figures().stored, 0u);
  EXPECT_EQ(StatusOf(1, Purpose::kSelectAdvertising), ConsentStatus::kClosed);
  disk_.FailChanges(storage::DiskFault::kNone);
  while (writer.figures().stored < 2) std::this_thread::yield();
  for (const uint64_t subject : {1, 2}) {
    EXPECT_EQ(StatusOf(subject, Purpose::kSelectAdvertising), ConsentStatus::kOptedOut);
    EXPECT_EQ(StatusOf(subject, Purpose::kSelectContent), ConsentStatus::kOptedOut);
  }
}

TEST_F(OptOutWriterTest, AnErasedSubjectIsLeftAlone) {
  Offer(2, Purpose::kSelectAdvertising);
  Apply(storage::ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, Subject(1)));
  OptOutWriter writer(queue_, *open_->store, open_->index, open_->domain);
  writer.Stop();
  EXPECT_EQ(open_->store->Get(Subject(2))->record.purposes_size(), 0);
  EXPECT_EQ(writer.figures().known, 1u);
}

}  // namespace
}  // namespace assent::server
