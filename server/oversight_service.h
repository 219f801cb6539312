// OversightService on the control plane: the audit log and its checkpoints, and the decision log.
#ifndef ASSENT_SERVER_OVERSIGHT_SERVICE_H_
#define ASSENT_SERVER_OVERSIGHT_SERVICE_H_

#include "assent/v1/oversight_service.grpc.pb.h"
#include "server/audit_checkpoint.h"
#include "server/control_call.h"
#include "server/decision_listing.h"
#include "storage/database.h"

namespace assent::server {

// Threads: safe. Ownership: borrows what `call` borrows, and the others.
class OversightService final : public v1::OversightService::Service {
 public:
  OversightService(const ControlCall& call, storage::Database& database, const AuditCheckpoints& checkpoints,
                   DecisionListing& decisions)
      : call_(call), database_(database), checkpoints_(checkpoints), decisions_(decisions) {}

  grpc::Status ListAuditEntries(grpc::ServerContext* context, const v1::ListAuditEntriesRequest* request,
                                v1::ListAuditEntriesResponse* response) override;
  grpc::Status GetAuditCheckpoint(grpc::ServerContext* context, const v1::GetAuditCheckpointRequest* request,
                                  v1::GetAuditCheckpointResponse* response) override;
  grpc::Status ListDecisions(grpc::ServerContext* context, const v1::ListDecisionsRequest* request,
                             v1::ListDecisionsResponse* response) override;

 private:
  absl::Status ListAll(uint64_t after, size_t size, v1::ListAuditEntriesResponse& response) const;
  absl::Status ListOf(const v1::Subject& subject, uint64_t after, size_t size,
                      v1::ListAuditEntriesResponse& response) const;

  const ControlCall call_;
  storage::Database& database_;
  const AuditCheckpoints& checkpoints_;
  DecisionListing& decisions_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_OVERSIGHT_SERVICE_H_
