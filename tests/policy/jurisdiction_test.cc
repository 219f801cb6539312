#include "policy/jurisdiction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assent::policy {
namespace {

using ::testing::HasSubstr;

TEST(Jurisdictions, ASubdivisionHasItsOwnRegimeOrItsCountrys) {
  const auto made = Jurisdictions::Create(
      {{"US-CA", Regime::kOptOut}, {"CA", Regime::kStrict}, {"US", Regime::kNotServed}}, Regime::kOptIn);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->RegimeOf("US-CA"), Regime::kOptOut);
  EXPECT_EQ(made->RegimeOf("US-NY"), Regime::kNotServed);
  EXPECT_EQ(made->RegimeOf("US"), Regime::kNotServed);
  EXPECT_EQ(made->RegimeOf("CA-QC"), Regime::kStrict);
  EXPECT_EQ(made->RegimeOf("DE"), Regime::kOptIn);
  EXPECT_EQ(made->RegimeOf("DE-BY"), Regime::kOptIn);
  EXPECT_EQ(made->RegimeOf(""), Regime::kUnknown);
}

TEST(Jurisdictions, WithoutAnyEveryPlaceIsOptIn) {
  EXPECT_EQ(Jurisdictions().RegimeOf("US-CA"), Regime::kOptIn);
  EXPECT_EQ(Jurisdictions().otherwise(), Regime::kOptIn);
}

TEST(Jurisdictions, RefusesWhatIsNoJurisdiction) {
  for (const char* code : {"", "D", "de", "DEU", "DE-", "DE-BAYER", "D1", "DE_BY", "DE-b"}) {
    const auto made = Jurisdictions::Create({{code, Regime::kOptIn}}, Regime::kOptIn);
    EXPECT_FALSE(made.ok()) << code;
    EXPECT_FALSE(IsJurisdiction(code)) << code;
  }
  for (const char* code : {"DE", "US-CA", "GB-ENG", "FR-2A", "FR-75"}) EXPECT_TRUE(IsJurisdiction(code)) << code;
}

TEST(Jurisdictions, NamesTheEntryAtFault) {
  const auto refusal = [](const std::vector<std::pair<std::string, Regime>>& listed, Regime otherwise) {
    return std::string(Jurisdictions::Create(listed, otherwise).status().message());
  };
  EXPECT_THAT(refusal({{"DE", Regime::kOptIn}, {"DE", Regime::kStrict}}, Regime::kOptIn), HasSubstr("'DE': is listed"));
  EXPECT_THAT(refusal({{"FR", Regime::kUnknown}}, Regime::kOptIn), HasSubstr("'FR'"));
  EXPECT_THAT(refusal({}, Regime::kUnknown), HasSubstr("default"));
}

TEST(Regime, TheStricterIsTheLarger) {
  EXPECT_EQ(Stricter(Regime::kOptOut, Regime::kOptIn), Regime::kOptIn);
  EXPECT_EQ(Stricter(Regime::kUnknown, Regime::kOptOut), Regime::kOptOut);
  EXPECT_EQ(Stricter(Regime::kNotServed, Regime::kStrict), Regime::kNotServed);
}

}  // namespace
}  // namespace assent::policy
