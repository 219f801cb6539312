#include "policy/segment_rules.h"

#include <gtest/gtest.h>

namespace assent::policy {
namespace {

using scoring::Sensitivity;

TEST(SegmentRules, EveryCombinationOfSensitivityPurposeAndPermission) {
  for (Sensitivity sensitivity : {Sensitivity::kNone, Sensitivity::kRestricted, Sensitivity::kSpecialCategory}) {
    for (int number = 1; number <= kPurposeCount; ++number) {
      for (uint32_t allowed = 0; allowed < (1u << (kPurposeCount + 1)); ++allowed) {
        const Purpose purpose = static_cast<Purpose>(number);
        scoring::SegmentCard card;
        card.sensitivity = sensitivity;
        card.allowed_purposes = allowed;
        const bool special_advertising = sensitivity == Sensitivity::kSpecialCategory && (number == 1 || number == 3);
        const bool listed = (allowed >> number) % 2 == 1;
        const Rule expected = special_advertising                       ? Rule::kSegmentSensitive
                              : sensitivity == Sensitivity::kRestricted ? Rule::kSegmentRestricted
                              : listed                                  ? Rule::kNone
                                                                        : Rule::kSegmentPurpose;
        ASSERT_EQ(CheckSegment(card, purpose), expected) << number << " " << allowed;
      }
    }
  }
}

TEST(SegmentRules, AnUnknownPurposeIsNeverAllowed) {
  scoring::SegmentCard card;
  card.allowed_purposes = 0b1111110;
  EXPECT_EQ(CheckSegment(card, Purpose::kUnspecified), Rule::kSegmentPurpose);
}

}  // namespace
}  // namespace assent::policy
