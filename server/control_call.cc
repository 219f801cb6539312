#include "server/control_call.h"

#include <utility>

#include "absl/time/clock.h"
#include "server/consent_conversion.h"
#include "server/consent_token.h"
#include "server/log.h"

namespace assent::server {

absl::Status ReportStoreError(const absl::Status& status) {
  absl::Status shown = StoreError(status);
  switch (shown.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kInternal: {
      const auto message = status.message();
      Log(Severity::kError, "consent_store_failed", {{"code", status.code()}, {"cause", OperatorText(message)}});
      return shown;
    }
    default:  // what the caller may do something about is not the operator's business
      return shown;
  }
}

absl::Status ControlCall::CheckRole(const grpc::ServerContext& context, ControlMethod method) const {
  const absl::string_view path = PathOf(method);
  if (authorizer_.AllowsEveryone(path) || authorizer_.Allows(path, *context.auth_context())) return absl::OkStatus();
  return MakeError(Reason::kRoleRequired, "", "the caller holds no role that may call this");
}

policy::SubjectKey ControlCall::KeyOf(const v1::Subject& subject) const {
  return pseudonymizer_.Pseudonymize(policy::RawSubject(subject.namespace_(), subject.id()));
}

std::string ControlCall::TokenOf(const storage::CommitPoint& point) const {
  return ConsentTokenCodec(pseudonymizer_).Encode(point);
}

absl::StatusOr<storage::ConsentResult> ControlCall::Apply(const grpc::ServerContext& context, ControlMethod method,
                                                          const v1::Subject& subject,
                                                          absl::StatusOr<storage::ConsentRequest> change) const {
  if (!change.ok()) return change.status();
  change->subject = KeyOf(subject);
  change->recorded_by = Principal(context, method);
  const Clock::time_point start = Clock::now();
  auto result = store_.Apply(*std::move(change), absl::Now());
  if (!result.ok()) return ReportStoreError(result.status());
  metrics_.CountWrite(Clock::now() - start);
  return result;
}

absl::StatusOr<storage::ConsentResult> ControlCall::Read(const policy::SubjectKey& subject) const {
  auto result = store_.Get(subject);
  if (!result.ok()) return ReportStoreError(result.status());
  return result;
}

}  // namespace assent::server
