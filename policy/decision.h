// The one value that is answered, counted, logged and explained.
#ifndef ASSENT_POLICY_DECISION_H_
#define ASSENT_POLICY_DECISION_H_

#include <array>
#include <cstdint>
#include <span>

#include "policy/outcome.h"
#include "policy/purpose.h"
#include "policy/subject.h"
#include "scoring/assign.h"
#include "scoring/model.h"

namespace assent::policy {

// Ownership: `model` and `scaled` are borrowed, valid until the deciding thread is next quiescent.
struct Decision {
  Outcome outcome = Outcome::kUnspecified;
  Rule rule = Rule::kNone;
  Purpose purpose = Purpose::kUnspecified;
  SubjectKey subject;
  uint32_t consent_revision = 0;
  int64_t time_us = 0;                                                    // since 1970
  const scoring::Model* model = nullptr;                                  // null where the refusal came first
  std::span<const float> scaled;                                          // [dim]; empty where no feature was read
  scoring::Assignment assignment;                                         // valid when `scaled` is not empty
  std::array<scoring::Candidate, scoring::kSegmentsReturnedMax> nearest;  // ascending; filled when ASSIGNED
  std::array<double, scoring::kSegmentsReturnedMax> membership;           // of `nearest`
  size_t nearest_count = 0;
};

}  // namespace assent::policy

#endif  // ASSENT_POLICY_DECISION_H_
