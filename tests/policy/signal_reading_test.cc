#include "policy/signal_reading.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "policy/signal_cache.h"
#include "policy/us_privacy.h"
#include "tests/policy/signal_fixture.h"

namespace assent::policy {
namespace {

constexpr uint32_t kSelectAds = PurposeBit(Purpose::kSelectAdvertising);
constexpr uint32_t kProfileAds = PurposeBit(Purpose::kProfileAdvertising);

SignalPolicy Policy() { return {.tcf = ExamplePolicy(), .gdpr_when_unknown = true}; }
SignalReading ReadAll(const RawSignals& raw) { return ReadSignals(raw, Policy()); }

TEST(SignalReading, NothingSaysNothing) { EXPECT_EQ(ReadAll({}), SignalReading()); }

TEST(SignalReading, PurposesMapOneToOne) {
  const std::map<int, Purpose> map = {{4, Purpose::kSelectAdvertising},  {6, Purpose::kSelectContent},
                                      {3, Purpose::kProfileAdvertising}, {5, Purpose::kProfileContent},
                                      {9, Purpose::kMeasureAudience},    {10, Purpose::kImproveService}};
  for (int purpose = 1; purpose <= kTcfPurposesMax; ++purpose) {
    const auto found = map.find(purpose);
    EXPECT_EQ(PurposesOfTcf(TcfPurposeBit(purpose)), found == map.end() ? 0 : PurposeBit(found->second)) << purpose;
  }
  EXPECT_EQ(PurposesOfTcf(kAllTcfPurposeBits), kAllPurposeBits);
}

TEST(SignalReading, ATcfStringPermitsAndDeniesTheRest) {
  for (const std::optional<bool> gdpr : {std::optional<bool>(), std::optional<bool>(true)}) {
    const SignalReading reading = ReadAll({.tcf = kTcfB, .gdpr = gdpr});
    EXPECT_EQ(reading.tcf_permits, kSelectAds);
    EXPECT_EQ(reading.tcf_denies, kAllPurposeBits & ~kSelectAds);
    EXPECT_EQ(reading.gpp_denies | reading.us_privacy_denies, 0u);
    EXPECT_EQ(reading.gdpr_applies, gdpr.value_or(false));
  }
}

TEST(SignalReading, WhenTheGdprDoesNotApplyNoTcfStringIsInForce) {
  for (const char* tcf : {kTcfB, kTcfJ, "garbage"}) {
    EXPECT_EQ(ReadAll({.tcf = tcf, .gdpr = false}), SignalReading()) << tcf;
    const SignalPolicy elsewhere = {.tcf = ExamplePolicy(), .gdpr_when_unknown = false};
    EXPECT_EQ(ReadSignals({.tcf = tcf}, elsewhere), SignalReading()) << tcf;
    EXPECT_NE(ReadSignals({.tcf = tcf, .gdpr = true}, elsewhere).tcf_denies, 0u) << tcf;
  }
}

TEST(SignalReading, TheGdprWithoutAStringSaysNothing) {
  const SignalReading reading = ReadAll({.gdpr = true});
  EXPECT_EQ(reading.tcf_permits | reading.tcf_denies, 0u);
  EXPECT_TRUE(reading.gdpr_applies);
}

TEST(SignalReading, MalformedDeniesEverything) {
  for (const char* tcf : {"garbage", kTcfG, kTcfJ, kTcfPolicy2, "=", "."}) {
    EXPECT_EQ(ReadAll({.tcf = tcf}).tcf_permits, 0u) << tcf;
    EXPECT_EQ(ReadAll({.tcf = tcf}).tcf_denies, kAllPurposeBits) << tcf;
  }
  const std::vector<int32_t> national = {7};
  EXPECT_EQ(ReadAll({.gpp = "DBABLA~!", .gpp_sid = national}).gpp_denies, kAllPurposeBits);
  EXPECT_EQ(ReadAll({.gpp_sid = national}).gpp_denies, kAllPurposeBits) << "in force, and not there";
  EXPECT_EQ(ReadAll({.us_privacy = "1YN"}).us_privacy_denies, kAllPurposeBits);
}

TEST(SignalReading, UsSignalsDenyAdvertising) {
  const std::vector<int32_t> national = {7};
  EXPECT_EQ(ReadAll({.gpp = kGppAllOptedOut, .gpp_sid = national}).gpp_denies, kAdvertisingPurposeBits);
  EXPECT_EQ(ReadAll({.gpp = kGppAllOptedOut}).gpp_denies, 0u) << "not in force";
  EXPECT_EQ(ReadAll({.us_privacy = "1YYN"}).us_privacy_denies, kAdvertisingPurposeBits);
  EXPECT_EQ(ReadAll({.us_privacy = "1---"}).us_privacy_denies, 0u);
}

TEST(SignalReading, TwoTcfStringsPermitWhatBothPermit) {
  const std::vector<int32_t> europe = {2};
  const std::string with_b = "DBABMA~" + std::string(kTcfB);  // 4
  const std::string with_d = "DBABMA~" + std::string(kTcfI);  // 3 and 4
  EXPECT_EQ(ReadAll({.gpp = with_d, .gpp_sid = europe}).tcf_permits, kSelectAds | kProfileAds);
  const SignalReading both = ReadAll({.tcf = kTcfB, .gpp = with_d, .gpp_sid = europe});
  EXPECT_EQ(both.tcf_permits, kSelectAds);
  EXPECT_EQ(both.tcf_denies, kAllPurposeBits & ~kSelectAds);
  EXPECT_EQ(ReadAll({.tcf = kTcfI, .gpp = with_b, .gpp_sid = europe}).tcf_permits, kSelectAds);
  EXPECT_EQ(ReadAll({.tcf = kTcfJ, .gpp = with_b, .gpp_sid = europe}).tcf_permits, 0u) << "the other is invalid";
}

TEST(SignalReading, FlagsPassThrough) {
  EXPECT_TRUE(ReadAll({.gpc = true}).gpc);
  EXPECT_TRUE(ReadAll({.known_child = true}).known_child);
}

// Requests of few different parts, so that they repeat, and some that do not fit.
struct Request {
  std::string tcf = {}, gpp = {}, us_privacy = {};
  std::vector<int32_t> sid = {};
  std::optional<bool> gdpr = std::nullopt;
  bool gpc = false, known_child = false;

  RawSignals raw() const {
    return {.tcf = tcf,
            .gpp = gpp,
            .us_privacy = us_privacy,
            .gpp_sid = sid,
            .gdpr = gdpr,
            .gpc = gpc,
            .known_child = known_child};
  }
};

Request RandomRequest(Random& random) {
  const std::vector<std::string> tcf = {
      "", kTcfA, kTcfB, kTcfD, kTcfJ, "x", std::string(kTcfA) + std::string(600, '=')};
  const std::vector<std::string> gpp = {"", kGppAllOptedOut, kGppNoneOptedOut, kGppChild,
                                        "DBABMA~" + std::string(kTcfB)};
  const std::vector<std::string> us_privacy = {"", "1YNN", "1YYN", "1"};
  const std::vector<std::vector<int32_t>> sid = {{}, {7}, {2}, {7, 2}, {-1}};
  const auto pick = [&](const auto& from) {
    return from[static_cast<size_t>(Between(random, 0, static_cast<int>(from.size()) - 1))];
  };
  Request request = {.tcf = pick(tcf), .gpp = pick(gpp), .us_privacy = pick(us_privacy), .sid = pick(sid)};
  const int gdpr = Between(random, 0, 2);
  if (gdpr > 0) request.gdpr = gdpr == 2;
  request.gpc = Between(random, 0, 3) == 0;
  request.known_child = Between(random, 0, 3) == 0;
  return request;
}

TEST(SignalCache, GivesWhatReadSignalsGives) {
  const uint64_t seed = 7;
  Random random(seed);
  SignalCache cache(Policy());
  for (int i = 0; i < 20000; ++i) {
    const Request request = RandomRequest(random);
    ASSERT_EQ(cache.Read(request.raw()), ReadAll(request.raw()))
        << request.tcf << " " << request.gpp << " seed " << seed;
  }
  EXPECT_GT(cache.hits(), 2000u);
}

TEST(SignalCache, TellsApartWhatOnlyDividesDifferently) {
  SignalCache cache(Policy());
  const std::vector<int32_t> none, national = {7};
  // The same bytes in another field, and in the other order.
  EXPECT_EQ(cache.Read({.us_privacy = "1YYN"}).us_privacy_denies, kAdvertisingPurposeBits);
  EXPECT_EQ(cache.Read({.tcf = "1YYN"}).us_privacy_denies, 0u);
  EXPECT_EQ(cache.Read({.tcf = "1YYN"}).tcf_denies, kAllPurposeBits);
  EXPECT_EQ(cache.Read({.gpp = kGppGpc, .gpp_sid = national}).gpp_denies, kAdvertisingPurposeBits);
  EXPECT_EQ(cache.Read({.gpp = kGppGpc, .gpp_sid = none}).gpp_denies, 0u);
  EXPECT_EQ(cache.hits(), 1u);
  EXPECT_EQ(cache.Read({.tcf = kTcfB, .gdpr = true}).tcf_permits, kSelectAds);
  EXPECT_EQ(cache.Read({.tcf = kTcfB, .gdpr = false}).tcf_permits, 0u);
  EXPECT_EQ(cache.Read({.tcf = kTcfB}).tcf_permits, kSelectAds);
}

TEST(SignalCache, TakesNoSlotForARequestWithoutStrings) {
  SignalCache cache(Policy());
  for (int i = 0; i < 2; ++i) EXPECT_EQ(cache.Read({}), SignalReading());
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(cache.Read({.gpc = true}).gpc);
  EXPECT_EQ(cache.hits(), 0u);
}

TEST(SignalCache, DecodesLongRequestsEachTime) {
  SignalCache cache(Policy());
  std::string fits = kTcfB;
  fits.insert(fits.find('.'), std::string(kSignalCacheKeyBytes - fits.size(), 'A'));
  const std::string longer =
      std::string(kTcfB).insert(std::string(kTcfB).find('.'), std::string(kSignalCacheKeyBytes, 'A'));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(cache.Read({.tcf = fits}).tcf_permits, kSelectAds);
    EXPECT_EQ(cache.Read({.tcf = longer}).tcf_permits, kSelectAds);
  }
  EXPECT_EQ(cache.hits(), 2u);
}

}  // namespace
}  // namespace assent::policy
