// What every call of the control plane does around its own work: time it, authorise, convert the status, count it.
#ifndef ASSENT_SERVER_CONTROL_CALL_H_
#define ASSENT_SERVER_CONTROL_CALL_H_

#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "assent/v1/subject.pb.h"
#include "grpcpp/server_context.h"
#include "policy/subject.h"
#include "server/authorization.h"
#include "server/configuration.h"
#include "server/control_method.h"
#include "server/control_metrics.h"
#include "server/status_conversion.h"
#include "storage/consent_store.h"

namespace assent::server {

// Threads: safe. Ownership: borrows everything it is given.
class ControlCall {
 public:
  ControlCall(const policy::Pseudonymizer& pseudonymizer, storage::ConsentStore& store, const Authorizer& authorizer,
              ControlMetrics& metrics, const RequestLimits& limits)
      : pseudonymizer_(pseudonymizer), store_(store), authorizer_(authorizer), metrics_(metrics), limits_(limits) {}

  // Checks the role of who calls, runs `work` (absl::Status()), converts and counts its status.
  template <typename Work>
  grpc::Status Serve(const grpc::ServerContext& context, ControlMethod method, const Work& work) const {
    const Clock::time_point start = Clock::now();
    absl::Status status = CheckRole(context, method);
    if (status.ok()) status = work();
    metrics_.CountCall(method, static_cast<grpc::StatusCode>(status.code()), Clock::now() - start);
    return ToGrpcStatus(status);
  }

  // Makes the change of `subject` on behalf of who calls. Errors: those of `change`, and of StoreError; what the caller
  // can do nothing about is logged. Blocks on the disk.
  absl::StatusOr<storage::ConsentResult> Apply(const grpc::ServerContext& context, ControlMethod method,
                                               const v1::Subject& subject,
                                               absl::StatusOr<storage::ConsentRequest> change) const;
  // What is recorded. Errors: as Apply.
  absl::StatusOr<storage::ConsentResult> Read(const policy::SubjectKey& subject) const;
  absl::StatusOr<storage::ConsentResult> Read(const v1::Subject& subject) const { return Read(KeyOf(subject)); }

  // Who calls, as changes are recorded under.
  std::string Principal(const grpc::ServerContext& context, ControlMethod method) const {
    return authorizer_.PrincipalFor(PathOf(method), *context.auth_context());
  }
  policy::SubjectKey KeyOf(const v1::Subject& subject) const;
  // The consent_token of a result.
  std::string TokenOf(const storage::CommitPoint& point) const;
  const RequestLimits& limits() const { return limits_; }
  storage::ConsentStore& store() const { return store_; }

 private:
  using Clock = std::chrono::steady_clock;

  absl::Status CheckRole(const grpc::ServerContext& context, ControlMethod method) const;

  const policy::Pseudonymizer& pseudonymizer_;
  storage::ConsentStore& store_;
  const Authorizer& authorizer_;
  ControlMetrics& metrics_;
  const RequestLimits limits_;
};

// The store's error as the caller may see it (StoreError). Logs what is the operator's business.
absl::Status ReportStoreError(const absl::Status& status);

}  // namespace assent::server

#endif  // ASSENT_SERVER_CONTROL_CALL_H_
