#include "policy/consent_verdict.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <sstream>
#include <string>

namespace assent::policy {
namespace {

constexpr int64_t kNow = 1'700'000'000;

// Everything that a verdict may depend on, in plain values.
struct Case {
  int purpose;
  int status;       // 5 stands for one that a later version might add
  uint32_t expire;  // of the purpose
  bool explicit_grant;
  bool outdated;
  int stored_regime;
  bool erased, restricted, child;
  bool gates_closed;
  bool gpc, known_child, gdpr;
  bool gpp_denies, us_privacy_denies;
  int tcf;  // 0 none, 1 permits, 2 denies
  int request_regime;
  int otherwise;
  int use;  // 0 ordinary, 1 significant and not allowed, 2 significant and allowed
};

struct Expected {
  int rule;        // number of the row in docs/verdict.md; 0: allowed
  int permission;  // 0 none, 1 default, 2 tcf, 3 grant, 4 explicit grant
  uint32_t rows;   // every row that denies
};

// Written from docs/verdict.md, not from the code: it shares nothing with the evaluator, not even the names of the
// rules.
Expected Reference(const Case& c) {
  int place = c.stored_regime;
  if (c.request_regime > place) place = c.request_regime;
  if (place == 0) place = c.otherwise;
  if (c.gdpr && place < 2) place = 2;
  const bool advertising = c.purpose == 1 || c.purpose == 3;

  int permission = 0;
  if (place == 1) permission = 1;
  if (c.tcf == 1) permission = 2;
  if (c.status == 1) permission = c.explicit_grant ? 4 : 3;

  std::array<bool, 17> row = {};
  row[1] = c.erased;
  row[2] = c.restricted;
  row[3] = c.child || c.known_child;
  row[4] = c.status == 3;
  row[5] = c.status == 2;
  row[6] = c.gates_closed || c.status == 4 || c.status == 5;
  row[7] = c.gpc && (advertising || place != 1);
  row[8] = c.gpp_denies;
  row[9] = c.us_privacy_denies;
  row[10] = c.tcf == 2;
  row[11] = c.status == 1 && c.expire != 0 && kNow >= c.expire;
  row[12] = c.status == 1 && c.outdated;
  row[13] = place == 4;
  row[14] = place == 3 && permission != 0 && permission != 4;
  row[15] = c.use == 1;
  row[16] = permission == 0;
  Expected expected = {0, permission, 0};
  for (int i = 16; i >= 1; --i) {
    if (!row[static_cast<size_t>(i)]) continue;
    expected.rule = i;
    expected.rows |= 1u << i;
  }
  return expected;
}

// The names of the table's rows.
constexpr std::array<const char*, 17> kRowNames = {"model.nearest",
                                                   "subject.erased",
                                                   "subject.restricted",
                                                   "subject.child",
                                                   "consent.opted_out",
                                                   "consent.withdrawn",
                                                   "consent.closed",
                                                   "signal.gpc",
                                                   "signal.gpp",
                                                   "signal.us_privacy",
                                                   "signal.tcf",
                                                   "consent.expired",
                                                   "consent.notice_outdated",
                                                   "jurisdiction.not_served",
                                                   "jurisdiction.strict",
                                                   "context.significant_use",
                                                   "consent.none"};
constexpr std::array<const char*, 5> kPermissionNames = {"none", "opt_out_default", "tcf", "grant", "explicit_grant"};

std::string Describe(const Case& c) {
  std::ostringstream out;
  out << "purpose " << c.purpose << " status " << c.status << " expire " << c.expire << " explicit " << c.explicit_grant
      << " outdated " << c.outdated << " regimes " << c.stored_regime << c.request_regime << c.otherwise << " erased "
      << c.erased << " restricted " << c.restricted << " closed " << c.gates_closed << " child " << c.child
      << c.known_child << " gpc " << c.gpc << " gdpr " << c.gdpr << " gpp " << c.gpp_denies << " usp "
      << c.us_privacy_denies << " tcf " << c.tcf << " use " << c.use;
  return out.str();
}

Verdict Evaluate(const Case& c) {
  const auto purpose = static_cast<Purpose>(c.purpose);
  const uint32_t bit = PurposeBit(purpose);
  const uint32_t others = ~bit;  // what is said of the other purposes must not matter
  ConsentState state;
  state.status.fill(c.status == 1 ? ConsentStatus::kOptedOut : ConsentStatus::kGranted);
  state.expire_time_s.fill(7);
  state.status[static_cast<size_t>(purpose)] = static_cast<ConsentStatus>(c.status);
  state.expire_time_s[static_cast<size_t>(purpose)] = c.expire;
  state.explicit_grants = c.explicit_grant ? bit : others;
  state.outdated = c.outdated ? bit : others;
  state.regime = static_cast<Regime>(c.stored_regime);
  state.erased = c.erased;
  state.restricted = c.restricted;
  state.child = c.child;
  state.gates_closed = c.gates_closed;
  const SignalReading signals = {.tcf_permits = c.tcf == 1 ? bit : others,
                                 .tcf_denies = c.tcf == 2 ? bit : others,
                                 .gpp_denies = c.gpp_denies ? bit : others,
                                 .us_privacy_denies = c.us_privacy_denies ? bit : others,
                                 .gpc = c.gpc,
                                 .known_child = c.known_child,
                                 .gdpr_applies = c.gdpr,
                                 .regime = static_cast<Regime>(c.request_regime)};
  const Question question = {.purpose = purpose, .use = c.use == 0 ? Use::kOrdinary : Use::kCredit, .now_s = kNow};
  const VerdictRules rules = {
      .regime_otherwise = static_cast<Regime>(c.otherwise),
      .uses_allowed = c.use == 2 ? UseBit(Use::kCredit) : UseBit(Use::kHousing) | UseBit(Use::kOrdinary)};
  return EvaluateConsent(state, signals, question, rules);
}

// Of a purpose, every combination of stored state, signals, jurisdictions, use and age: 4 million.
class VerdictOfPurpose : public testing::TestWithParam<int> {};

struct Tally {
  int64_t cases = 0;
  int64_t allowed = 0;
};

void CheckSignals(Case c, Tally& tally) {
  for (int flags = 0; flags < 32; ++flags) {
    c.gpc = flags & 1;
    c.known_child = flags & 2;
    c.gdpr = flags & 4;
    c.gpp_denies = flags & 8;
    c.us_privacy_denies = flags & 16;
    for (c.tcf = 0; c.tcf <= 2; ++c.tcf) {
      for (c.use = 0; c.use <= 2; ++c.use) {
        const Expected expected = Reference(c);
        const Verdict actual = Evaluate(c);
        ++tally.cases;
        tally.allowed += actual.allowed;
        bool rows_agree = true;
        for (int row = 1; row <= 16; ++row) {
          // The enum's order is the table's, which the names below show.
          rows_agree &= ((expected.rows >> row) & 1) == ((actual.denials >> row) & 1);
        }
        ASSERT_TRUE(rows_agree && actual.denials >> 17 == 0) << Describe(c);
        ASSERT_EQ(actual.allowed, expected.rule == 0) << Describe(c);
        ASSERT_EQ(static_cast<int>(actual.rule), expected.rule) << Describe(c);
        ASSERT_EQ(static_cast<int>(actual.permission), expected.permission) << Describe(c);
      }
    }
  }
}

TEST_P(VerdictOfPurpose, EveryCombinationEqualsTheReference) {
  const uint32_t expiries[] = {0,
                               1,
                               static_cast<uint32_t>(kNow - 1),
                               static_cast<uint32_t>(kNow),
                               static_cast<uint32_t>(kNow + 1),
                               std::numeric_limits<uint32_t>::max()};
  Tally tally;
  Case c = {};
  c.purpose = GetParam();
  for (c.status = 0; c.status <= 5; ++c.status) {
    for (const uint32_t expire : expiries) {
      if (c.status != 1 && expire > 1) continue;  // it means nothing; that it does is tried with 0 and 1
      c.expire = expire;
      for (int flags = 0; flags < 64; ++flags) {
        if (c.status > 1 && (flags & 32) != 0) continue;  // closed twice
        c.erased = flags & 1;
        c.restricted = flags & 2;
        c.child = flags & 4;
        c.explicit_grant = flags & 8;
        c.outdated = flags & 16;
        c.gates_closed = flags & 32;
        for (c.stored_regime = 0; c.stored_regime <= 4; ++c.stored_regime) {
          for (c.request_regime = 0; c.request_regime <= 4; ++c.request_regime) {
            for (c.otherwise = 1; c.otherwise <= 4; ++c.otherwise) {
              if (c.otherwise > 1 && c.stored_regime + c.request_regime > 0 && (flags & 7) != 0) continue;
              CheckSignals(c, tally);
              if (HasFatalFailure()) return;
            }
          }
        }
      }
    }
  }
  EXPECT_GT(tally.cases, 4'000'000);
  EXPECT_GT(tally.allowed, 3'000);
}

INSTANTIATE_TEST_SUITE_P(Purposes, VerdictOfPurpose, testing::Range(1, kPurposeCount + 1));

TEST(ConsentVerdict, NamesOfRulesAndPermissionsStandInTheOrderOfTheTable) {
  for (size_t row = 0; row < kRowNames.size(); ++row) EXPECT_EQ(RuleName(static_cast<Rule>(row)), kRowNames[row]);
  for (size_t i = 0; i < kPermissionNames.size(); ++i) {
    EXPECT_EQ(PermissionName(static_cast<Permission>(i)), kPermissionNames[i]);
  }
}

TEST(ConsentVerdict, NothingKnownIsNoConsent) {
  const Verdict verdict = EvaluateConsent({}, {}, {.purpose = Purpose::kSelectContent, .now_s = kNow}, {});
  EXPECT_FALSE(verdict.allowed);
  EXPECT_EQ(verdict.rule, Rule::kConsentNone);
}

TEST(ConsentVerdict, AGrantEndsAtItsExactSecond) {
  ConsentState state;
  state.status[1] = ConsentStatus::kGranted;
  state.expire_time_s[1] = static_cast<uint32_t>(kNow);
  const auto allowed = [&](int64_t now_s) {
    return EvaluateConsent(state, {}, {.purpose = Purpose::kSelectAdvertising, .now_s = now_s}, {}).allowed;
  };
  EXPECT_TRUE(allowed(kNow - 1));
  EXPECT_FALSE(allowed(kNow));
  EXPECT_TRUE(allowed(kNow - 100)) << "a clock that is set back opens it again, as it does everything else";
}

TEST(ConsentVerdict, AnUnknownPurposeIsDenied) {
  ConsentState state;
  state.status.fill(ConsentStatus::kGranted);
  for (int number : {0, kPurposeCount + 1, 255}) {
    const Verdict verdict =
        EvaluateConsent(state, {}, {.purpose = static_cast<Purpose>(number), .now_s = kNow}, {Regime::kOptOut});
    EXPECT_FALSE(verdict.allowed) << number;
  }
}

TEST(Profile, IsUsedUnderAGrantAloneAndKeptWhileItIsRestricted) {
  const Purpose purpose = Purpose::kProfileContent;
  ConsentState state;
  state.regime = Regime::kOptOut;
  EXPECT_FALSE(MayUseProfile(state, purpose, kNow)) << "a default of the place is no grant";
  EXPECT_FALSE(MayKeepProfile(state, purpose, kNow));
  state.status[4] = ConsentStatus::kGranted;
  EXPECT_TRUE(MayUseProfile(state, purpose, kNow));
  EXPECT_TRUE(MayKeepProfile(state, purpose, kNow));
  const auto with = [&](auto change) {
    ConsentState changed = state;
    change(changed);
    return std::pair(MayUseProfile(changed, purpose, kNow), MayKeepProfile(changed, purpose, kNow));
  };
  EXPECT_EQ(with([](ConsentState& s) { s.restricted = true; }), std::pair(false, true));
  EXPECT_EQ(with([](ConsentState& s) { s.outdated = 1u << 4; }), std::pair(false, true));
  EXPECT_EQ(with([](ConsentState& s) { s.gates_closed = true; }), std::pair(false, true));
  EXPECT_EQ(with([](ConsentState& s) { s.child = true; }), std::pair(false, false));
  EXPECT_EQ(with([](ConsentState& s) { s.erased = true; }), std::pair(false, false));
  EXPECT_EQ(with([](ConsentState& s) { s.expire_time_s[4] = static_cast<uint32_t>(kNow); }), std::pair(false, false));
  EXPECT_EQ(with([](ConsentState& s) { s.status[4] = ConsentStatus::kWithdrawn; }), std::pair(false, false));
}

TEST(NewOptOut, IsWhatTheSignalsSayAndTheStateDoesNotShow) {
  constexpr uint32_t kSelect = PurposeBit(Purpose::kSelectAdvertising);
  ConsentState state;
  EXPECT_EQ(NewOptOut(state, {}, {}).purposes, 0u);
  EXPECT_EQ(NewOptOut(state, {.tcf_denies = kAllPurposeBits, .gpp_denies = kAllPurposeBits, .known_child = true}, {})
                .purposes,
            0u)
      << "denied, and yet nobody's opt-out";
  EXPECT_EQ(NewOptOut(state, {.gpc = true}, {}).purposes, kAllPurposeBits);
  EXPECT_EQ(NewOptOut(state, {.gpc = true, .regime = Regime::kOptOut}, {}).purposes, kAdvertisingPurposeBits);
  EXPECT_EQ(NewOptOut(state, {.gpc = true}, {.regime_otherwise = Regime::kOptOut}).purposes, kAdvertisingPurposeBits);
  const SignalReading both = {.gpp_opts_out = kAdvertisingPurposeBits, .us_privacy_opts_out = kSelect};
  EXPECT_EQ(NewOptOut(state, both, {}).rule, Rule::kSignalGpp);
  state.status[static_cast<size_t>(Purpose::kProfileAdvertising)] = ConsentStatus::kOptedOut;
  EXPECT_EQ(OptedOut(state), PurposeBit(Purpose::kProfileAdvertising));
  EXPECT_EQ(NewOptOut(state, both, {}).purposes, kSelect);
  state.status[static_cast<size_t>(Purpose::kSelectAdvertising)] = ConsentStatus::kClosed;
  EXPECT_EQ(NewOptOut(state, both, {}).purposes, kSelect) << "closed is not on the disk yet";
  state.status[static_cast<size_t>(Purpose::kSelectAdvertising)] = ConsentStatus::kOptedOut;
  EXPECT_EQ(NewOptOut(state, both, {}).purposes, 0u);
  EXPECT_EQ(NewOptOut(state, both, {}).rule, Rule::kNone);
}

}  // namespace
}  // namespace assent::policy
