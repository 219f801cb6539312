// The audit log between its stored form and that of the public contract.
#ifndef ASSENT_SERVER_AUDIT_CONVERSION_H_
#define ASSENT_SERVER_AUDIT_CONVERSION_H_

#include "absl/strings/string_view.h"
#include "assent/v1/audit.pb.h"
#include "storage/audit_log.h"

namespace assent::server {

// What everybody may see who may see the log.
void FillAuditEntry(const storage::AuditRecord& record, v1::AuditEntry& entry);
// The opening of an entry that is about no person, and what it says. Nothing where it is empty.
void FillAuditOpening(absl::string_view opening, v1::AuditEntry& entry);
// The entry with the change of the person whom the caller named.
void FillAuditedChange(const storage::AuditedChange& audited, v1::AuditEntry& entry);

}  // namespace assent::server

#endif  // ASSENT_SERVER_AUDIT_CONVERSION_H_
