// Why a call failed: the stable names that programs act on. docs/errors.md explains each; a test compares the two.
#ifndef ASSENT_SERVER_REASON_H_
#define ASSENT_SERVER_REASON_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace assent::server {

inline constexpr absl::string_view kErrorDomain = "assent.v1";

enum class Reason : uint8_t {
  // The caller's bytes.
  kFieldRequired,
  kFieldInvalid,
  kFieldTooLong,
  kTooManyEntries,
  kEntryRepeated,
  kValueOutOfRange,
  kPurposeUnknown,
  kPurposeNotSelection,
  kPurposeNotProfile,
  kLegalBasisNotAllowed,
  kFeatureNotFinite,
  kFeatureDimensionMismatch,
  kFeatureUnknown,
  kFeatureMissing,
  kFeaturesAmbiguous,
  kEventTypeUnknown,
  kAttributeKindMismatch,
  kConsentTokenInvalid,
  kRequestIdReused,
  kPurposeNotInNotice,
  kReceiptInvalid,
  // The state of the world.
  kConsentTokenOtherEpoch,
  kConsentTokenAhead,
  kConsentNotFound,
  kNoticeNotRegistered,
  kNoticeOutdated,
  kNoticeExists,
  kNoticesFull,
  kReceiptsNotConfigured,
  kCheckpointsNotConfigured,
  kDecisionReceiptsOff,
  kReceiptKeyUnknown,
  kReceiptExpired,
  kDecisionLogOff,
  kDecisionLogFull,
  kDecisionNotFound,
  kDecisionModelGone,
  kDecisionNotYours,
  kEtagMismatch,
  kNoModel,
  kProfileNotRead,
  kProfilesFull,
  kPreferencesFull,
  kLinksFull,
  kLinkConflict,
  kSubjectErased,
  kSubjectRestricted,
  kKeyMismatch,
  kBackupsOff,
  kBackupUnderWay,
  kBackupsFull,
  kSealingOff,
  kSealingKeysRefused,
  kRotationUnderWay,
  kStorageUnavailable,
  kRecordDamaged,
  kTooManyCalls,
  kTooManyStreams,
  kTooManyWatchers,
  kDeadlineExpired,
  kRoleRequired,
  kInternal,
};
inline constexpr int kReasonCount = 62;

struct ReasonFacts {
  Reason reason;
  absl::string_view name;  // upper snake case, as in ErrorInfo.reason
  absl::StatusCode code;
};

// Every reason, in the order of the enum.
std::span<const ReasonFacts> AllReasons();
const ReasonFacts& FactsOf(Reason reason);

}  // namespace assent::server

#endif  // ASSENT_SERVER_REASON_H_
