#include "server/consent_conversion.h"

#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "server/grant_conversion.h"
#include "server/status_conversion.h"
#include "storage/consent_change.h"

namespace assent::server {
namespace {

constexpr char kUuid[] = "01234567-89ab-cdef-0123-456789ABCDEF";
const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

v1::RecordConsentRequest Grant() {
  v1::RecordConsentRequest request;
  request.mutable_subject()->set_namespace_("cookie");
  request.mutable_subject()->set_id("ada");
  request.add_grants()->set_purpose(v1::PURPOSE_SELECT_ADVERTISING);
  request.set_notice_id("banner");
  request.set_notice_version("7");
  return request;
}

void ExpectFault(const v1::RecordConsentRequest& request, const char* reason, const char* field) {
  const auto read = ReadGrant(request, {}, {}, {}, kNow);
  ASSERT_FALSE(read.ok()) << request.ShortDebugString();
  EXPECT_EQ(ReasonOf(read.status()), reason) << read.status();
  EXPECT_EQ(FieldOf(read.status()), field) << read.status();
}

TEST(ConsentConversion, GrantWithEverything) {
  auto request = Grant();
  request.add_grants()->set_purpose(v1::PURPOSE_MEASURE_AUDIENCE);
  request.mutable_grants(1)->set_legal_basis(v1::LEGAL_BASIS_LEGITIMATE_INTEREST);
  request.mutable_expire_time()->set_seconds(1'700'000'100);
  request.mutable_expire_time()->set_nanos(999'999'999);
  request.set_jurisdiction("US-CA");
  request.set_method(v1::COLLECTION_METHOD_IMPORT);
  request.set_request_id(kUuid);
  request.set_etag("r12");
  const auto read = ReadGrant(request, {}, {}, {}, kNow);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->kind, internal::v1::CONSENT_CHANGE_KIND_GRANT);
  ASSERT_EQ(read->grants.size(), 2u);
  EXPECT_EQ(read->grants[0].legal_basis, v1::LEGAL_BASIS_CONSENT);
  EXPECT_EQ(read->grants[1].legal_basis, v1::LEGAL_BASIS_LEGITIMATE_INTEREST);
  EXPECT_EQ(read->terms.notice_id, "banner");
  EXPECT_EQ(read->terms.notice_version, "7");
  EXPECT_EQ(read->terms.expire_time_s, 1'700'000'100u);  // the earlier second
  EXPECT_EQ(read->terms.jurisdiction, "US-CA");
  EXPECT_EQ(read->terms.method, v1::COLLECTION_METHOD_IMPORT);
  EXPECT_EQ(read->request_id, std::string("\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef", 16));
  EXPECT_TRUE(read->check_revision);
  EXPECT_EQ(read->expected_revision, 12u);
}

TEST(ConsentConversion, UnsetStandsForConsentAndExplicit) {
  const auto read = ReadGrant(Grant(), {}, {}, {}, kNow);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->grants[0].legal_basis, v1::LEGAL_BASIS_CONSENT);
  EXPECT_EQ(read->terms.method, v1::COLLECTION_METHOD_EXPLICIT);
  EXPECT_EQ(read->terms.expire_time_s, 0u);
  EXPECT_FALSE(read->check_revision);
  EXPECT_TRUE(read->request_id.empty());
}

TEST(ConsentConversion, BadGrantsNameTheField) {
  using R = v1::RecordConsentRequest;
  const auto broken = [](const char* reason, const char* field, auto change) {
    auto request = Grant();
    change(request);
    ExpectFault(request, reason, field);
  };
  broken("FIELD_REQUIRED", "subject", [](R& r) { r.clear_subject(); });
  broken("FIELD_REQUIRED", "subject.id", [](R& r) { r.mutable_subject()->clear_id(); });
  broken("FIELD_REQUIRED", "grants", [](R& r) { r.clear_grants(); });
  broken("TOO_MANY_ENTRIES", "grants", [](R& r) {
    while (r.grants_size() < 17) r.add_grants();
  });
  broken("FIELD_REQUIRED", "grants[1].purpose", [](R& r) { r.add_grants(); });
  broken("PURPOSE_UNKNOWN", "grants[0].purpose",
         [](R& r) { r.mutable_grants(0)->set_purpose(static_cast<v1::Purpose>(7)); });
  broken("ENTRY_REPEATED", "grants[1].purpose", [](R& r) { *r.add_grants() = r.grants(0); });
  broken("FIELD_INVALID", "grants[0].legal_basis",
         [](R& r) { r.mutable_grants(0)->set_legal_basis(static_cast<v1::LegalBasis>(9)); });
  broken("FIELD_REQUIRED", "notice_id", [](R& r) { r.clear_notice_id(); });
  broken("FIELD_REQUIRED", "notice_version", [](R& r) { r.clear_notice_version(); });
  broken("FIELD_TOO_LONG", "notice_id", [](R& r) { r.set_notice_id(std::string(129, 'n')); });
  broken("FIELD_TOO_LONG", "notice_version", [](R& r) { r.set_notice_version(std::string(65, 'n')); });
  broken("FIELD_INVALID", "notice_id", [](R& r) { r.set_notice_id("a\x01"); });
  broken("FIELD_INVALID", "notice_id", [](R& r) { r.set_notice_id(std::string("a\0b", 3)); });
  broken("FIELD_INVALID", "notice_version", [](R& r) { r.set_notice_version("1\n"); });
  broken("FIELD_INVALID", "jurisdiction", [](R& r) { r.set_jurisdiction("Mars"); });
  broken("FIELD_INVALID", "method", [](R& r) { r.set_method(static_cast<v1::CollectionMethod>(9)); });
  broken("VALUE_OUT_OF_RANGE", "expire_time", [](R& r) { r.mutable_expire_time()->set_seconds(1'700'000'000); });
  broken("VALUE_OUT_OF_RANGE", "expire_time", [](R& r) { r.mutable_expire_time()->set_seconds(-1); });
  broken("VALUE_OUT_OF_RANGE", "expire_time", [](R& r) { r.mutable_expire_time()->set_seconds(int64_t{1} << 33); });
  broken("VALUE_OUT_OF_RANGE", "expire_time", [](R& r) {
    r.mutable_expire_time()->set_seconds(1'800'000'000);
    r.mutable_expire_time()->set_nanos(-1);
  });
  broken("FIELD_INVALID", "request_id", [](R& r) { r.set_request_id("0123456789abcdef0123456789abcdef"); });
  broken("FIELD_INVALID", "request_id", [](R& r) { r.set_request_id("0123456-789ab-cdef-0123-456789abcdef"); });
  broken("FIELD_INVALID", "etag", [](R& r) { r.set_etag("r-1"); });
  broken("FIELD_INVALID", "etag", [](R& r) { r.set_etag("12"); });
}

TEST(ConsentConversion, SelectingAndProfilingNeedConsent) {
  for (int number = 1; number <= policy::kPurposeCount; ++number) {
    auto request = Grant();
    request.mutable_grants(0)->set_purpose(static_cast<v1::Purpose>(number));
    request.mutable_grants(0)->set_legal_basis(v1::LEGAL_BASIS_LEGITIMATE_INTEREST);
    const bool allowed = number == v1::PURPOSE_MEASURE_AUDIENCE || number == v1::PURPOSE_IMPROVE_SERVICE;
    EXPECT_EQ(ReadGrant(request, {}, {}, {}, kNow).ok(), allowed) << number;
    if (!allowed) ExpectFault(request, "LEGAL_BASIS_NOT_ALLOWED", "grants[0].legal_basis");
  }
}

TEST(ConsentConversion, WithdrawalOfNothingNamedIsOfEverything) {
  v1::WithdrawConsentRequest request;
  *request.mutable_subject() = Grant().subject();
  const auto everything = ReadWithdrawal(request, {});
  ASSERT_TRUE(everything.ok());
  EXPECT_EQ(everything->purpose_bits, 0b1111110u);
  request.add_purposes(v1::PURPOSE_SELECT_CONTENT);
  const auto one = ReadWithdrawal(request, {});
  EXPECT_EQ(one->purpose_bits, 0b100u);
  request.add_purposes(v1::PURPOSE_UNSPECIFIED);
  EXPECT_EQ(FieldOf(ReadWithdrawal(request, {}).status()), "purposes[1]");
}

TEST(ConsentConversion, RecordBecomesAnAnswer) {
  internal::v1::ConsentRecord record;
  record.set_revision(3);
  record.set_child(true);
  auto* purpose = record.add_purposes();
  purpose->set_purpose(v1::PURPOSE_SELECT_CONTENT);
  purpose->set_status(v1::CONSENT_STATUS_GRANTED);
  purpose->set_legal_basis(v1::LEGAL_BASIS_CONSENT);
  purpose->set_update_time_us(1'700'000'000'123'456);
  purpose->set_expire_time_s(1'800'000'000);
  purpose->set_recorded_by("spiffe://a/cmp");
  v1::Consent consent;
  FillConsent(record, consent);
  EXPECT_EQ(consent.revision(), 3u);
  EXPECT_TRUE(consent.child());
  EXPECT_FALSE(consent.restricted());
  EXPECT_FALSE(consent.erased());
  EXPECT_EQ(*RevisionOf(consent.etag()), 3u);
  ASSERT_EQ(consent.purposes_size(), 1);
  EXPECT_EQ(google::protobuf::util::TimeUtil::TimestampToMicroseconds(consent.purposes(0).update_time()),
            1'700'000'000'123'456);
  EXPECT_EQ(consent.purposes(0).expire_time().seconds(), 1'800'000'000);
  EXPECT_EQ(consent.purposes(0).recorded_by(), "spiffe://a/cmp");
}

TEST(ConsentConversion, StoreErrorsKeepTheCodeAndLoseTheWords) {
  const auto reason = [](absl::Status status) {
    const absl::Status shown = StoreError(status);
    EXPECT_EQ(shown.message().find("IO error"), absl::string_view::npos);
    return ReasonOf(shown) + " " + absl::StatusCodeToString(shown.code());
  };
  EXPECT_EQ(reason(absl::AbortedError("IO error")), "ETAG_MISMATCH ABORTED");
  EXPECT_EQ(reason(absl::InvalidArgumentError("IO error")), "REQUEST_ID_REUSED INVALID_ARGUMENT");
  EXPECT_EQ(reason(absl::NotFoundError("IO error")), "CONSENT_NOT_FOUND NOT_FOUND");
  EXPECT_EQ(reason(absl::DataLossError("IO error")), "RECORD_DAMAGED DATA_LOSS");
  EXPECT_EQ(reason(absl::UnavailableError("IO error")), "STORAGE_UNAVAILABLE UNAVAILABLE");
  EXPECT_EQ(reason(absl::ResourceExhaustedError("IO error")), "PREFERENCES_FULL RESOURCE_EXHAUSTED");
  EXPECT_EQ(reason(absl::FailedPreconditionError("IO error")), "INTERNAL INTERNAL") << "of a newer version";
  EXPECT_EQ(reason(absl::UnknownError("IO error")), "INTERNAL INTERNAL");
}

TEST(ConsentConversion, AnImportForAnErasedSubjectIsRefusedAsSuch) {
  internal::v1::ConsentRecord tombstone;
  tombstone.set_erased(true);
  auto request = Grant();
  request.set_method(v1::COLLECTION_METHOD_IMPORT);
  const auto import = ReadGrant(request, {}, {}, {}, kNow);
  ASSERT_TRUE(import.ok());
  const absl::Status refused = storage::CheckChange(*import, tombstone);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(StoreError(refused)), "SUBJECT_ERASED");
}

}  // namespace
}  // namespace assent::server
