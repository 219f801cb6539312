// Between the public notice and the registered one, with every check on the way in.
#ifndef ASSENT_SERVER_NOTICE_CONVERSION_H_
#define ASSENT_SERVER_NOTICE_CONVERSION_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "assent/internal/v1/notice_record.pb.h"
#include "assent/v1/notice.pb.h"
#include "storage/consent_request.h"
#include "storage/notice_store.h"

namespace assent::server {

// The record to register, without `recorded_by`. Errors: those of MakeError, with the field and the limit.
absl::StatusOr<internal::v1::NoticeRecord> ReadNotice(const v1::Notice& notice, absl::Time now);
void FillNotice(const storage::RegisteredNotice& notice, v1::Notice& out);

// Puts what a grant takes from its notice into the terms: the ordinal, and the jurisdiction where it names none.
// Errors: NOTICE_NOT_REGISTERED, NOTICE_OUTDATED, PURPOSE_NOT_IN_NOTICE.
absl::Status BindNotice(const storage::NoticeStore& notices, storage::ConsentRequest& grant);

}  // namespace assent::server

#endif  // ASSENT_SERVER_NOTICE_CONVERSION_H_
