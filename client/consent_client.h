// A client of ConsentService: writes that are safe to retry, and the token that makes them visible.
#ifndef ASSENT_CLIENT_CONSENT_CLIENT_H_
#define ASSENT_CLIENT_CONSENT_CLIENT_H_

#include <memory>
#include <span>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "assent/v1/consent_service.grpc.pb.h"
#include "client/channel.h"
#include "client/consent_token.h"

namespace assent::client {

// Threads: safe. Errors of calls: as AssignmentClient; Aborted for a stale etag, NotFound for a subject without a
// record. A write without a request_id gets a random one, so that a retry inside the call cannot apply it twice.
class ConsentClient {
 public:
  // Ownership: shares `token`, where every acknowledged write leaves its consent token; null: kept nowhere.
  // Errors: as OpenChannel.
  static absl::StatusOr<ConsentClient> Create(const ChannelOptions& options,
                                              std::shared_ptr<ConsentToken> token = nullptr);
  ConsentClient(std::shared_ptr<grpc::Channel> channel, absl::Duration deadline, std::shared_ptr<ConsentToken> token);

  absl::StatusOr<v1::RecordConsentResponse> RecordConsent(v1::RecordConsentRequest request) const;
  absl::StatusOr<v1::WithdrawConsentResponse> WithdrawConsent(v1::WithdrawConsentRequest request) const;
  absl::StatusOr<v1::OptOutResponse> OptOut(v1::OptOutRequest request) const;
  absl::StatusOr<v1::GetConsentResponse> GetConsent(v1::GetConsentRequest request) const;
  absl::StatusOr<v1::ListConsentHistoryResponse> ListConsentHistory(v1::ListConsentHistoryRequest request) const;
  absl::StatusOr<v1::GetConsentReceiptResponse> GetConsentReceipt(v1::GetConsentReceiptRequest request) const;
  absl::StatusOr<v1::RegisterNoticeResponse> RegisterNotice(v1::RegisterNoticeRequest request) const;
  absl::StatusOr<v1::ListNoticesResponse> ListNotices(v1::ListNoticesRequest request) const;
  absl::StatusOr<v1::LinkSubjectsResponse> LinkSubjects(v1::LinkSubjectsRequest request) const;
  absl::StatusOr<v1::UnlinkSubjectsResponse> UnlinkSubjects(v1::UnlinkSubjectsRequest request) const;
  // One call of all messages. After an error some rows may be recorded: send them again.
  absl::StatusOr<v1::ImportConsentsResponse> ImportConsents(std::span<v1::ImportConsentsRequest* const> messages) const;
  // Shows the answers in their order. After an error, what was shown is not all.
  absl::Status ExportConsents(const v1::ExportConsentsRequest& request,
                              absl::FunctionRef<void(const v1::ExportConsentsResponse& response)> sink) const;

 private:
  std::shared_ptr<v1::ConsentService::Stub> stub_;
  absl::Duration deadline_;
  std::shared_ptr<ConsentToken> token_;
};

// A random UUID (version 4) in its text form, for request ids. Threads: safe.
// Source: RFC 4122 section 4.4.
std::string RandomUuid();

}  // namespace assent::client

#endif  // ASSENT_CLIENT_CONSENT_CLIENT_H_
