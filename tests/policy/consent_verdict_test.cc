#include "policy/consent_verdict.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

namespace assent::policy {
namespace {

constexpr int64_t kNow = 1'700'000'000;

// Written from docs/verdict.md, not from the code: every rule that applies is collected with its place in the table,
// then the first is named. It shares nothing with the evaluator but the names.
Verdict ReferenceVerdict(const ConsentState& state, const Signals& signals, int purpose, int64_t now_s) {
  std::vector<std::pair<int, Rule>> denials;
  const int status = static_cast<int>(state.status.at(static_cast<size_t>(purpose)));
  const int64_t expire = state.expire_time_s.at(static_cast<size_t>(purpose));
  const bool standing_grant = status == 1 && (expire == 0 || expire > now_s);
  if (state.erased) denials.push_back({1, Rule::kSubjectErased});
  if (state.restricted) denials.push_back({2, Rule::kSubjectRestricted});
  if (state.child) denials.push_back({3, Rule::kSubjectChild});
  if (signals.known_child) denials.push_back({3, Rule::kSubjectChild});
  if (status == 3) denials.push_back({4, Rule::kConsentOptedOut});
  if (status == 2) denials.push_back({5, Rule::kConsentWithdrawn});
  if (status == 4) denials.push_back({6, Rule::kConsentClosed});
  if (signals.gpc) denials.push_back({7, Rule::kSignalGpc});
  if (signals.undecodable) denials.push_back({8, Rule::kSignalUndecodable});
  if (status == 1 && !standing_grant) denials.push_back({9, Rule::kConsentExpired});
  if (!standing_grant) denials.push_back({10, Rule::kConsentNone});
  if (denials.empty()) return {true, Rule::kNone};
  return {false, std::min_element(denials.begin(), denials.end())->second};
}

TEST(ConsentVerdict, EveryCombinationEqualsTheReference) {
  int cases = 0;
  int allowed = 0;
  // Expiry before, at and after now, and none; status 5 stands for one that a later version might add.
  const uint32_t expiries[] = {0,
                               1,
                               static_cast<uint32_t>(kNow - 1),
                               static_cast<uint32_t>(kNow),
                               static_cast<uint32_t>(kNow + 1),
                               std::numeric_limits<uint32_t>::max()};
  for (int purpose = 1; purpose <= kPurposeCount; ++purpose) {
    for (int status = 0; status <= 5; ++status) {
      for (uint32_t expire : expiries) {
        for (int others = 0; others <= 4; ++others) {  // what the other purposes hold must not matter
          for (int flags = 0; flags < 64; ++flags) {
            ConsentState state;
            state.status.fill(static_cast<ConsentStatus>(others));
            state.expire_time_s.fill(7);
            state.status[static_cast<size_t>(purpose)] = static_cast<ConsentStatus>(status);
            state.expire_time_s[static_cast<size_t>(purpose)] = expire;
            state.child = flags & 1;
            state.restricted = flags & 2;
            state.erased = flags & 4;
            const Signals signals = {
                .gpc = (flags & 8) != 0, .known_child = (flags & 16) != 0, .undecodable = (flags & 32) != 0};
            const Verdict expected = ReferenceVerdict(state, signals, purpose, kNow);
            const Verdict actual = EvaluateConsent(state, signals, static_cast<Purpose>(purpose), kNow);
            ASSERT_EQ(actual.allowed, expected.allowed)
                << "purpose " << purpose << " status " << status << " expire " << expire << " flags " << flags;
            ASSERT_EQ(actual.rule, expected.rule)
                << "purpose " << purpose << " status " << status << " expire " << expire << " flags " << flags;
            ++cases;
            allowed += actual.allowed;
          }
        }
      }
    }
  }
  EXPECT_EQ(cases, 6 * 6 * 6 * 5 * 64);
  EXPECT_EQ(allowed, 6 * 1 * 3 * 5 * 1);  // granted, no flag, no expiry or a later one
}

TEST(ConsentVerdict, NothingKnownIsNoConsent) {
  const Verdict verdict = EvaluateConsent(ConsentState{}, Signals{}, Purpose::kSelectContent, kNow);
  EXPECT_FALSE(verdict.allowed);
  EXPECT_EQ(verdict.rule, Rule::kConsentNone);
}

TEST(ConsentVerdict, AGrantEndsAtItsExactSecond) {
  ConsentState state;
  state.status[1] = ConsentStatus::kGranted;
  state.expire_time_s[1] = static_cast<uint32_t>(kNow);
  EXPECT_TRUE(EvaluateConsent(state, {}, Purpose::kSelectAdvertising, kNow - 1).allowed);
  EXPECT_FALSE(EvaluateConsent(state, {}, Purpose::kSelectAdvertising, kNow).allowed);
}

TEST(ConsentVerdict, AnUnknownPurposeIsDenied) {
  ConsentState state;
  state.status.fill(ConsentStatus::kGranted);
  for (int number : {0, kPurposeCount + 1, 255}) {
    EXPECT_FALSE(EvaluateConsent(state, {}, static_cast<Purpose>(number), kNow).allowed) << number;
  }
}

}  // namespace
}  // namespace assent::policy
