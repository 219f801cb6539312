// The one value that is answered, counted, logged and explained.
#ifndef ASSENT_POLICY_DECISION_H_
#define ASSENT_POLICY_DECISION_H_

#include <array>
#include <cstdint>
#include <span>

#include "policy/consent_verdict.h"
#include "policy/outcome.h"
#include "policy/purpose.h"
#include "policy/refusals.h"
#include "policy/segment_rules.h"
#include "policy/subject.h"
#include "scoring/assign.h"
#include "scoring/model.h"

namespace assent::policy {

// Ownership: `model`, `scaled` and `refusals` are borrowed, valid until the deciding thread is next quiescent.
struct Decision {
  Outcome outcome = Outcome::kUnspecified;
  Rule rule = Rule::kNone;
  Purpose purpose = Purpose::kUnspecified;
  SubjectKey subject;
  Permission permission = Permission::kNone;  // what permitted the purpose
  const Refusals* refusals = nullptr;         // what the person refuses; null: nothing
  uint32_t consent_revision = 0;
  int64_t time_us = 0;                                                    // since 1970
  const scoring::Model* model = nullptr;                                  // null where the refusal came first
  std::span<const float> scaled;                                          // [dim]; empty where no feature was read
  scoring::Assignment assignment;                                         // valid when `scaled` is not empty
  std::array<scoring::Candidate, scoring::kSegmentsReturnedMax> nearest;  // ascending; filled when ASSIGNED
  std::array<double, scoring::kSegmentsReturnedMax> membership;           // of `nearest`
  size_t nearest_count = 0;

  SegmentQuestion segment_question() const {
    return {.purpose = purpose, .permission = permission, .refusals = refusals};
  }
};

}  // namespace assent::policy

#endif  // ASSENT_POLICY_DECISION_H_
