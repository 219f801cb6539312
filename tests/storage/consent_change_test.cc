#include "storage/consent_change.h"

#include <gtest/gtest.h>

#include <string>

#include "assent/v1/consent_service.pb.h"
#include "assent/v1/purpose.pb.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using internal::v1::ConsentRecord;
using policy::ConsentStatus;
using policy::Purpose;

TEST(ConsentChange, GrantSetsItsPurposesInOrderAndLeavesTheOthers) {
  ConsentRecord record;
  ApplyChange(OptOutOf(Subject(1), {Purpose::kSelectContent}), kTestTime, 1, record);
  ConsentRequest grant = GrantOf(Subject(1), {Purpose::kImproveService, Purpose::kSelectAdvertising}, 2'000'000);
  const auto entry = ApplyChange(grant, kTestTime, 2, record);
  ASSERT_EQ(record.purposes_size(), 3);
  EXPECT_EQ(record.purposes(0).purpose(), 1);
  EXPECT_EQ(record.purposes(1).purpose(), 2);
  EXPECT_EQ(record.purposes(2).purpose(), 6);
  EXPECT_EQ(record.revision(), 2u);
  EXPECT_EQ(record.sequence(), 2u);
  EXPECT_EQ(record.purposes(0).status(), v1::CONSENT_STATUS_GRANTED);
  EXPECT_EQ(record.purposes(0).legal_basis(), v1::LEGAL_BASIS_CONSENT);
  EXPECT_EQ(record.purposes(0).notice_id(), "notice");
  EXPECT_EQ(record.purposes(0).update_time_us(), absl::ToUnixMicros(kTestTime));
  EXPECT_EQ(record.purposes(0).expire_time_s(), 2'000'000u);
  EXPECT_EQ(record.purposes(1).status(), v1::CONSENT_STATUS_OPTED_OUT);
  EXPECT_EQ(entry.kind(), internal::v1::CONSENT_CHANGE_KIND_GRANT);
  EXPECT_EQ(entry.sequence(), 2u);
  ASSERT_EQ(entry.purposes_size(), 2);
}

TEST(ConsentChange, DenialReplacesTheGrantWithAllItSaid) {
  ConsentRecord record;
  ApplyChange(GrantOf(Subject(1), {Purpose::kSelectContent}, 2'000'000), kTestTime, 1, record);
  ApplyChange(WithdrawalOf(Subject(1), {Purpose::kSelectContent}), kTestTime, 2, record);
  ASSERT_EQ(record.purposes_size(), 1);
  EXPECT_EQ(record.purposes(0).status(), v1::CONSENT_STATUS_WITHDRAWN);
  EXPECT_EQ(record.purposes(0).expire_time_s(), 0u);
  EXPECT_EQ(record.purposes(0).notice_id(), "");
}

TEST(ConsentChange, DenialOfNoPurposeIsDenialOfAll) {
  ConsentRecord record;
  ApplyChange(WithdrawalOf(Subject(1), {}), kTestTime, 1, record);
  EXPECT_EQ(record.purposes_size(), policy::kPurposeCount);
  EXPECT_EQ(PurposesOf(OptOutOf(Subject(1), {})), policy::kAllPurposeBits);
}

TEST(ConsentChange, RemembersTheLastEightRequests) {
  ConsentRecord record;
  for (char c = 'a'; c <= 'j'; ++c) {
    ConsentRequest request = WithdrawalOf(Subject(1), {});
    request.request_id = std::string(16, c);
    ApplyChange(request, kTestTime, 1, record);
  }
  const auto repetition = [&](const std::string& id) {
    ConsentRequest request = WithdrawalOf(Subject(1), {});
    request.request_id = id;
    return RepetitionOf(record, request);
  };
  EXPECT_EQ(repetition(std::string(16, 'b')), Repetition::kNone);
  EXPECT_EQ(repetition(std::string(16, 'c')), Repetition::kSame);
  EXPECT_EQ(repetition(std::string(16, 'j')), Repetition::kSame);
  EXPECT_EQ(repetition(""), Repetition::kNone);
  EXPECT_EQ(record.remembered_requests_size(), kRememberedRequestsMax);
}

// Every part that a request asks for tells it from another under the same id; how it was sent does not.
TEST(ConsentChange, TellsAnotherRequestUnderTheSameIdFromARetry) {
  ConsentRequest asked = GrantOf(Subject(1), {Purpose::kSelectContent, Purpose::kProfileContent}, 2'000'000);
  asked.request_id = std::string(16, 'a');
  ConsentRecord record;
  ApplyChange(asked, kTestTime, 1, record);
  const auto with = [&](auto change) {
    ConsentRequest request = asked;
    change(request);
    return RepetitionOf(record, request);
  };
  using R = ConsentRequest;
  EXPECT_EQ(with([](R&) {}), Repetition::kSame);
  EXPECT_EQ(with([](R& r) { std::swap(r.grants[0], r.grants[1]); }), Repetition::kSame);
  EXPECT_EQ(with([](R& r) { r.recorded_by = "another"; }), Repetition::kSame);
  EXPECT_EQ(with([](R& r) { r.check_revision = true; }), Repetition::kSame);
  EXPECT_EQ(with([](R& r) { r.kind = internal::v1::CONSENT_CHANGE_KIND_WITHDRAW; }), Repetition::kOtherAsked);
  EXPECT_EQ(with([](R& r) { r.kind = internal::v1::CONSENT_CHANGE_KIND_OPT_OUT; }), Repetition::kOtherAsked);
  EXPECT_EQ(with([](R& r) { r.grants.pop_back(); }), Repetition::kOtherAsked);
  EXPECT_EQ(with([](R& r) { r.grants[0].purpose = Purpose::kSelectAdvertising; }), Repetition::kOtherAsked);
  EXPECT_EQ(with([](R& r) { r.grants[0].legal_basis = 2; }), Repetition::kOtherAsked);
  EXPECT_EQ(with([](R& r) { r.terms.expire_time_s = 2'000'001; }), Repetition::kOtherAsked);
  EXPECT_EQ(with([](R& r) { r.terms.notice_id = "notic"; }), Repetition::kOtherAsked);
  EXPECT_EQ(with([](R& r) { r.terms.notice_version = "4"; }), Repetition::kOtherAsked);
  EXPECT_EQ(with([](R& r) { r.terms.jurisdiction = "FR"; }), Repetition::kOtherAsked);
  EXPECT_EQ(with([](R& r) { r.terms.method = 2; }), Repetition::kOtherAsked);
  record.mutable_remembered_requests(0)->clear_digest();
  EXPECT_EQ(with([](R&) {}), Repetition::kOtherAsked);  // never taken for a retry without proof
  EXPECT_NE(RequestDigest(WithdrawalOf(Subject(1), {Purpose::kSelectContent})),
            RequestDigest(WithdrawalOf(Subject(1), {Purpose::kSelectAdvertising})));
  EXPECT_EQ(RequestDigest(OptOutOf(Subject(1), {})).size(), 16u);
}

TEST(ConsentChange, StateClosesWhatItDoesNotUnderstand) {
  ConsentRecord record;
  auto* known = record.add_purposes();
  known->set_purpose(1);
  known->set_status(v1::ConsentStatus_MAX + 1);
  record.add_purposes()->set_purpose(99);
  record.mutable_purposes(1)->set_status(v1::CONSENT_STATUS_GRANTED);
  record.set_revision(uint64_t{1} << 40);
  record.set_child(true);
  const policy::ConsentState state = StateOf(record, policy::Jurisdictions());
  EXPECT_EQ(state.status[1], ConsentStatus::kClosed);
  EXPECT_TRUE(state.child);
  EXPECT_FALSE(state.erased);
  for (size_t p = 2; p <= policy::kPurposeCount; ++p) EXPECT_EQ(state.status[p], ConsentStatus::kNone);
}

TEST(ConsentChange, HistoryKeysSortByRevision) {
  EXPECT_LT(HistoryKey(Subject(1), 255), HistoryKey(Subject(1), 256));
  EXPECT_EQ(HistoryKey(Subject(1), 1).size(), 24u);
  EXPECT_EQ(HistoryKey(Subject(1), 1).substr(0, 16), ConsentKey(Subject(1)));
}

}  // namespace
}  // namespace assent::storage
