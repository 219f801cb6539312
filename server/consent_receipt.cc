#include "server/consent_receipt.h"

#include <openssl/rand.h>

#include <array>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "google/protobuf/util/json_util.h"
#include "server/consent_conversion.h"
#include "server/notice_conversion.h"
#include "server/pseudonym_text.h"
#include "server/signed_document.h"

namespace assent::server {
namespace {

constexpr char kSchema[] = "assent.v1.ConsentReceipt";
constexpr size_t kReceiptIdBytes = 16;

std::string RandomId() {
  std::array<unsigned char, kReceiptIdBytes> bytes{};
  RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  return absl::BytesToHexString({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void FillNotices(const storage::NoticeStore& notices, v1::ConsentReceipt& receipt) {
  std::set<std::pair<std::string, std::string>> named;
  for (const v1::PurposeConsent& purpose : receipt.consent().purposes()) {
    if (!named.emplace(purpose.notice_id(), purpose.notice_version()).second) continue;
    const auto notice = notices.Find(purpose.notice_id(), purpose.notice_version());
    if (notice) FillNotice(*notice, *receipt.add_notices());
  }
}

}  // namespace

v1::ConsentReceipt MakeConsentReceipt(const policy::SubjectKey& subject, const internal::v1::ConsentRecord& record,
                                      const storage::NoticeStore& notices, absl::Time now) {
  v1::ConsentReceipt receipt;
  receipt.set_schema(kSchema);
  receipt.set_receipt_id(RandomId());
  FillTime(now, *receipt.mutable_issue_time());
  receipt.set_subject_pseudonym(HexOf(subject));
  FillConsent(record, *receipt.mutable_consent());
  FillNotices(notices, receipt);
  return receipt;
}

std::string SignReceipt(const v1::ConsentReceipt& receipt, const policy::SigningKey& key) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(receipt, &json, options).ok()) return "";
  return SignDocument(kSchema, json, key);
}

}  // namespace assent::server
