#include "server/assign_response.h"

namespace assent::server {

void FillModelRef(const scoring::Model& model, v1::ModelRef& ref) {
  if (ref.digest() == model.digest_hex()) return;
  ref.set_name(model.provenance().name);
  ref.set_digest(model.digest_hex());
}

void FillSegmentMatch(const scoring::SegmentCard& card, double distance, double membership, v1::SegmentMatch& match) {
  match.set_segment_id(card.segment_id);
  match.set_label(card.label);
  match.set_distance(distance);
  match.set_membership(membership);
  match.set_iab_audience_id(card.iab_audience_id);
}

void FillRecordEventsResponse(const policy::Decision& decision, const EventCounts& counts,
                              v1::RecordEventsResponse& response) {
  const absl::string_view reason = policy::RuleName(decision.rule);
  response.set_outcome(static_cast<v1::Outcome>(decision.outcome));
  response.mutable_reason()->assign(reason.data(), reason.size());
  response.set_folded(counts.folded);
  response.set_repeated_events(counts.repeated);
  response.set_unknown_events(counts.unknown);
  response.set_expired_events(counts.expired);
}

void FillAssignResponse(const policy::Decision& decision, v1::AssignResponse& response) {
  const absl::string_view reason = policy::RuleName(decision.rule);
  response.set_outcome(static_cast<v1::Outcome>(decision.outcome));
  response.mutable_reason()->assign(reason.data(), reason.size());  // set_reason makes a string of its own first
  const bool has_margin =
      decision.outcome == policy::Outcome::kAssigned || decision.outcome == policy::Outcome::kAbstained;
  response.set_margin(has_margin ? decision.assignment.margin : 0);
  auto& segments = *response.mutable_segments();
  if (decision.model == nullptr) {
    response.clear_model();
    segments.Clear();
    return;
  }
  FillModelRef(*decision.model, *response.mutable_model());
  const auto count = static_cast<int>(decision.nearest_count);
  if (segments.size() > count) segments.DeleteSubrange(count, segments.size() - count);
  while (segments.size() < count) segments.Add();
  for (size_t i = 0; i < decision.nearest_count; ++i) {
    const scoring::Candidate& candidate = decision.nearest[i];
    FillSegmentMatch(decision.model->segments()[candidate.index], candidate.distance, decision.membership[i],
                     *segments.Mutable(static_cast<int>(i)));
  }
}

}  // namespace assent::server
