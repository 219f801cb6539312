#include "server/reason.h"

#include <array>

namespace assent::server {
namespace {

using Code = absl::StatusCode;

constexpr std::array<ReasonFacts, kReasonCount> kReasons = {{
    {Reason::kFieldRequired, "FIELD_REQUIRED", Code::kInvalidArgument},
    {Reason::kFieldInvalid, "FIELD_INVALID", Code::kInvalidArgument},
    {Reason::kFieldTooLong, "FIELD_TOO_LONG", Code::kInvalidArgument},
    {Reason::kTooManyEntries, "TOO_MANY_ENTRIES", Code::kInvalidArgument},
    {Reason::kEntryRepeated, "ENTRY_REPEATED", Code::kInvalidArgument},
    {Reason::kValueOutOfRange, "VALUE_OUT_OF_RANGE", Code::kInvalidArgument},
    {Reason::kPurposeUnknown, "PURPOSE_UNKNOWN", Code::kInvalidArgument},
    {Reason::kPurposeNotSelection, "PURPOSE_NOT_SELECTION", Code::kInvalidArgument},
    {Reason::kPurposeNotProfile, "PURPOSE_NOT_PROFILE", Code::kInvalidArgument},
    {Reason::kLegalBasisNotAllowed, "LEGAL_BASIS_NOT_ALLOWED", Code::kInvalidArgument},
    {Reason::kFeatureNotFinite, "FEATURE_NOT_FINITE", Code::kInvalidArgument},
    {Reason::kFeatureDimensionMismatch, "FEATURE_DIMENSION_MISMATCH", Code::kInvalidArgument},
    {Reason::kFeatureUnknown, "FEATURE_UNKNOWN", Code::kInvalidArgument},
    {Reason::kFeatureMissing, "FEATURE_MISSING", Code::kInvalidArgument},
    {Reason::kFeaturesAmbiguous, "FEATURES_AMBIGUOUS", Code::kInvalidArgument},
    {Reason::kEventTypeUnknown, "EVENT_TYPE_UNKNOWN", Code::kInvalidArgument},
    {Reason::kAttributeKindMismatch, "ATTRIBUTE_KIND_MISMATCH", Code::kInvalidArgument},
    {Reason::kConsentTokenInvalid, "CONSENT_TOKEN_INVALID", Code::kInvalidArgument},
    {Reason::kRequestIdReused, "REQUEST_ID_REUSED", Code::kInvalidArgument},
    {Reason::kPurposeNotInNotice, "PURPOSE_NOT_IN_NOTICE", Code::kInvalidArgument},
    {Reason::kReceiptInvalid, "RECEIPT_INVALID", Code::kInvalidArgument},
    {Reason::kConsentTokenOtherEpoch, "CONSENT_TOKEN_OTHER_EPOCH", Code::kFailedPrecondition},
    {Reason::kConsentTokenAhead, "CONSENT_TOKEN_AHEAD", Code::kUnavailable},
    {Reason::kConsentNotFound, "CONSENT_NOT_FOUND", Code::kNotFound},
    {Reason::kNoticeNotRegistered, "NOTICE_NOT_REGISTERED", Code::kFailedPrecondition},
    {Reason::kNoticeOutdated, "NOTICE_OUTDATED", Code::kFailedPrecondition},
    {Reason::kNoticeExists, "NOTICE_EXISTS", Code::kAlreadyExists},
    {Reason::kNoticesFull, "NOTICES_FULL", Code::kResourceExhausted},
    {Reason::kReceiptsNotConfigured, "RECEIPTS_NOT_CONFIGURED", Code::kFailedPrecondition},
    {Reason::kCheckpointsNotConfigured, "CHECKPOINTS_NOT_CONFIGURED", Code::kFailedPrecondition},
    {Reason::kDecisionReceiptsOff, "DECISION_RECEIPTS_OFF", Code::kFailedPrecondition},
    {Reason::kReceiptKeyUnknown, "RECEIPT_KEY_UNKNOWN", Code::kFailedPrecondition},
    {Reason::kReceiptExpired, "RECEIPT_EXPIRED", Code::kFailedPrecondition},
    {Reason::kDecisionLogOff, "DECISION_LOG_OFF", Code::kFailedPrecondition},
    {Reason::kDecisionLogFull, "DECISION_LOG_FULL", Code::kResourceExhausted},
    {Reason::kDecisionNotFound, "DECISION_NOT_FOUND", Code::kNotFound},
    {Reason::kDecisionModelGone, "DECISION_MODEL_GONE", Code::kFailedPrecondition},
    {Reason::kDecisionNotYours, "DECISION_NOT_YOURS", Code::kPermissionDenied},
    {Reason::kEtagMismatch, "ETAG_MISMATCH", Code::kAborted},
    {Reason::kNoModel, "NO_MODEL", Code::kUnavailable},
    {Reason::kProfileNotRead, "PROFILE_NOT_READ", Code::kFailedPrecondition},
    {Reason::kProfilesFull, "PROFILES_FULL", Code::kResourceExhausted},
    {Reason::kPreferencesFull, "PREFERENCES_FULL", Code::kResourceExhausted},
    {Reason::kLinksFull, "LINKS_FULL", Code::kResourceExhausted},
    {Reason::kLinkConflict, "LINK_CONFLICT", Code::kFailedPrecondition},
    {Reason::kSubjectErased, "SUBJECT_ERASED", Code::kFailedPrecondition},
    {Reason::kSubjectRestricted, "SUBJECT_RESTRICTED", Code::kFailedPrecondition},
    {Reason::kKeyMismatch, "KEY_MISMATCH", Code::kFailedPrecondition},
    {Reason::kBackupsOff, "BACKUPS_OFF", Code::kFailedPrecondition},
    {Reason::kBackupUnderWay, "BACKUP_UNDER_WAY", Code::kUnavailable},
    {Reason::kBackupsFull, "BACKUPS_FULL", Code::kResourceExhausted},
    {Reason::kSealingOff, "SEALING_OFF", Code::kFailedPrecondition},
    {Reason::kSealingKeysRefused, "SEALING_KEYS_REFUSED", Code::kFailedPrecondition},
    {Reason::kRotationUnderWay, "ROTATION_UNDER_WAY", Code::kUnavailable},
    {Reason::kStorageUnavailable, "STORAGE_UNAVAILABLE", Code::kUnavailable},
    {Reason::kRecordDamaged, "RECORD_DAMAGED", Code::kDataLoss},
    {Reason::kTooManyCalls, "TOO_MANY_CALLS", Code::kResourceExhausted},
    {Reason::kTooManyStreams, "TOO_MANY_STREAMS", Code::kResourceExhausted},
    {Reason::kTooManyWatchers, "TOO_MANY_WATCHERS", Code::kResourceExhausted},
    {Reason::kDeadlineExpired, "DEADLINE_EXPIRED", Code::kDeadlineExceeded},
    {Reason::kRoleRequired, "ROLE_REQUIRED", Code::kPermissionDenied},
    {Reason::kInternal, "INTERNAL", Code::kInternal},
}};

constexpr bool InOrder() {
  for (size_t i = 0; i < kReasons.size(); ++i) {
    if (static_cast<size_t>(kReasons[i].reason) != i) return false;
  }
  return true;
}
static_assert(InOrder());

}  // namespace

std::span<const ReasonFacts> AllReasons() { return kReasons; }
const ReasonFacts& FactsOf(Reason reason) { return kReasons[static_cast<size_t>(reason)]; }

}  // namespace assent::server
