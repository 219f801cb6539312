// What concerns a subject as a whole: restriction, childhood, erasure, preferences; and races of grants and denials.
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "policy/consent_verdict.h"
#include "storage/consent_change.h"
#include "storage/consent_store.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using internal::v1::ConsentChangeKind;
using policy::ConsentStatus;
using policy::Purpose;
using policy::Rule;
using policy::SubjectKey;

class SubjectChangeTest : public testing::Test {
 protected:
  SubjectChangeTest() { Start(); }
  void Start() {
    open.reset();
    auto started = StartStore(folder.path());
    ASSERT_TRUE(started.ok()) << started.status();
    open = *std::move(started);
  }
  absl::StatusOr<ConsentResult> Apply(ConsentRequest request) {
    return open->store->Apply(std::move(request), kTestTime);
  }
  void MustApply(ConsentRequest request) {
    const auto result = Apply(std::move(request));
    ASSERT_TRUE(result.ok()) << result.status();
  }
  Rule RuleFor(Purpose purpose = Purpose::kSelectContent) {
    const auto verdict = policy::EvaluateConsent(open->Find(subject), {},
                                                 {.purpose = purpose, .now_s = absl::ToUnixSeconds(kTestTime)}, {});
    return verdict.rule;
  }
  int HistoryEntries() {
    const std::unique_ptr<rocksdb::Iterator> all(
        open->database->rocks().NewIterator({}, open->database->family(Family::kConsentHistory)));
    int count = 0;
    for (all->Seek(ConsentKey(subject)); all->Valid() && all->key().starts_with(ConsentKey(subject)); all->Next())
      ++count;
    return count;
  }
  const policy::Refusals* Refused() {
    scoring::Quiescence::Reader reader(open->domain);
    reader.Online();
    const policy::Refusals* found = open->refusals.Find(reader, subject);
    reader.Offline();
    return found;
  }
  ConsentRequest PreferenceOf(SegmentPreference preference) {
    ConsentRequest request = ChangeOf(internal::v1::CONSENT_CHANGE_KIND_SET_PREFERENCES, subject);
    request.preference = std::move(preference);
    return request;
  }

  const SubjectKey subject = Subject(1);
  ScopedFolder folder;
  std::unique_ptr<OpenStore> open;
};

TEST_F(SubjectChangeTest, ARestrictionHoldsUntilItIsLifted) {
  MustApply(GrantOf(subject, {Purpose::kSelectContent}));
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_RESTRICT, subject));
  EXPECT_EQ(RuleFor(), Rule::kSubjectRestricted);
  MustApply(GrantOf(subject, {Purpose::kSelectContent}));
  EXPECT_EQ(RuleFor(), Rule::kSubjectRestricted) << "a grant does not lift it";
  Start();
  EXPECT_EQ(RuleFor(), Rule::kSubjectRestricted);
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_LIFT_RESTRICTION, subject));
  EXPECT_EQ(RuleFor(), Rule::kNone);
  EXPECT_EQ(HistoryEntries(), 4);
}

TEST_F(SubjectChangeTest, AKnownChildIsNeverProfiled) {
  MustApply(GrantOf(subject, {Purpose::kSelectContent}));
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_MARK_CHILD, subject));
  EXPECT_EQ(RuleFor(), Rule::kSubjectChild);
  Start();
  EXPECT_EQ(RuleFor(), Rule::kSubjectChild);
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_UNMARK_CHILD, subject));
  EXPECT_EQ(RuleFor(), Rule::kNone);
}

TEST_F(SubjectChangeTest, AnErasureLeavesATombstoneAndNothingElse) {
  MustApply(GrantOf(subject, {Purpose::kSelectContent}));
  MustApply(PreferenceOf({.segment_id = "s1"}));
  MustApply(GrantOf(Subject(2), {Purpose::kSelectContent}));
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, subject));
  EXPECT_EQ(RuleFor(), Rule::kSubjectErased);
  EXPECT_EQ(Refused(), nullptr);
  EXPECT_EQ(HistoryEntries(), 0);
  EXPECT_TRUE(open->Allows(Subject(2), Purpose::kSelectContent)) << "the neighbour stays";
  const auto record = open->store->Get(subject);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_TRUE(record->record.erased());
  EXPECT_EQ(record->record.erase_time_us(), absl::ToUnixMicros(kTestTime));
  EXPECT_EQ(record->record.revision(), 3u);
  EXPECT_EQ(record->record.purposes_size(), 0);
  EXPECT_FALSE(record->record.has_preferences());
  Start();
  EXPECT_EQ(RuleFor(), Rule::kSubjectErased);
}

TEST_F(SubjectChangeTest, TheHistoryIsShownFromTheNewestUntilItsVisitorHasEnough) {
  MustApply(GrantOf(subject, {Purpose::kSelectContent}));
  MustApply(GrantOf(Subject(2), {Purpose::kSelectContent}));
  MustApply(PreferenceOf({.segment_id = "s1"}));
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_RESTRICT, subject));
  const auto history = [&](size_t most) {
    std::vector<std::pair<uint64_t, ConsentChangeKind>> seen;
    const absl::Status status =
        open->store->History(subject, 0, [&](uint64_t revision, const internal::v1::ConsentChange& change) {
          seen.emplace_back(revision, change.kind());
          return seen.size() < most;
        });
    EXPECT_TRUE(status.ok()) << status;
    return seen;
  };
  using Seen = std::vector<std::pair<uint64_t, ConsentChangeKind>>;
  const Seen newest = {{3, internal::v1::CONSENT_CHANGE_KIND_RESTRICT},
                       {2, internal::v1::CONSENT_CHANGE_KIND_SET_PREFERENCES}};
  Seen all = newest;
  all.emplace_back(1, internal::v1::CONSENT_CHANGE_KIND_GRANT);
  EXPECT_EQ(history(100), all);
  EXPECT_EQ(history(2), newest);
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, subject));
  EXPECT_EQ(history(100), Seen());
}

TEST_F(SubjectChangeTest, ADamagedEntryOfTheHistoryIsNotShown) {
  MustApply(GrantOf(subject, {Purpose::kSelectContent}));
  ASSERT_TRUE(open->database->rocks()
                  .Put({}, open->database->family(Family::kConsentHistory), HistoryKey(subject, 2), "damaged")
                  .ok());
  int shown = 0;
  const auto count = [&](uint64_t, const internal::v1::ConsentChange&) { return ++shown != 0; };
  EXPECT_EQ(open->store->History(subject, 0, count).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(shown, 0);
}

TEST_F(SubjectChangeTest, WhoWasErasedComesBackByAnExplicitGrantOnly) {
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, subject));
  ConsentRequest import = GrantOf(subject, {Purpose::kSelectContent});
  import.terms.method = 2;
  EXPECT_EQ(Apply(import).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(RuleFor(), Rule::kSubjectErased);
  ConsentRequest denial = import;  // of a signal that grants nothing
  denial.grants.clear();
  denial.withdrawn_bits = policy::PurposeBit(Purpose::kSelectAdvertising);
  MustApply(denial);
  EXPECT_EQ(RuleFor(), Rule::kSubjectErased);
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, subject));
  MustApply(GrantOf(subject, {Purpose::kSelectContent}));
  EXPECT_EQ(RuleFor(), Rule::kNone);
  EXPECT_EQ(RuleFor(Purpose::kSelectAdvertising), Rule::kConsentNone) << "nothing of before comes back";
  EXPECT_EQ(HistoryEntries(), 1);
}

TEST_F(SubjectChangeTest, PreferencesAreKeptInMemoryAndOverRestarts) {
  MustApply(PreferenceOf({.segment_id = "s2"}));
  MustApply(PreferenceOf({.segment_id = "s1"}));
  MustApply(PreferenceOf({.segment_id = "s2"}));
  MustApply(PreferenceOf({.taxonomy_id = 381}));
  for (int round = 0; round < 2; ++round) {
    ASSERT_NE(Refused(), nullptr);
    EXPECT_EQ(Refused()->segments, (std::vector<std::string>{"s1", "s2"}));
    EXPECT_EQ(Refused()->taxonomy_rows, std::vector<int32_t>{381});
    EXPECT_TRUE(open->Find(subject).has_preferences);
    Start();
  }
  MustApply(PreferenceOf({.segment_id = "s1", .refused = false}));
  MustApply(PreferenceOf({.segment_id = "s2", .refused = false}));
  MustApply(PreferenceOf({.segment_id = "never refused", .refused = false}));
  EXPECT_TRUE(Refused()->segments.empty());
  MustApply(PreferenceOf({.taxonomy_id = 381, .refused = false}));
  EXPECT_EQ(Refused(), nullptr);
  EXPECT_FALSE(open->Find(subject).has_preferences);
}

TEST_F(SubjectChangeTest, PreferencesAreBounded) {
  for (int i = 0; i < kPreferencesMax; ++i) MustApply(PreferenceOf({.segment_id = "s" + std::to_string(i)}));
  EXPECT_EQ(Apply(PreferenceOf({.segment_id = "another"})).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Apply(PreferenceOf({.segment_id = "s7"})).status(), absl::OkStatus()) << "it is refused already";
  MustApply(PreferenceOf({.taxonomy_id = 381}));
  MustApply(PreferenceOf({.segment_id = "s7", .refused = false}));
  MustApply(PreferenceOf({.segment_id = "another"}));
  for (int i = 0; i < kPreferencesMax; ++i) MustApply(PreferenceOf({.segment_id = "s1", .statement = "no"}));
  EXPECT_EQ(Apply(PreferenceOf({.segment_id = "s1", .statement = "no"})).status().code(),
            absl::StatusCode::kResourceExhausted);
  MustApply(PreferenceOf({.taxonomy_id = 382}));
}

TEST_F(SubjectChangeTest, AContestIsStored) {
  MustApply(PreferenceOf({.segment_id = "s2", .statement = "I never bought that"}));
  const auto record = open->store->Get(subject);
  ASSERT_TRUE(record.ok());
  ASSERT_EQ(record->record.preferences().contests_size(), 1);
  EXPECT_EQ(record->record.preferences().contests(0).statement(), "I never bought that");
  EXPECT_EQ(Refused(), nullptr) << "to contest is not to refuse";
}

TEST_F(SubjectChangeTest, OneSignalGrantsAndDenies) {
  MustApply(GrantOf(subject, {Purpose::kSelectAdvertising, Purpose::kProfileAdvertising}));
  ConsentRequest request = GrantOf(subject, {Purpose::kSelectContent});
  request.terms.method = 3;
  request.terms.signal_sha256 = std::string(32, 's');
  request.withdrawn_bits = policy::PurposeBit(Purpose::kSelectAdvertising);
  request.opted_out_bits = policy::PurposeBit(Purpose::kProfileAdvertising);
  MustApply(request);
  EXPECT_EQ(RuleFor(Purpose::kSelectContent), Rule::kNone);
  EXPECT_EQ(RuleFor(Purpose::kSelectAdvertising), Rule::kConsentWithdrawn);
  EXPECT_EQ(RuleFor(Purpose::kProfileAdvertising), Rule::kConsentOptedOut);
  const policy::ConsentState state = open->Find(subject);
  EXPECT_EQ(state.explicit_grants & policy::PurposeBit(Purpose::kSelectContent), 0u);
  EXPECT_EQ(HistoryEntries(), 2);
}

TEST_F(SubjectChangeTest, ANoticeThatIsOutdatedClosesItsGrantsAndNoOthers) {
  ConsentRequest first = GrantOf(subject, {Purpose::kSelectContent});
  first.terms.notice_ordinal = 1;
  ConsentRequest second = GrantOf(subject, {Purpose::kSelectAdvertising});
  second.terms.notice_ordinal = 2;
  MustApply(first);
  open->index.Outdate(1);
  EXPECT_EQ(RuleFor(Purpose::kSelectContent), Rule::kNoticeOutdated) << "one notice for all purposes";
  MustApply(second);
  EXPECT_EQ(RuleFor(Purpose::kSelectContent), Rule::kNoticeOutdated) << "two notices";
  EXPECT_EQ(RuleFor(Purpose::kSelectAdvertising), Rule::kNone);
  first.terms.notice_ordinal = 2;
  MustApply(first);
  EXPECT_EQ(RuleFor(Purpose::kSelectContent), Rule::kNone) << "the person agreed to the later version";
}

// The committer is given changes that wait for the same write.
class CommitOrderTest : public SubjectChangeTest {
 protected:
  std::vector<absl::Status> Commit(std::vector<ConsentRequest> requests) {
    return CommitTogether(*open, std::move(requests));
  }
};

TEST_F(CommitOrderTest, ARaceOfAGrantAndAWithdrawalEndsProtective) {
  const ConsentRequest grant = GrantOf(subject, {Purpose::kSelectContent});
  const ConsentRequest withdrawal = WithdrawalOf(subject, {Purpose::kSelectContent});
  for (const auto& order : {std::vector{grant, withdrawal}, std::vector{withdrawal, grant}}) {
    for (const absl::Status& status : Commit(order)) EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(RuleFor(), Rule::kConsentWithdrawn);
  }
}

TEST_F(CommitOrderTest, AWithdrawalUnderAnEtagIsNotMadeStaleByAGrantThatMeetsIt) {
  MustApply(GrantOf(subject, {Purpose::kSelectContent}));
  ConsentRequest withdrawal = WithdrawalOf(subject, {Purpose::kSelectContent});
  withdrawal.check_revision = true;
  withdrawal.expected_revision = 1;
  const auto results = Commit(
      {GrantOf(subject, {Purpose::kSelectContent}), withdrawal, GrantOf(subject, {Purpose::kSelectAdvertising})});
  EXPECT_EQ(results[0].code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(results[1].ok()) << results[1];
  EXPECT_TRUE(results[2].ok()) << "of another purpose: " << results[2];
  EXPECT_EQ(RuleFor(), Rule::kConsentWithdrawn);
}

TEST_F(CommitOrderTest, AnErasureTakesWhatWasGrantedInTheSameWriteWithIt) {
  const auto results =
      Commit({ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, subject), GrantOf(subject, {Purpose::kSelectContent})});
  for (const absl::Status& status : results) EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(RuleFor(), Rule::kSubjectErased);
  EXPECT_EQ(HistoryEntries(), 0);
}

}  // namespace
}  // namespace assent::storage
