// Imports through the whole store: what is on the disk and in the index afterwards.
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "storage/consent_change.h"
#include "storage/consent_store.h"
#include "storage/record_codec.h"
#include "tests/storage/import_fixture.h"
#include "tests/storage/lossy_disk.h"
#include "tests/storage/lossy_file_system.h"

namespace assent::storage {
namespace {

using policy::ConsentStatus;
using policy::Purpose;
using policy::SubjectKey;
using Outcomes = std::vector<ImportOutcome>;

constexpr int64_t kEarlier = 500'000;  // seconds; kTestTime is 1,000,000

class ImportTest : public testing::Test {
 protected:
  ImportTest() { Start(); }
  void Start() {
    open.reset();
    auto started = StartStore(folder.path());
    ASSERT_TRUE(started.ok()) << started.status();
    open = *std::move(started);
  }
  Outcomes Import(const std::vector<ImportedRow>& rows) { return ImportRows(*open->store, rows); }
  absl::Status Apply(ConsentRequest request) { return open->store->Apply(std::move(request), kTestTime).status(); }
  std::vector<internal::v1::ConsentChangeKind> History(const SubjectKey& subject) {
    std::vector<internal::v1::ConsentChangeKind> kinds;
    const absl::Status status =
        open->store->History(subject, 0, [&](uint64_t, const internal::v1::ConsentChange& change) {
          kinds.push_back(change.kind());
          return true;
        });
    EXPECT_TRUE(status.ok()) << status;
    return kinds;
  }

  ScopedFolder folder;
  std::unique_ptr<OpenStore> open;
};

TEST_F(ImportTest, RowsAreInForceAndBackAfterARestart) {
  std::vector<ImportedRow> rows;
  const uint64_t count = 2 * kImportRowsMax + 3;  // three writes
  for (uint64_t i = 0; i < count; ++i) {
    const ConsentStatus status = i % 3 == 0 ? ConsentStatus::kOptedOut : ConsentStatus::kGranted;
    rows.push_back(RowOf(Subject(i), {Said(Purpose::kSelectContent, status, kEarlier)}));
  }
  EXPECT_EQ(Import(rows), Outcomes(count, ImportOutcome::kTaken));
  for (int start = 0; start < 2; ++start) {
    for (uint64_t i = 0; i < count; ++i) {
      ASSERT_EQ(open->Allows(Subject(i), Purpose::kSelectContent), i % 3 != 0) << i;
    }
    EXPECT_EQ(open->store->applied().sequence, count);
    Start();
  }
  EXPECT_EQ(Import(rows), Outcomes(count, ImportOutcome::kUnchanged));
  EXPECT_EQ(open->store->applied().sequence, count) << "nothing was written";
  EXPECT_EQ(History(Subject(1)), std::vector({internal::v1::CONSENT_CHANGE_KIND_IMPORT}));
}

TEST_F(ImportTest, ADenialOfTheSameTimeOrLaterStandsAndANewerGrantCounts) {
  ASSERT_TRUE(Apply(WithdrawalOf(Subject(1), {Purpose::kSelectContent})).ok());  // at 1,000,000
  EXPECT_EQ(Import({RowOf(Subject(1), {SaidYes(Purpose::kSelectContent, 1'000'000)})}),
            Outcomes{ImportOutcome::kUnchanged});
  EXPECT_FALSE(open->Allows(Subject(1), Purpose::kSelectContent));
  std::vector<ImportOutcome> outcomes(1);
  const std::vector<ImportedRow> newer = {RowOf(Subject(1), {SaidYes(Purpose::kSelectContent, 1'000'001)})};
  ASSERT_TRUE(open->store->Import(newer, "importer", absl::FromUnixSeconds(1'000'002), outcomes).ok());
  EXPECT_EQ(outcomes[0], ImportOutcome::kTaken);
  EXPECT_TRUE(open->Allows(Subject(1), Purpose::kSelectContent));
  EXPECT_EQ(Import({RowOf(Subject(1), {SaidNo(Purpose::kSelectContent, 1'000'000)})}),
            Outcomes{ImportOutcome::kUnchanged});
  EXPECT_TRUE(open->Allows(Subject(1), Purpose::kSelectContent));
}

TEST_F(ImportTest, AnErasedSubjectStaysErased) {
  ASSERT_TRUE(Apply(GrantOf(Subject(1), {Purpose::kSelectContent})).ok());
  ASSERT_TRUE(Apply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, Subject(1))).ok());
  const std::string tombstone = open->store->Get(Subject(1))->record.SerializeAsString();
  ImportedRow flags{.subject = Subject(1), .restricted = true, .child = true};
  const Outcomes outcomes = Import({RowOf(Subject(1), {SaidYes(Purpose::kSelectContent, kEarlier)}),
                                    RowOf(Subject(1), {SaidYes(Purpose::kSelectContent, 2'000'000)}),
                                    RowOf(Subject(1), {SaidNo(Purpose::kSelectContent, 2'000'000)}), flags});
  EXPECT_EQ(outcomes, Outcomes(4, ImportOutcome::kErased));
  EXPECT_EQ(open->store->Get(Subject(1))->record.SerializeAsString(), tombstone);
  EXPECT_TRUE(History(Subject(1)).empty());
  ASSERT_TRUE(Apply(GrantOf(Subject(1), {Purpose::kSelectContent})).ok());
  EXPECT_TRUE(open->Allows(Subject(1), Purpose::kSelectContent)) << "an explicit grant does";
}

TEST_F(ImportTest, RowsOfOneSubjectCountOneAfterTheOther) {
  ImportedRow flags{.subject = Subject(1), .restricted = true};
  const Outcomes outcomes = Import({RowOf(Subject(1), {SaidYes(Purpose::kSelectContent, kEarlier)}),
                                    RowOf(Subject(1), {SaidNo(Purpose::kSelectContent, kEarlier + 1)}),
                                    RowOf(Subject(1), {SaidYes(Purpose::kSelectContent, kEarlier)}), flags});
  EXPECT_EQ(outcomes,
            (Outcomes{ImportOutcome::kTaken, ImportOutcome::kTaken, ImportOutcome::kUnchanged, ImportOutcome::kTaken}));
  EXPECT_EQ(open->store->Get(Subject(1))->record.revision(), 3u);
  EXPECT_EQ(History(Subject(1)),
            std::vector({internal::v1::CONSENT_CHANGE_KIND_RESTRICT, internal::v1::CONSENT_CHANGE_KIND_IMPORT,
                         internal::v1::CONSENT_CHANGE_KIND_IMPORT}));
  EXPECT_TRUE(open->Find(Subject(1)).restricted);
  EXPECT_EQ(open->Find(Subject(1)).status[2], ConsentStatus::kWithdrawn);
}

// The denial of a row is that of the person behind it, as it would be by OptOut.
TEST_F(ImportTest, WhatARowDeniesReachesWhoIsLinked) {
  const SubjectKey login = Subject(1), cookie = Subject(2), phone = Subject(3);
  for (const SubjectKey& subject : {login, cookie, phone}) {
    ASSERT_TRUE(Apply(GrantOf(subject, {Purpose::kSelectContent})).ok());
  }
  ASSERT_TRUE(Apply(LinkOf(login, cookie)).ok());
  ASSERT_TRUE(Apply(LinkOf(login, phone)).ok());
  const ImportedRow row =
      RowOf(cookie, {Said(Purpose::kSelectContent, ConsentStatus::kOptedOut, absl::ToUnixSeconds(kTestTime))});
  EXPECT_EQ(Import({row}), Outcomes{ImportOutcome::kTaken});
  const auto all_opted_out = [&] {
    for (const SubjectKey& subject : {login, cookie, phone}) {
      const auto status = open->Find(subject).status[static_cast<size_t>(Purpose::kSelectContent)];
      if (status != ConsentStatus::kOptedOut) return false;
    }
    return true;
  };
  EXPECT_TRUE(all_opted_out());
  const size_t entries = History(login).size();
  EXPECT_EQ(Import({row}), Outcomes{ImportOutcome::kUnchanged});
  EXPECT_EQ(History(login).size(), entries) << "what is done already is left alone";
  Start();
  EXPECT_TRUE(all_opted_out());
}

TEST_F(ImportTest, ADamagedRecordIsRefusedAndStaysClosed) {
  ASSERT_TRUE(Apply(GrantOf(Subject(1), {Purpose::kSelectContent})).ok());
  ASSERT_TRUE(open->database->rocks()
                  .Put({}, open->database->family(Family::kConsent), ConsentKey(Subject(1)), "rubbish that is long")
                  .ok());
  EXPECT_EQ(Import({RowOf(Subject(1), {SaidYes(Purpose::kSelectContent, 2'000'000)}),
                    RowOf(Subject(2), {SaidYes(Purpose::kSelectContent, kEarlier)})}),
            (Outcomes{ImportOutcome::kDamaged, ImportOutcome::kTaken}));
  EXPECT_FALSE(open->Allows(Subject(1), Purpose::kSelectContent));
  EXPECT_TRUE(open->Allows(Subject(2), Purpose::kSelectContent));
  EXPECT_EQ(open->store->damaged_records(), 1u);
}

TEST_F(ImportTest, AScanShowsEveryRecordInOrderAndGoesOnBehindOne) {
  std::vector<ImportedRow> rows;
  for (uint64_t i = 0; i < 20; ++i) rows.push_back(RowOf(Subject(i), {SaidYes(Purpose::kSelectContent, kEarlier)}));
  Import(rows);
  std::vector<SubjectKey> seen;
  const auto visit = [&](const SubjectKey& subject, const internal::v1::ConsentRecord* record) {
    EXPECT_NE(record, nullptr);
    seen.push_back(subject);
    return seen.size() % 7 != 0;
  };
  ASSERT_TRUE(open->store->Scan(nullptr, visit).ok());
  EXPECT_EQ(seen.size(), 7u);
  while (seen.size() % 7 == 0 && seen.size() < 21) {
    const SubjectKey last = seen.back();
    ASSERT_TRUE(open->store->Scan(&last, visit).ok());
  }
  EXPECT_EQ(seen.size(), 20u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
}

// Withdrawals after the acts that are imported, at the same time as the import: from the moment in which one is
// acknowledged its subject is refused, and so it ends.
TEST_F(ImportTest, AgainstConcurrentWithdrawalsNoOlderGrantHolds) {
  constexpr uint64_t kSubjects = 200;
  const int rounds = FullScale() ? 200 : 10;
  for (int round = 0; round < rounds; ++round) {
    const auto number = [&](uint64_t i) { return static_cast<uint64_t>(round) * kSubjects + i; };
    std::vector<ImportedRow> rows;
    for (uint64_t i = 0; i < kSubjects; ++i) {
      rows.push_back(RowOf(Subject(number(i)), {SaidYes(Purpose::kSelectContent, 999'999)}));
    }
    std::vector<std::thread> importers;
    for (int thread = 0; thread < 2; ++thread) {
      importers.emplace_back([&] {
        for (size_t at = 0; at < rows.size(); at += 20) {
          std::vector<ImportOutcome> outcomes(20);
          const auto part = std::span<const ImportedRow>(rows).subspan(at, 20);
          EXPECT_TRUE(open->store->Import(part, "importer", kTestTime, outcomes).ok());
        }
      });
    }
    for (uint64_t i = 0; i < kSubjects; ++i) {
      ASSERT_TRUE(Apply(WithdrawalOf(Subject(number(i)), {Purpose::kSelectContent})).ok());
      ASSERT_FALSE(open->Allows(Subject(number(i)), Purpose::kSelectContent)) << number(i);
    }
    for (std::thread& importer : importers) importer.join();
    for (uint64_t i = 0; i < kSubjects; ++i) {
      ASSERT_FALSE(open->Allows(Subject(number(i)), Purpose::kSelectContent)) << number(i);
      ASSERT_EQ(open->Find(Subject(number(i))).status[2], ConsentStatus::kWithdrawn) << number(i);
    }
  }
}

// A withdrawal that could not reach the disk keeps its purpose closed until a direct change of it; an import does not
// know when it was.
TEST(ImportFault, WhatAFailedWithdrawalClosedIsNotOpenedByAnImport) {
  LossyDisk disk(1);
  const std::unique_ptr<rocksdb::Env> env = NewLossyEnv(disk);
  ASSERT_TRUE(env->CreateDirIfMissing("/disk").ok());
  auto started = StartStore("/disk/data", env.get());
  ASSERT_TRUE(started.ok()) << started.status();
  OpenStore& open = **started;
  ASSERT_TRUE(open.store->Apply(GrantOf(Subject(1), {Purpose::kSelectContent}), kTestTime).ok());
  disk.FailChanges(DiskFault::kNoSpace);
  EXPECT_FALSE(open.store->Apply(WithdrawalOf(Subject(1), {Purpose::kSelectContent}), kTestTime).ok());
  std::vector<ImportOutcome> refused(1);
  const std::vector<ImportedRow> newer = {RowOf(Subject(1), {SaidYes(Purpose::kSelectContent, 1'000'001)})};
  EXPECT_TRUE(absl::IsUnavailable(open.store->Import(newer, "importer", kTestTime, refused)));
  disk.FailChanges(DiskFault::kNone);
  EXPECT_EQ(ImportRows(*open.store, newer), Outcomes{ImportOutcome::kUnchanged});
  const std::vector<ImportedRow> denial = {RowOf(Subject(1), {SaidNo(Purpose::kSelectContent, 1'000'000)})};
  EXPECT_EQ(ImportRows(*open.store, denial), Outcomes{ImportOutcome::kTaken});
  EXPECT_EQ(ImportRows(*open.store, newer), Outcomes{ImportOutcome::kUnchanged});
  EXPECT_FALSE(open.Allows(Subject(1), Purpose::kSelectContent));
  EXPECT_EQ(open.Find(Subject(1)).status[2], ConsentStatus::kClosed);
  ASSERT_TRUE(open.store->Apply(GrantOf(Subject(1), {Purpose::kSelectContent}), kTestTime).ok());
  EXPECT_TRUE(open.Allows(Subject(1), Purpose::kSelectContent));
}

// Power cuts during imports: every acknowledged row is there afterwards, and of the others each whole or not at all.
TEST(ImportCrash, PowerCutsLoseNoAcknowledgedRow) {
  const uint64_t seed = std::random_device{}();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  const int cuts = FullScale() ? 2'000 : 40;
  constexpr uint64_t kRowsACall = 1200;  // three writes
  uint64_t acknowledged = 0;
  uint64_t whole = 0;
  for (int cut = 0; cut < cuts; ++cut) {
    LossyDisk disk(random());
    const std::unique_ptr<rocksdb::Env> env = NewLossyEnv(disk);
    ASSERT_TRUE(env->CreateDirIfMissing("/disk").ok());
    uint64_t done = 0;
    uint64_t sent = 0;
    {
      auto open = StartStore("/disk/data", env.get());
      ASSERT_TRUE(open.ok()) << open.status();
      disk.CutAfter(1 + random() % 40);
      while (true) {
        std::vector<ImportedRow> rows;
        for (uint64_t i = 0; i < kRowsACall; ++i, ++sent) {
          rows.push_back(RowOf(
              Subject(sent), {SaidYes(Purpose::kSelectContent, kEarlier), SaidNo(Purpose::kProfileContent, kEarlier)}));
        }
        std::vector<ImportOutcome> outcomes(rows.size());
        if (!(*open)->store->Import(rows, "importer", kTestTime, outcomes).ok()) break;
        done = sent;
      }
      disk.Cut();
    }
    disk.PowerOn();
    auto open = StartStore("/disk/data", env.get());
    ASSERT_TRUE(open.ok()) << open.status();
    EXPECT_EQ((*open)->store->damaged_records(), 0u);
    for (uint64_t i = 0; i < sent; ++i) {
      const auto found = (*open)->store->Get(Subject(i));
      ASSERT_TRUE(found.ok() || i >= done) << i << " of " << done << ": " << found.status();
      if (!found.ok()) continue;
      ASSERT_EQ(found->record.purposes_size(), 2) << i;
      ASSERT_TRUE((*open)->Allows(Subject(i), Purpose::kSelectContent));
      whole += i >= done;
    }
    acknowledged += done;
  }
  std::printf("%d cuts, %llu rows acknowledged, %llu others there and whole\n", cuts,
              static_cast<unsigned long long>(acknowledged), static_cast<unsigned long long>(whole));
  EXPECT_GT(acknowledged, 0u);
}

}  // namespace
}  // namespace assent::storage
