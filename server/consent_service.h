// ConsentService on the control plane: these calls may wait for the disk.
#ifndef ASSENT_SERVER_CONSENT_SERVICE_H_
#define ASSENT_SERVER_CONSENT_SERVICE_H_

#include <atomic>

#include "assent/v1/consent_service.grpc.pb.h"
#include "policy/signal_reading.h"
#include "policy/signature.h"
#include "server/control_call.h"
#include "storage/notice_store.h"

namespace assent::server {

// Imports and exports at a time: each holds a thread.
inline constexpr int kBulkCallsMax = 8;

// Threads: safe. Ownership: borrows the notices, the jurisdictions, the key, and what `call` and `signals` borrow.
class ConsentService final : public v1::ConsentService::Service {
 public:
  // `signing_key` null: there are no receipts.
  ConsentService(const ControlCall& call, storage::NoticeStore& notices, const policy::SignalPolicy& signals,
                 const policy::Jurisdictions& jurisdictions, const policy::SigningKey* signing_key)
      : call_(call), notices_(notices), signals_(signals), jurisdictions_(jurisdictions), signing_key_(signing_key) {}

  grpc::Status RecordConsent(grpc::ServerContext* context, const v1::RecordConsentRequest* request,
                             v1::RecordConsentResponse* response) override;
  grpc::Status WithdrawConsent(grpc::ServerContext* context, const v1::WithdrawConsentRequest* request,
                               v1::WithdrawConsentResponse* response) override;
  grpc::Status OptOut(grpc::ServerContext* context, const v1::OptOutRequest* request,
                      v1::OptOutResponse* response) override;
  grpc::Status GetConsent(grpc::ServerContext* context, const v1::GetConsentRequest* request,
                          v1::GetConsentResponse* response) override;
  grpc::Status ListConsentHistory(grpc::ServerContext* context, const v1::ListConsentHistoryRequest* request,
                                  v1::ListConsentHistoryResponse* response) override;
  grpc::Status GetConsentReceipt(grpc::ServerContext* context, const v1::GetConsentReceiptRequest* request,
                                 v1::GetConsentReceiptResponse* response) override;
  grpc::Status RegisterNotice(grpc::ServerContext* context, const v1::RegisterNoticeRequest* request,
                              v1::RegisterNoticeResponse* response) override;
  grpc::Status ListNotices(grpc::ServerContext* context, const v1::ListNoticesRequest* request,
                           v1::ListNoticesResponse* response) override;
  grpc::Status LinkSubjects(grpc::ServerContext* context, const v1::LinkSubjectsRequest* request,
                            v1::LinkSubjectsResponse* response) override;
  grpc::Status UnlinkSubjects(grpc::ServerContext* context, const v1::UnlinkSubjectsRequest* request,
                              v1::UnlinkSubjectsResponse* response) override;
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

  absl::StatusOr<storage::ConsentRequest> ReadGrantUnderNotice(v1::RecordConsentRequest request) const;
  absl::Status ListHistory(const v1::ListConsentHistoryRequest& request,
                           v1::ListConsentHistoryResponse& response) const;
  absl::Status IssueReceipt(const v1::GetConsentReceiptRequest& request, v1::GetConsentReceiptResponse& response) const;
  absl::Status Register(const grpc::ServerContext& context, const v1::Notice& notice, v1::Notice& registered) const;
  absl::Status List(const v1::ListNoticesRequest& request, v1::ListNoticesResponse& response) const;
  // The same for a link, of which `change` has not said yet who is linked.
  template <typename Request, typename Response>
  absl::Status ApplyLink(const grpc::ServerContext& context, ControlMethod method, const Request& request,
                         absl::StatusOr<storage::ConsentRequest> change, Response& response) const;

  const ControlCall call_;
  storage::NoticeStore& notices_;
  const policy::SignalPolicy signals_;
  const policy::Jurisdictions& jurisdictions_;
  const policy::SigningKey* const signing_key_;
  std::atomic<int> bulk_calls_{0};  // relaxed: only counted
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_CONSENT_SERVICE_H_
