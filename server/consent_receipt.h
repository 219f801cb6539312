// What is recorded of a subject, as signed JSON.
#ifndef ASSENT_SERVER_CONSENT_RECEIPT_H_
#define ASSENT_SERVER_CONSENT_RECEIPT_H_

#include <string>

#include "absl/time/time.h"
#include "assent/internal/v1/consent_record.pb.h"
#include "assent/v1/consent_receipt.pb.h"
#include "policy/signature.h"
#include "policy/subject.h"
#include "storage/notice_store.h"

namespace assent::server {

v1::ConsentReceipt MakeConsentReceipt(const policy::SubjectKey& subject, const internal::v1::ConsentRecord& record,
                                      const storage::NoticeStore& notices, absl::Time now);

// As SignDocument has it.
std::string SignReceipt(const v1::ConsentReceipt& receipt, const policy::SigningKey& key);

}  // namespace assent::server

#endif  // ASSENT_SERVER_CONSENT_RECEIPT_H_
