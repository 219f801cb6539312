#include "server/assign_pipeline.h"

#include <algorithm>

#include "policy/consent_verdict.h"
#include "policy/segment_rules.h"
#include "server/request_validation.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

// Drops the candidates that may not be used for the purpose, and says how many are left.
size_t KeepAllowed(const ServingModel& serving, const policy::SegmentQuestion& question,
                   std::span<scoring::Candidate> nearest) {
  const auto denied = [&](const scoring::Candidate& candidate) {
    return serving.CheckSegment(candidate.index, question) != policy::Rule::kNone;
  };
  return static_cast<size_t>(std::remove_if(nearest.begin(), nearest.end(), denied) - nearest.begin());
}

}  // namespace

AssignPipeline::AssignPipeline(const PipelineSources& sources)
    : sources_(sources),
      reader_(sources.domain),
      tokens_(sources.pseudonymizer),
      signals_(sources.signals, sources.jurisdictions),
      profile_(sources.profiles, sources.limits, sources.events) {}

const ServingModel* AssignPipeline::PinModel() {
  pinned_ = sources_.model.Read(reader_);
  if (pinned_ != nullptr && pinned_->generation != reserved_generation_) {
    reserved_generation_ = pinned_->generation;
    features_.Reserve(pinned_->model.schema().scored_size());
    profile_.Reserve(pinned_->layout);
    workspace_.Reserve(pinned_->model, 1);
  }
  return pinned_;
}

absl::Status AssignPipeline::CheckToken(absl::string_view token) {
  if (token.empty()) return absl::OkStatus();
  const auto seen = tokens_.Decode(token);
  if (!seen) return MakeError(Reason::kConsentTokenInvalid, "consent_token", "is not a token of this server");
  const storage::CommitPoint applied = sources_.store.applied();
  if (seen->epoch > applied.epoch || (seen->epoch == applied.epoch && seen->sequence > applied.sequence)) {
    return MakeError(Reason::kConsentTokenAhead, "consent_token", "names a change that is not here yet; try again");
  }
  if (seen->epoch < applied.epoch) {
    return MakeError(Reason::kConsentTokenOtherEpoch, "consent_token",
                     "is from before the data was restored; get a new one from GetConsent");
  }
  return absl::OkStatus();
}

void AssignPipeline::Identify(const v1::Subject& subject, policy::Purpose purpose, int64_t now_us,
                              policy::Decision& decision) const {
  decision.model = nullptr;
  decision.scaled = {};
  decision.nearest_count = 0;
  decision.time_us = now_us;
  decision.purpose = purpose;
  decision.subject = sources_.pseudonymizer.Pseudonymize(policy::RawSubject(subject.namespace_(), subject.id()));
}

bool AssignPipeline::MayUseProfile(policy::Purpose selection, const policy::ConsentState& state,
                                   const policy::SignalReading& signals, int64_t now_us) const {
  const policy::Purpose purpose = pinned_->profile_purpose;
  return purpose == policy::ProfileFor(selection) && purpose != ServingModel::kNoProfile &&
         Judge(purpose, v1::Context::default_instance(), state, signals, now_us).by_grant();
}

policy::Verdict AssignPipeline::Judge(policy::Purpose purpose, const v1::Context& context,
                                      const policy::ConsentState& state, const policy::SignalReading& signals,
                                      int64_t now_us) const {
  const policy::Question question = {
      .purpose = purpose, .use = static_cast<policy::Use>(context.use()), .now_s = now_us / 1'000'000};
  return policy::EvaluateConsent(state, signals, question, sources_.verdict);
}

void AssignPipeline::OfferLinked(const policy::SubjectKey& subject, const policy::ConsentState& state,
                                 const policy::SignalReading& signals) const {
  const policy::SignalOptOut found = policy::NewOptOut(state, signals, sources_.verdict);
  if (found.purposes != 0) sources_.opt_outs->Offer({.subject = subject, .opt_out = found});
}

absl::Status AssignPipeline::ReadFeatures(const v1::AssignRequest& request, const policy::ConsentState& state,
                                          const policy::SignalReading& signals, const policy::Decision& decision,
                                          Keep keep) {
  const ServingModel& serving = *pinned_;
  const scoring::FeatureSchema& schema = serving.model.schema();
  const size_t named_max = sources_.limits.named_features_max;
  if (schema.all_direct() && request.events().empty()) return features_.Read(request.features(), schema, named_max);

  // Whatever the request has is checked before anything of it is kept.
  if (absl::Status status = features_.TakeDirect(request.features(), schema, named_max); !status.ok()) return status;
  if (absl::Status status = profile_.TakeEvents(request.events(), serving.layout, decision.time_us); !status.ok()) {
    return status;
  }
  if (schema.all_direct()) return features_.Scale(schema);
  ProfileAccess access = ProfileAccess::kNone;
  if (MayUseProfile(decision.purpose, state, signals, decision.time_us)) {
    access = keep == Keep::kEvents ? ProfileAccess::kKeep : ProfileAccess::kRead;
  }
  profile_.Fold(reader_, decision.subject, serving.profile_purpose, serving.layout, decision.time_us, access);
  serving.layout.Read(profile_.state(), decision.time_us, features_.aggregates(), features_.missing_aggregates());
  return features_.Scale(schema);
}

absl::Status AssignPipeline::Decide(const v1::AssignRequest& request, int64_t now_us, policy::Decision& decision,
                                    Keep keep) {
  profile_.Clear();
  if (absl::Status status = ValidateAssign(request, sources_.limits); !status.ok()) return status;
  if (absl::Status status = CheckToken(request.consent_token()); !status.ok()) return status;

  const ServingModel* serving = PinModel();
  Identify(request.subject(), static_cast<policy::Purpose>(request.purpose()), now_us, decision);
  const policy::ConsentState state = sources_.index.Find(reader_, decision.subject);
  decision.consent_revision = state.revision;
  const policy::SignalReading signals = signals_.Read(request.signals());
  if (keep == Keep::kEvents) OfferOptOut(decision.subject, state, signals);
  const policy::Verdict verdict = Judge(decision.purpose, request.context(), state, signals, now_us);
  decision.permission = verdict.permission;
  decision.refusals = RefusalsOf(decision.subject, state);
  if (!verdict.allowed) {
    decision.rule = verdict.rule;
    decision.outcome = policy::OutcomeOf(verdict.rule);
    return absl::OkStatus();
  }

  if (serving == nullptr) return NoModelError();
  if (absl::Status status = ReadFeatures(request, state, signals, decision, keep); !status.ok()) return status;
  const scoring::Model& model = serving->model;
  decision.model = &model;
  decision.scaled = features_.scaled();
  const auto wanted = static_cast<size_t>(std::max(1, request.max_segments()));
  const std::span<scoring::Candidate> nearest(decision.nearest.data(), wanted);
  decision.assignment = scoring::Assign(model, decision.scaled, workspace_, nearest, decision.nearest_count);
  const Ruling ruling = RuleOn(*serving, decision.assignment, decision.segment_question());
  decision.outcome = ruling.outcome;
  decision.rule = ruling.rule;
  if (ruling.outcome != policy::Outcome::kAssigned) {
    decision.nearest_count = 0;
    return absl::OkStatus();
  }
  decision.nearest_count = KeepAllowed(*serving, decision.segment_question(), nearest.first(decision.nearest_count));
  if (request.return_memberships()) {
    scoring::Memberships(model, workspace_, nearest.first(decision.nearest_count),
                         {decision.membership.data(), decision.nearest_count});
  } else {
    std::fill_n(decision.membership.begin(), decision.nearest_count, 0.0);
  }
  return absl::OkStatus();
}

Ruling RuleOn(const ServingModel& serving, const scoring::Assignment& assignment,
              const policy::SegmentQuestion& question) {
  const policy::Rule rule = serving.CheckSegment(assignment.winner, question);
  if (rule != policy::Rule::kNone) return {policy::OutcomeOf(rule), rule};
  switch (assignment.certainty) {
    case scoring::Certainty::kLowMargin:
      return {policy::Outcome::kAbstained, policy::Rule::kModelLowMargin};
    case scoring::Certainty::kTooFar:
      return {policy::Outcome::kAbstained, policy::Rule::kModelTooFar};
    case scoring::Certainty::kSure:
      break;
  }
  return {policy::Outcome::kAssigned, policy::Rule::kNone};
}

absl::Status NoModelError() {
  return MakeError(Reason::kNoModel, "", "no model is loaded; put one where the configuration says");
}

}  // namespace assent::server
