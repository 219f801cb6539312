// From a Decision to the explanation that a person reads: raw units, names, exact contributions.
#ifndef ASSENT_SERVER_EXPLANATION_H_
#define ASSENT_SERVER_EXPLANATION_H_

#include <cstdint>
#include <span>

#include "assent/v1/assignment_service.pb.h"
#include "policy/decision.h"
#include "scoring/assign.h"
#include "server/serving_model.h"

namespace assent::server {

// Sets every field of `response`. Where the refusal came before the features were read, or the nearest segment may not
// be used, only `decision` is set.
// Shape: missing is [dim], non-zero where the request had no value. Cost: allocates; not the Assign path.
void FillExplainResponse(const policy::Decision& decision, const ServingModel* serving,
                         std::span<const uint8_t> missing, v1::ExplainResponse& response);

}  // namespace assent::server

#endif  // ASSENT_SERVER_EXPLANATION_H_
