// ConsentService on the control plane: these calls may wait for the disk.
#ifndef ASSENT_SERVER_CONSENT_SERVICE_H_
#define ASSENT_SERVER_CONSENT_SERVICE_H_

#include "assent/v1/consent_service.grpc.pb.h"
#include "server/control_call.h"

namespace assent::server {

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
  grpc::Status LinkSubjects(grpc::ServerContext* context, const v1::LinkSubjectsRequest* request,
                            v1::LinkSubjectsResponse* response) override;
  grpc::Status UnlinkSubjects(grpc::ServerContext* context, const v1::UnlinkSubjectsRequest* request,
                              v1::UnlinkSubjectsResponse* response) override;

 private:
  // Makes the change that the request asks for, and answers with the state.
  template <typename Response>
  absl::Status Apply(const grpc::ServerContext& context, ControlMethod method, const v1::Subject& subject,
                     absl::StatusOr<storage::ConsentRequest> change, Response& response) const;

  // The same for a link, of which `change` has not said yet who is linked.
  template <typename Request, typename Response>
  absl::Status ApplyLink(const grpc::ServerContext& context, ControlMethod method, const Request& request,
                         absl::StatusOr<storage::ConsentRequest> change, Response& response) const;

  const ControlCall call_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_CONSENT_SERVICE_H_
