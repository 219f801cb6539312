#include "server/explanation.h"

#include <array>

#include "policy/segment_rules.h"
#include "scoring/explain.h"
#include "server/assign_response.h"

namespace assent::server {
namespace {

// The two nearest segments with their memberships. The comparison is with the true runner-up, or the margin would not
// be the one that was decided by; but it is named only where the purpose may use it, as every other segment.
void FillSegments(const policy::Decision& decision, const ServingModel& serving, v1::ExplainResponse& response) {
  const scoring::Model& model = *decision.model;
  const scoring::Assignment& assignment = decision.assignment;
  const std::array<scoring::Candidate, 2> pair = {
      {{assignment.winner, assignment.winner_distance}, {assignment.runner_up, assignment.runner_up_distance}}};
  const size_t count = assignment.runner_up == scoring::kNoSegment ? 1 : 2;
  std::array<double, 2> membership{};
  scoring::Memberships(model, decision.scaled, {pair.data(), count}, {membership.data(), count});
  FillSegmentMatch(model.segments()[pair[0].index], pair[0].distance, membership[0], *response.mutable_segment());
  if (count == 2) {
    static const scoring::SegmentCard& nameless = *new scoring::SegmentCard();
    const scoring::SegmentCard& card = model.segments()[pair[1].index];
    const bool allowed = serving.CheckSegment(pair[1].index, decision.segment_question()) == policy::Rule::kNone;
    FillSegmentMatch(allowed ? card : nameless, pair[1].distance, membership[1], *response.mutable_runner_up());
  }
}

void FillContribution(const scoring::Feature& feature, float scaled, double background_mean, bool missing,
                      v1::FeatureContribution& out) {
  out.set_feature(feature.name);
  out.set_unit(feature.unit);
  out.set_value(feature.Unscale(scaled));
  out.set_missing(missing);
  out.set_typical_value(feature.Unscale(background_mean));
  out.set_changeable(feature.changeable);
}

}  // namespace

void FillExplainResponse(const policy::Decision& decision, const ServingModel* serving,
                         std::span<const uint8_t> missing, v1::ExplainResponse& response) {
  response.Clear();
  FillAssignResponse(decision, *response.mutable_decision());
  const bool explained =
      decision.outcome == policy::Outcome::kAssigned || decision.outcome == policy::Outcome::kAbstained;
  if (!explained || decision.model == nullptr || serving == nullptr) return;
  const scoring::Model& model = *decision.model;
  FillSegments(decision, *serving, response);
  response.set_margin(decision.assignment.margin);
  const bool compared = decision.assignment.runner_up != scoring::kNoSegment;
  scoring::Explanation why;
  if (compared) {
    why = scoring::Explain(model, decision.scaled, decision.assignment.winner, decision.assignment.runner_up);
    response.set_expected_margin(why.expected_margin);
  }
  for (size_t i = 0; i < model.schema().scored_size(); ++i) {
    v1::FeatureContribution& out = *response.add_contributions();
    FillContribution(model.schema().scored(i), decision.scaled[i], model.background_mean()[i], missing[i] != 0, out);
    if (!compared) continue;
    out.set_contribution(why.terms[i]);
    out.set_shapley(why.shapley[i]);
  }
}

}  // namespace assent::server
