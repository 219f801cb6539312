// Between the public messages of ConsentService and the store's values, with every check on the way in.
#ifndef ASSENT_SERVER_CONSENT_CONVERSION_H_
#define ASSENT_SERVER_CONSENT_CONVERSION_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
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
absl::StatusOr<storage::ConsentRequest> ReadGrant(const v1::RecordConsentRequest& request, const RequestLimits& limits,
                                                  absl::Time now);
absl::StatusOr<storage::ConsentRequest> ReadWithdrawal(const v1::WithdrawConsentRequest& request,
                                                       const RequestLimits& limits);
absl::StatusOr<storage::ConsentRequest> ReadOptOut(const v1::OptOutRequest& request, const RequestLimits& limits);

// Errors of both: those of MakeError, with the field.
absl::StatusOr<policy::Purpose> ReadPurpose(absl::string_view field, v1::Purpose purpose);
// assent.v1.LegalBasis; unset stands for consent.
absl::StatusOr<int> ReadLegalBasis(absl::string_view field, int basis, policy::Purpose purpose);

void FillTime(absl::Time time, google::protobuf::Timestamp& out);
void FillPurpose(const internal::v1::PurposeRecord& record, v1::PurposeConsent& purpose);
void FillConsent(const internal::v1::ConsentRecord& record, v1::Consent& consent);

// The etag of a revision, and back. Errors: InvalidArgument (FIELD_INVALID, field "etag").
std::string EtagOf(uint64_t revision);
absl::StatusOr<uint64_t> RevisionOf(absl::string_view etag);

// The 16 bytes of a UUID in its text form; empty for empty. Errors: InvalidArgument (FIELD_INVALID, "request_id").
absl::StatusOr<std::string> RequestIdBytes(absl::string_view uuid);

// The store's error as the caller may see it: REQUEST_ID_REUSED, ETAG_MISMATCH, CONSENT_NOT_FOUND, SUBJECT_ERASED,
// PREFERENCES_FULL, RECORD_DAMAGED, STORAGE_UNAVAILABLE or INTERNAL, with a text of ours.
absl::Status StoreError(const absl::Status& status);

}  // namespace assent::server

#endif  // ASSENT_SERVER_CONSENT_CONVERSION_H_
