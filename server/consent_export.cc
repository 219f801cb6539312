#include "server/consent_export.h"

#include <optional>

#include "server/consent_row.h"
#include "server/pseudonym_text.h"

namespace assent::server {

absl::Status ExportRows(const ControlCall& call, const v1::ExportConsentsRequest& request,
                        absl::FunctionRef<bool(const v1::ExportConsentsResponse& response)> send) {
  std::optional<policy::SubjectKey> after;
  if (!request.after_pseudonym().empty()) {
    const auto key = KeyOfHex("after_pseudonym", request.after_pseudonym());
    if (!key.ok()) return key.status();
    after = *key;
  }
  v1::ExportConsentsResponse message;
  message.set_key_check(HexOf(call.KeyCheck()));
  bool open = true;
  const auto visit = [&](const policy::SubjectKey& subject, const internal::v1::ConsentRecord* record) {
    if (record == nullptr) {
      message.set_damaged_records(message.damaged_records() + 1);
      return true;
    }
    const bool says_something = record->purposes_size() != 0 || record->restricted() || record->child();
    if (record->erased() || !says_something) return true;
    FillRow(subject, *record, *message.add_rows());
    if (message.rows_size() < kExportedRowsMax) return true;
    open = send(message);
    message.clear_rows();
    return open;
  };
  absl::Status status = call.store().Scan(after ? &*after : nullptr, visit);
  if (!status.ok()) return ReportStoreError(status);
  if (open) send(message);
  return absl::OkStatus();
}

}  // namespace assent::server
