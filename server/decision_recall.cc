#include "server/decision_recall.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "server/consent_conversion.h"
#include "server/control_call.h"
#include "server/explanation.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

constexpr int64_t kClockSkewUs = 300'000'000;

int64_t MicrosOf(std::chrono::hours period) { return std::chrono::microseconds(period).count(); }

template <size_t kBytes>
std::string LowerHexOf(const std::array<uint8_t, kBytes>& bytes) {
  return absl::BytesToHexString({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

absl::Status DamagedDecision() {
  return MakeError(Reason::kRecordDamaged, "decision_id", "the record of the decision is damaged");
}

bool SameBits(double a, double b) { return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b); }

// Whether the record can be about this model at all: every place in it is one of the model's.
bool Fits(const policy::RecordedDecision& recorded, const scoring::Model& model) {
  const size_t segments = model.segments().size();
  const uint32_t runner_up = recorded.assignment.runner_up;
  return recorded.scaled.size() == model.schema().scored_size() && recorded.assignment.winner < segments &&
         (runner_up == scoring::kNoSegment || runner_up < segments) &&
         std::all_of(recorded.nearest.begin(), recorded.nearest.end(),
                     [&](const scoring::Candidate& candidate) { return candidate.index < segments; });
}

std::string SegmentName(const scoring::Model& model, uint32_t segment) {
  return segment < model.segments().size() ? model.segments()[segment].segment_id : "none";
}

class Differences {
 public:
  explicit Differences(v1::Replay& replay) : replay_(replay) { replay_.Clear(); }
  void Compare(absl::string_view what, absl::string_view recorded, absl::string_view now) {
    if (recorded != now) replay_.add_differences(absl::StrCat(what, ": ", recorded, " recorded, ", now, " now"));
  }
  void Compare(absl::string_view what, double recorded, double now) {
    if (SameBits(recorded, now)) return;
    replay_.add_differences(absl::StrFormat("%s: %.17g recorded, %.17g now", what, recorded, now));
  }

 private:
  v1::Replay& replay_;
};

// What was answered is the nearest of now, without those that might not be named: in the same order, bit for bit.
void CompareNearest(const policy::RecordedDecision& recorded, const scoring::Model& model,
                    std::span<const scoring::Candidate> now, Differences& differences) {
  auto place = now.begin();
  for (const scoring::Candidate& candidate : recorded.nearest) {
    place = std::find_if(place, now.end(), [&](const scoring::Candidate& other) {
      return other.index == candidate.index && SameBits(other.distance, candidate.distance);
    });
    if (place != now.end()) continue;
    return differences.Compare("segments", SegmentName(model, candidate.index), "not there at that distance");
  }
}

std::vector<std::string> BindingsOf(const policy::Pseudonymizer& pseudonymizer) {
  std::vector<std::string> bindings;
  for (const policy::SubjectKey& check : pseudonymizer.CheckValues()) bindings.push_back(ReceiptBinding(check));
  return bindings;
}

}  // namespace

struct DecisionRecall::RecalledModel {
  RecalledModel(scoring::Model value, scoring::ProfileLayout layout)
      : drift(std::make_shared<DriftCounters>(value, 1)),
        serving(std::move(value), std::move(layout), drift, /*number=*/0, totals, /*threads=*/1, nullptr) {}

  SegmentTotals totals;  // nothing is counted in it
  std::shared_ptr<DriftCounters> drift;
  ServingModel serving;
};

void ReplayDecision(const policy::RecordedDecision& recorded, const ServingModel& serving,
                    scoring::Workspace& workspace, v1::Replay& replay) {
  const scoring::Model& model = serving.model;
  Differences differences(replay);
  std::array<scoring::Candidate, scoring::kSegmentsReturnedMax> nearest;
  size_t count = 0;
  const scoring::Assignment now = scoring::Assign(model, recorded.scaled, workspace, nearest, count);
  const scoring::Assignment& then = recorded.assignment;
  differences.Compare("winner", SegmentName(model, then.winner), SegmentName(model, now.winner));
  differences.Compare("runner-up", SegmentName(model, then.runner_up), SegmentName(model, now.runner_up));
  differences.Compare("winner's distance", then.winner_distance, now.winner_distance);
  differences.Compare("runner-up's distance", then.runner_up_distance, now.runner_up_distance);
  differences.Compare("margin", then.margin, now.margin);
  CompareNearest(recorded, model, {nearest.data(), count}, differences);
  // What the person refused then is not known any more; that a refusal decided is taken as it was recorded.
  if (recorded.rule != policy::Rule::kSegmentRefused) {
    const Ruling ruling = RuleOn(serving, now, {.purpose = recorded.purpose, .permission = recorded.permission});
    differences.Compare("rule", policy::RuleName(recorded.rule), policy::RuleName(ruling.rule));
    differences.Compare("outcome", policy::OutcomeName(recorded.outcome), policy::OutcomeName(ruling.outcome));
  }
  replay.set_identical(replay.differences().empty());
}

DecisionRecall::DecisionRecall(const PipelineSources& sources, const RecallParts& parts)
    : parts_(parts), pipeline_(sources), bindings_(BindingsOf(sources.pseudonymizer)) {}

DecisionRecall::~DecisionRecall() = default;

absl::StatusOr<policy::RecordedDecision> DecisionRecall::Unseal(absl::string_view receipt) {
  const storage::SealingKeys& keys = *parts_.keeping.sealing;
  if (keys.generation() != sealing_generation_) {
    sealing_generation_ = keys.generation();
    sealer_.emplace(*keys.ring(), kReceiptUse);
  }
  absl::Status opened;
  for (size_t count = bindings_.size(); count > 0; --count) {
    opened = sealer_->Open(receipt, bindings_[count - 1], plain_);
    if (absl::IsNotFound(opened)) return opened;
    if (!opened.ok()) continue;
    auto recorded = policy::ReadRecordedDecision(plain_);
    if (recorded.ok()) recorded->subject = pipeline_.sources().pseudonymizer.Continue(recorded->subject, count);
    return recorded;
  }
  return opened;
}

absl::StatusOr<policy::RecordedDecision> DecisionRecall::Open(absl::string_view receipt, int64_t now_us) {
  if (receipt.size() > kReceiptBytesMax) {
    return MakeLimitError(Reason::kFieldTooLong, "receipt", "longer than a receipt can be", kReceiptBytesMax);
  }
  if (parts_.keeping.sealing == nullptr || parts_.keeping.sealing->generation() == 0) {
    return MakeError(Reason::kDecisionReceiptsOff, "receipt",
                     "this server has no keys for receipts; the configuration names sealing_key_file");
  }
  auto recorded = Unseal(receipt);
  if (absl::IsNotFound(recorded.status())) {
    return MakeError(Reason::kReceiptKeyUnknown, "receipt", "was sealed with a key that this server does not have");
  }
  if (!recorded.ok()) return MakeError(Reason::kReceiptInvalid, "receipt", "is damaged, or is none of this server");
  const int64_t age_us = now_us - recorded->time_us;
  if (age_us > MicrosOf(parts_.settings.receipt_lifetime) || age_us < -kClockSkewUs) {
    return MakeError(Reason::kReceiptExpired, "receipt", "is older than receipts are honoured");
  }
  return recorded;
}

absl::StatusOr<policy::RecordedDecision> DecisionRecall::Find(absl::string_view decision_id, int64_t now_us) const {
  const auto id = policy::ParseDecisionId(decision_id);
  if (!id) return MakeError(Reason::kFieldInvalid, "decision_id", "must be 32 lower-case hexadecimal characters");
  auto recorded = parts_.decisions.Get(*id);
  const bool old = now_us - id->time_us() > MicrosOf(parts_.settings.log_retention);
  if (absl::IsNotFound(recorded.status()) || old) {
    if (parts_.keeping.log == nullptr) {
      return MakeError(Reason::kDecisionLogOff, "decision_id", "this server logs no decisions; see decisions.log");
    }
    return MakeError(Reason::kDecisionNotFound, "decision_id", "is not in the decision log");
  }
  if (!recorded.ok()) return ReportStoreError(recorded.status());
  return recorded;
}

absl::Status DecisionRecall::CheckSubject(const policy::RecordedDecision& recorded) {
  const auto erased = parts_.decisions.ErasedSince(recorded.subject, recorded.consent_revision);
  if (absl::IsUnavailable(erased.status())) return ReportStoreError(erased.status());
  pipeline_.Online();
  const policy::ConsentState state = pipeline_.sources().index.Find(pipeline_.reader(), recorded.subject);
  pipeline_.Offline();
  if (state.erased || (erased.ok() && *erased)) {
    return MakeError(Reason::kSubjectErased, "", "the subject of the decision was erased since");
  }
  if (!erased.ok() || state.restricted || state.gates_closed) {
    return MakeError(Reason::kSubjectRestricted, "", "the processing of the subject of the decision is restricted");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const DecisionRecall::RecalledModel>> DecisionRecall::ModelOfThen(
    const policy::RecordedDecision& recorded) {
  const auto known = std::find_if(models_.begin(), models_.end(), [&](const auto& recalled) {
    return recalled->serving.model.digest() == recorded.model_digest;
  });
  if (known != models_.end()) {
    models_.splice(models_.begin(), models_, known);
    return models_.front();
  }
  const absl::Status gone =
      MakeError(Reason::kDecisionModelGone, "", "the model that decided is not kept by this server (any more)");
  if (parts_.models == nullptr) return gone;
  auto model = parts_.models->Read(LowerHexOf(recorded.model_digest));
  if (absl::IsUnavailable(model.status())) return ReportStoreError(model.status());
  if (!model.ok()) return gone;
  auto layout = scoring::ProfileLayout::Create(model->schema());
  if (!layout.ok()) return gone;
  models_.push_front(std::make_shared<const RecalledModel>(*std::move(model), *std::move(layout)));
  if (models_.size() > kRecalledModelsMax) models_.pop_back();
  return models_.front();
}

absl::Status DecisionRecall::Fill(const policy::RecordedDecision& recorded, const ServingModel* serving,
                                  const ExplanationQuestion& question, v1::ExplainResponse& response) {
  policy::Decision decision = policy::DecisionOf(recorded, serving == nullptr ? nullptr : &serving->model);
  // What the person refuses now is not told of, nor the runner-up of then, where it might not be named.
  const policy::ConsentState state = pipeline_.sources().index.Find(pipeline_.reader(), recorded.subject);
  const policy::Refusals* const refused = pipeline_.RefusalsOf(recorded.subject, state);
  policy::Refusals hidden = refused == nullptr ? policy::Refusals() : *refused;
  if (serving != nullptr && !recorded.runner_up_allowed && recorded.assignment.runner_up != scoring::kNoSegment) {
    hidden.segments.push_back(serving->model.segments()[recorded.assignment.runner_up].segment_id);
    std::sort(hidden.segments.begin(), hidden.segments.end());
  }
  decision.refusals = &hidden;
  if (recorded.memberships_asked && decision.nearest_count != 0) {
    scoring::Memberships(*decision.model, decision.scaled, {decision.nearest.data(), decision.nearest_count},
                         {decision.membership.data(), decision.nearest_count});
  }
  FillExplainResponse(decision, serving, recorded.missing, response);
  if (serving != nullptr) ReplayDecision(recorded, *serving, workspace_, *response.mutable_replay());
  v1::RecordedFacts& facts = *response.mutable_recorded();
  FillTime(absl::FromUnixMicros(recorded.time_us), *facts.mutable_decision_time());
  facts.set_purpose(static_cast<v1::Purpose>(recorded.purpose));
  facts.set_consent_revision(recorded.consent_revision);
  facts.set_permission(std::string(policy::PermissionName(recorded.permission)));
  facts.set_policy_version(LowerHexOf(recorded.policy_version));
  facts.set_policy_is_current(recorded.policy_version == parts_.keeping.policy_version);
  const ExplainedSources sources = {.serving = serving,
                                    .missing = recorded.missing,
                                    .consent = pipeline_.sources().index.Find(pipeline_.reader(), recorded.subject),
                                    .notices = pipeline_.sources().notices};
  return FillExplanationDetails(decision, sources, question, response);
}

absl::Status DecisionRecall::Explain(const v1::ExplainRequest& request, const RecallCaller& caller, int64_t now_us,
                                     v1::ExplainResponse& response) {
  const auto question = ReadQuestion(request);
  if (!question.ok()) return question.status();
  const bool logged = !request.has_receipt();
  const auto recorded = logged ? Find(request.decision_id(), now_us) : Open(request.receipt(), now_us);
  if (!recorded.ok()) return recorded.status();
  if (recorded->principal != caller.principal && !(logged && caller.reviewer)) {
    return MakeError(Reason::kDecisionNotYours, "", "another principal received this decision");
  }
  if (absl::Status status = CheckSubject(*recorded); !status.ok()) return status;
  std::shared_ptr<const RecalledModel> then;
  absl::Status filled;
  for (;;) {
    pipeline_.Online();
    const ServingModel* serving = recorded->scored ? pipeline_.PinModel() : nullptr;
    if (then != nullptr) serving = &then->serving;
    const bool known = serving != nullptr && serving->model.digest() == recorded->model_digest;
    const bool fits = !recorded->scored || (known && Fits(*recorded, serving->model));
    if (fits) filled = Fill(*recorded, recorded->scored ? serving : nullptr, *question, response);
    pipeline_.Offline();
    if (fits) break;
    if (known) return DamagedDecision();
    auto recalled = ModelOfThen(*recorded);
    if (!recalled.ok()) return recalled.status();
    then = *std::move(recalled);
  }
  if (logged) response.mutable_decision()->set_decision_id(request.decision_id());
  return filled;
}

}  // namespace assent::server
