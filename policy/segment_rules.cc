#include "policy/segment_rules.h"

namespace assent::policy {

Rule CheckSegment(const scoring::SegmentCard& card, Purpose purpose) {
  const bool advertising = purpose == Purpose::kSelectAdvertising || purpose == Purpose::kProfileAdvertising;
  if (advertising && card.sensitivity == scoring::Sensitivity::kSpecialCategory) return Rule::kSegmentSensitive;
  if (card.sensitivity == scoring::Sensitivity::kRestricted) return Rule::kSegmentRestricted;
  if ((card.allowed_purposes & PurposeBit(purpose)) == 0) return Rule::kSegmentPurpose;
  return Rule::kNone;
}

}  // namespace assent::policy
