#include "policy/tcf.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "policy/tcf_string.h"
#include "tests/policy/signal_fixture.h"
#include "tests/policy/tcf_reference.h"

namespace assent::policy {
namespace {

std::set<int> NumbersOf(uint64_t set) {
  std::set<int> numbers;
  for (int number = 0; number < 64; ++number) {
    if ((set >> number & 1) != 0) numbers.insert(number);
  }
  return numbers;
}

using Numbers = std::set<int>;

TcfReading ReadExample(const std::string& text) { return ReadTcf(text, ExamplePolicy()); }
Numbers Permitted(const std::string& text) { return NumbersOf(ReadExample(text).permitted); }

TEST(Tcf, PublishedStringsGiveTheirVerdicts) {
  EXPECT_EQ(Permitted(kTcfA), (Numbers{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  EXPECT_EQ(Permitted(kTcfB), (Numbers{1, 4})) << "3 was not consented to";
  EXPECT_EQ(Permitted(kTcfC), Numbers{}) << "disclosed, not consented to";
  EXPECT_TRUE(ReadExample(kTcfC).valid);
  EXPECT_EQ(Permitted(kTcfD), (Numbers{1, 2, 4, 5, 6, 7, 9, 10})) << "3 is restricted; no interest in 8 and 11";
  EXPECT_FALSE(ReadExample(kTcfG).valid) << "discloses nobody, and is of 2026-03-02";
  EXPECT_TRUE(ReadExample(kTcfH).valid) << "of 2025";
  EXPECT_EQ(Permitted(kTcfH), (Numbers{1, 3, 4}));
  EXPECT_FALSE(ReadExample(kTcfJ).valid) << "not service specific";
  EXPECT_FALSE(ReadExample(kTcfPolicy2).valid) << "policy 2 in 2025";
}

TEST(Tcf, RestrictionsChangeTheBasisOfFlexiblePurposes) {
  // 7 requires consent, which was not given; 9 requires legitimate interest, for which there is transparency.
  TcfString string;
  ASSERT_TRUE(DecodeTcf(kTcfE, kExampleVendor, string));
  EXPECT_EQ(string.vendor.restrictions[1], 1u << 7);
  EXPECT_EQ(string.vendor.restrictions[2], 1u << 9);
  EXPECT_EQ(NumbersOf(string.core.purposes_legitimate_interest), (Numbers{7, 9}));
  const std::optional<std::set<int>> expected = PermittedReference(kTcfE, kExampleVendor, ExampleRegistration());
  EXPECT_EQ(Permitted(kTcfE), expected);
  EXPECT_EQ(Permitted(kTcfE), (Numbers{1, 3, 4, 9}));
  EXPECT_TRUE(string.publisher.present);
  EXPECT_EQ(NumbersOf(string.publisher.purposes_consent), (Numbers{1, 3}));
  EXPECT_EQ(NumbersOf(string.publisher.purposes_legitimate_interest), Numbers{2});
  EXPECT_EQ(string.publisher.custom_purposes, 2);
  EXPECT_EQ(NumbersOf(string.publisher.custom_consent), Numbers{2});
  EXPECT_EQ(NumbersOf(string.publisher.custom_legitimate_interest), (Numbers{1, 2}));
}

TEST(Tcf, RangesHoldTheirEnds) {
  const auto consents = [](uint16_t vendor) {
    TcfString string;
    EXPECT_TRUE(DecodeTcf(kTcfF, vendor, string));
    return string.vendor.consent;
  };
  for (const uint16_t vendor : std::initializer_list<uint16_t>{10, 11, 699, 900, 1200, 1201})
    EXPECT_TRUE(consents(vendor)) << vendor;
  for (const uint16_t vendor : std::initializer_list<uint16_t>{0, 1, 9, 700, 899, 901, 1199, 1202, 65535})
    EXPECT_FALSE(consents(vendor)) << vendor;
  TcfString string;
  ASSERT_TRUE(DecodeTcf(kTcfF, 1299, string));
  EXPECT_TRUE(string.vendor.disclosed);
  ASSERT_TRUE(DecodeTcf(kTcfF, 1300, string));
  EXPECT_FALSE(string.vendor.disclosed);
}

TEST(Tcf, PurposeOneThatWasNotAskedForFollowsThePolicy) {
  EXPECT_EQ(Permitted(kTcfI), (Numbers{3, 4}));
  TcfPolicy policy = ExamplePolicy();
  policy.undisclosed_purpose_one = true;
  EXPECT_EQ(NumbersOf(ReadTcf(kTcfI, policy).permitted), (Numbers{1, 3, 4}));
  EXPECT_EQ(NumbersOf(ReadTcf(kTcfC, policy).permitted), Numbers{}) << "no treatment, no permission";
}

TEST(Tcf, PermitsNothingWithoutVendorOrList) {
  EXPECT_TRUE(ReadTcf(kTcfA, {}).valid);
  EXPECT_EQ(ReadTcf(kTcfA, {}).permitted, 0u);
  TcfPolicy policy = ExamplePolicy();
  policy.vendor_id = 0;
  EXPECT_EQ(ReadTcf(kTcfA, policy).permitted, 0u);
  policy = ExamplePolicy();
  policy.list = nullptr;
  EXPECT_EQ(ReadTcf(kTcfA, policy).permitted, 0u);
}

TEST(Tcf, PermitsNothingWhenTheListOfTheStringIsUnknown) {
  const VendorList other =
      VendorList::Create({{.version = 99, .registration = ExampleRegistration()},
                          {.specification = 2, .version = 100, .registration = ExampleRegistration()}})
          .value();
  const TcfReading reading = ReadTcf(kTcfA, {.vendor_id = kExampleVendor, .list = &other});
  EXPECT_TRUE(reading.valid);
  EXPECT_EQ(reading.permitted, 0u);
}

TEST(Tcf, LegitimateInterestNeverCarriesPersonalisation) {
  const VendorList list = VendorList::Create({{.version = 100,
                                               .registration = {.legitimate_interest_purposes = kAllTcfPurposeBits,
                                                                .flexible_purposes = kAllTcfPurposeBits}}})
                              .value();
  Random random(2);
  for (int i = 0; i < 3000; ++i) {
    const std::string text = RandomTcf(random);
    TcfString string;
    if (!DecodeTcf(text, kExampleVendor, string)) continue;
    const uint64_t by_consent = string.vendor.restrictions[1];
    for (const int purpose : NumbersOf(ReadTcf(text, {.vendor_id = kExampleVendor, .list = &list}).permitted)) {
      if (purpose == 1 || (purpose >= 3 && purpose <= 6)) {
        EXPECT_TRUE((by_consent >> purpose & 1) != 0) << text;
      }
    }
  }
}

TEST(Tcf, RefusesWhatIsTooLong) {
  // Zeros after the last field are no fault, so only the length is.
  std::string text(kTcfBytesMax, 'A');
  text.replace(0, sizeof(kTcfH) - 1, kTcfH);
  EXPECT_TRUE(ReadExample(text).valid);
  EXPECT_FALSE(ReadExample(text + "A").valid);
  EXPECT_FALSE(ReadExample("").valid);
}

TEST(Tcf, RefusesASegmentTwiceAndOneOfUnknownType) {
  const std::string disclosed = std::string(kTcfB).substr(std::string(kTcfB).find('.'));
  EXPECT_TRUE(ReadExample(kTcfB).valid);
  EXPECT_FALSE(ReadExample(kTcfB + disclosed).valid);
  EXPECT_FALSE(ReadExample(std::string(kTcfB) + ".").valid);
  EXPECT_TRUE(ReadExample(std::string(kTcfB) + ".QAAA").valid) << "allowed vendors are obsolete and ignored";
  for (const char* segment : {".AAAA", ".gAAA", ".oAAA", ".wAAA", ".4AAA"}) {
    EXPECT_FALSE(ReadExample(kTcfB + std::string(segment)).valid) << segment;
  }
}

// A string of 2026-03-02 that says of one purpose and one vendor exactly this, and of every other purpose everything.
struct OnePurpose {
  int purpose;
  bool consent, interest, vendor_consent, vendor_interest;
  unsigned restrictions;  // bit t: a restriction of type t
};

std::string StringOf(const OnePurpose& one) {
  const auto all_but = [&](bool said) {
    std::string bits(kTcfPurposesMax, '1');
    bits[static_cast<size_t>(one.purpose) - 1] = said ? '1' : '0';
    return bits;
  };
  const auto only_vendor = [](bool listed) { return Bits(42, 16) + "0" + std::string(41, '0') + (listed ? "1" : "0"); };
  std::string bits = BitsOfText(std::string(kTcfA).substr(0, 26)).substr(0, 152) + all_but(one.consent) +
                     all_but(one.interest) + "0" + Bits(0, 12);
  bits += only_vendor(one.vendor_consent) + only_vendor(one.vendor_interest);
  std::string restrictions;
  int count = 0;
  for (unsigned type = 0; type < kTcfRestrictionTypes; ++type) {
    if ((one.restrictions >> type & 1) == 0) continue;
    restrictions += Bits(static_cast<uint64_t>(one.purpose), 6) + Bits(type, 2) + Bits(1, 12) + "0" + Bits(42, 16);
    ++count;
  }
  bits += Bits(static_cast<uint64_t>(count), 12) + restrictions;
  return TextOfBits(bits) + "." + TextOfBits(Bits(1, 3) + only_vendor(true));
}

TEST(Tcf, AgreesWithTheReferenceOnEveryBasisAndRestriction) {
  size_t permitted_of_purpose = 0;
  for (int purpose = 1; purpose <= kTcfPurposesMax; ++purpose) {
    for (unsigned said = 0; said < 256; ++said) {
      const std::string text = StringOf({.purpose = purpose,
                                         .consent = (said & 1) != 0,
                                         .interest = (said & 2) != 0,
                                         .vendor_consent = (said & 4) != 0,
                                         .vendor_interest = (said & 8) != 0,
                                         .restrictions = said >> 4});
      const auto expected = PermittedReference(text, kExampleVendor, ExampleRegistration());
      ASSERT_TRUE(expected.has_value()) << text;
      ASSERT_EQ(Permitted(text), *expected) << "purpose " << purpose << " said " << said;
      permitted_of_purpose += expected->contains(purpose) ? 1 : 0;
    }
  }
  EXPECT_EQ(permitted_of_purpose, 100u) << "of 24 x 256, counted by the reference";
}

// The decoder and the decision against the slow ones, which were written from the specification.
TEST(Tcf, AgreesWithTheReferenceOnRandomStrings) {
  const uint64_t seed = 20261122;
  const size_t cases = SignalCasesOr(3000);
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  size_t valid = 0, permitting = 0;
  for (size_t i = 0; i < cases; ++i) {
    const std::string text = RandomTcf(random);
    const std::optional<TcfReference> expected = DecodeTcfReference(text);
    TcfString string;
    ASSERT_EQ(DecodeTcf(text, kExampleVendor, string), expected.has_value()) << text;
    const std::optional<std::set<int>> permitted = PermittedReference(text, kExampleVendor, ExampleRegistration());
    const TcfReading reading = ReadExample(text);
    ASSERT_EQ(reading.valid, permitted.has_value()) << text;
    ASSERT_EQ(NumbersOf(reading.permitted), permitted.value_or(std::set<int>())) << text;
    if (!expected) continue;
    ++valid;
    permitting += reading.permitted != 0 ? 1 : 0;
    const auto set = [&](const char* name) {
      const auto found = expected->set.find(name);
      return found == expected->set.end() ? std::set<int>() : found->second;
    };
    ASSERT_EQ(string.core.created_ds, expected->number.at("Created"));
    ASSERT_EQ(string.core.last_updated_ds, expected->number.at("LastUpdated"));
    ASSERT_EQ(string.core.cmp_id, expected->number.at("CmpId"));
    ASSERT_EQ(string.core.consent_screen, expected->number.at("ConsentScreen"));
    ASSERT_EQ(string.core.vendor_list_version, expected->number.at("VendorListVersion"));
    ASSERT_EQ(string.core.policy_version, expected->number.at("TcfPolicyVersion"));
    ASSERT_EQ(NumbersOf(string.core.special_feature_opt_ins), set("SpecialFeatureOptIns"));
    ASSERT_EQ(NumbersOf(string.core.purposes_consent), set("PurposesConsent"));
    ASSERT_EQ(NumbersOf(string.core.purposes_legitimate_interest), set("PurposesLITransparency"));
    ASSERT_EQ(string.vendor.consent, set("VendorConsent").contains(kExampleVendor));
    ASSERT_EQ(string.vendor.legitimate_interest, set("VendorLI").contains(kExampleVendor));
    ASSERT_EQ(string.vendor.disclosed, set("DisclosedVendors").contains(kExampleVendor));
    ASSERT_EQ(string.discloses_vendors, !set("DisclosedVendors").empty());
    ASSERT_EQ(string.publisher.present, expected->has_publisher);
    ASSERT_EQ(NumbersOf(string.publisher.custom_consent), set("CustomConsent"));
    ASSERT_EQ(NumbersOf(string.publisher.custom_legitimate_interest), set("CustomLI"));
  }
  // The strings would prove little if few of them got this far.
  EXPECT_GT(valid, cases / 2);
  EXPECT_GT(permitting, cases / 40);
}

}  // namespace
}  // namespace assent::policy
