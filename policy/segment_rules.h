// Which segments may be used for which purpose, whatever the person agreed to.
#ifndef ASSENT_POLICY_SEGMENT_RULES_H_
#define ASSENT_POLICY_SEGMENT_RULES_H_

#include "policy/outcome.h"
#include "policy/purpose.h"
#include "scoring/model.h"

namespace assent::policy {

// Rule::kNone when the segment may be used; otherwise the rule that denies it. Special categories are never used for
// advertising (DSA article 26(3)). A restricted segment needs an explicit consent; the consent index does not say how a
// consent was given, so until it can be proven such a segment is never released. Threads: safe. Cost: three
// comparisons.
Rule CheckSegment(const scoring::SegmentCard& card, Purpose purpose);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_SEGMENT_RULES_H_
