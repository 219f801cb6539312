#include "server/explained_details.h"

#include <algorithm>
#include <string>

#include "absl/time/time.h"
#include "scoring/counterfactual.h"
#include "scoring/explain.h"
#include "scoring/profile.h"
#include "server/assign_response.h"
#include "server/consent_conversion.h"
#include "server/disclosed_source.h"
#include "server/explained_text.h"
#include "server/request_validation.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

// Names the segment where the purpose may know it.
void NameSegment(const policy::Decision& decision, const ServingModel& serving, uint32_t segment,
                 v1::SegmentMatch& out) {
  if (serving.CheckSegment(segment, decision.segment_question()) != policy::Rule::kNone) return;
  FillSegmentMatch(serving.model.segments()[segment], 0, 0, out);
}

void FillChange(const policy::Decision& decision, const ExplainedSources& sources, v1::SmallestChange& out) {
  const scoring::Model& model = *decision.model;
  const scoring::Counterfactual found =
      scoring::SmallestChange(model, decision.scaled, sources.missing, decision.assignment.winner);
  out.set_reachable(found.reachable);
  if (!found.reachable) return;
  for (const scoring::FeatureChange& change : found.changes) {
    const scoring::Feature& feature = model.schema().scored(change.position);
    v1::FeatureChange& to = *out.add_changes();
    to.set_feature(feature.name);
    to.set_unit(feature.unit);
    to.set_from(change.raw_from);
    to.set_missing(change.missing);
    to.set_to(change.raw_to);
    to.set_share(change.scaled_delta * change.scaled_delta / (found.distance * found.distance));
  }
  out.set_distance(found.distance);
  NameSegment(decision, *sources.serving, found.after.winner, *out.mutable_nearest());
  out.set_sure(found.after.certainty == scoring::Certainty::kSure);
}

void FillBasis(const policy::Decision& decision, const ExplainedSources& sources, v1::ConsentBasis& out) {
  out.set_permission(std::string(policy::PermissionName(decision.permission)));
  out.set_revision(decision.consent_revision);
  const bool by_grant = decision.permission >= policy::Permission::kGrant;
  if (!by_grant || sources.consent.revision != decision.consent_revision) return;
  const auto purpose = static_cast<size_t>(decision.purpose);
  if (const uint32_t end = sources.consent.expire_time_s[purpose]; end != 0) {
    out.mutable_expire_time()->set_seconds(end);
  }
  const uint16_t ordinal = sources.consent.notice[purpose];
  if (ordinal == 0 || sources.notices == nullptr) return;
  for (const storage::RegisteredNotice& notice : sources.notices->List("", static_cast<uint16_t>(ordinal - 1), 1)) {
    out.set_notice_id(notice.record.id());
    out.set_notice_version(notice.record.version());
  }
}

void FillProfileUse(const ExplainedSources& sources, v1::ProfileUse& out) {
  out.set_purpose(static_cast<v1::Purpose>(sources.serving->profile_purpose));
  out.set_events(scoring::ProfileLayout::EventCount(sources.profile));
  if (out.events() == 0) return;
  FillTime(absl::FromUnixMicros(scoring::ProfileLayout::FirstEventUs(sources.profile)),
           *out.mutable_first_event_time());
  FillTime(absl::FromUnixMicros(scoring::ProfileLayout::LastEventUs(sources.profile)), *out.mutable_last_event_time());
}

// The rule that keeps the segment from this person and purpose; kNone: none does. Where the decision names no segment,
// its own rule comes first: how far another one is would tell of features that are not explained.
policy::Rule RuleAgainst(const policy::Decision& decision, const ServingModel& serving, uint32_t segment,
                         const v1::ExplainResponse& response) {
  if (!response.has_segment()) return decision.rule;
  return serving.CheckSegment(segment, decision.segment_question());
}

absl::Status FillWhyNot(const policy::Decision& decision, const ExplainedSources& sources,
                        const ExplanationQuestion& question, v1::ExplainResponse& response) {
  v1::WhyNot& out = *response.mutable_why_not();
  out.mutable_segment()->set_segment_id(std::string(question.why_not));
  policy::Rule rule = decision.rule;
  if (decision.model != nullptr) {
    const auto& cards = decision.model->segments();
    const auto card =
        std::find_if(cards.begin(), cards.end(), [&](const auto& one) { return one.segment_id == question.why_not; });
    if (card == cards.end()) return MakeError(Reason::kFieldInvalid, "why_not", "is no segment of the model");
    const auto segment = static_cast<uint32_t>(card - cards.begin());
    FillSegmentMatch(*card, 0, 0, *out.mutable_segment());
    rule = RuleAgainst(decision, *sources.serving, segment, response);
    if (rule == policy::Rule::kNone) {
      const scoring::Assignment& assignment = decision.assignment;
      out.mutable_segment()->set_distance(
          scoring::ExactDistance(decision.scaled, decision.model->centroids().row(segment)));
      out.set_difference(out.segment().distance() - assignment.winner_distance);
      const scoring::Explanation why = scoring::Explain(*decision.model, decision.scaled, assignment.winner, segment);
      for (size_t i = 0; i < why.terms.size(); ++i) {
        v1::FeatureTerm& term = *out.add_terms();
        term.set_feature(decision.model->schema().scored(i).name);
        term.set_contribution(why.terms[i]);
      }
    }
  }
  if (rule != policy::Rule::kNone) out.set_rule(std::string(policy::RuleName(rule)));
  out.set_text(WhyNotText(decision, response, out, rule, *question.phrases));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ExplanationQuestion> ReadQuestion(const v1::ExplainRequest& request) {
  const auto phrases = PhrasesFor(request.language());
  if (!phrases.ok()) return phrases.status();
  absl::Status valid = ValidateText("why_not", request.why_not(), kSegmentIdBytesMax);
  if (!valid.ok()) return valid;
  return ExplanationQuestion{
      .phrases = *phrases, .smallest_change = request.smallest_change(), .why_not = request.why_not()};
}

absl::Status FillExplanationDetails(const policy::Decision& decision, const ExplainedSources& sources,
                                    const ExplanationQuestion& question, v1::ExplainResponse& response) {
  for (int i = 0; i < response.contributions_size(); ++i) {
    const scoring::Feature& feature = decision.model->schema().scored(static_cast<size_t>(i));
    response.mutable_contributions(i)->set_source(SourceSentence(feature, *question.phrases));
  }
  FillBasis(decision, sources, *response.mutable_consent());
  if (response.has_segment() && !sources.profile.empty()) FillProfileUse(sources, *response.mutable_profile());
  if (question.smallest_change && response.has_segment()) {
    FillChange(decision, sources, *response.mutable_smallest_change());
  }
  response.set_text(ExplainedText(decision, response, *question.phrases));
  return question.why_not.empty() ? absl::OkStatus() : FillWhyNot(decision, sources, question, response);
}

}  // namespace assent::server
