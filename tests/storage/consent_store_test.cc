#include "storage/consent_store.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "assent/v1/consent_service.pb.h"
#include "storage/consent_change.h"
#include "storage/record_codec.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using policy::ConsentStatus;
using policy::Purpose;
using policy::SubjectKey;

class ConsentStoreTest : public testing::Test {
 protected:
  ConsentStoreTest() { Start(); }
  void Start() {
    open.reset();
    auto started = StartStore(folder.path());
    ASSERT_TRUE(started.ok()) << started.status();
    open = *std::move(started);
  }
  absl::StatusOr<ConsentResult> Apply(ConsentRequest request) {
    return open->store->Apply(std::move(request), kTestTime);
  }
  std::string RawHistory(const SubjectKey& subject, uint64_t revision) {
    std::string value;
    const auto status = open->database->rocks().Get({}, open->database->family(Family::kConsentHistory),
                                                    HistoryKey(subject, revision), &value);
    return status.ok() ? value : "";
  }
  void DamageRecord(const SubjectKey& subject) {
    ASSERT_TRUE(open->database->rocks()
                    .Put({}, open->database->family(Family::kConsent), ConsentKey(subject), "rubbish that is long")
                    .ok());
  }

  ScopedFolder folder;
  std::unique_ptr<OpenStore> open;
};

TEST_F(ConsentStoreTest, GrantThenWithdrawThenGrant) {
  const SubjectKey subject = Subject(1);
  EXPECT_FALSE(open->Allows(subject, Purpose::kSelectContent));
  const auto granted = Apply(GrantOf(subject, {Purpose::kSelectContent}));
  ASSERT_TRUE(granted.ok()) << granted.status();
  EXPECT_EQ(granted->record.revision(), 1u);
  EXPECT_TRUE(open->Allows(subject, Purpose::kSelectContent));
  EXPECT_FALSE(open->Allows(subject, Purpose::kSelectAdvertising));
  const auto withdrawn = Apply(WithdrawalOf(subject, {Purpose::kSelectContent}));
  ASSERT_TRUE(withdrawn.ok());
  EXPECT_EQ(withdrawn->record.revision(), 2u);
  EXPECT_EQ(open->Find(subject).status[2], ConsentStatus::kWithdrawn);
  ASSERT_TRUE(Apply(GrantOf(subject, {Purpose::kSelectContent})).ok());
  EXPECT_TRUE(open->Allows(subject, Purpose::kSelectContent));
  EXPECT_EQ(open->Find(subject).revision, 3u);
}

TEST_F(ConsentStoreTest, EverythingIsBackAfterARestart) {
  ASSERT_TRUE(Apply(GrantOf(Subject(1), {Purpose::kSelectContent, Purpose::kProfileContent}, 1'000'500)).ok());
  ASSERT_TRUE(Apply(GrantOf(Subject(1), {Purpose::kSelectAdvertising}, 1'000'900)).ok());
  ASSERT_TRUE(Apply(OptOutOf(Subject(2), {})).ok());
  const auto one = open->Find(Subject(1));
  const auto two = open->Find(Subject(2));
  const CommitPoint point = open->store->applied();
  EXPECT_EQ(point.sequence, 3u);
  Start();
  EXPECT_EQ(open->Find(Subject(1)), one);
  EXPECT_EQ(open->Find(Subject(2)), two);
  EXPECT_EQ(open->index.size(), 2u);
  EXPECT_EQ(open->store->applied().sequence, point.sequence);
  EXPECT_EQ(open->store->applied().epoch, point.epoch);
  EXPECT_TRUE(open->Allows(Subject(1), Purpose::kSelectAdvertising, 1'000'600));
  EXPECT_FALSE(open->Allows(Subject(1), Purpose::kSelectContent, 1'000'600));
}

TEST_F(ConsentStoreTest, SequenceNamesTheCommitAndIsApplied) {
  const auto first = Apply(GrantOf(Subject(1), {Purpose::kSelectContent}));
  const auto second = Apply(GrantOf(Subject(2), {Purpose::kSelectContent}));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->point.epoch, open->database->epoch());
  EXPECT_EQ(first->point.sequence + 1, second->point.sequence);
  EXPECT_EQ(open->store->applied().sequence, second->point.sequence);
  const auto read = open->store->Get(Subject(1));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->point.sequence, first->point.sequence);
  EXPECT_EQ(read->record.SerializeAsString(), first->record.SerializeAsString());
  EXPECT_EQ(open->store->Get(Subject(3)).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ConsentStoreTest, EveryChangeIsInTheHistory) {
  const SubjectKey subject = Subject(1);
  ASSERT_TRUE(Apply(GrantOf(subject, {Purpose::kSelectContent})).ok());
  ASSERT_TRUE(Apply(OptOutOf(subject, {Purpose::kSelectContent})).ok());
  internal::v1::ConsentChange entry;
  ASSERT_TRUE(RecordCodec().Decode(HistoryKey(subject, 1), RawHistory(subject, 1), entry).ok());
  EXPECT_EQ(entry.kind(), internal::v1::CONSENT_CHANGE_KIND_GRANT);
  EXPECT_EQ(entry.sequence(), 1u);
  ASSERT_TRUE(RecordCodec().Decode(HistoryKey(subject, 2), RawHistory(subject, 2), entry).ok());
  EXPECT_EQ(entry.kind(), internal::v1::CONSENT_CHANGE_KIND_OPT_OUT);
  EXPECT_EQ(entry.purposes(0).status(), v1::CONSENT_STATUS_OPTED_OUT);
  EXPECT_EQ(entry.time_us(), absl::ToUnixMicros(kTestTime));
  EXPECT_EQ(RawHistory(subject, 3), "");
}

TEST_F(ConsentStoreTest, ARepeatedRequestChangesNothing) {
  ConsentRequest grant = GrantOf(Subject(1), {Purpose::kSelectContent});
  grant.request_id = std::string(16, 'a');
  ConsentRequest withdrawal = WithdrawalOf(Subject(1), {});
  withdrawal.request_id = std::string(16, 'b');
  ASSERT_TRUE(Apply(grant).ok());
  ASSERT_TRUE(Apply(withdrawal).ok());
  const auto repeated = Apply(grant);  // a retry that arrives late must not open what was closed since
  ASSERT_TRUE(repeated.ok());
  EXPECT_EQ(repeated->record.revision(), 2u);
  EXPECT_EQ(repeated->point.sequence, 2u);
  EXPECT_FALSE(open->Allows(Subject(1), Purpose::kSelectContent));
  ASSERT_TRUE(Apply(GrantOf(Subject(1), {Purpose::kSelectContent})).ok());
  ASSERT_TRUE(Apply(withdrawal).ok());  // nor may a late retry close what was opened since
  EXPECT_TRUE(open->Allows(Subject(1), Purpose::kSelectContent));
  Start();
  EXPECT_EQ(Apply(withdrawal)->record.revision(), 3u);  // remembered over a restart
}

// A withdrawal is done or refused, never answered as if it were the grant that used the id before it.
TEST_F(ConsentStoreTest, AnIdThatStandsForAnotherRequestIsRefusedNotAnswered) {
  const auto with_id = [](ConsentRequest request) {
    request.request_id = std::string(16, 'a');
    return request;
  };
  ASSERT_TRUE(Apply(with_id(GrantOf(Subject(1), {Purpose::kSelectContent, Purpose::kSelectAdvertising}))).ok());
  const auto before = open->Find(Subject(1));
  for (const ConsentRequest& other : {WithdrawalOf(Subject(1), {}), WithdrawalOf(Subject(1), {Purpose::kSelectContent}),
                                      OptOutOf(Subject(1), {}), GrantOf(Subject(1), {Purpose::kSelectContent})}) {
    EXPECT_EQ(Apply(with_id(other)).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(open->Find(Subject(1)), before);
    EXPECT_EQ(open->store->Get(Subject(1))->record.revision(), 1u);
  }
  EXPECT_EQ(open->store->applied().sequence, 1u);
  ASSERT_TRUE(Apply(WithdrawalOf(Subject(1), {Purpose::kSelectContent})).ok());
  // The refused grant does not open again what was withdrawn since.
  EXPECT_EQ(Apply(with_id(GrantOf(Subject(1), {Purpose::kSelectContent}))).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(open->Find(Subject(1)).status[2], ConsentStatus::kWithdrawn);
  EXPECT_TRUE(Apply(with_id(OptOutOf(Subject(2), {}))).ok());  // another subject's ids are of no concern
}

TEST_F(ConsentStoreTest, AStaleEtagIsRefusedAndChangesNothing) {
  ASSERT_TRUE(Apply(GrantOf(Subject(1), {Purpose::kSelectContent})).ok());
  for (uint64_t revision : {0, 2}) {
    ConsentRequest stale = WithdrawalOf(Subject(1), {});
    stale.check_revision = true;
    stale.expected_revision = revision;
    EXPECT_EQ(Apply(stale).status().code(), absl::StatusCode::kAborted);
    EXPECT_TRUE(open->Allows(Subject(1), Purpose::kSelectContent));
  }
  ConsentRequest fresh = WithdrawalOf(Subject(1), {});
  fresh.check_revision = true;
  fresh.expected_revision = 1;
  EXPECT_TRUE(Apply(fresh).ok());
  EXPECT_EQ(open->store->applied().sequence, 2u);
  ConsentRequest unseen = GrantOf(Subject(2), {Purpose::kSelectContent});
  unseen.check_revision = true;
  EXPECT_TRUE(Apply(unseen).ok());  // revision 0: the caller saw that there was none
}

TEST_F(ConsentStoreTest, ADamagedRecordClosesItsSubjectAndIsCounted) {
  ASSERT_TRUE(Apply(GrantOf(Subject(1), {Purpose::kSelectContent})).ok());
  ASSERT_TRUE(Apply(GrantOf(Subject(2), {Purpose::kSelectContent})).ok());
  DamageRecord(Subject(1));
  Start();
  EXPECT_EQ(open->store->damaged_records(), 1u);
  for (size_t p = 1; p <= policy::kPurposeCount; ++p) {
    EXPECT_EQ(open->Find(Subject(1)).status[p], ConsentStatus::kClosed);
  }
  EXPECT_TRUE(open->Allows(Subject(2), Purpose::kSelectContent));
  EXPECT_EQ(open->store->Get(Subject(1)).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Apply(GrantOf(Subject(1), {Purpose::kSelectContent})).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(open->Allows(Subject(1), Purpose::kSelectContent));
}

TEST_F(ConsentStoreTest, AProtectiveChangeReplacesADamagedRecordForEveryPurpose) {
  ASSERT_TRUE(Apply(GrantOf(Subject(1), {Purpose::kSelectContent})).ok());
  ASSERT_TRUE(Apply(OptOutOf(Subject(1), {Purpose::kSelectAdvertising})).ok());
  DamageRecord(Subject(1));
  const auto replaced = Apply(WithdrawalOf(Subject(1), {Purpose::kSelectContent}));
  ASSERT_TRUE(replaced.ok()) << replaced.status();
  EXPECT_EQ(replaced->record.revision(), 3u);  // continues after the history
  EXPECT_EQ(replaced->record.purposes_size(), policy::kPurposeCount);
  EXPECT_EQ(open->Find(Subject(1)).status[1], ConsentStatus::kWithdrawn);
  EXPECT_EQ(open->store->damaged_records(), 0u);
  Start();
  EXPECT_EQ(open->store->damaged_records(), 0u);
  // The lost record may have been that of a child, or restricted: a grant does not permit.
  ASSERT_TRUE(Apply(GrantOf(Subject(1), {Purpose::kSelectContent})).ok());
  EXPECT_TRUE(open->Find(Subject(1)).restricted);
  EXPECT_FALSE(open->Allows(Subject(1), Purpose::kSelectContent));
}

TEST_F(ConsentStoreTest, RefusesARequestThatSaysNothing) {
  ConsentRequest nothing = GrantOf(Subject(1), {});
  EXPECT_EQ(Apply(nothing).status().code(), absl::StatusCode::kInvalidArgument);
  nothing.kind = internal::v1::CONSENT_CHANGE_KIND_UNSPECIFIED;
  EXPECT_EQ(Apply(nothing).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Apply(GrantOf(Subject(1), {static_cast<Purpose>(7)})).status().code(), absl::StatusCode::kInvalidArgument);
}

// Sixteen writers share commits; each one's changes are applied in its own order and none is lost or doubled.
TEST_F(ConsentStoreTest, ConcurrentWritersShareCommitsAndLoseNothing) {
  constexpr int kWriters = 16;
  constexpr int kChanges = 50;
  std::vector<std::vector<uint64_t>> sequences(kWriters);
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < kChanges; ++i) {
        const SubjectKey subject = Subject(static_cast<uint64_t>(i % 2 == 0 ? writer : 1000));  // own, and one of all
        const auto result = Apply(i % 3 == 2 ? WithdrawalOf(subject, {}) : GrantOf(subject, {Purpose::kSelectContent}));
        if (result.ok()) sequences[static_cast<size_t>(writer)].push_back(result->point.sequence);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  std::set<uint64_t> all;
  for (const auto& mine : sequences) {
    ASSERT_EQ(mine.size(), kChanges);
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), kWriters * kChanges);
  EXPECT_EQ(*all.rbegin(), kWriters * kChanges);
  EXPECT_EQ(open->store->Get(Subject(1000))->record.revision(), kWriters * kChanges / 2);
  const auto before = open->Find(Subject(1000));
  Start();
  EXPECT_EQ(open->Find(Subject(1000)), before);
}

}  // namespace
}  // namespace assent::storage
