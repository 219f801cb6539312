// Which segments may be used for whom and for which purpose.
#ifndef ASSENT_POLICY_SEGMENT_RULES_H_
#define ASSENT_POLICY_SEGMENT_RULES_H_

#include <cstdint>
#include <span>

#include "policy/consent_verdict.h"
#include "policy/outcome.h"
#include "policy/purpose.h"
#include "policy/refusals.h"
#include "scoring/model.h"

namespace assent::policy {

// Who asks for a segment. Ownership: borrows the refusals.
struct SegmentQuestion {
  Purpose purpose = Purpose::kUnspecified;
  Permission permission = Permission::kNone;  // what permitted the purpose
  const Refusals* refusals = nullptr;         // null: none
};

// Rule::kNone when the segment may be used; otherwise the rule that denies it. Special categories are never used for
// advertising (DSA article 26(3)). What the person refuses is never given. A restricted segment needs an explicit grant
// of the purpose. `taxonomy_path`: the segment's row of the taxonomy and those above it; empty where it has none.
// Threads: safe. Cost: some comparisons; no allocation.
Rule CheckSegment(const scoring::SegmentCard& card, std::span<const int32_t> taxonomy_path,
                  const SegmentQuestion& question);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_SEGMENT_RULES_H_
