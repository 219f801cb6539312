// ConsentService on the control plane: these calls may wait for the disk.
#ifndef ASSENT_SERVER_CONSENT_SERVICE_H_
#define ASSENT_SERVER_CONSENT_SERVICE_H_

#include "assent/v1/consent_service.grpc.pb.h"
#include "policy/subject.h"
#include "server/authorization.h"
#include "server/configuration.h"
#include "server/control_metrics.h"
#include "storage/consent_store.h"

namespace assent::server {

// Threads: safe. Ownership: borrows everything it is given.
class ConsentService final : public v1::ConsentService::Service {
 public:
  ConsentService(const policy::Pseudonymizer& pseudonymizer, storage::ConsentStore& store, const Authorizer& authorizer,
                 ControlMetrics& metrics, const RequestLimits& limits)
      : pseudonymizer_(pseudonymizer), store_(store), authorizer_(authorizer), metrics_(metrics), limits_(limits) {}

  grpc::Status RecordConsent(grpc::ServerContext* context, const v1::RecordConsentRequest* request,
                             v1::RecordConsentResponse* response) override;
  grpc::Status WithdrawConsent(grpc::ServerContext* context, const v1::WithdrawConsentRequest* request,
                               v1::WithdrawConsentResponse* response) override;
  grpc::Status OptOut(grpc::ServerContext* context, const v1::OptOutRequest* request,
                      v1::OptOutResponse* response) override;
  grpc::Status GetConsent(grpc::ServerContext* context, const v1::GetConsentRequest* request,
                          v1::GetConsentResponse* response) override;

 private:
  // Checks the role of who calls, runs `work`, converts and counts its status.
  template <typename Work>
  grpc::Status Serve(const grpc::ServerContext& context, ControlMethod method, const Work& work) const;

  template <typename Response>
  absl::Status Apply(const grpc::ServerContext& context, ControlMethod method, const v1::Subject& subject,
                     absl::StatusOr<storage::ConsentRequest> change, Response& response) const;

  policy::SubjectKey KeyOf(const v1::Subject& subject) const;

  const policy::Pseudonymizer& pseudonymizer_;
  storage::ConsentStore& store_;
  const Authorizer& authorizer_;
  ControlMetrics& metrics_;
  const RequestLimits limits_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_CONSENT_SERVICE_H_
