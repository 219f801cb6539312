// Between the public messages of ConsentService and the store's values, with every check on the way in.
#ifndef ASSENT_SERVER_CONSENT_CONVERSION_H_
#define ASSENT_SERVER_CONSENT_CONVERSION_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "assent/internal/v1/consent_record.pb.h"
#include "assent/v1/consent_service.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "policy/purpose.h"
#include "server/configuration.h"
#include "storage/consent_store.h"

namespace assent::server {

inline constexpr int kPurposesAtOnceMax = 16;
inline constexpr size_t kNoticeIdBytesMax = 128;
inline constexpr size_t kNoticeVersionBytesMax = 64;

// The store's request, without `subject` and `recorded_by`, which the service fills in.
// Errors: those of MakeError, with the field and the limit.
absl::StatusOr<storage::ConsentRequest> ReadWithdrawal(const v1::WithdrawConsentRequest& request,
                                                       const RequestLimits& limits);
absl::StatusOr<storage::ConsentRequest> ReadOptOut(const v1::OptOutRequest& request, const RequestLimits& limits);

// Errors: FIELD_REQUIRED, PURPOSE_UNKNOWN.
absl::StatusOr<policy::Purpose> ReadPurpose(absl::string_view field, v1::Purpose purpose);
// The set of purposes, as policy::PurposeBit. Errors: TOO_MANY_ENTRIES, FIELD_REQUIRED, PURPOSE_UNKNOWN.
absl::StatusOr<uint32_t> ReadPurposes(absl::string_view field, const google::protobuf::RepeatedField<int>& purposes);
// Both are required. `prefix`: the path before the fields' names. Errors: FIELD_REQUIRED, FIELD_TOO_LONG,
// FIELD_INVALID.
absl::Status ValidateNoticeName(absl::string_view prefix, absl::string_view id, absl::string_view version);
// Also without `linked`, which needs the pseudonymizer.
absl::StatusOr<storage::ConsentRequest> ReadLink(const v1::LinkSubjectsRequest& request, const RequestLimits& limits);
absl::StatusOr<storage::ConsentRequest> ReadUnlink(const v1::UnlinkSubjectsRequest& request,
                                                   const RequestLimits& limits);
// assent.v1.LegalBasis; unset stands for consent.
absl::StatusOr<int> ReadLegalBasis(absl::string_view field, int basis, policy::Purpose purpose);

void FillTime(absl::Time time, google::protobuf::Timestamp& out);
void FillPurpose(const internal::v1::PurposeRecord& record, v1::PurposeConsent& purpose);
void FillConsent(const internal::v1::ConsentRecord& record, v1::Consent& consent);
void FillChange(uint64_t revision, const internal::v1::ConsentChange& from, v1::ConsentChange& to);

// The etag of a revision, and back. Errors: InvalidArgument (FIELD_INVALID, field "etag").
std::string EtagOf(uint64_t revision);
absl::StatusOr<uint64_t> RevisionOf(absl::string_view etag);

// The 16 bytes of a UUID in its text form; empty for empty. Errors: InvalidArgument (FIELD_INVALID, "request_id").
absl::StatusOr<std::string> RequestIdBytes(absl::string_view uuid);

// The store's error as the caller may see it: REQUEST_ID_REUSED, ETAG_MISMATCH, CONSENT_NOT_FOUND, SUBJECT_ERASED,
// PREFERENCES_FULL, LINKS_FULL, LINK_CONFLICT, RECORD_DAMAGED, STORAGE_UNAVAILABLE or INTERNAL, with a text of ours.
absl::Status StoreError(const absl::Status& status);

}  // namespace assent::server

#endif  // ASSENT_SERVER_CONSENT_CONVERSION_H_
