#include "policy/segment_rules.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace assent::policy {
namespace {

using scoring::Sensitivity;

TEST(SegmentRules, EveryCombinationOfSensitivityPurposeAndPermission) {
  for (const Permission permission : {Permission::kNone, Permission::kOptOutDefault, Permission::kTcf,
                                      Permission::kGrant, Permission::kExplicitGrant}) {
    for (Sensitivity sensitivity : {Sensitivity::kNone, Sensitivity::kRestricted, Sensitivity::kSpecialCategory}) {
      for (int number = 1; number <= kPurposeCount; ++number) {
        for (uint32_t allowed = 0; allowed < (1u << (kPurposeCount + 1)); ++allowed) {
          const Purpose purpose = static_cast<Purpose>(number);
          scoring::SegmentCard card;
          card.sensitivity = sensitivity;
          card.allowed_purposes = allowed;
          const bool special_advertising = sensitivity == Sensitivity::kSpecialCategory && (number == 1 || number == 3);
          const bool listed = (allowed >> number) % 2 == 1;
          const bool restricted = sensitivity == Sensitivity::kRestricted && permission != Permission::kExplicitGrant;
          const Rule expected = special_advertising ? Rule::kSegmentSensitive
                                : restricted        ? Rule::kSegmentRestricted
                                : listed            ? Rule::kNone
                                                    : Rule::kSegmentPurpose;
          ASSERT_EQ(CheckSegment(card, {}, {.purpose = purpose, .permission = permission}), expected)
              << number << " " << allowed;
        }
      }
    }
  }
}

TEST(SegmentRules, AnUnknownPurposeIsNeverAllowed) {
  scoring::SegmentCard card;
  card.allowed_purposes = 0b1111110;
  EXPECT_EQ(CheckSegment(card, {}, {.permission = Permission::kExplicitGrant}), Rule::kSegmentPurpose);
}

TEST(SegmentRules, NeverGivesWhatThePersonRefuses) {
  scoring::SegmentCard card;
  card.segment_id = "s2";
  card.allowed_purposes = kAllPurposeBits;
  const std::vector<int32_t> path = {381, 380, 206};
  const auto rule = [&](const Refusals& refusals) {
    return CheckSegment(card, path, {.purpose = Purpose::kSelectContent, .refusals = &refusals});
  };
  EXPECT_EQ(rule({}), Rule::kNone);
  EXPECT_EQ(rule({.segments = {"s1", "s3"}, .taxonomy_rows = {205, 207, 382}}), Rule::kNone);
  EXPECT_EQ(rule({.segments = {"s1", "s2"}}), Rule::kSegmentRefused);
  EXPECT_EQ(rule({.taxonomy_rows = {1, 381}}), Rule::kSegmentRefused) << "its own row";
  EXPECT_EQ(rule({.taxonomy_rows = {206, 900}}), Rule::kSegmentRefused) << "a row above it";
  card.sensitivity = Sensitivity::kRestricted;
  EXPECT_EQ(rule({.segments = {"s2"}}), Rule::kSegmentRefused) << "what the person said is named first";
}

}  // namespace
}  // namespace assent::policy
