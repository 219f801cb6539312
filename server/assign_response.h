// From a Decision to the messages that callers read.
#ifndef ASSENT_SERVER_ASSIGN_RESPONSE_H_
#define ASSENT_SERVER_ASSIGN_RESPONSE_H_

#include "assent/v1/assignment_service.pb.h"
#include "policy/decision.h"
#include "scoring/model.h"
#include "server/running_profile.h"

namespace assent::server {

// Sets every field of `response`, whatever it held, but what DecisionRecorder sets. Cost: no allocation when it held an
// answer of the same model.
void FillAssignResponse(const policy::Decision& decision, v1::AssignResponse& response);

// Names `model`. Cost: one comparison of 64 bytes when `ref` names it already.
void FillModelRef(const scoring::Model& model, v1::ModelRef& ref);

// Sets every field of `response`.
void FillRecordEventsResponse(const policy::Decision& decision, const EventCounts& counts,
                              v1::RecordEventsResponse& response);

// `membership` as in SegmentMatch.
void FillSegmentMatch(const scoring::SegmentCard& card, double distance, double membership, v1::SegmentMatch& match);

}  // namespace assent::server

#endif  // ASSENT_SERVER_ASSIGN_RESPONSE_H_
