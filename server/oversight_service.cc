#include "server/oversight_service.h"

#include <optional>

#include "absl/time/clock.h"
#include "server/audit_conversion.h"
#include "server/page.h"
#include "server/request_validation.h"
#include "server/status_conversion.h"
#include "storage/audit_log.h"

namespace assent::server {

absl::Status OversightService::ListAll(uint64_t after, size_t size, v1::ListAuditEntriesResponse& response) const {
  size_t bytes = 0;
  absl::Status opened;
  const absl::Status read = storage::ReadAuditLog(database_, after, [&](const storage::AuditRecord& record) {
    if (static_cast<size_t>(response.entries_size()) == size || bytes >= kPageBytes) {
      response.set_next_page_token(PageTokenOf(response.entries().rbegin()->index()));
      return false;
    }
    v1::AuditEntry& entry = *response.add_entries();
    FillAuditEntry(record, entry);
    const auto opening = storage::FindAuditOpening(database_, record.entry.index);
    opened = opening.status();
    if (opening.ok()) FillAuditOpening(*opening, entry);
    bytes += entry.ByteSizeLong();
    return opened.ok();
  });
  return ReportStoreError(read.ok() ? opened : read);
}

absl::Status OversightService::ListOf(const v1::Subject& subject, uint64_t after, size_t size,
                                      v1::ListAuditEntriesResponse& response) const {
  if (absl::Status valid = ValidateSubject(true, subject, call_.limits()); !valid.ok()) return valid;
  size_t bytes = 0;
  uint64_t last = after;  // revisions: several changes of one import have one entry
  const auto add = [&](const storage::AuditedChange& audited) {
    if (static_cast<size_t>(response.entries_size()) == size || bytes >= kPageBytes) {
      response.set_next_page_token(PageTokenOf(last));
      return false;
    }
    v1::AuditEntry& entry = *response.add_entries();
    FillAuditedChange(audited, entry);
    bytes += entry.ByteSizeLong();
    last = audited.revision;
    return true;
  };
  return ReportStoreError(storage::ReadAuditOf(database_, call_.KeyOf(subject), after, add));
}

grpc::Status OversightService::ListAuditEntries(grpc::ServerContext* context,
                                                const v1::ListAuditEntriesRequest* request,
                                                v1::ListAuditEntriesResponse* response) {
  return call_.Serve(*context, ControlMethod::kListAuditEntries, [&]() -> absl::Status {
    const auto page = ReadPage(request->page_size(), request->page_token());
    if (!page.ok()) return page.status();
    return request->has_subject() ? ListOf(request->subject(), page->last, page->size, *response)
                                  : ListAll(page->last, page->size, *response);
  });
}

grpc::Status OversightService::GetAuditCheckpoint(grpc::ServerContext* context, const v1::GetAuditCheckpointRequest*,
                                                  v1::GetAuditCheckpointResponse* response) {
  return call_.Serve(*context, ControlMethod::kGetAuditCheckpoint, [&]() -> absl::Status {
    if (checkpoints_.key() == nullptr) {
      return MakeError(Reason::kCheckpointsNotConfigured, "", "this server has no signing key for checkpoints");
    }
    const auto checkpoint = checkpoints_.Make(absl::Now());
    if (!checkpoint.ok()) return ReportStoreError(checkpoint.status());
    response->set_checkpoint(checkpoint->signed_json);
    response->set_public_key_pem(checkpoints_.key()->verifying().ToPem());
    return absl::OkStatus();
  });
}

grpc::Status OversightService::ListDecisions(grpc::ServerContext* context, const v1::ListDecisionsRequest* request,
                                             v1::ListDecisionsResponse* response) {
  return call_.Serve(*context, ControlMethod::kListDecisions, [&]() -> absl::Status {
    std::optional<policy::SubjectKey> subject;
    if (request->has_subject()) {
      absl::Status valid = ValidateSubject(true, request->subject(), call_.limits());
      if (!valid.ok()) return valid;
      subject = call_.KeyOf(request->subject());
    }
    return decisions_.List(*request, subject, absl::Now(), *response);
  });
}

}  // namespace assent::server
