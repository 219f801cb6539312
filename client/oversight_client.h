// A client of OversightService.
#ifndef ASSENT_CLIENT_OVERSIGHT_CLIENT_H_
#define ASSENT_CLIENT_OVERSIGHT_CLIENT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "assent/v1/oversight_service.grpc.pb.h"
#include "client/channel.h"

namespace assent::client {

// Threads: safe. Errors of calls: as AssignmentClient.
class OversightClient {
 public:
  // Errors: as OpenChannel.
  static absl::StatusOr<OversightClient> Create(const ChannelOptions& options);

  // One page.
  absl::StatusOr<v1::ListAuditEntriesResponse> ListAuditEntries(const v1::ListAuditEntriesRequest& request) const;
  // FailedPrecondition where the server has no key to sign with.
  absl::StatusOr<v1::GetAuditCheckpointResponse> GetAuditCheckpoint() const;
  // One page.
  absl::StatusOr<v1::ListDecisionsResponse> ListDecisions(const v1::ListDecisionsRequest& request) const;

 private:
  OversightClient(std::shared_ptr<grpc::Channel> channel, absl::Duration deadline);

  std::shared_ptr<v1::OversightService::Stub> stub_;
  absl::Duration deadline_;
};

}  // namespace assent::client

#endif  // ASSENT_CLIENT_OVERSIGHT_CLIENT_H_
