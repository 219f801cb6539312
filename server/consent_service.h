// ConsentService on the control plane: these calls may wait for the disk.
#ifndef ASSENT_SERVER_CONSENT_SERVICE_H_
#define ASSENT_SERVER_CONSENT_SERVICE_H_

#include <atomic>

#include "assent/v1/consent_service.grpc.pb.h"
#include "server/control_call.h"

namespace assent::server {

// Imports and exports at a time: each holds a thread.
inline constexpr int kBulkCallsMax = 8;

// Threads: safe. Ownership: borrows what `call` borrows.
class ConsentService final : public v1::ConsentService::Service {
 public:
  explicit ConsentService(const ControlCall& call) : call_(call) {}

  grpc::Status RecordConsent(grpc::ServerContext* context, const v1::RecordConsentRequest* request,
                             v1::RecordConsentResponse* response) override;
  grpc::Status WithdrawConsent(grpc::ServerContext* context, const v1::WithdrawConsentRequest* request,
                               v1::WithdrawConsentResponse* response) override;
  grpc::Status OptOut(grpc::ServerContext* context, const v1::OptOutRequest* request,
                      v1::OptOutResponse* response) override;
  grpc::Status GetConsent(grpc::ServerContext* context, const v1::GetConsentRequest* request,
                          v1::GetConsentResponse* response) override;
  grpc::Status ImportConsents(grpc::ServerContext* context, grpc::ServerReader<v1::ImportConsentsRequest>* reader,
                              v1::ImportConsentsResponse* response) override;
  grpc::Status ExportConsents(grpc::ServerContext* context, const v1::ExportConsentsRequest* request,
                              grpc::ServerWriter<v1::ExportConsentsResponse>* writer) override;

 private:
  // Serves an import or an export, which hold a thread as long as their caller likes; TOO_MANY_CALLS beyond
  // kBulkCallsMax of them.
  template <typename Work>
  grpc::Status ServeBulk(const grpc::ServerContext& context, ControlMethod method, const Work& work);
  // Makes the change that the request asks for, and answers with the state.
  template <typename Response>
  absl::Status Apply(const grpc::ServerContext& context, ControlMethod method, const v1::Subject& subject,
                     absl::StatusOr<storage::ConsentRequest> change, Response& response) const;

  const ControlCall call_;
  std::atomic<int> bulk_calls_{0};  // relaxed: only counted
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_CONSENT_SERVICE_H_
