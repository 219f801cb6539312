#include "policy/segment_rules.h"

namespace assent::policy {

Rule CheckSegment(const scoring::SegmentCard& card, std::span<const int32_t> taxonomy_path,
                  const SegmentQuestion& question) {
  const uint32_t purpose = PurposeBit(question.purpose);
  const bool advertising = (purpose & kAdvertisingPurposeBits) != 0;
  if (advertising && card.sensitivity == scoring::Sensitivity::kSpecialCategory) return Rule::kSegmentSensitive;
  if (question.refusals != nullptr && question.refusals->Contain(card.segment_id, taxonomy_path)) {
    return Rule::kSegmentRefused;
  }
  const bool restricted = card.sensitivity == scoring::Sensitivity::kRestricted;
  if (restricted && question.permission != Permission::kExplicitGrant) return Rule::kSegmentRestricted;
  if ((card.allowed_purposes & purpose) == 0) return Rule::kSegmentPurpose;
  return Rule::kNone;
}

}  // namespace assent::policy
