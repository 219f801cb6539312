#include "storage/notice_store.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/storage/lossy_disk.h"
#include "tests/storage/lossy_file_system.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using internal::v1::NoticeRecord;
using policy::Purpose;

constexpr uint32_t kContent = policy::PurposeBit(Purpose::kSelectContent);
constexpr uint32_t kBoth = kContent | policy::PurposeBit(Purpose::kProfileContent);

NoticeRecord NoticeOf(const std::string& id, const std::string& version, uint32_t purpose_bits) {
  NoticeRecord record;
  record.set_id(id);
  record.set_version(version);
  record.set_notice("the text of " + id + " " + version);
  record.set_purpose_bits(purpose_bits);
  record.set_jurisdiction("DE");
  return record;
}

class NoticeStoreTest : public testing::Test {
 protected:
  NoticeStoreTest() {
    EXPECT_TRUE(env_->CreateDirIfMissing("/disk").ok());
    Start();
  }
  void Start() {
    notices_.reset();
    open_.reset();
    auto started = StartStore("/disk/data", env_.get());
    ASSERT_TRUE(started.ok()) << started.status();
    open_ = *std::move(started);
    auto opened = NoticeStore::Open(*open_->database, *open_->store, open_->index);
    ASSERT_TRUE(opened.ok()) << opened.status();
    notices_ = *std::move(opened);
  }
  void CutPower() {
    disk_.Cut();
    notices_.reset();
    open_.reset();
    disk_.PowerOn();
    Start();
  }
  RegisteredNotice Register(const NoticeRecord& record) {
    const auto made = notices_->Register(record);
    EXPECT_TRUE(made.ok()) << made.status();
    return made.value_or(RegisteredNotice());
  }
  void Grant(uint64_t subject, uint16_t ordinal) {
    ConsentRequest request = GrantOf(Subject(subject), {Purpose::kSelectContent});
    request.terms.notice_ordinal = ordinal;
    EXPECT_TRUE(open_->store->Apply(std::move(request), kTestTime).ok());
  }
  bool Allows(uint64_t subject) { return open_->Allows(Subject(subject), Purpose::kSelectContent); }

  LossyDisk disk_{7};
  std::unique_ptr<rocksdb::Env> env_ = NewLossyEnv(disk_);
  std::unique_ptr<OpenStore> open_;
  std::unique_ptr<NoticeStore> notices_;
};

TEST_F(NoticeStoreTest, AVersionThatAsksForMoreClosesTheGateUntilConsentIsGivenAnew) {
  const uint16_t first = Register(NoticeOf("banner", "1", kContent)).ordinal;
  Grant(1, first);
  EXPECT_TRUE(Allows(1));
  const uint16_t second = Register(NoticeOf("banner", "2", kBoth)).ordinal;
  EXPECT_FALSE(Allows(1));
  EXPECT_TRUE(notices_->Terms("banner", "1")->outdated);
  EXPECT_FALSE(notices_->Terms("banner", "2")->outdated);
  Grant(1, second);
  EXPECT_TRUE(Allows(1));
}

TEST_F(NoticeStoreTest, AVersionThatAsksForNoMoreClosesNothing) {
  Grant(1, Register(NoticeOf("banner", "1", kBoth)).ordinal);
  Register(NoticeOf("banner", "2", kContent));
  Register(NoticeOf("banner", "3", kBoth));
  EXPECT_TRUE(Allows(1));
  EXPECT_FALSE(notices_->Terms("banner", "1")->outdated);
  EXPECT_TRUE(notices_->Terms("banner", "2")->outdated) << "the third asks for more than the second";
}

TEST_F(NoticeStoreTest, AVersionMayAskForConsentAnew) {
  Grant(1, Register(NoticeOf("banner", "1", kBoth)).ordinal);
  NoticeRecord second = NoticeOf("banner", "2", kContent);
  second.set_requires_new_consent(true);
  Register(second);
  EXPECT_FALSE(Allows(1));
}

TEST_F(NoticeStoreTest, AnotherNoticeIsNotConcerned) {
  Grant(1, Register(NoticeOf("banner", "1", kContent)).ordinal);
  Register(NoticeOf("other", "2", kBoth));
  EXPECT_TRUE(Allows(1));
}

TEST_F(NoticeStoreTest, WhatIsRegisteredSurvivesAPowerCut) {
  Grant(1, Register(NoticeOf("banner", "1", kContent)).ordinal);
  Register(NoticeOf("banner", "2", kBoth));
  CutPower();
  EXPECT_FALSE(Allows(1));
  ASSERT_TRUE(notices_->Find("banner", "2").has_value());
  EXPECT_EQ(notices_->Find("banner", "2")->record.notice(), "the text of banner 2");
  EXPECT_EQ(Register(NoticeOf("banner", "3", kBoth)).ordinal, 3);
}

TEST_F(NoticeStoreTest, TheSameAgainChangesNothingAndAnotherContentIsRefused) {
  const NoticeRecord first = NoticeOf("banner", "1", kContent);
  EXPECT_EQ(Register(first).ordinal, 1);
  Register(NoticeOf("banner", "2", kBoth));
  const RegisteredNotice again = Register(first);
  EXPECT_EQ(again.ordinal, 1);
  EXPECT_TRUE(again.outdated);
  NoticeRecord other = first;
  other.set_notice("another text");
  EXPECT_EQ(notices_->Register(other).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(notices_->List("", 0, 10).size(), 2u);
}

TEST_F(NoticeStoreTest, ADiskThatRefusesRegistersNothingAndKeepsTheGateClosed) {
  Grant(1, Register(NoticeOf("banner", "1", kContent)).ordinal);
  disk_.FailChanges(DiskFault::kNoSpace);
  EXPECT_EQ(notices_->Register(NoticeOf("banner", "2", kBoth)).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(notices_->Find("banner", "2").has_value());
  EXPECT_FALSE(Allows(1));
  disk_.FailChanges(DiskFault::kNone);
  ASSERT_TRUE(open_->store->Resume().ok());
  EXPECT_EQ(Register(NoticeOf("banner", "2", kBoth)).ordinal, 2);
}

TEST_F(NoticeStoreTest, ListsInTheOrderOfRegistration) {
  for (const char* version : {"1", "2", "3"}) {
    Register(NoticeOf("banner", version, kContent));
    Register(NoticeOf("other", version, kContent));
  }
  EXPECT_EQ(notices_->List("", 0, 4).size(), 4u);
  const auto rest = notices_->List("banner", 1, 10);
  ASSERT_EQ(rest.size(), 2u);
  EXPECT_EQ(rest[0].record.version(), "2");
  EXPECT_EQ(rest[1].ordinal, 5);
  EXPECT_TRUE(notices_->List("nobody's", 0, 10).empty());
}

TEST_F(NoticeStoreTest, AGrantThatNamesNoNoticeIsNeverOutdated) {
  Grant(1, 0);
  Register(NoticeOf("banner", "1", kContent));
  Register(NoticeOf("banner", "2", kBoth));
  EXPECT_TRUE(Allows(1));
}

}  // namespace
}  // namespace assent::storage
