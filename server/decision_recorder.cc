#include "server/decision_recorder.h"

#include "absl/random/random.h"
#include "policy/decision_id.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

// Ids of a thread count on from a number of its own, so that two of one microsecond, also of two runs, never meet.
uint64_t FirstNumber() {
  absl::BitGen random;
  return absl::Uniform<uint64_t>(random);
}

}  // namespace

std::string ReceiptBinding(const policy::SubjectKey& check) {
  return {reinterpret_cast<const char*>(check.bytes.data()), check.bytes.size()};
}

policy::PrincipalHash HashPrincipal(const policy::Pseudonymizer& pseudonymizer, absl::string_view principal) {
  std::string scratch;
  return HashPrincipal(pseudonymizer, principal, scratch);
}

policy::PrincipalHash HashPrincipal(const policy::Pseudonymizer& pseudonymizer, absl::string_view principal,
                                    std::string& scratch) {
  scratch.assign("assent principal: ");
  scratch.append(principal.data(), principal.size());
  return pseudonymizer.TokenMac(scratch);
}

DecisionRecorder::DecisionRecorder(const DecisionKeeping& keeping, AssignPipeline& pipeline, DataPlaneCells& cells,
                                   int thread)
    : keeping_(keeping),
      pipeline_(pipeline),
      cells_(cells),
      thread_(thread),
      binding_(ReceiptBinding(pipeline.sources().pseudonymizer.CheckValue())),
      next_number_(FirstNumber()),
      principal_hash_(HashPrincipal(pipeline.sources().pseudonymizer, {})) {
  TakeKeys();
}

void DecisionRecorder::TakeKeys() {
  if (keeping_.sealing == nullptr || keeping_.sealing->generation() == sealing_generation_) return;
  sealing_generation_ = keeping_.sealing->generation();
  if (const auto ring = keeping_.sealing->ring()) sealer_.emplace(*ring, kReceiptUse);
}

absl::Status DecisionRecorder::Check(const v1::AssignRequest& request) {
  if (request.return_receipt()) TakeKeys();
  if (request.return_receipt() && !sealer_) {
    return MakeError(Reason::kDecisionReceiptsOff, "return_receipt",
                     "this server has no keys for receipts; the configuration names sealing_key_file");
  }
  if (keeping_.log == nullptr || !keeping_.log->refuses_when_full() || keeping_.log->ring(thread_).HasRoom()) {
    return absl::OkStatus();
  }
  cells_.decisions_refused.Add(1);
  return MakeError(Reason::kDecisionLogFull, "", "the decision log cannot keep up; try again later");
}

absl::Status DecisionRecorder::Keep(const policy::Decision& decision, const v1::AssignRequest& request, bool logs,
                                    absl::string_view principal, v1::AssignResponse& response) {
  if (principal != principal_) {
    principal_hash_ = HashPrincipal(pipeline_.sources().pseudonymizer, principal, scratch_);
    principal_.assign(principal.data(), principal.size());
  }
  policy::DecisionCircumstances circumstances = {.principal = principal_hash_,
                                                 .policy_version = keeping_.policy_version,
                                                 .memberships_asked = request.return_memberships()};
  if (decision.model != nullptr) {
    circumstances.missing = pipeline_.missing_features();
    const uint32_t runner_up = decision.assignment.runner_up;
    circumstances.runner_up_allowed =
        runner_up == scoring::kNoSegment ||
        pipeline_.pinned()->CheckSegment(runner_up, decision.segment_question()) == policy::Rule::kNone;
  }
  const absl::string_view content(content_.data(), policy::WriteRecordedDecision(decision, circumstances, content_));
  if (!logs || !Offer(decision, content, response)) response.mutable_decision_id()->clear();
  if (!request.return_receipt()) {
    response.mutable_receipt()->clear();
    return absl::OkStatus();
  }
  if (Seal(content, *response.mutable_receipt())) return absl::OkStatus();
  return MakeError(Reason::kInternal, "", "the receipt cannot be sealed");
}

bool DecisionRecorder::Offer(const policy::Decision& decision, absl::string_view content,
                             v1::AssignResponse& response) {
  const policy::DecisionId id = policy::DecisionId::Of(decision.time_us, next_number_++);
  const bool offered = keeping_.log->ring(thread_).Offer(
      {.id = id, .subject = decision.subject, .consent_revision = decision.consent_revision, .content = content});
  (offered ? cells_.decisions_logged : cells_.decisions_dropped).Add(1);
  if (!offered) return false;
  response.mutable_decision_id()->resize(policy::kDecisionIdTextBytes);
  policy::WriteDecisionId(id, response.mutable_decision_id()->data());
  return true;
}

bool DecisionRecorder::Seal(absl::string_view content, std::string& receipt) {
  receipt.resize(content.size() + policy::kSealedOverheadBytes);
  if (sealer_->Seal(content, binding_, receipt)) return true;
  receipt.clear();
  return false;
}

}  // namespace assent::server
