// Every change has its entry in the audit log, in the same write, and the entries are chained. The hashes are computed
// here anew from what is stored.
#include "storage/audit_chain.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "assent/internal/v1/audit_record.pb.h"
#include "policy/merkle_tree.h"
#include "storage/audit_log.h"
#include "storage/consent_change.h"
#include "storage/erasure_sweep.h"
#include "storage/notice_store.h"
#include "tests/storage/folder_scan.h"
#include "tests/storage/import_fixture.h"
#include "tests/storage/lossy_disk.h"
#include "tests/storage/lossy_file_system.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using policy::Purpose;
using policy::Sha256;
using policy::SubjectKey;

std::vector<AuditRecord> EntriesOf(Database& database) {
  std::vector<AuditRecord> entries;
  const absl::Status read = ReadAuditLog(database, 0, [&](const AuditRecord& record) {
    entries.push_back(record);
    return true;
  });
  EXPECT_TRUE(read.ok()) << read;
  return entries;
}

// The number of entries; -1 where a hash or an index is not what it has to be.
int VerifiedEntries(OpenStore& open) {
  Sha256 before = {};
  const std::vector<AuditRecord> entries = EntriesOf(*open.database);
  for (size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].entry.index != i + 1) return -1;
    before = policy::ChainHash(before, policy::CanonicalBytes(entries[i].entry));
    if (entries[i].hash != before) return -1;
  }
  if (open.store->audit_tail().index != entries.size() || open.store->audit_tail().hash != before) return -1;
  return static_cast<int>(entries.size());
}

std::vector<AuditedChange> ChangesIn(Database& database, const SubjectKey& subject) {
  std::vector<AuditedChange> changes;
  const absl::Status read = ReadAuditOf(database, subject, 0, [&](const AuditedChange& audited) {
    changes.push_back(audited);
    return true;
  });
  EXPECT_TRUE(read.ok()) << read;
  return changes;
}

class AuditChainTest : public testing::Test {
 protected:
  AuditChainTest() {
    EXPECT_TRUE(env->CreateDirIfMissing("/disk").ok());
    Start();
  }
  void Start() {
    open.reset();
    auto started = StartStore("/disk/data", env.get());
    ASSERT_TRUE(started.ok()) << started.status();
    open = *std::move(started);
  }
  absl::Status Apply(ConsentRequest request) { return open->store->Apply(std::move(request), kTestTime).status(); }
  uint32_t KindOf(uint64_t index) {
    const auto record = FindAuditRecord(*open->database, index);
    return record.ok() && *record ? (*record)->entry.kind : 0;
  }

  const SubjectKey subject = Subject(1);
  LossyDisk disk{7};
  std::unique_ptr<rocksdb::Env> env = NewLossyEnv(disk);
  std::unique_ptr<OpenStore> open;
};

TEST_F(AuditChainTest, EveryChangeHasAnEntryThatSaysNothingOfThePerson) {
  ASSERT_TRUE(Apply(GrantOf(subject, {Purpose::kSelectContent})).ok());
  ASSERT_TRUE(Apply(WithdrawalOf(subject, {Purpose::kSelectContent})).ok());
  ASSERT_TRUE(Apply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_RESTRICT, subject)).ok());
  ASSERT_EQ(VerifiedEntries(*open), 3);
  EXPECT_EQ(KindOf(1), static_cast<uint32_t>(internal::v1::CONSENT_CHANGE_KIND_GRANT));
  EXPECT_EQ(KindOf(2), static_cast<uint32_t>(internal::v1::CONSENT_CHANGE_KIND_WITHDRAW));
  EXPECT_EQ(KindOf(3), static_cast<uint32_t>(internal::v1::CONSENT_CHANGE_KIND_RESTRICT));
  for (const AuditRecord& record : EntriesOf(*open->database)) {
    EXPECT_EQ(record.entry.actor, "test");
    EXPECT_EQ(record.entry.time_us, absl::ToUnixMicros(kTestTime));
    EXPECT_EQ(policy::CanonicalBytes(record.entry).find(ConsentKey(subject)), std::string::npos);
  }
  const std::vector<AuditedChange> changes = ChangesIn(*open->database, subject);
  ASSERT_EQ(changes.size(), 3u);
  for (size_t i = 0; i < changes.size(); ++i) {
    EXPECT_EQ(changes[i].record.entry.index, i + 1);
    EXPECT_EQ(policy::CommitmentTo(changes[i].opening), changes[i].record.entry.commitment);
    EXPECT_EQ(changes[i].opening.substr(0, 16), ConsentKey(subject));
    EXPECT_EQ(changes[i].change.audit_salt().size(), 32u);
  }
  EXPECT_NE(changes[0].change.audit_salt(), changes[1].change.audit_salt());
}

TEST_F(AuditChainTest, WhatChangesNothingHasNoEntry) {
  ConsentRequest grant = GrantOf(subject, {Purpose::kSelectContent});
  grant.request_id = std::string(16, 'r');
  ASSERT_TRUE(Apply(grant).ok());
  ASSERT_TRUE(Apply(grant).ok());
  grant.request_id.clear();
  grant.check_revision = true;
  grant.expected_revision = 7;
  EXPECT_TRUE(absl::IsAborted(Apply(grant)));
  EXPECT_EQ(VerifiedEntries(*open), 1);
}

TEST_F(AuditChainTest, GoesOnAfterARestartAndAPowerCut) {
  ASSERT_TRUE(Apply(GrantOf(subject, {Purpose::kSelectContent})).ok());
  Start();
  ASSERT_TRUE(Apply(WithdrawalOf(subject, {Purpose::kSelectContent})).ok());
  disk.Cut();
  open.reset();
  disk.PowerOn();
  Start();
  EXPECT_EQ(VerifiedEntries(*open), 2);
  ASSERT_TRUE(Apply(GrantOf(subject, {Purpose::kSelectContent})).ok());
  EXPECT_EQ(VerifiedEntries(*open), 3);
}

TEST_F(AuditChainTest, AWriteThatFailedLeavesTheEndAsItWas) {
  ASSERT_TRUE(Apply(GrantOf(subject, {Purpose::kSelectContent})).ok());
  disk.FailChanges(DiskFault::kNoSpace);
  EXPECT_TRUE(absl::IsUnavailable(Apply(WithdrawalOf(subject, {Purpose::kSelectContent}))));
  EXPECT_TRUE(absl::IsUnavailable(
      open->store->RecordGovernance({.kind = AuditKind::kModel, .actor = "test", .sha256 = "m"}, kTestTime)));
  EXPECT_EQ(open->store->audit_tail().index, 1u);
  disk.FailChanges(DiskFault::kNone);
  ASSERT_TRUE(open->store->Resume().ok());
  ASSERT_TRUE(Apply(WithdrawalOf(subject, {Purpose::kSelectContent})).ok());
  EXPECT_EQ(VerifiedEntries(*open), 2);
  EXPECT_EQ(ChangesIn(*open->database, subject).size(), 2u);
}

TEST_F(AuditChainTest, ManyAtOnceStandInTheOrderOfTheirWrites) {
  constexpr uint64_t kThreads = 8;
  constexpr uint64_t kChanges = 50;
  std::vector<std::thread> threads;
  std::atomic<uint64_t> failed{0};
  for (uint64_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (uint64_t j = 0; j < kChanges; ++j) {
        const SubjectKey one = Subject(100 * i + j % 10);
        failed +=
            !Apply(j % 3 != 0 ? GrantOf(one, {Purpose::kSelectContent}) : WithdrawalOf(one, {Purpose::kSelectContent}))
                 .ok();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0u);
  EXPECT_EQ(VerifiedEntries(*open), static_cast<int>(kThreads * kChanges));
  for (uint64_t i = 0; i < kThreads; ++i) {
    for (const AuditedChange& audited : ChangesIn(*open->database, Subject(100 * i))) {
      EXPECT_EQ(policy::CommitmentTo(audited.opening), audited.record.entry.commitment);
    }
  }
}

TEST_F(AuditChainTest, AnImportHasOneEntryForEachWriteAndEveryRowIsInItsRoot) {
  std::vector<ImportedRow> rows;
  for (uint64_t i = 0; i < kImportRowsMax + 7; ++i) {
    rows.push_back(RowOf(Subject(i), {SaidYes(Purpose::kSelectContent, 1000)}));
  }
  rows[3].restricted = true;
  ImportRows(*open->store, rows);
  ASSERT_EQ(VerifiedEntries(*open), 2);
  uint64_t changes = 0;
  for (const ImportedRow& row : rows) {
    for (const AuditedChange& audited : ChangesIn(*open->database, row.subject)) {
      ++changes;
      const uint64_t index = audited.record.entry.index;
      ASSERT_EQ(audited.record.entry.kind, static_cast<uint32_t>(AuditKind::kImport));
      const auto opening = FindAuditOpening(*open->database, index);
      ASSERT_TRUE(opening.ok());
      ASSERT_EQ(policy::CommitmentTo(*opening), audited.record.entry.commitment);
      internal::v1::AuditDetail detail;
      ASSERT_TRUE(detail.ParseFromString(*opening));
      ASSERT_EQ(detail.number(), audited.leaves.size());
      const auto path = policy::MerklePath(audited.leaves, audited.change.audit_leaf());
      const auto root = policy::MerkleRootOfPath(policy::CommitmentTo(audited.opening), audited.change.audit_leaf(),
                                                 detail.number(), path);
      ASSERT_TRUE(root && policy::BytesOf(*root) == detail.sha256());
    }
  }
  EXPECT_EQ(changes, rows.size() + 1) << "a flag is a change of its own";
}

TEST_F(AuditChainTest, NoticesAndGovernanceAreInItOnce) {
  auto notices = NoticeStore::Open(*open->database, *open->store, open->index);
  ASSERT_TRUE(notices.ok());
  internal::v1::NoticeRecord notice;
  notice.set_id("banner");
  notice.set_version("1");
  notice.set_notice("the text");
  notice.set_recorded_by("officer");
  ASSERT_TRUE((*notices)->Register(notice).ok());
  ASSERT_TRUE((*notices)->Register(notice).ok()) << "the same again, which has no entry";
  const auto record = [&](const std::string& sha256) {
    return open->store->RecordGovernance({.kind = AuditKind::kModel, .actor = "assentd", .name = "m", .sha256 = sha256},
                                         kTestTime);
  };
  ASSERT_TRUE(record("one").ok());
  ASSERT_TRUE(record("one").ok());
  Start();
  ASSERT_TRUE(record("one").ok()) << "not at each start";
  ASSERT_TRUE(record("two").ok());
  ASSERT_TRUE(record("one").ok()) << "back again is another change";
  ASSERT_EQ(VerifiedEntries(*open), 4);
  internal::v1::AuditDetail detail;
  ASSERT_TRUE(detail.ParseFromString(FindAuditOpening(*open->database, 1).value_or("")));
  EXPECT_EQ(detail.name() + " " + detail.version(), "banner 1");
  EXPECT_EQ(detail.sha256(), policy::BytesOf(policy::Sha256Of({"the text"})));
  EXPECT_EQ((*FindAuditRecord(*open->database, 1))->entry.actor, "officer");
  EXPECT_EQ(KindOf(4), static_cast<uint32_t>(AuditKind::kModel));
}

// What an erased person's entries were committed to is nowhere, and the chain is what it was.
TEST(AuditErasureTest, ShredsWhatTheEntriesAreCommittedToAndTheChainStillVerifies) {
  const ScopedFolder folder;
  const SubjectKey subject = Subject(1);
  auto open = *StartStore(folder.path(), nullptr, /*compress=*/false);
  const auto apply = [&](ConsentRequest request) {
    ASSERT_TRUE(open->store->Apply(std::move(request), kTestTime).ok());
  };
  apply(GrantOf(Subject(2), {Purpose::kSelectContent}));
  apply(GrantOf(subject, {Purpose::kSelectContent}));
  apply(WithdrawalOf(subject, {Purpose::kSelectContent}));
  ImportRows(*open->store, {RowOf(subject, {SaidYes(Purpose::kMeasureAudience, 1000)}),
                            RowOf(Subject(3), {SaidYes(Purpose::kSelectContent, 1000)})});
  const std::vector<AuditedChange> before = ChangesIn(*open->database, subject);
  ASSERT_EQ(before.size(), 3u);
  const std::vector<AuditRecord> entries = EntriesOf(*open->database);
  for (const AuditedChange& audited : before) {
    EXPECT_GE(Scan(folder.path(), audited.change.audit_salt())[".log"], 1u) << "the scan can see";
  }

  apply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, subject));
  EXPECT_TRUE(ChangesIn(*open->database, subject).empty());
  std::atomic<bool> stop{false};
  ASSERT_EQ(SweepErased(*open->database, *open->store, stop).value_or(0), 1u);
  open.reset();
  for (const AuditedChange& audited : before) {
    EXPECT_EQ(Scan(folder.path(), audited.change.audit_salt()), Found()) << audited.record.entry.index;
  }
  open = *StartStore(folder.path(), nullptr, /*compress=*/false);
  EXPECT_EQ(VerifiedEntries(*open), 5) << "with that of the erasure";
  const std::vector<AuditRecord> after = EntriesOf(*open->database);
  for (size_t i = 0; i < entries.size(); ++i) EXPECT_EQ(after[i].hash, entries[i].hash);
  EXPECT_EQ(after.back().entry.kind, static_cast<uint32_t>(internal::v1::CONSENT_CHANGE_KIND_ERASE));
  const std::vector<AuditedChange> neighbour = ChangesIn(*open->database, Subject(3));
  ASSERT_EQ(neighbour.size(), 1u) << "who was in the same import can still show theirs";
  EXPECT_EQ(policy::CommitmentTo(neighbour[0].opening), neighbour[0].leaves[neighbour[0].change.audit_leaf()]);
}

}  // namespace
}  // namespace assent::storage
