#include "server/consent_conversion.h"

#include <algorithm>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "policy/purpose.h"
#include "server/change_frame.h"
#include "server/request_validation.h"
#include "server/status_conversion.h"
#include "storage/consent_change.h"

namespace assent::server {
namespace {

using internal::v1::ConsentChangeKind;

// Selecting and profiling need consent (GDPR article 6; TCF: purposes 3 to 6 are never a legitimate interest).
bool NeedsConsent(policy::Purpose purpose) {
  return policy::IsSelection(purpose) || purpose == policy::Purpose::kProfileAdvertising ||
         purpose == policy::Purpose::kProfileContent;
}

absl::StatusOr<storage::Grant> ReadPurposeGrant(absl::string_view field, const v1::PurposeGrant& grant) {
  const auto purpose = ReadPurpose(absl::StrCat(field, ".purpose"), grant.purpose());
  if (!purpose.ok()) return purpose.status();
  const auto basis = ReadLegalBasis(absl::StrCat(field, ".legal_basis"), grant.legal_basis(), *purpose);
  if (!basis.ok()) return basis.status();
  return storage::Grant{.purpose = *purpose, .legal_basis = *basis};
}

absl::Status ReadGrants(const v1::RecordConsentRequest& request, storage::ConsentRequest& out) {
  if (request.grants_size() == 0) return MakeError(Reason::kFieldRequired, "grants", "is required");
  if (request.grants_size() > kPurposesAtOnceMax) {
    return MakeLimitError(Reason::kTooManyEntries, "grants", "has more entries than", kPurposesAtOnceMax);
  }
  uint32_t seen = 0;
  for (int i = 0; i < request.grants_size(); ++i) {
    const std::string field = absl::StrCat("grants[", i, "]");
    const auto grant = ReadPurposeGrant(field, request.grants(i));
    if (!grant.ok()) return grant.status();
    const uint32_t bit = policy::PurposeBit(grant->purpose);
    if ((seen & bit) != 0) return MakeError(Reason::kEntryRepeated, absl::StrCat(field, ".purpose"), "appears twice");
    seen |= bit;
    out.grants.push_back(*grant);
  }
  return absl::OkStatus();
}

absl::Status ReadExpiry(const v1::RecordConsentRequest& request, absl::Time now, storage::ConsentRequest& out) {
  if (!request.has_expire_time()) return absl::OkStatus();
  const auto& expire = request.expire_time();
  if (expire.nanos() < 0 || expire.nanos() > 999'999'999 || expire.seconds() > std::numeric_limits<uint32_t>::max()) {
    return MakeError(Reason::kValueOutOfRange, "expire_time", "must be a time before the year 2106");
  }
  if (expire.seconds() <= absl::ToUnixSeconds(now)) {
    return MakeError(Reason::kValueOutOfRange, "expire_time", "must be in the future, in whole seconds");
  }
  out.terms.expire_time_s = static_cast<uint32_t>(expire.seconds());
  return absl::OkStatus();
}

absl::Status ReadNotice(const v1::RecordConsentRequest& request, storage::ConsentRequest& out) {
  absl::Status notice = ValidateText("notice_id", request.notice_id(), kNoticeIdBytesMax);
  if (notice.ok()) notice = ValidateText("notice_version", request.notice_version(), kNoticeVersionBytesMax);
  if (!notice.ok()) return notice;
  if (absl::Status status = ValidateJurisdiction("jurisdiction", request.jurisdiction()); !status.ok()) return status;
  if (!v1::CollectionMethod_IsValid(request.method())) {
    return MakeError(Reason::kFieldInvalid, "method", "is not a method that this server knows");
  }
  out.terms.notice_id = request.notice_id();
  out.terms.notice_version = request.notice_version();
  out.terms.jurisdiction = request.jurisdiction();
  out.terms.method = request.method() == v1::COLLECTION_METHOD_UNSPECIFIED ? storage::kMethodExplicit
                                                                           : static_cast<int>(request.method());
  return absl::OkStatus();
}

template <typename Request>
absl::StatusOr<storage::ConsentRequest> ReadProtective(const Request& request, ConsentChangeKind kind,
                                                       const RequestLimits& limits) {
  storage::ConsentRequest out;
  out.kind = kind;
  if (absl::Status status = ReadChangeFrame(request, limits, out); !status.ok()) return status;
  if (request.purposes_size() > kPurposesAtOnceMax) {
    return MakeLimitError(Reason::kTooManyEntries, "purposes", "has more entries than", kPurposesAtOnceMax);
  }
  for (int i = 0; i < request.purposes_size(); ++i) {
    const auto purpose = ReadPurpose(absl::StrCat("purposes[", i, "]"), request.purposes(i));
    if (!purpose.ok()) return purpose.status();
    out.purpose_bits |= policy::PurposeBit(*purpose);
  }
  if (request.purposes_size() == 0) {
    for (int number = 1; number <= policy::kPurposeCount; ++number) out.purpose_bits |= 1u << number;
  }
  return out;
}

}  // namespace

absl::StatusOr<policy::Purpose> ReadPurpose(absl::string_view field, v1::Purpose purpose) {
  if (purpose == v1::PURPOSE_UNSPECIFIED) return MakeError(Reason::kFieldRequired, field, "is required");
  const auto known = policy::PurposeFromNumber(purpose);
  if (!known) return MakeError(Reason::kPurposeUnknown, field, "is not a purpose that this server knows");
  return *known;
}

absl::StatusOr<int> ReadLegalBasis(absl::string_view field, int basis, policy::Purpose purpose) {
  if (!v1::LegalBasis_IsValid(basis)) {
    return MakeError(Reason::kFieldInvalid, field, "is not a legal basis that this server knows");
  }
  if (basis == v1::LEGAL_BASIS_UNSPECIFIED) basis = v1::LEGAL_BASIS_CONSENT;
  if (basis != v1::LEGAL_BASIS_CONSENT && NeedsConsent(purpose)) {
    return MakeError(Reason::kLegalBasisNotAllowed, field, "must be CONSENT for this purpose");
  }
  return basis;
}

absl::StatusOr<storage::ConsentRequest> ReadGrant(const v1::RecordConsentRequest& request, const RequestLimits& limits,
                                                  absl::Time now) {
  storage::ConsentRequest out;
  out.kind = internal::v1::CONSENT_CHANGE_KIND_GRANT;
  if (absl::Status status = ReadChangeFrame(request, limits, out); !status.ok()) return status;
  if (absl::Status status = ReadGrants(request, out); !status.ok()) return status;
  if (absl::Status status = ReadNotice(request, out); !status.ok()) return status;
  if (absl::Status status = ReadExpiry(request, now, out); !status.ok()) return status;
  return out;
}

absl::StatusOr<storage::ConsentRequest> ReadWithdrawal(const v1::WithdrawConsentRequest& request,
                                                       const RequestLimits& limits) {
  return ReadProtective(request, internal::v1::CONSENT_CHANGE_KIND_WITHDRAW, limits);
}

absl::StatusOr<storage::ConsentRequest> ReadOptOut(const v1::OptOutRequest& request, const RequestLimits& limits) {
  return ReadProtective(request, internal::v1::CONSENT_CHANGE_KIND_OPT_OUT, limits);
}

void FillTime(absl::Time time, google::protobuf::Timestamp& out) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  out.set_seconds(seconds);
  out.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
}

void FillPurpose(const internal::v1::PurposeRecord& record, v1::PurposeConsent& purpose) {
  purpose.set_purpose(static_cast<v1::Purpose>(record.purpose()));
  purpose.set_status(static_cast<v1::ConsentStatus>(record.status()));
  purpose.set_legal_basis(static_cast<v1::LegalBasis>(record.legal_basis()));
  FillTime(absl::FromUnixMicros(record.update_time_us()), *purpose.mutable_update_time());
  if (record.expire_time_s() != 0) {
    FillTime(absl::FromUnixSeconds(record.expire_time_s()), *purpose.mutable_expire_time());
  }
  purpose.set_notice_id(record.notice_id());
  purpose.set_notice_version(record.notice_version());
  purpose.set_jurisdiction(record.jurisdiction());
  purpose.set_method(static_cast<v1::CollectionMethod>(record.method()));
  purpose.set_recorded_by(record.recorded_by());
  if (record.given_time_us() != 0) {
    FillTime(absl::FromUnixMicros(record.given_time_us()), *purpose.mutable_given_time());
  }
}

void FillConsent(const internal::v1::ConsentRecord& record, v1::Consent& consent) {
  consent.set_revision(record.revision());
  consent.set_etag(EtagOf(record.revision()));
  consent.set_restricted(record.restricted());
  consent.set_child(record.child());
  consent.set_erased(record.erased());
  for (const auto& purpose : record.purposes()) FillPurpose(purpose, *consent.add_purposes());
}

std::string EtagOf(uint64_t revision) { return absl::StrCat("r", revision); }

absl::StatusOr<uint64_t> RevisionOf(absl::string_view etag) {
  uint64_t revision = 0;
  if (etag.size() > 21 || etag.substr(0, 1) != "r" || !absl::SimpleAtoi(etag.substr(1), &revision)) {
    return MakeError(Reason::kFieldInvalid, "etag", "is not an etag of this server");
  }
  return revision;
}

absl::StatusOr<std::string> RequestIdBytes(absl::string_view uuid) {
  if (uuid.empty()) return std::string();
  constexpr size_t kUuidChars = 36;
  std::string hex;
  bool valid = uuid.size() == kUuidChars;
  for (size_t i = 0; valid && i < kUuidChars; ++i) {
    const bool dash_here = i == 8 || i == 13 || i == 18 || i == 23;
    valid = dash_here ? uuid[i] == '-' : absl::ascii_isxdigit(static_cast<unsigned char>(uuid[i]));
    if (!dash_here) hex += uuid[i];
  }
  if (!valid) return MakeError(Reason::kFieldInvalid, "request_id", "must be a UUID of 36 characters");
  return absl::HexStringToBytes(hex);
}

absl::Status StoreError(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return status;
    case absl::StatusCode::kInvalidArgument:  // the rest of the request was validated before
      return MakeError(Reason::kRequestIdReused, "request_id", "stands for another request already; take a new one");
    case absl::StatusCode::kAborted:
      return MakeError(Reason::kEtagMismatch, "etag", "the record has changed since; read it again");
    case absl::StatusCode::kNotFound:
      return MakeError(Reason::kConsentNotFound, "", "nothing is recorded for this subject");
    case absl::StatusCode::kDataLoss:
      return MakeError(Reason::kRecordDamaged, "",
                       "the stored record is damaged; every purpose is refused until it is withdrawn or restored");
    case absl::StatusCode::kResourceExhausted:
      return MakeError(Reason::kPreferencesFull, "", "the record holds as many refusals or contests as it can");
    case absl::StatusCode::kFailedPrecondition:
      if (!storage::IsErasure(status)) break;
      return MakeError(Reason::kSubjectErased, "", "the subject was erased; only an explicit consent is recorded");
    case absl::StatusCode::kUnavailable:
      return MakeError(Reason::kStorageUnavailable, "", "the disk refused; nothing was acknowledged, try again");
    default:
      break;
  }
  return MakeError(Reason::kInternal, "", "internal error; the server's log has the cause");
}

}  // namespace assent::server
