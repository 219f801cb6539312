#include "server/assignment_service.h"

#include "server/assign_response.h"
#include "server/explanation.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

constexpr absl::string_view kPaths[kMethodCount] = {
    "/assent.v1.AssignmentService/Assign", "/assent.v1.AssignmentService/BatchAssign",
    "/assent.v1.AssignmentService/StreamAssign", "/assent.v1.AssignmentService/Explain",
    "/assent.v1.AssignmentService/RecordEvents"};

// A segment that may not be released was scored like any other: without it the audience would look like another one.
bool IsScored(policy::Outcome outcome) {
  return outcome == policy::Outcome::kAssigned || outcome == policy::Outcome::kAbstained ||
         outcome == policy::Outcome::kRestricted;
}

}  // namespace

AssignmentService::AssignmentService(const PipelineSources& sources, const Authorizer& authorizer,
                                     DataPlaneCells& cells, int thread, const DecisionKeeping& keeping,
                                     RecallDesk* recall)
    : pipeline_(sources),
      authorizer_(authorizer),
      cells_(cells),
      thread_(thread),
      count_unknown_(sources.events.unknown_type != EventRules::UnknownType::kIgnore),
      batch_(pipeline_, cells, thread),
      recorder_(pipeline_),
      decisions_(keeping, pipeline_, cells, thread),
      recall_(recall),
      role_required_(ToGrpcStatus(MakeError(Reason::kRoleRequired, "", "the caller holds no role that may call this"))),
      deadline_expired_(
          ToGrpcStatus(MakeError(Reason::kDeadlineExpired, "", "the deadline passed before the work began"))),
      overloaded_(ToGrpcStatus(MakeError(Reason::kTooManyCalls, "", "too many calls in flight; try again later"))),
      too_many_streams_(ToGrpcStatus(MakeError(Reason::kTooManyStreams, "", "too many open streams; share them"))) {
  for (size_t i = 0; i < kMethodCount; ++i) everyone_[i] = authorizer.AllowsEveryone(kPaths[i]);
}

const grpc::Status* AssignmentService::Begin(CallContext& context) {
  const ThreadClock::Reading now = clock_.Read();
  context.start_ns = now.steady_ns;
  now_us_ = now.wall_us;
  if (!Allowed(context)) return &role_required_;
  if (now.steady_ns >= context.deadline_ns) return &deadline_expired_;
  return nullptr;
}

absl::Status AssignmentService::DecideAndCount(const v1::AssignRequest& request, int64_t now_us) {
  absl::Status status = pipeline_.Decide(request, now_us, decision_);
  cells_.Count(pipeline_.profile().counts(), count_unknown_);
  if (!status.ok()) return status;
  cells_.Count(decision_.purpose, decision_.outcome, decision_.rule);
  if (IsScored(decision_.outcome)) pipeline_.pinned()->drift->Offer(thread_, decision_.scaled);
  if (decision_.outcome == policy::Outcome::kAssigned) {
    pipeline_.pinned()->segments.Count(thread_, decision_.assignment.winner);
  }
  return absl::OkStatus();
}

absl::string_view AssignmentService::PrincipalOf(const CallContext& context) const {
  if (context.server == nullptr) return {};
  return authorizer_.PrincipalViewFor(kPaths[static_cast<size_t>(Method::kAssign)], *context.server->auth_context());
}

absl::Status AssignmentService::Answer(const v1::AssignRequest& request, int64_t now_us, const CallContext& context,
                                       v1::AssignResponse& response) {
  if (absl::Status status = decisions_.Check(request); !status.ok()) return status;
  if (absl::Status status = DecideAndCount(request, now_us); !status.ok()) return status;
  FillAssignResponse(decision_, response);
  return decisions_.Record(
      decision_, request, [&] { return PrincipalOf(context); }, response);
}

grpc::Status AssignmentService::Assign(const v1::AssignRequest& request, v1::AssignResponse& response,
                                       CallContext& context) {
  if (const grpc::Status* refused = Begin(context)) return *refused;
  const absl::Status status = Answer(request, now_us_, context, response);
  return status.ok() ? grpc::Status::OK : ToGrpcStatus(status);
}

grpc::Status AssignmentService::BatchAssign(const v1::BatchAssignRequest& request, v1::BatchAssignResponse& response,
                                            CallContext& context) {
  if (const grpc::Status* refused = Begin(context)) return *refused;
  return ToGrpcStatus(batch_.Decide(request, now_us_, context.deadline_ns, response));
}

grpc::Status AssignmentService::Explain(const v1::ExplainRequest& request, v1::ExplainResponse& response,
                                        CallContext& context) {
  if (const grpc::Status* refused = Begin(context)) return *refused;
  if (request.has_receipt() || request.has_decision_id()) return Recall(request, context);
  if (!request.has_request()) return ToGrpcStatus(MakeError(Reason::kFieldRequired, "request", "is required"));
  const auto question = ReadQuestion(request);
  if (!question.ok()) return ToGrpcStatus(question.status());
  const absl::Status status = pipeline_.Decide(request.request(), now_us_, decision_, AssignPipeline::Keep::kNothing);
  if (!status.ok()) return ToGrpcStatus(WithFieldPrefix(status, "request."));
  if (decision_.nearest_count != 0) {
    scoring::Memberships(*decision_.model, decision_.scaled, {decision_.nearest.data(), decision_.nearest_count},
                         {decision_.membership.data(), decision_.nearest_count});
  }
  FillExplainResponse(decision_, pipeline_.pinned(), pipeline_.missing_features(), response);
  return ToGrpcStatus(FillExplanationDetails(decision_, ExplainedNow(), *question, response));
}

ExplainedSources AssignmentService::ExplainedNow() const {
  const ServingModel* const serving = pipeline_.pinned();
  const bool aggregates = !decision_.scaled.empty() && !serving->model.schema().all_direct();
  return {.serving = serving,
          .missing = pipeline_.missing_features(),
          .profile = aggregates ? pipeline_.profile().state() : std::span<const uint8_t>(),
          .consent = pipeline_.sources().index.Find(pipeline_.reader(), decision_.subject),
          .notices = pipeline_.sources().notices};
}

grpc::Status AssignmentService::Recall(const v1::ExplainRequest& request, CallContext& context) {
  if (recall_ == nullptr) {
    return ToGrpcStatus(MakeError(Reason::kDecisionLogOff, "", "this server keeps nothing of decisions"));
  }
  RecallCaller caller = {.principal = HashPrincipal(pipeline_.sources().pseudonymizer, PrincipalOf(context))};
  caller.reviewer =
      context.server != nullptr && authorizer_.Holds(1u << v1::ROLE_REVIEWER, *context.server->auth_context());
  context.deferred = recall_->Ask(request, caller, now_us_);
  return context.deferred == nullptr ? overloaded_ : grpc::Status::OK;
}

grpc::Status AssignmentService::RecordEvents(const v1::RecordEventsRequest& request, v1::RecordEventsResponse& response,
                                             CallContext& context) {
  if (const grpc::Status* refused = Begin(context)) return *refused;
  const absl::Status status = recorder_.Record(request, now_us_, decision_);
  const EventCounts& counts = pipeline_.profile().counts();
  cells_.Count(counts, count_unknown_);
  if (!status.ok()) return ToGrpcStatus(status);
  cells_.Count(decision_.purpose, decision_.outcome, decision_.rule);
  FillRecordEventsResponse(decision_, counts, response);
  return grpc::Status::OK;
}

grpc::Status AssignmentService::OpenStream(CallContext& context) {
  const grpc::Status* refused = Begin(context);
  return refused == nullptr ? grpc::Status::OK : *refused;
}

bool AssignmentService::Allowed(const CallContext& context) const {
  const auto method = static_cast<size_t>(context.method);
  if (everyone_[method]) return true;
  if (!authorizer_.mutual_tls() || context.server == nullptr) return false;
  return authorizer_.Allows(kPaths[method], *context.server->auth_context());
}

bool AssignmentService::StillAllowed(CallContext& context) const {
  if (!authorizer_.mutual_tls()) return true;  // roles without mutual TLS never change
  const uint64_t version = authorizer_.version();
  if (version == context.principals_version) return true;
  context.principals_version = version;
  return Allowed(context);
}

grpc::Status AssignmentService::AnswerStream(const v1::StreamAssignRequest& request, v1::StreamAssignResponse& response,
                                             CallContext& context) {
  if (!StillAllowed(context)) return role_required_;
  response.set_tag(request.tag());
  absl::Status status = request.has_request()
                            ? Answer(request.request(), clock_.Read().wall_us, context, *response.mutable_response())
                            : MakeError(Reason::kFieldRequired, "request", "is required");
  if (status.ok()) return grpc::Status::OK;
  cells_.entry_errors.Add(1);
  if (request.has_request()) status = WithFieldPrefix(status, "request.");
  *response.mutable_error() = ToRpcStatus(status);
  return grpc::Status::OK;
}

void AssignmentService::Finished(const CallContext& context, grpc::StatusCode code) {
  // A call that was refused for overload was never begun: it took no time.
  const int64_t duration_ns = context.start_ns == 0 ? 0 : ThreadClock::SteadyNs() - context.start_ns;
  cells_.rpc[static_cast<size_t>(context.method)].Count(code, duration_ns);
}

}  // namespace assent::server
