// The methods of the control plane: one number each for the metrics, one path for the roles.
#ifndef ASSENT_SERVER_CONTROL_METHOD_H_
#define ASSENT_SERVER_CONTROL_METHOD_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace assent::server {

// Dense from 0.
enum class ControlMethod : uint8_t {
  kRecordConsent = 0,
  kWithdrawConsent,
  kOptOut,
  kGetConsent,
  kListConsentHistory,
  kGetConsentReceipt,
  kRegisterNotice,
  kListNotices,
  kSetSegmentPreference,
  kContestAssignment,
  kRestrictSubject,
  kMarkChild,
  kEraseSubject,
  kListSubjectSegments,
  kExportSubject,
  kGetDisclosure,
  kLinkSubjects,
  kUnlinkSubjects,
  kImportConsents,
  kExportConsents,
  kCreateBackup,
  kListBackups,
  kPurgeBackups,
  kReleaseRestored,
  kListAuditEntries,
  kGetAuditCheckpoint,
  kListDecisions,
  kRotateSealingKeys,
};
inline constexpr size_t kControlMethodCount = 28;

// By method, as gRPC has them.
inline constexpr std::array<absl::string_view, kControlMethodCount> kControlPaths = {
    "/assent.v1.ConsentService/RecordConsent",
    "/assent.v1.ConsentService/WithdrawConsent",
    "/assent.v1.ConsentService/OptOut",
    "/assent.v1.ConsentService/GetConsent",
    "/assent.v1.ConsentService/ListConsentHistory",
    "/assent.v1.ConsentService/GetConsentReceipt",
    "/assent.v1.ConsentService/RegisterNotice",
    "/assent.v1.ConsentService/ListNotices",
    "/assent.v1.SubjectService/SetSegmentPreference",
    "/assent.v1.SubjectService/ContestAssignment",
    "/assent.v1.SubjectService/RestrictSubject",
    "/assent.v1.SubjectService/MarkChild",
    "/assent.v1.SubjectService/EraseSubject",
    "/assent.v1.SubjectService/ListSubjectSegments",
    "/assent.v1.SubjectService/ExportSubject",
    "/assent.v1.SubjectService/GetDisclosure",
    "/assent.v1.ConsentService/LinkSubjects",
    "/assent.v1.ConsentService/UnlinkSubjects",
    "/assent.v1.ConsentService/ImportConsents",
    "/assent.v1.ConsentService/ExportConsents",
    "/assent.v1.BackupService/CreateBackup",
    "/assent.v1.BackupService/ListBackups",
    "/assent.v1.BackupService/PurgeBackups",
    "/assent.v1.BackupService/ReleaseRestored",
    "/assent.v1.OversightService/ListAuditEntries",
    "/assent.v1.OversightService/GetAuditCheckpoint",
    "/assent.v1.OversightService/ListDecisions",
    "/assent.v1.KeyService/RotateSealingKeys",
};

constexpr absl::string_view PathOf(ControlMethod method) { return kControlPaths[static_cast<size_t>(method)]; }
// The method's name alone: what stands behind the last slash. Ends with a zero.
inline const char* NameOf(ControlMethod method) {
  const absl::string_view path = PathOf(method);
  return path.data() + path.rfind('/') + 1;
}

}  // namespace assent::server

#endif  // ASSENT_SERVER_CONTROL_METHOD_H_
