#include "server/consent_row.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "server/consent_conversion.h"
#include "server/pseudonym_text.h"
#include "server/request_validation.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

using policy::ConsentStatus;

constexpr int64_t kSecondUs = 1'000'000;

bool IsTime(const google::protobuf::Timestamp& time) {
  return time.seconds() > 0 && time.seconds() <= std::numeric_limits<uint32_t>::max() && time.nanos() >= 0 &&
         time.nanos() <= 999'999'999;
}

// The notice under which a grant was given. An outdated version is taken: it is what the person saw, and the gate stays
// closed.
absl::Status ReadNoticeOf(const v1::PurposeConsent& purpose, NoticeTermsOf notice_terms,
                          storage::ImportedPurpose& out) {
  absl::Status valid = ValidateNoticeName("", purpose.notice_id(), purpose.notice_version());
  if (!valid.ok()) return valid;
  auto terms = notice_terms(purpose.notice_id(), purpose.notice_version());
  if (!terms) return MakeError(Reason::kNoticeNotRegistered, "notice_version", "is not registered; register it first");
  if ((terms->purpose_bits & policy::PurposeBit(out.purpose)) == 0) {
    return MakeError(Reason::kPurposeNotInNotice, "purpose", "is not a purpose of the notice");
  }
  out.notice_ordinal = terms->ordinal;
  out.notice_id = purpose.notice_id();
  out.notice_version = purpose.notice_version();
  return absl::OkStatus();
}

absl::Status ReadGivenTime(const v1::PurposeConsent& purpose, int64_t now_us, storage::ImportedPurpose& out) {
  if (!purpose.has_given_time()) return MakeError(Reason::kFieldRequired, "given_time", "is required");
  const auto& given = purpose.given_time();
  if (IsTime(given)) {
    out.given_time_us = given.seconds() * kSecondUs + given.nanos() / 1000;
    if (out.given_time_us <= now_us) return absl::OkStatus();
  }
  return MakeError(Reason::kValueOutOfRange, "given_time", "must be a time after 1970 and not in the future");
}

// What only a grant has.
absl::Status ReadImportedGrant(const v1::PurposeConsent& purpose, NoticeTermsOf notice_terms,
                               storage::ImportedPurpose& out) {
  const auto basis = ReadLegalBasis("legal_basis", purpose.legal_basis(), out.purpose);
  if (!basis.ok()) return basis.status();
  out.legal_basis = *basis;
  if (purpose.has_expire_time()) {
    if (!IsTime(purpose.expire_time())) {
      return MakeError(Reason::kValueOutOfRange, "expire_time", "must be a time from 1970 to 2106");
    }
    out.expire_time_s = static_cast<uint32_t>(purpose.expire_time().seconds());
  }
  return ReadNoticeOf(purpose, notice_terms, out);
}

absl::Status ReadStatus(v1::ConsentStatus status, storage::ImportedPurpose& out) {
  switch (status) {
    case v1::CONSENT_STATUS_GRANTED:
    case v1::CONSENT_STATUS_WITHDRAWN:
    case v1::CONSENT_STATUS_OPTED_OUT:
      out.status = static_cast<ConsentStatus>(status);
      return absl::OkStatus();
    case v1::CONSENT_STATUS_UNSPECIFIED:
      return MakeError(Reason::kFieldRequired, "status", "is required");
    default:
      return MakeError(Reason::kFieldInvalid, "status", "is not a status that this server knows");
  }
}

absl::Status ReadImportedPurpose(const v1::PurposeConsent& from, int64_t now_us, NoticeTermsOf notice_terms,
                                 storage::ImportedPurpose& to) {
  const auto purpose = ReadPurpose("purpose", from.purpose());
  if (!purpose.ok()) return purpose.status();
  to.purpose = *purpose;
  if (absl::Status status = ReadStatus(from.status(), to); !status.ok()) return status;
  if (absl::Status status = ReadGivenTime(from, now_us, to); !status.ok()) return status;
  if (absl::Status status = ValidateJurisdiction("jurisdiction", from.jurisdiction()); !status.ok()) return status;
  to.jurisdiction = from.jurisdiction();
  return to.status == ConsentStatus::kGranted ? ReadImportedGrant(from, notice_terms, to) : absl::OkStatus();
}

}  // namespace

absl::Status ReadRow(const v1::ConsentRow& row, absl::Time now, NoticeTermsOf notice_terms, storage::ImportedRow& out) {
  if (row.purposes_size() > kPurposesAtOnceMax) {
    return MakeLimitError(Reason::kTooManyEntries, "purposes", "has more entries than", kPurposesAtOnceMax);
  }
  out.restricted = row.restricted();
  out.child = row.child();
  out.purposes.clear();
  if (row.purposes_size() == 0 && !out.restricted && !out.child) {
    return MakeError(Reason::kFieldRequired, "purposes", "is required, unless the row has a flag");
  }
  uint32_t seen = 0;
  for (int i = 0; i < row.purposes_size(); ++i) {
    storage::ImportedPurpose& purpose = out.purposes.emplace_back();
    absl::Status status = ReadImportedPurpose(row.purposes(i), absl::ToUnixMicros(now), notice_terms, purpose);
    if (status.ok() && (seen & policy::PurposeBit(purpose.purpose)) != 0) {
      status = MakeError(Reason::kEntryRepeated, "purpose", "appears twice");
    }
    if (!status.ok()) return WithFieldPrefix(status, absl::StrCat("purposes[", i, "]."));
    seen |= policy::PurposeBit(purpose.purpose);
  }
  return absl::OkStatus();
}

void FillRow(const policy::SubjectKey& subject, const internal::v1::ConsentRecord& record, v1::ConsentRow& row) {
  row.set_pseudonym(HexOf(subject));
  row.set_restricted(record.restricted());
  row.set_child(record.child());
  for (const internal::v1::PurposeRecord& from : record.purposes()) {
    v1::PurposeConsent& to = *row.add_purposes();
    FillPurpose(from, to);
    if (!to.has_given_time()) *to.mutable_given_time() = to.update_time();
  }
}

}  // namespace assent::server
