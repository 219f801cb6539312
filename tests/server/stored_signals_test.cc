#include "server/stored_signals.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "assent/v1/consent_service.pb.h"
#include "policy/consent_verdict.h"
#include "policy/gpp.h"
#include "server/status_conversion.h"
#include "storage/consent_change.h"
#include "tests/policy/signal_fixture.h"

namespace assent::server {
namespace {

using policy::Purpose;
using policy::PurposeBit;

policy::SignalPolicy Policy() { return {.tcf = policy::ExamplePolicy(), .gdpr_when_unknown = true}; }

storage::ConsentRequest Stored(const v1::PrivacySignals& signals) {
  storage::ConsentRequest request;
  request.kind = internal::v1::CONSENT_CHANGE_KIND_GRANT;
  const absl::Status status = ReadStoredSignals(signals, Policy(), policy::Regime::kOptIn, request);
  EXPECT_TRUE(status.ok()) << status;
  return request;
}

uint32_t GrantedBits(const storage::ConsentRequest& request) {
  uint32_t bits = 0;
  for (const storage::Grant& grant : request.grants) bits |= PurposeBit(grant.purpose);
  return bits;
}

v1::PrivacySignals TcfOf(const std::string& tcf) {
  v1::PrivacySignals signals;
  signals.set_tcf(tcf);
  return signals;
}

TEST(StoredSignals, ATcfStringGrantsWhatItPermitsAndWithdrawsTheRest) {
  const storage::ConsentRequest request = Stored(TcfOf(policy::kTcfB));
  EXPECT_EQ(GrantedBits(request), PurposeBit(Purpose::kSelectAdvertising));
  EXPECT_EQ(request.withdrawn_bits, policy::kAllPurposeBits & ~PurposeBit(Purpose::kSelectAdvertising));
  EXPECT_EQ(request.opted_out_bits, 0u);
  EXPECT_EQ(request.grants.at(0).legal_basis, v1::LEGAL_BASIS_CONSENT);
  EXPECT_EQ(request.terms.method, v1::COLLECTION_METHOD_TCF);
  EXPECT_EQ(request.terms.signal_sha256.size(), 32u);
  EXPECT_EQ(request.terms.vendor_list_version, 100u);
  EXPECT_NE(request.terms.signal_sha256, Stored(TcfOf(policy::kTcfA)).terms.signal_sha256);
}

TEST(StoredSignals, AnObjectionGoesBeforeAPermission) {
  v1::PrivacySignals signals = TcfOf(policy::kTcfA);
  signals.set_gpc(true);
  storage::ConsentRequest request;
  ASSERT_TRUE(ReadStoredSignals(signals, Policy(), policy::Regime::kOptOut, request).ok());
  EXPECT_EQ(GrantedBits(request) & policy::kAdvertisingPurposeBits, 0u);
  EXPECT_NE(GrantedBits(request), 0u);
  EXPECT_EQ(request.opted_out_bits, policy::kAdvertisingPurposeBits);
  EXPECT_EQ(request.terms.method, v1::COLLECTION_METHOD_TCF);
  const storage::ConsentRequest elsewhere = Stored(signals);
  EXPECT_TRUE(elsewhere.grants.empty());
  EXPECT_EQ(elsewhere.opted_out_bits, policy::kAllPurposeBits)
      << "GPC objects to everything where the rule is to opt in";
}

TEST(StoredSignals, EachSignalNamesItself) {
  v1::PrivacySignals gpc;
  gpc.set_gpc(true);
  gpc.set_jurisdiction("US-CA");
  EXPECT_EQ(Stored(gpc).terms.method, v1::COLLECTION_METHOD_GPC);
  EXPECT_EQ(Stored(gpc).terms.jurisdiction, "US-CA");
  v1::PrivacySignals gpp;
  gpp.set_gpp(policy::kGppGpc);
  gpp.add_gpp_sid(7);
  EXPECT_EQ(Stored(gpp).terms.method, v1::COLLECTION_METHOD_GPP);
  EXPECT_EQ(Stored(gpp).opted_out_bits, policy::kAdvertisingPurposeBits);
  v1::PrivacySignals us_privacy;
  us_privacy.set_us_privacy("1YYN");
  EXPECT_EQ(Stored(us_privacy).terms.method, v1::COLLECTION_METHOD_US_PRIVACY);
}

// A missing notice denies, and is nobody's opt-out: what travels along links are opt-outs.
TEST(StoredSignals, ADenialThatIsNoOptOutIsAWithdrawal) {
  v1::PrivacySignals signals;
  signals.set_gpp(policy::kGppChild);
  signals.add_gpp_sid(7);
  const policy::GppReading reading = policy::ReadGpp(signals.gpp(), std::vector<int32_t>{7}, {});
  ASSERT_NE(reading.denied & ~reading.opted_out, 0u);
  const storage::ConsentRequest request = Stored(signals);
  EXPECT_EQ(request.opted_out_bits, reading.opted_out);
  EXPECT_EQ(request.withdrawn_bits, reading.denied & ~reading.opted_out);
}

TEST(StoredSignals, WhatCannotBeReadOrSaysNothingIsRefused) {
  const auto fault = [](const v1::PrivacySignals& signals) {
    storage::ConsentRequest request;
    const absl::Status status = ReadStoredSignals(signals, Policy(), policy::Regime::kOptIn, request);
    return ReasonOf(status) + " " + FieldOf(status);
  };
  v1::PrivacySignals signals;
  EXPECT_EQ(fault(signals), "FIELD_REQUIRED signals");
  EXPECT_EQ(fault(TcfOf("rubbish")), "FIELD_INVALID signals.tcf");
  signals = TcfOf(policy::kTcfB);
  signals.set_gdpr(false);
  EXPECT_EQ(fault(signals), "FIELD_REQUIRED signals") << "not in force";
  signals.set_tcf("rubbish");
  EXPECT_EQ(fault(signals), "FIELD_REQUIRED signals") << "not in force, so it is not looked at";
  signals.Clear();
  signals.set_gpp("rubbish");
  EXPECT_EQ(fault(signals), "FIELD_REQUIRED signals");
  signals.add_gpp_sid(7);
  EXPECT_EQ(fault(signals), "FIELD_INVALID signals.gpp");
  signals.Clear();
  signals.set_us_privacy("1YN");
  EXPECT_EQ(fault(signals), "FIELD_INVALID signals.us_privacy");
  signals.set_us_privacy("1XXX");
  EXPECT_EQ(fault(signals), "FIELD_INVALID signals.us_privacy");
  signals.set_us_privacy("1YNN");
  EXPECT_EQ(fault(signals), "FIELD_REQUIRED signals") << "no opt-out";
  signals.set_known_child(true);
  EXPECT_EQ(fault(signals), "FIELD_INVALID signals.known_child");
}

// What is stored gives the verdict that the same signals give when they come with the request.
TEST(StoredSignals, StandForTheSignalsThatComeWithARequest) {
  const auto jurisdictions = policy::Jurisdictions::Create({{"US", policy::Regime::kOptOut}}, policy::Regime::kOptIn);
  ASSERT_TRUE(jurisdictions.ok());
  policy::Random random(20261122);
  size_t compared = 0, allowed = 0;
  for (size_t i = 0; i < policy::SignalCasesOr(20'000); ++i) {
    v1::PrivacySignals signals;
    if (policy::Between(random, 0, 3) != 0) signals.set_tcf(policy::RandomTcf(random));
    if (policy::Between(random, 0, 3) == 0)
      signals.set_us_privacy(policy::Between(random, 0, 1) == 0 ? "1YYN" : "1YNN");
    signals.set_gpc(policy::Between(random, 0, 7) == 0);
    if (policy::Between(random, 0, 1) == 0) signals.set_jurisdiction("US");
    storage::ConsentRequest request;
    request.kind = internal::v1::CONSENT_CHANGE_KIND_GRANT;
    const policy::Regime regime = jurisdictions->RegimeOf(signals.jurisdiction());
    if (!ReadStoredSignals(signals, Policy(), regime, request).ok()) continue;
    internal::v1::ConsentRecord record;
    storage::ApplyChange(request, absl::FromUnixSeconds(1), 1, record);
    const policy::ConsentState state = storage::StateOf(record, *jurisdictions);
    policy::SignalReading reading =
        policy::ReadSignals({.tcf = signals.tcf(), .us_privacy = signals.us_privacy(), .gpc = signals.gpc()}, Policy());
    reading.regime = regime;
    for (int number = 1; number <= policy::kPurposeCount; ++number) {
      const policy::Question question = {.purpose = static_cast<Purpose>(number), .now_s = 2};
      const bool with_request = policy::EvaluateConsent({}, reading, question, {}).allowed;
      ASSERT_EQ(policy::EvaluateConsent(state, {}, question, {}).allowed, with_request)
          << signals.ShortDebugString() << " purpose " << number;
      ++compared;
      allowed += with_request ? 1 : 0;
    }
  }
  EXPECT_GT(compared, 10'000u);
  EXPECT_GT(allowed, 100u);
}

}  // namespace
}  // namespace assent::server
