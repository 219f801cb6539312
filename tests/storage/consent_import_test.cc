#include "storage/consent_import.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "assent/v1/consent_service.pb.h"
#include "storage/consent_change.h"
#include "storage/purpose_record.h"
#include "tests/storage/import_fixture.h"

namespace assent::storage {
namespace {

using internal::v1::ConsentRecord;
using policy::ConsentStatus;
using policy::Purpose;

constexpr Purpose kPurpose = Purpose::kProfileContent;
constexpr int64_t kThen = 500'000;  // seconds; kTestTime is 1,000,000

// A record that says `status` of kPurpose since kThen; kNone: nothing.
ConsentRecord RecordOf(ConsentStatus status, uint32_t expire_time_s = 0) {
  ConsentRecord record;
  if (status == ConsentStatus::kNone) return record;
  const ImportedRow row = RowOf(Subject(1), {Said(kPurpose, status, kThen, expire_time_s)});
  ApplyImport(row, {.granted_bits = policy::PurposeBit(kPurpose)}, "other", absl::FromUnixSeconds(kThen), 1, record);
  return record;
}

bool Counts(const ImportedPurpose& said, const ConsentRecord& record, uint32_t closed = 0) {
  const ImportPlan plan = PlanImport(RowOf(Subject(1), {said}), record, closed, kTestTime);
  EXPECT_FALSE(plan.restricts || plan.marks_child);
  const bool grants = said.status == ConsentStatus::kGranted;
  EXPECT_EQ(grants ? plan.denied_bits : plan.granted_bits, 0u);
  return plan.purpose_bits() == policy::PurposeBit(kPurpose);
}

TEST(ConsentImport, TheTimeOfTheActDecides) {
  struct Case {
    ConsentStatus recorded;
    ConsentStatus said;
    bool older, same, newer;  // whether it counts
  };
  const auto none = ConsentStatus::kNone;
  const auto granted = ConsentStatus::kGranted;
  const auto withdrawn = ConsentStatus::kWithdrawn;
  const auto opted_out = ConsentStatus::kOptedOut;
  for (const Case& one : {Case{none, granted, true, true, true},
                          {none, withdrawn, true, true, true},
                          {none, opted_out, true, true, true},
                          {granted, granted, false, false, true},
                          {granted, withdrawn, false, true, true},
                          {granted, opted_out, false, true, true},
                          {withdrawn, granted, false, false, true},
                          {withdrawn, withdrawn, false, false, true},
                          {withdrawn, opted_out, false, false, true},
                          {opted_out, granted, false, false, true},
                          {opted_out, withdrawn, false, false, true},
                          {opted_out, opted_out, false, false, true}}) {
    const ConsentRecord record = RecordOf(one.recorded);
    const std::string what = "recorded " + std::to_string(static_cast<int>(one.recorded)) + ", said " +
                             std::to_string(static_cast<int>(one.said));
    EXPECT_EQ(Counts(Said(kPurpose, one.said, kThen - 1), record), one.older) << what;
    EXPECT_EQ(Counts(Said(kPurpose, one.said, kThen), record), one.same) << what;
    EXPECT_EQ(Counts(Said(kPurpose, one.said, kThen + 1), record), one.newer) << what;
  }
}

// What was recorded directly happened when it was recorded.
TEST(ConsentImport, ADirectChangeCountsFromItsRecording) {
  ConsentRecord record;
  ApplyChange(WithdrawalOf(Subject(1), {kPurpose}), absl::FromUnixSeconds(kThen), 1, record);
  EXPECT_FALSE(Counts(SaidYes(kPurpose, kThen), record));
  EXPECT_TRUE(Counts(SaidYes(kPurpose, kThen + 1), record));
  ApplyChange(GrantOf(Subject(1), {kPurpose}), absl::FromUnixSeconds(kThen), 1, record);
  EXPECT_FALSE(Counts(SaidNo(kPurpose, kThen - 1), record));
  EXPECT_TRUE(Counts(SaidNo(kPurpose, kThen), record));
}

TEST(ConsentImport, AGrantThatHasEndedCountsOnlyWhereItReplacesAGrant) {
  const uint32_t ended = 1'000'000;  // kTestTime, and the second itself is outside
  EXPECT_FALSE(Counts(SaidYes(kPurpose, kThen, ended), RecordOf(ConsentStatus::kNone)));
  EXPECT_TRUE(Counts(SaidYes(kPurpose, kThen, ended + 1), RecordOf(ConsentStatus::kNone)));
  EXPECT_FALSE(Counts(SaidYes(kPurpose, kThen + 1, ended), RecordOf(ConsentStatus::kWithdrawn)));
  EXPECT_TRUE(Counts(SaidYes(kPurpose, kThen + 1, ended), RecordOf(ConsentStatus::kGranted)));
}

// A denial that could not reach the disk has closed the purpose, and nobody knows its time any more.
TEST(ConsentImport, AClosedPurposeIsNotGranted) {
  const uint32_t closed = policy::PurposeBit(kPurpose);
  EXPECT_FALSE(Counts(SaidYes(kPurpose, kThen + 1), RecordOf(ConsentStatus::kGranted), closed));
  EXPECT_TRUE(Counts(SaidNo(kPurpose, kThen + 1), RecordOf(ConsentStatus::kGranted), closed));
}

TEST(ConsentImport, WhatIsRecordedKeepsTheTimeOfTheActAndSaysImport) {
  ConsentRecord record;
  const ImportedRow row = RowOf(
      Subject(1), {SaidYes(Purpose::kSelectContent, kThen, 2'000'000), SaidNo(Purpose::kSelectAdvertising, kThen + 1)});
  const ImportPlan plan = PlanImport(row, record, 0, kTestTime);
  const auto entry = ApplyImport(row, plan, "importer", kTestTime, 7, record);
  EXPECT_EQ(entry.kind(), internal::v1::CONSENT_CHANGE_KIND_IMPORT);
  EXPECT_EQ(entry.purposes_size(), 2);
  EXPECT_EQ(record.revision(), 1u);
  EXPECT_EQ(record.sequence(), 7u);
  ASSERT_EQ(record.purposes_size(), 2);
  EXPECT_EQ(record.purposes(0).status(), v1::CONSENT_STATUS_WITHDRAWN);
  EXPECT_EQ(record.purposes(0).notice_id(), "") << "a denial is of no notice";
  const internal::v1::PurposeRecord& grant = record.purposes(1);
  EXPECT_EQ(grant.given_time_us(), kThen * kSecondInUs);
  EXPECT_EQ(grant.update_time_us(), absl::ToUnixMicros(kTestTime));
  EXPECT_EQ(grant.method(), v1::COLLECTION_METHOD_IMPORT);
  EXPECT_EQ(grant.expire_time_s(), 2'000'000u);
  EXPECT_EQ(grant.notice_id(), "old notice");
  EXPECT_EQ(grant.notice_version(), "1");
  EXPECT_EQ(grant.jurisdiction(), "DE");
  EXPECT_EQ(grant.recorded_by(), "importer");
  EXPECT_EQ(grant.since_revision(), 1u);
  EXPECT_TRUE(PlanImport(row, record, 0, kTestTime).empty()) << "a second time it changes nothing";
}

TEST(ConsentImport, FlagsAreSetAndNeverLifted) {
  ConsentRecord record;
  ImportedRow row{.subject = Subject(1), .restricted = true, .child = true};
  ImportPlan plan = PlanImport(row, record, 0, kTestTime);
  EXPECT_TRUE(plan.restricts && plan.marks_child);
  record.set_restricted(true);
  record.set_child(true);
  EXPECT_TRUE(PlanImport(row, record, 0, kTestTime).empty());
  row.restricted = row.child = false;
  EXPECT_TRUE(PlanImport(row, record, 0, kTestTime).empty());
}

TEST(ConsentImport, AProfileEndsWithADenialAChildOrARunThatHadEnded) {
  const uint32_t bit = policy::PurposeBit(kPurpose);
  const ConsentRecord running = RecordOf(ConsentStatus::kGranted);
  const ConsentRecord ran_out = RecordOf(ConsentStatus::kGranted, 900'000);
  EXPECT_EQ(EndedProfiles({.denied_bits = bit}, running, kTestTime), bit);
  EXPECT_EQ(EndedProfiles({.granted_bits = bit}, running, kTestTime), 0u);
  EXPECT_EQ(EndedProfiles({.granted_bits = bit}, ran_out, kTestTime), bit);
  EXPECT_EQ(EndedProfiles({.restricts = true}, running, kTestTime), 0u);
  EXPECT_EQ(EndedProfiles({.marks_child = true}, running, kTestTime), policy::kProfilePurposeBits);
}

// The same rows in any order leave the same states, because no two of them are of one time.
TEST(ConsentImport, TheOrderOfTheRowsDoesNotMatter) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::vector<ImportedRow> rows;
    for (int64_t i = 0; i < 6; ++i) {
      const auto status = static_cast<ConsentStatus>(1 + random() % 3);
      rows.push_back(RowOf(Subject(1), {Said(static_cast<Purpose>(1 + random() % 2), status, kThen + i)}));
    }
    std::string first;
    for (int order = 0; order < 5; ++order) {
      ConsentRecord record;
      for (const ImportedRow& row : rows) {
        const ImportPlan plan = PlanImport(row, record, 0, kTestTime);
        if (!plan.empty()) ApplyImport(row, plan, "importer", kTestTime, 0, record);
      }
      for (auto& purpose : *record.mutable_purposes()) purpose.clear_since_revision();
      std::string state;
      for (const auto& purpose : record.purposes()) state += purpose.SerializeAsString();
      if (order == 0) first = state;
      ASSERT_EQ(state, first) << "round " << round;
      std::shuffle(rows.begin(), rows.end(), random);
    }
  }
}

}  // namespace
}  // namespace assent::storage
