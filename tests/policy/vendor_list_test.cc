#include "policy/vendor_list.h"

#include <gtest/gtest.h>

#include <vector>

namespace assent::policy {
namespace {

VendorListVersion Version(uint16_t version, VendorRegistration registration = {}) {
  return {.specification = 3, .version = version, .registration = registration};
}

bool IsRefused(const std::vector<VendorListVersion>& versions) {
  return absl::IsInvalidArgument(VendorList::Create(versions).status());
}

TEST(VendorList, FindsByVersionAndSpecification) {
  const VendorRegistration ads = {.consent_purposes = TcfPurposeBit(3)};
  const VendorRegistration old = {.consent_purposes = TcfPurposeBit(1)};
  const VendorList list =
      VendorList::Create({Version(100, ads), {.specification = 2, .version = 100, .registration = old}, Version(7)})
          .value();
  ASSERT_NE(list.Find(3, 100), nullptr);
  EXPECT_EQ(*list.Find(3, 100), ads);
  EXPECT_EQ(*list.Find(2, 100), old);
  EXPECT_EQ(*list.Find(3, 7), VendorRegistration());
  for (const uint16_t version : std::initializer_list<uint16_t>{0, 6, 8, 99, 101, 4095, 65535})
    EXPECT_EQ(list.Find(3, version), nullptr) << version;
  EXPECT_EQ(list.Find(2, 7), nullptr);
  EXPECT_EQ(VendorList::Create({}).value().Find(3, 1), nullptr);
}

TEST(VendorList, StringsReferToTheSpecificationOfTheirPolicy) {
  for (const int policy : {0, 1, 2, 3}) EXPECT_EQ(VendorListSpecification(policy), 2);
  for (const int policy : {4, 5, 6, 63}) EXPECT_EQ(VendorListSpecification(policy), 3);
}

TEST(VendorList, RefusesWhatIsOutOfItsLimits) {
  EXPECT_FALSE(IsRefused({Version(1), Version(kVendorListVersionMax)}));
  EXPECT_TRUE(IsRefused({Version(0)}));
  EXPECT_TRUE(IsRefused({Version(kVendorListVersionMax + 1)}));
  EXPECT_TRUE(IsRefused({{.specification = 1, .version = 1}}));
  EXPECT_TRUE(IsRefused({{.specification = 4, .version = 1}}));
  EXPECT_TRUE(IsRefused({Version(5), Version(6), Version(5)}));
  EXPECT_TRUE(IsRefused(std::vector<VendorListVersion>(kVendorListVersionsMax + 1)));
  EXPECT_FALSE(IsRefused({Version(1, {.consent_purposes = kAllTcfPurposeBits})}));
  EXPECT_TRUE(IsRefused({Version(1, {.consent_purposes = 1})})) << "there is no purpose 0";
  EXPECT_TRUE(IsRefused({Version(1, {.legitimate_interest_purposes = 1u << 25})}));
  EXPECT_TRUE(IsRefused({Version(1, {.consent_purposes = 6, .legitimate_interest_purposes = 4})}));
  EXPECT_TRUE(IsRefused({Version(1, {.consent_purposes = 2, .flexible_purposes = 4})}));
  EXPECT_FALSE(
      IsRefused({Version(1, {.consent_purposes = 2, .legitimate_interest_purposes = 4, .flexible_purposes = 6})}));
}

}  // namespace
}  // namespace assent::policy
