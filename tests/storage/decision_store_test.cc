// The log of decisions: what is kept is found again by id, by time and by subject; what is erased or too old is gone
// from every file, also what was on its way when the erasure was acknowledged.
#include "storage/decision_store.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "storage/decision_erasure.h"
#include "storage/erasure_sweep.h"
#include "tests/storage/folder_scan.h"
#include "tests/storage/lossy_disk.h"
#include "tests/storage/lossy_file_system.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using policy::DecisionId;
using policy::SubjectKey;

constexpr int64_t kSecondUs = 1'000'000;

class DecisionStoreTest : public testing::Test {
 protected:
  DecisionStoreTest() { Start(folder.path()); }
  void Start(const std::string& path, rocksdb::Env* env = nullptr) {
    decisions.reset();
    open.reset();
    auto started = StartStore(path, env, /*compress=*/false);
    ASSERT_TRUE(started.ok()) << started.status();
    open = *std::move(started);
    decisions = std::make_unique<DecisionStore>(*open->database, *open->store, open->index, open->domain);
  }
  void MustApply(ConsentRequest request) {
    const auto result = open->store->Apply(std::move(request), kTestTime);
    ASSERT_TRUE(result.ok()) << result.status();
  }
  uint32_t Revision(const SubjectKey& subject) { return open->Find(subject).revision; }
  // A refusal, which needs no model.
  std::string Content(const SubjectKey& subject, int64_t time_us, uint32_t revision) {
    policy::Decision decision;
    decision.outcome = policy::Outcome::kNoConsent;
    decision.rule = policy::Rule::kConsentNone;
    decision.purpose = policy::Purpose::kSelectContent;
    decision.subject = subject;
    decision.time_us = time_us;
    decision.consent_revision = revision;
    std::string content(policy::kRecordedDecisionBytesMax, '\0');
    content.resize(policy::WriteRecordedDecision(decision, {}, content));
    return content;
  }
  // One at `second`, as it is on its way to the log.
  struct OnItsWay {
    DecisionId id;
    SubjectKey subject;
    uint32_t revision;
    std::string content;
  };
  OnItsWay Decide(const SubjectKey& subject, int64_t second, uint64_t number = 0) {
    const uint32_t revision = Revision(subject);
    return {DecisionId::Of(second * kSecondUs, number), subject, revision,
            Content(subject, second * kSecondUs, revision)};
  }
  absl::StatusOr<size_t> Append(const std::vector<OnItsWay>& all) {
    std::vector<LoggedDecision> logged;
    for (const OnItsWay& one : all) logged.push_back({one.id, one.subject, one.revision, one.content});
    return decisions->Append(logged);
  }
  std::vector<int64_t> Seconds(const SubjectKey* subject = nullptr, int64_t from = 0) {
    std::vector<int64_t> seconds;
    const auto visit = [&](const DecisionId& id, const policy::RecordedDecision& decision) {
      EXPECT_EQ(id.time_us(), decision.time_us);
      seconds.push_back(id.time_us() / kSecondUs);
      return true;
    };
    const DecisionId start = DecisionId::From(from * kSecondUs);
    const absl::Status status =
        subject == nullptr ? decisions->List(start, visit) : decisions->ListOfSubject(*subject, start, visit);
    EXPECT_TRUE(status.ok()) << status;
    return seconds;
  }
  using Times = std::vector<int64_t>;

  const SubjectKey anna = Subject(1);
  const SubjectKey ben = Subject(2);
  ScopedFolder folder;
  std::unique_ptr<OpenStore> open;
  std::unique_ptr<DecisionStore> decisions;
  const std::atomic<bool> go_on{false};
};

TEST_F(DecisionStoreTest, FoundByIdByTimeAndBySubject) {
  const OnItsWay first = Decide(anna, 10);
  ASSERT_EQ(*Append({first, Decide(ben, 12), Decide(anna, 11)}), 0u);
  const auto read = decisions->Get(first.id);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->subject, anna);
  EXPECT_EQ(read->rule, policy::Rule::kConsentNone);
  EXPECT_EQ(Seconds(), (Times{10, 11, 12}));
  EXPECT_EQ(Seconds(nullptr, 11), (Times{11, 12}));
  EXPECT_EQ(Seconds(&anna), (Times{10, 11}));
  EXPECT_EQ(Seconds(&anna, 11), (Times{11}));
  EXPECT_EQ(decisions->Get(DecisionId::From(1)).status().code(), absl::StatusCode::kNotFound);
  Start(folder.path());
  EXPECT_EQ(Seconds(), (Times{10, 11, 12}));
}

TEST_F(DecisionStoreTest, AnErasureTakesThemAlongAndNoLateOneFollows) {
  MustApply(GrantOf(anna, {policy::Purpose::kSelectContent}));
  ASSERT_TRUE(Append({Decide(anna, 10), Decide(ben, 11)}).ok());
  const OnItsWay late = Decide(anna, 12);
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, anna));
  EXPECT_EQ(Seconds(), (Times{11}));
  EXPECT_EQ(Seconds(&anna), Times{});
  EXPECT_EQ(*Append({late, Decide(ben, 13)}), 1u);
  EXPECT_EQ(Seconds(), (Times{11, 13}));
}

// Whoever agrees to something anew is no less erased: the late one is of before.
TEST_F(DecisionStoreTest, NoLateOneFollowsWhereThePersonComesBack) {
  MustApply(GrantOf(anna, {policy::Purpose::kSelectContent}));
  const OnItsWay late = Decide(anna, 12);
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, anna));
  MustApply(GrantOf(anna, {policy::Purpose::kSelectContent}));
  EXPECT_FALSE(open->Find(anna).erased);
  EXPECT_TRUE(*decisions->ErasedSince(anna, late.revision));
  EXPECT_FALSE(*decisions->ErasedSince(anna, Revision(anna)));
  EXPECT_EQ(*Append({late, Decide(anna, 13)}), 1u);
  EXPECT_EQ(Seconds(&anna), (Times{13}));
  MustApply(WithdrawalOf(anna, {policy::Purpose::kSelectContent}));
  EXPECT_FALSE(*decisions->ErasedSince(anna, Revision(anna) - 1));
}

TEST_F(DecisionStoreTest, OtherChangesMeanwhileDoNotErase) {
  const OnItsWay stranger = Decide(anna, 10);  // revision 0: nothing is on record
  MustApply(GrantOf(anna, {policy::Purpose::kSelectContent}));
  const OnItsWay granted = Decide(anna, 11);
  MustApply(WithdrawalOf(anna, {policy::Purpose::kSelectContent}));
  EXPECT_EQ(*Append({stranger, granted}), 0u);
  EXPECT_EQ(Seconds(&anna), (Times{10, 11}));
}

TEST_F(DecisionStoreTest, NothingOfTheErasedIsLeftInAnyFile) {
  const SubjectKey subject = {.bytes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
  const std::string pseudonym = SubjectDecisionPrefix(subject);
  ASSERT_TRUE(Append({Decide(subject, 10), Decide(ben, 11), Decide(subject, 12)}).ok());
  EXPECT_GE(Scan(folder.path(), pseudonym)[".log"], 2u);  // the index; the records stand under masks
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, subject));
  std::atomic<bool> stop{false};
  ASSERT_EQ(*SweepErased(*open->database, *open->store, stop), 1u);
  size_t found = 0;
  for (const auto& [kind, count] : Scan(folder.path(), pseudonym)) found += kind == "list of files" ? 0 : count;
  EXPECT_LE(found, 2u);  // the tombstone, and its key as the bound of its table
  EXPECT_EQ(Seconds(), (Times{11}));
}

// More than one write takes: the rest is readable no more, and goes with the sweep.
TEST_F(DecisionStoreTest, ManyOfOneSubjectGoInTwoSteps) {
  MustApply(GrantOf(anna, {policy::Purpose::kSelectContent}));
  constexpr uint64_t kMany = kDecisionsPerWriteMax + 7;
  std::vector<OnItsWay> all;
  for (uint64_t number = 0; number < kMany; ++number) all.push_back(Decide(anna, 10, number));
  all.push_back(Decide(ben, 11));
  ASSERT_TRUE(Append(all).ok());
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, anna));
  EXPECT_EQ(Seconds(&anna).size(), 7u);
  EXPECT_TRUE(*decisions->ErasedSince(anna, all[0].revision));
  std::atomic<bool> stop{false};
  ASSERT_TRUE(SweepErased(*open->database, *open->store, stop).ok());
  EXPECT_EQ(Seconds(&anna), Times{});
  EXPECT_EQ(Seconds(), (Times{11}));
}

// Of whoever agrees anew before the sweep goes what was before the erasure, and stays what came after it.
TEST_F(DecisionStoreTest, TheSecondStepComesAlsoForWhoAgreesAnew) {
  MustApply(GrantOf(anna, {policy::Purpose::kSelectContent}));
  std::vector<OnItsWay> all;
  for (uint64_t number = 0; number < kDecisionsPerWriteMax + 7; ++number) all.push_back(Decide(anna, 10, number));
  ASSERT_TRUE(Append(all).ok());
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, anna));
  MustApply(GrantOf(anna, {policy::Purpose::kSelectContent}));
  const int64_t later = absl::ToUnixSeconds(kTestTime) + 60;
  ASSERT_TRUE(Append({Decide(anna, later)}).ok());
  EXPECT_EQ(Seconds(&anna).size(), 8u);
  std::atomic<bool> stop{false};
  ASSERT_TRUE(SweepErased(*open->database, *open->store, stop).ok());
  EXPECT_EQ(Seconds(&anna), (Times{later}));
}

TEST_F(DecisionStoreTest, WhatIsTooOldGoesFromBothFamilies) {
  std::vector<OnItsWay> all;
  for (int64_t second = 0; second < 2500; ++second) all.push_back(Decide(second % 2 == 0 ? anna : ben, second));
  ASSERT_TRUE(Append(all).ok());
  EXPECT_EQ(*decisions->DeleteBefore(2400 * kSecondUs, go_on), 2400u);
  EXPECT_EQ(Seconds().size(), 100u);
  EXPECT_EQ(Seconds().front(), 2400);
  EXPECT_EQ(Seconds(&anna).size(), 50u);
  EXPECT_EQ(Seconds(&anna).front(), 2400);
  EXPECT_EQ(*decisions->DeleteBefore(2400 * kSecondUs, go_on), 0u);
}

TEST_F(DecisionStoreTest, ADamagedRecordIsCountedAndTheRestIsShown) {
  const OnItsWay bad = Decide(anna, 10);
  ASSERT_TRUE(Append({bad, Decide(anna, 11)}).ok());
  ASSERT_TRUE(open->store
                  ->Write([&](rocksdb::WriteBatch& batch) {
                    EXPECT_TRUE(batch.Put(open->database->family(Family::kDecisions), DecisionKey(bad.id), "?").ok());
                  })
                  .ok());
  EXPECT_EQ(decisions->Get(bad.id).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Seconds(), (Times{11}));
  EXPECT_EQ(Seconds(&anna), (Times{11}));
  EXPECT_EQ(decisions->damaged(), 2u);
  EXPECT_EQ(*decisions->DeleteBefore(20 * kSecondUs, go_on), 2u);
}

// What was appended is on the disk; what the disk refused is not there, and the next attempt brings it.
TEST_F(DecisionStoreTest, APowerCutLosesNothingThatWasAppended) {
  LossyDisk disk{9};
  const std::unique_ptr<rocksdb::Env> env = NewLossyEnv(disk);
  ASSERT_TRUE(env->CreateDirIfMissing("/disk").ok());
  Start("/disk/data", env.get());
  ASSERT_TRUE(Append({Decide(anna, 10)}).ok());
  disk.Cut();
  decisions.reset();
  open.reset();
  disk.PowerOn();
  Start("/disk/data", env.get());
  EXPECT_EQ(Seconds(), (Times{10}));
  decisions.reset();
  open.reset();  // before its environment
}

}  // namespace
}  // namespace assent::storage
