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
#include "storage/subject_links.h"

namespace assent::server {
namespace {

using internal::v1::ConsentChangeKind;

// Selecting and profiling need consent (GDPR article 6; TCF: purposes 3 to 6 are never a legitimate interest).
bool NeedsConsent(policy::Purpose purpose) {
  return policy::IsSelection(purpose) || purpose == policy::Purpose::kProfileAdvertising ||
         purpose == policy::Purpose::kProfileContent;
}

template <typename Request>
absl::StatusOr<storage::ConsentRequest> ReadProtective(const Request& request, ConsentChangeKind kind,
                                                       const RequestLimits& limits) {
  storage::ConsentRequest out;
  out.kind = kind;
  if (absl::Status status = ReadChangeFrame(request, limits, out); !status.ok()) return status;
  // A purpose that is named twice is denied once.
  const auto bits = ReadPurposes("purposes", request.purposes());
  if (!bits.ok()) return bits.status();
  out.purpose_bits = *bits != 0 ? *bits : policy::kAllPurposeBits;
  return out;
}

template <typename Request>
absl::StatusOr<storage::ConsentRequest> ReadLinkChange(const Request& request, ConsentChangeKind kind,
                                                       const RequestLimits& limits) {
  storage::ConsentRequest out;
  out.kind = kind;
  if (absl::Status status = ReadChangeFrame(request, limits, out); !status.ok()) return status;
  if (!request.has_linked()) return out;
  const v1::Subject& linked = request.linked();
  if (absl::Status status = ValidateSubject(true, linked, limits, "linked"); !status.ok()) return status;
  if (linked.namespace_() != request.subject().namespace_() || linked.id() != request.subject().id()) return out;
  return MakeError(Reason::kFieldInvalid, "linked", "must be another subject than `subject`");
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

absl::StatusOr<uint32_t> ReadPurposes(absl::string_view field, const google::protobuf::RepeatedField<int>& purposes) {
  if (purposes.size() > kPurposesAtOnceMax) {
    return MakeLimitError(Reason::kTooManyEntries, field, "has more entries than", kPurposesAtOnceMax);
  }
  uint32_t bits = 0;
  for (int i = 0; i < purposes.size(); ++i) {
    const auto purpose = ReadPurpose(absl::StrCat(field, "[", i, "]"), static_cast<v1::Purpose>(purposes[i]));
    if (!purpose.ok()) return purpose.status();
    bits |= policy::PurposeBit(*purpose);
  }
  return bits;
}

absl::Status ValidateNoticeName(absl::string_view prefix, absl::string_view id, absl::string_view version) {
  const std::string id_field = absl::StrCat(prefix, "notice_id");
  const std::string version_field = absl::StrCat(prefix, "notice_version");
  if (id.empty()) return MakeError(Reason::kFieldRequired, id_field, "is required");
  if (version.empty()) return MakeError(Reason::kFieldRequired, version_field, "is required");
  absl::Status status = ValidateText(id_field, id, kNoticeIdBytesMax);
  return status.ok() ? ValidateText(version_field, version, kNoticeVersionBytesMax) : status;
}

absl::StatusOr<storage::ConsentRequest> ReadWithdrawal(const v1::WithdrawConsentRequest& request,
                                                       const RequestLimits& limits) {
  return ReadProtective(request, internal::v1::CONSENT_CHANGE_KIND_WITHDRAW, limits);
}

absl::StatusOr<storage::ConsentRequest> ReadOptOut(const v1::OptOutRequest& request, const RequestLimits& limits) {
  return ReadProtective(request, internal::v1::CONSENT_CHANGE_KIND_OPT_OUT, limits);
}

absl::StatusOr<storage::ConsentRequest> ReadLink(const v1::LinkSubjectsRequest& request, const RequestLimits& limits) {
  auto change = ReadLinkChange(request, internal::v1::CONSENT_CHANGE_KIND_LINK, limits);
  if (change.ok() && !request.has_linked()) return MakeError(Reason::kFieldRequired, "linked", "is required");
  return change;
}

absl::StatusOr<storage::ConsentRequest> ReadUnlink(const v1::UnlinkSubjectsRequest& request,
                                                   const RequestLimits& limits) {
  return ReadLinkChange(request, internal::v1::CONSENT_CHANGE_KIND_UNLINK, limits);
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
  purpose.set_signal_sha256(record.signal_sha256());
  purpose.set_vendor_list_version(record.vendor_list_version());
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

void FillChange(uint64_t revision, const internal::v1::ConsentChange& from, v1::ConsentChange& to) {
  to.set_revision(revision);
  to.set_kind(static_cast<v1::ConsentChangeKind>(from.kind()));
  FillTime(absl::FromUnixMicros(from.time_us()), *to.mutable_change_time());
  to.set_recorded_by(from.recorded_by());
  to.set_by_link(from.by_link());
  for (const internal::v1::PurposeRecord& purpose : from.purposes()) FillPurpose(purpose, *to.add_purposes());
  // The contests are in the state: none is ever taken out of it.
  *to.mutable_refused_segment_ids() = from.preferences().refused_segments();
  *to.mutable_refused_taxonomy_ids() = from.preferences().refused_taxonomy_ids();
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
      if (storage::IsLinkRefusal(status)) {
        return MakeLimitError(Reason::kLinksFull, "", "the number of subjects linked to one person must be at most",
                              storage::kLinksMax);
      }
      return MakeError(Reason::kPreferencesFull, "", "the record holds as many refusals or contests as it can");
    case absl::StatusCode::kFailedPrecondition:
      if (storage::IsLinkRefusal(status)) {
        return MakeError(Reason::kLinkConflict, "linked",
                         "one of the two is linked to another person, or `linked` has others linked to it");
      }
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
