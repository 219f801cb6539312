// AssignmentService, for one polling thread: time it, delegate, convert the status, count it. Nothing else.
#ifndef ASSENT_SERVER_ASSIGNMENT_SERVICE_H_
#define ASSENT_SERVER_ASSIGNMENT_SERVICE_H_

#include <array>

#include "policy/decision.h"
#include "server/assign_pipeline.h"
#include "server/assignment_handler.h"
#include "server/authorization.h"
#include "server/batch_assign.h"
#include "server/data_plane_cells.h"
#include "server/decision_recorder.h"
#include "server/event_recorder.h"
#include "server/explained_details.h"
#include "server/recall_desk.h"
#include "server/thread_clock.h"

namespace assent::server {

// Threads: one a polling thread. Ownership: borrows everything it is given.
class AssignmentService final : public AssignmentHandler {
 public:
  // `recall`: null: what was decided before cannot be explained.
  AssignmentService(const PipelineSources& sources, const Authorizer& authorizer, DataPlaneCells& cells, int thread,
                    const DecisionKeeping& keeping = {}, RecallDesk* recall = nullptr);

  void Awake() override { pipeline_.Online(); }
  void Idle() override { pipeline_.Offline(); }

  grpc::Status Assign(const v1::AssignRequest& request, v1::AssignResponse& response, CallContext& context) override;
  grpc::Status BatchAssign(const v1::BatchAssignRequest& request, v1::BatchAssignResponse& response,
                           CallContext& context) override;
  grpc::Status Explain(const v1::ExplainRequest& request, v1::ExplainResponse& response, CallContext& context) override;
  grpc::Status RecordEvents(const v1::RecordEventsRequest& request, v1::RecordEventsResponse& response,
                            CallContext& context) override;
  grpc::Status OpenStream(CallContext& context) override;
  grpc::Status AnswerStream(const v1::StreamAssignRequest& request, v1::StreamAssignResponse& response,
                            CallContext& context) override;
  const grpc::Status& Overloaded(Method method) override {
    return method == Method::kStreamAssign ? too_many_streams_ : overloaded_;
  }
  void Finished(const CallContext& context, grpc::StatusCode code) override;

 private:
  // Starts the clock; null when the call may go on, else the status that refuses it.
  const grpc::Status* Begin(CallContext& context);
  // Whether the caller holds a role for the method.
  bool Allowed(const CallContext& context) const;
  // Whether the caller of a stream still holds a role for it. Looks again only after the principals were replaced.
  bool StillAllowed(CallContext& context) const;
  // What an explanation of the last decision may draw on.
  ExplainedSources ExplainedNow() const;
  absl::Status DecideAndCount(const v1::AssignRequest& request, int64_t now_us);
  // The same, with the answer, its receipt and its record.
  absl::Status Answer(const v1::AssignRequest& request, int64_t now_us, const CallContext& context,
                      v1::AssignResponse& response);
  // Who receives answers, as receipts and the log know it; also for Explain, which others may call too.
  absl::string_view PrincipalOf(const CallContext& context) const;
  grpc::Status Recall(const v1::ExplainRequest& request, CallContext& context);

  AssignPipeline pipeline_;
  const Authorizer& authorizer_;
  DataPlaneCells& cells_;
  const int thread_;
  const bool count_unknown_;
  BatchAssigner batch_;
  EventRecorder recorder_;
  DecisionRecorder decisions_;
  RecallDesk* const recall_;
  ThreadClock clock_;
  int64_t now_us_ = 0;  // of the call that Begin let through
  policy::Decision decision_;
  std::array<bool, kMethodCount> everyone_{};  // may call it
  const grpc::Status role_required_;
  const grpc::Status deadline_expired_;
  const grpc::Status overloaded_;
  const grpc::Status too_many_streams_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_ASSIGNMENT_SERVICE_H_
