#include "server/policy_configuration.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "policy/use.h"

namespace assent::server {
namespace {

using policy::Regime;
using ::testing::HasSubstr;

internal::v1::ServerConfig Parse(const std::string& text) {
  internal::v1::ServerConfig message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

TEST(PolicyConfiguration, JurisdictionsComeInPacks) {
  const auto made = ReadJurisdictions(Parse(R"(jurisdictions {
    default_regime: REGIME_STRICT
    packs { regime: REGIME_OPT_OUT codes: "US-CA" codes: "US-CO" }
    packs { regime: REGIME_OPT_IN codes: "DE" }
  })")
                                          .jurisdictions());
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->RegimeOf("US-CO"), Regime::kOptOut);
  EXPECT_EQ(made->RegimeOf("DE-BY"), Regime::kOptIn);
  EXPECT_EQ(made->RegimeOf("FR"), Regime::kStrict);
  EXPECT_EQ(made->otherwise(), Regime::kStrict);
}

TEST(PolicyConfiguration, WithoutJurisdictionsEveryPlaceIsOptIn) {
  const auto made = ReadJurisdictions({});
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->RegimeOf("US-CA"), Regime::kOptIn);
}

TEST(PolicyConfiguration, NamesWhatIsWrongInAPack) {
  const auto refusal = [](const std::string& packs) {
    return std::string(ReadJurisdictions(Parse("jurisdictions {" + packs + "}").jurisdictions()).status().message());
  };
  EXPECT_THAT(refusal(R"(packs { codes: "DE" })"), HasSubstr("jurisdictions.packs[0].regime"));
  EXPECT_THAT(refusal("packs { regime: REGIME_OPT_IN }"), HasSubstr("jurisdictions.packs[0].codes"));
  EXPECT_THAT(refusal(R"(packs { regime: REGIME_OPT_IN codes: "Germany" })"), HasSubstr("'Germany'"));
}

TEST(PolicyConfiguration, UsesAreNamed) {
  EXPECT_EQ(*ReadUsesAllowed({}), 0u);
  EXPECT_EQ(*ReadUsesAllowed(Parse(R"(significant_uses_allowed: "employment" significant_uses_allowed: "health")")),
            policy::UseBit(policy::Use::kEmployment) | policy::UseBit(policy::Use::kHealth));
  EXPECT_THAT(std::string(ReadUsesAllowed(Parse(R"(significant_uses_allowed: "ordinary")")).status().message()),
              HasSubstr("there is no use \"ordinary\""));
}

TEST(PolicyConfiguration, SignalsNeedAVendorAndItsLists) {
  Configuration out;
  const auto read = [&](const std::string& signals) {
    return ReadSignalConfig(Parse("signals {" + signals + "}").signals(), out);
  };
  EXPECT_TRUE(read("").ok());
  EXPECT_EQ(out.tcf_vendor_id, 0);
  EXPECT_THAT(std::string(read("tcf_vendor_id: 42").message()), HasSubstr("signals.vendor_list_files"));
  EXPECT_THAT(std::string(read(R"(vendor_list_files: "a")").message()), HasSubstr("signals.tcf_vendor_id"));
  EXPECT_THAT(std::string(read("tcf_vendor_id: 65536").message()), HasSubstr("signals.tcf_vendor_id"));
  EXPECT_TRUE(read(R"(tcf_vendor_id: 42 vendor_list_files: "a" vendor_list_files: "b" tcf_only_with_gdpr: true)").ok());
  EXPECT_EQ(out.tcf_vendor_id, 42);
  EXPECT_EQ(out.vendor_list_files.size(), 2u);
  EXPECT_TRUE(out.tcf_only_with_gdpr);
}

}  // namespace
}  // namespace assent::server
