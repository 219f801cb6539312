// Every consent record of a database, as they stand at one moment.
#ifndef ASSENT_STORAGE_CONSENT_SCAN_H_
#define ASSENT_STORAGE_CONSENT_SCAN_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "assent/internal/v1/consent_record.pb.h"
#include "policy/subject.h"
#include "storage/database.h"

namespace assent::storage {

// `record`: null where it cannot be read (damaged, or of a newer version). False ends the scan.
using RecordVisitor =
    absl::FunctionRef<bool(const policy::SubjectKey& subject, const internal::v1::ConsentRecord* record)>;

// Shows the records, ascending by the bytes of their subject: all, or those behind `after` where it is not null. The
// visitor runs in this thread and may keep nothing of what it is shown. Blocks on the disk; until it ends the engine
// keeps what was there when it began. Errors: DataLoss, Unavailable.
absl::Status ScanRecords(Database& database, const policy::SubjectKey* after, RecordVisitor visitor);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_CONSENT_SCAN_H_
