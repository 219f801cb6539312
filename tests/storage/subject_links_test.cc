// Links: what denies travels along them, in the same write; nothing that permits does.
#include "storage/subject_links.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/consent_change.h"
#include "storage/consent_commit.h"
#include "storage/profile_record.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using internal::v1::ConsentChangeKind;
using internal::v1::ConsentRecord;
using policy::ConsentState;
using policy::ConsentStatus;
using policy::Purpose;
using policy::SubjectKey;

constexpr auto kAdvertising = static_cast<size_t>(Purpose::kSelectAdvertising);
constexpr auto kContent = static_cast<size_t>(Purpose::kSelectContent);

ConsentRequest UnlinkOf(const SubjectKey& one, std::optional<SubjectKey> other = {}) {
  ConsentRequest request = ChangeOf(internal::v1::CONSENT_CHANGE_KIND_UNLINK, one);
  request.linked = other;
  return request;
}

class SubjectLinksTest : public testing::Test {
 protected:
  SubjectLinksTest() { Start(); }
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
  // Everybody agrees to everything, and both devices are linked to the person.
  void LinkAll() {
    for (const SubjectKey& subject : all) {
      MustApply(GrantOf(subject, {Purpose::kSelectAdvertising, Purpose::kSelectContent, Purpose::kProfileAdvertising}));
    }
    MustApply(LinkOf(person, phone));
    MustApply(LinkOf(person, laptop));
  }
  ConsentRecord RecordOf(const SubjectKey& subject) {
    const auto result = open->store->Get(subject);
    return result.ok() ? result->record : ConsentRecord();
  }
  struct Entry {
    ConsentChangeKind kind;
    bool by_link;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  Entry Newest(const SubjectKey& subject) {
    Entry entry = {internal::v1::CONSENT_CHANGE_KIND_UNSPECIFIED, false};
    EXPECT_TRUE(open->store
                    ->History(subject, 0,
                              [&](uint64_t, const internal::v1::ConsentChange& change) {
                                entry = {change.kind(), change.by_link()};
                                return false;
                              })
                    .ok());
    return entry;
  }
  void Damage(const SubjectKey& subject) {
    ASSERT_TRUE(
        open->database->rocks().Put({}, open->database->family(Family::kConsent), ConsentKey(subject), "damaged").ok());
  }

  const SubjectKey person = Subject(1);
  const SubjectKey phone = Subject(2);
  const SubjectKey laptop = Subject(3);
  const SubjectKey stranger = Subject(4);
  const std::vector<SubjectKey> all = {person, phone, laptop, stranger};
  ScopedFolder folder;
  std::unique_ptr<OpenStore> open;
};

TEST_F(SubjectLinksTest, EachDenialOfOneReachesAllAndNothingElseDoes) {
  using internal::v1::CONSENT_CHANGE_KIND_MARK_CHILD;
  using internal::v1::CONSENT_CHANGE_KIND_OPT_OUT;
  using internal::v1::CONSENT_CHANGE_KIND_RESTRICT;
  LinkAll();
  ConsentRequest signal = GrantOf(phone, {Purpose::kMeasureAudience});
  signal.terms.method = 3;
  signal.opted_out_bits = policy::PurposeBit(Purpose::kSelectContent);
  signal.withdrawn_bits = policy::PurposeBit(Purpose::kImproveService);
  const struct {
    ConsentRequest asked;
    ConsentChangeKind reaches;
    bool (*holds)(const ConsentState&);
  } cases[] = {
      {OptOutOf(laptop, {Purpose::kSelectAdvertising}), CONSENT_CHANGE_KIND_OPT_OUT,
       [](const ConsentState& state) { return state.status[kAdvertising] == ConsentStatus::kOptedOut; }},
      {signal, CONSENT_CHANGE_KIND_OPT_OUT,
       [](const ConsentState& state) { return state.status[kContent] == ConsentStatus::kOptedOut; }},
      {ChangeOf(CONSENT_CHANGE_KIND_RESTRICT, person), CONSENT_CHANGE_KIND_RESTRICT,
       [](const ConsentState& state) { return state.restricted; }},
      {ChangeOf(CONSENT_CHANGE_KIND_MARK_CHILD, phone), CONSENT_CHANGE_KIND_MARK_CHILD,
       [](const ConsentState& state) { return state.child; }},
  };
  for (const auto& one : cases) {
    MustApply(one.asked);
    for (const SubjectKey& subject : {person, phone, laptop}) {
      EXPECT_TRUE(one.holds(open->Find(subject))) << one.reaches;
      if (subject == one.asked.subject) continue;
      EXPECT_EQ(Newest(subject), (Entry{one.reaches, true})) << one.reaches;
    }
    EXPECT_EQ(Newest(one.asked.subject), (Entry{one.asked.kind, false}));
    EXPECT_FALSE(one.holds(open->Find(stranger)));
  }
  for (int round = 0; round < 2; ++round) {
    for (const auto& one : cases) {
      for (const SubjectKey& subject : {person, phone, laptop}) EXPECT_TRUE(one.holds(open->Find(subject)));
    }
    for (const SubjectKey& subject : {person, laptop}) {
      const ConsentState state = open->Find(subject);
      EXPECT_EQ(state.status[static_cast<size_t>(Purpose::kMeasureAudience)], ConsentStatus::kNone);
      EXPECT_EQ(state.status[static_cast<size_t>(Purpose::kImproveService)], ConsentStatus::kNone);
      EXPECT_TRUE(state.linked);
    }
    EXPECT_FALSE(open->Find(stranger).linked);
    Start();
  }
}

TEST_F(SubjectLinksTest, WhatPermitsAndWhatConcernsOneSubjectStaysWhereItIs) {
  LinkAll();
  for (const ConsentChangeKind kind :
       {internal::v1::CONSENT_CHANGE_KIND_RESTRICT, internal::v1::CONSENT_CHANGE_KIND_MARK_CHILD}) {
    MustApply(ChangeOf(kind, person));
  }
  std::vector<uint64_t> revisions;
  for (const SubjectKey& subject : {phone, laptop}) revisions.push_back(RecordOf(subject).revision());
  ConsentRequest refusal = ChangeOf(internal::v1::CONSENT_CHANGE_KIND_SET_PREFERENCES, person);
  refusal.preference.segment_id = "s1";
  for (const ConsentRequest& change : {GrantOf(person, {Purpose::kImproveService}), WithdrawalOf(person, {}), refusal,
                                       ChangeOf(internal::v1::CONSENT_CHANGE_KIND_LIFT_RESTRICTION, person),
                                       ChangeOf(internal::v1::CONSENT_CHANGE_KIND_UNMARK_CHILD, person)}) {
    MustApply(change);
  }
  EXPECT_EQ((std::vector<uint64_t>{RecordOf(phone).revision(), RecordOf(laptop).revision()}), revisions);
  EXPECT_TRUE(open->Find(phone).restricted);
  EXPECT_TRUE(open->Find(phone).child);
  EXPECT_EQ(open->Find(phone).status[kContent], ConsentStatus::kGranted);
}

TEST_F(SubjectLinksTest, ALinkCarriesOverWhatStandsInBothDirectionsOnce) {
  MustApply(LinkOf(person, laptop));
  for (const SubjectKey& subject : {person, laptop}) MustApply(GrantOf(subject, {Purpose::kSelectAdvertising}));
  MustApply(OptOutOf(phone, {Purpose::kSelectAdvertising}));
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_MARK_CHILD, phone));
  MustApply(OptOutOf(person, {Purpose::kSelectContent}));
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_RESTRICT, person));
  const auto linked = Apply(LinkOf(person, phone));
  ASSERT_TRUE(linked.ok()) << linked.status();
  EXPECT_EQ(linked->point.sequence, open->store->applied().sequence);
  for (const SubjectKey& subject : {person, phone, laptop}) {
    const ConsentState state = open->Find(subject);
    EXPECT_EQ(state.status[kAdvertising], ConsentStatus::kOptedOut);
    EXPECT_EQ(state.status[kContent], ConsentStatus::kOptedOut);
    EXPECT_TRUE(state.child);
    EXPECT_TRUE(state.restricted);
  }
  EXPECT_EQ(linked->record.revision(), RecordOf(person).revision());

  // What is linked is not linked again: an explicit consent that came after the opt-out stays.
  MustApply(GrantOf(person, {Purpose::kSelectAdvertising}));
  const uint64_t revision = RecordOf(person).revision();
  const uint64_t sequence = open->store->applied().sequence;
  MustApply(LinkOf(person, phone));
  EXPECT_EQ(RecordOf(person).revision(), revision);
  EXPECT_EQ(open->store->applied().sequence, sequence);
  EXPECT_EQ(open->Find(person).status[kAdvertising], ConsentStatus::kGranted);
}

TEST_F(SubjectLinksTest, TheShapeIsAStarOfBoundedSize) {
  const auto code = [&](const SubjectKey& one, const SubjectKey& other) {
    const absl::Status status = Apply(LinkOf(one, other)).status();
    EXPECT_EQ(IsLinkRefusal(status), !status.ok()) << status;
    return status.code();
  };
  EXPECT_EQ(code(person, person), absl::StatusCode::kFailedPrecondition);
  MustApply(LinkOf(person, phone));
  EXPECT_EQ(code(phone, laptop), absl::StatusCode::kFailedPrecondition) << "a linked one is no person";
  EXPECT_EQ(code(stranger, person), absl::StatusCode::kFailedPrecondition) << "nor a person a linked one";
  EXPECT_EQ(code(stranger, phone), absl::StatusCode::kFailedPrecondition) << "of one person only";
  EXPECT_EQ(RecordOf(stranger).revision(), 0u);
  for (uint64_t i = 1; i < kLinksMax; ++i) MustApply(LinkOf(person, Subject(100 + i)));
  EXPECT_EQ(code(person, laptop), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(code(person, phone), absl::StatusCode::kOk) << "it is linked already";
  EXPECT_FALSE(open->Find(laptop).linked);
  MustApply(OptOutOf(phone, {}));
  for (uint64_t i = 1; i < kLinksMax; ++i) {
    EXPECT_EQ(open->Find(Subject(100 + i)).status[kContent], ConsentStatus::kOptedOut) << i;
  }
}

TEST_F(SubjectLinksTest, TheEndOfALinkTakesNothingBack) {
  LinkAll();
  MustApply(OptOutOf(phone, {Purpose::kSelectAdvertising}));
  const uint64_t revision = RecordOf(person).revision();
  MustApply(UnlinkOf(person, stranger));
  EXPECT_EQ(RecordOf(person).revision(), revision) << "there was no link";
  MustApply(UnlinkOf(phone, person));
  EXPECT_EQ(Newest(person), (Entry{internal::v1::CONSENT_CHANGE_KIND_UNLINK, true}));
  EXPECT_EQ(Newest(phone), (Entry{internal::v1::CONSENT_CHANGE_KIND_UNLINK, false}));
  EXPECT_EQ(open->Find(person).status[kAdvertising], ConsentStatus::kOptedOut);
  EXPECT_FALSE(open->Find(phone).linked);
  EXPECT_TRUE(open->Find(person).linked);
  MustApply(OptOutOf(phone, {Purpose::kSelectContent}));
  EXPECT_EQ(open->Find(person).status[kContent], ConsentStatus::kGranted);
  MustApply(LinkOf(stranger, phone));
  MustApply(UnlinkOf(person));
  for (int round = 0; round < 2; ++round) {
    EXPECT_FALSE(open->Find(person).linked);
    EXPECT_FALSE(open->Find(laptop).linked);
    EXPECT_TRUE(open->Find(stranger).linked);
    Start();
  }
}

TEST_F(SubjectLinksTest, TheErasureOfAPersonIsThatOfAllAndOfADeviceItsOwn) {
  LinkAll();
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, phone));
  EXPECT_TRUE(open->Find(phone).erased);
  EXPECT_FALSE(open->Find(person).erased);
  EXPECT_EQ(LinkedTo(RecordOf(person)), std::vector<SubjectKey>{laptop});
  EXPECT_EQ(Newest(person), (Entry{internal::v1::CONSENT_CHANGE_KIND_UNLINK, true}));
  const absl::Status link = Apply(LinkOf(person, phone)).status();
  EXPECT_TRUE(IsErasure(link)) << link;
  MustApply(OptOutOf(person, {}));
  EXPECT_EQ(RecordOf(phone).purposes_size(), 0) << "nothing reaches a tombstone";

  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, person));
  for (int round = 0; round < 2; ++round) {
    for (const SubjectKey& subject : {person, phone, laptop}) {
      EXPECT_TRUE(open->Find(subject).erased);
      EXPECT_FALSE(RecordOf(subject).has_links());
      EXPECT_EQ(Newest(subject).kind, internal::v1::CONSENT_CHANGE_KIND_UNSPECIFIED) << "no history";
    }
    EXPECT_FALSE(open->Find(stranger).erased);
    Start();
  }
}

TEST_F(SubjectLinksTest, TheProfileOfWhomItReachesGoesWithIt) {
  LinkAll();
  const std::string key = ProfileKey(laptop, Purpose::kProfileAdvertising);
  rocksdb::ColumnFamilyHandle* const profiles = open->database->family(Family::kProfiles);
  ASSERT_TRUE(open->database->rocks().Put({}, profiles, key, "profile").ok());
  MustApply(OptOutOf(phone, {Purpose::kSelectAdvertising}));
  std::string value;
  EXPECT_TRUE(open->database->rocks().Get({}, profiles, key, &value).ok()) << "another purpose";
  MustApply(OptOutOf(phone, {Purpose::kProfileAdvertising}));
  EXPECT_TRUE(open->database->rocks().Get({}, profiles, key, &value).IsNotFound());
}

// Whatever order they come in, and whichever side objects: nobody was answered before.
TEST_F(SubjectLinksTest, ALinkAnOptOutAndAGrantOfOneWriteEndWithTheOptOutOnBothSides) {
  for (const bool under_etag : {false, true}) {
    for (const SubjectKey& objector : {person, phone}) {
      std::vector<ConsentRequest> changes = {LinkOf(person, phone), ConsentRequest(),
                                             GrantOf(person, {Purpose::kSelectContent}),
                                             GrantOf(phone, {Purpose::kSelectContent})};
      std::vector<int> order = {0, 1, 2, 3};
      do {
        for (const SubjectKey& subject : {person, phone}) {
          CommitTogether(*open, {ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, subject)});
        }
        CommitTogether(*open, {changes[2], changes[3]});
        ConsentRequest opt_out = OptOutOf(objector, {Purpose::kSelectContent});
        opt_out.check_revision = under_etag;
        opt_out.expected_revision = RecordOf(objector).revision();
        changes[1] = opt_out;
        std::vector<ConsentRequest> ordered;
        for (const int i : order) ordered.push_back(changes[static_cast<size_t>(i)]);
        const auto results = CommitTogether(*open, ordered);
        for (size_t i = 0; i < results.size(); ++i) {
          const bool is_grant = order[i] >= 2;
          EXPECT_TRUE(results[i].ok() || (is_grant && absl::IsAborted(results[i]))) << results[i];
        }
        for (const SubjectKey& subject : {person, phone}) {
          ASSERT_EQ(open->Find(subject).status[kContent], ConsentStatus::kOptedOut) << under_etag;
          ASSERT_TRUE(open->Find(subject).linked);
        }
      } while (std::next_permutation(order.begin(), order.end()));
    }
  }
}

TEST_F(SubjectLinksTest, AnOptOutThatMeetsTheEndOfTheLinkStillReachesTheOther) {
  LinkAll();
  for (const absl::Status& status :
       CommitTogether(*open, {UnlinkOf(person, phone), OptOutOf(phone, {Purpose::kSelectContent})})) {
    EXPECT_TRUE(status.ok()) << status;
  }
  EXPECT_EQ(open->Find(person).status[kContent], ConsentStatus::kOptedOut);
  EXPECT_FALSE(open->Find(phone).linked);
}

TEST_F(SubjectLinksTest, ADenialReachesARecordThatCannotBeReadAndReplacesIt) {
  LinkAll();
  Damage(laptop);
  MustApply(OptOutOf(phone, {Purpose::kSelectContent}));
  EXPECT_TRUE(open->Find(laptop).restricted) << "nobody knows what it held";
  EXPECT_EQ(open->Find(laptop).status[kContent], ConsentStatus::kOptedOut);
  EXPECT_FALSE(open->Find(laptop).linked);
  MustApply(LinkOf(person, laptop));
  EXPECT_TRUE(open->Find(person).restricted);
  Damage(person);
  EXPECT_EQ(Apply(LinkOf(person, stranger)).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Apply(LinkOf(stranger, person)).status().code(), absl::StatusCode::kDataLoss);
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_MARK_CHILD, laptop));
  EXPECT_TRUE(open->Find(person).child);
  MustApply(LinkOf(person, laptop));
  EXPECT_TRUE(open->Find(person).linked);
}

TEST_F(SubjectLinksTest, ARequestIdStandsForOneOther) {
  ConsentRequest link = LinkOf(person, phone);
  link.request_id = std::string(16, 'a');
  MustApply(link);
  MustApply(UnlinkOf(person));
  MustApply(link);
  EXPECT_FALSE(open->Find(person).linked) << "a retry";
  link.linked = laptop;
  EXPECT_EQ(Apply(link).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace assent::storage
