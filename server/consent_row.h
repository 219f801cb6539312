// Between a row of an import or an export and the store's values, with every check on the way in.
#ifndef ASSENT_SERVER_CONSENT_ROW_H_
#define ASSENT_SERVER_CONSENT_ROW_H_

#include <cstdint>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "assent/internal/v1/consent_record.pb.h"
#include "assent/v1/consent_service.pb.h"
#include "policy/subject.h"
#include "storage/consent_import.h"
#include "storage/notice_store.h"

namespace assent::server {

// Reads all of the row but who it is of into `out`, which borrows its texts. Errors: those of MakeError, with the field
// inside the row. Cost when valid: no allocation, once `out` has room for the purposes.
// `notice_terms`: what the register says of a version, as NoticeStore::Terms.
using NoticeTermsOf =
    absl::FunctionRef<std::optional<storage::NoticeTerms>(absl::string_view notice_id, absl::string_view version)>;
absl::Status ReadRow(const v1::ConsentRow& row, absl::Time now, NoticeTermsOf notice_terms, storage::ImportedRow& out);

// The row of a record: its purposes, each with the time at which the person acted, and its flags.
void FillRow(const policy::SubjectKey& subject, const internal::v1::ConsentRecord& record, v1::ConsentRow& row);

}  // namespace assent::server

#endif  // ASSENT_SERVER_CONSENT_ROW_H_
