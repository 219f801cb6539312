// What of a commit is written together, and how much at most.
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/transaction_log.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/storage/lossy_disk.h"
#include "tests/storage/lossy_file_system.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using policy::ConsentStatus;
using policy::Purpose;
using policy::SubjectKey;

// Else a power cut could leave a torn end that looks like damage.
TEST(CommitBatches, ALargeCommitIsWrittenInSeveralBatches) {
  const ScopedFolder folder;
  auto started = StartStore(folder.path());
  ASSERT_TRUE(started.ok()) << started.status();
  OpenStore* const open = started->get();
  constexpr size_t kTornMax = size_t{16} << 20;  // of storage/log_scan.cc
  std::vector<ConsentRequest> contests;
  for (uint64_t i = 0; i < 256; ++i) {
    const SubjectKey subject = Subject(1000 + i);
    ConsentRequest contest = ChangeOf(internal::v1::CONSENT_CHANGE_KIND_SET_PREFERENCES, subject);
    contest.preference = {.segment_id = "s", .statement = std::string(60'000, 's')};
    contests.push_back(std::move(contest));
  }
  const rocksdb::SequenceNumber before = open->database->rocks().GetLatestSequenceNumber();
  for (const absl::Status& status : CommitTogether(*open, contests)) EXPECT_TRUE(status.ok()) << status;
  std::unique_ptr<rocksdb::TransactionLogIterator> batches;
  ASSERT_TRUE(open->database->rocks().GetUpdatesSince(before + 1, &batches).ok());
  size_t count = 0;
  size_t bytes = 0;
  for (; batches->Valid(); batches->Next()) {
    const rocksdb::BatchResult batch = batches->GetBatch();
    EXPECT_LT(batch.writeBatchPtr->GetDataSize(), kTornMax);
    bytes += batch.writeBatchPtr->GetDataSize();
    ++count;
  }
  EXPECT_GT(bytes, kTornMax) << "else the test shows nothing";
  EXPECT_GE(count, 3u);
  for (uint64_t i = 0; i < 256; ++i) ASSERT_EQ(open->Find(Subject(1000 + i)).revision, 1u) << i;
}

// A power cut anywhere in an opt-out leaves it on both sides or on none, and on both once it was acknowledged.
TEST(LinkCrash, APowerCutLeavesBothSidesOrNone) {
  int acknowledged = 0;
  for (uint64_t cut = 1; cut <= 12; ++cut) {
    LossyDisk disk(cut);
    const std::unique_ptr<rocksdb::Env> env = NewLossyEnv(disk);
    ASSERT_TRUE(env->CreateDirIfMissing("/disk").ok());
    auto open = StartStore("/disk/data", env.get());
    ASSERT_TRUE(open.ok()) << open.status();
    for (uint64_t i = 1; i <= 3; ++i) {
      ASSERT_TRUE((*open)->store->Apply(GrantOf(Subject(i), {Purpose::kSelectContent}), kTestTime).ok());
      if (i == 1) continue;
      ASSERT_TRUE((*open)->store->Apply(LinkOf(Subject(1), Subject(i)), kTestTime).ok());
    }
    disk.CutAfter(cut);
    const bool ok = (*open)->store->Apply(OptOutOf(Subject(2), {Purpose::kSelectContent}), kTestTime).ok();
    acknowledged += ok ? 1 : 0;
    if (!disk.is_off()) disk.Cut();
    open->reset();
    disk.PowerOn();
    open = StartStore("/disk/data", env.get());
    ASSERT_TRUE(open.ok()) << cut << ": " << open.status();
    const ConsentStatus status = (*open)->Find(Subject(2)).status[static_cast<size_t>(Purpose::kSelectContent)];
    for (uint64_t i = 1; i <= 3; ++i) {
      EXPECT_EQ((*open)->Find(Subject(i)).status[static_cast<size_t>(Purpose::kSelectContent)], status) << cut;
      EXPECT_TRUE((*open)->Find(Subject(i)).linked) << cut;
    }
    EXPECT_TRUE(!ok || status == ConsentStatus::kOptedOut) << cut;
  }
  EXPECT_GT(acknowledged, 0);
  EXPECT_LT(acknowledged, 12);
}

}  // namespace
}  // namespace assent::storage
