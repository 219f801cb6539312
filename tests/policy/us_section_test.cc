#include "policy/us_section.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "policy/us_privacy.h"
#include "tests/policy/signal_fixture.h"
#include "tests/policy/us_reference.h"

namespace assent::policy {
namespace {

const std::map<std::string, UsField>& FieldNames() {
  static const std::map<std::string, UsField> names = {
      {"SharingNotice", UsField::kSharingNotice},
      {"SaleNotice", UsField::kSaleOptOutNotice},
      {"SharingOptOutNotice", UsField::kSharingOptOutNotice},
      {"TargetedNotice", UsField::kTargetedAdvertisingOptOutNotice},
      {"SensitiveNotice", UsField::kSensitiveDataOptOutNotice},
      {"LimitNotice", UsField::kSensitiveDataLimitNotice},
      {"SaleOptOut", UsField::kSaleOptOut},
      {"SharingOptOut", UsField::kSharingOptOut},
      {"TargetedOptOut", UsField::kTargetedAdvertisingOptOut},
      {"Personal", UsField::kPersonalDataConsents},
      {"Additional", UsField::kAdditionalDataConsent},
      {"MspaCovered", UsField::kMspaCoveredTransaction},
      {"MspaOptOutMode", UsField::kMspaOptOutOptionMode},
      {"MspaServiceProvider", UsField::kMspaServiceProviderMode},
      {"MspaMode", UsField::kMspaMode},
  };
  return names;
}

UsSectionFields FieldsOf(const UsReference& reference) {
  UsSectionFields fields;
  fields.version = static_cast<uint8_t>(reference.version);
  fields.gpc = reference.gpc;
  for (const auto& [name, answers] : reference.field) {
    for (size_t i = 0; i < answers.size(); ++i) {
      const auto answer = static_cast<uint8_t>(answers[i]);
      if (name == "Sensitive") {
        fields.sensitive[i] = answer;
      } else if (name == "Child") {
        fields.children[i] = answer;
      } else {
        fields.fields[static_cast<size_t>(FieldNames().at(name))] = answer;
      }
    }
  }
  return fields;
}

uint32_t DeniedOf(UsDenial denial) {
  if (denial == UsDenial::kEverything) return kAllPurposeBits;
  return denial == UsDenial::kAdvertising ? kAdvertisingPurposeBits : 0;
}

class UsSections : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(All, UsSections, testing::Range(kUsSectionFirst, kUsSectionLast + 1));

TEST_P(UsSections, AgreeWithTheReferenceOnRandomStrings) {
  const int section = GetParam();
  const uint64_t seed = 1000 + static_cast<uint64_t>(section);
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const size_t cases = SignalCasesOr(1000);
  std::map<uint32_t, size_t> denials;
  size_t valid = 0;
  for (size_t i = 0; i < cases; ++i) {
    const std::string text = RandomUsSection(random, section);
    const std::optional<UsReference> expected = DecodeUsReference(section, text);
    UsSectionFields fields;
    ASSERT_EQ(DecodeUsSection(section, text, fields), expected.has_value()) << text;
    const UsReading reading = ReadUsSection(section, text);
    ASSERT_EQ(reading.valid, expected.has_value()) << text;
    ASSERT_EQ(reading.denied, DeniedOf(UsDenialReference(section, text))) << text;
    ASSERT_EQ(reading.opted_out & ~reading.denied, 0u) << text;
    ASSERT_TRUE(expected.has_value() || reading.opted_out == 0) << text;
    if (!expected) continue;
    const bool said = fields.gpc || fields[UsField::kSaleOptOut] == 1 || fields[UsField::kSharingOptOut] == 1 ||
                      fields[UsField::kTargetedAdvertisingOptOut] == 1;
    ASSERT_EQ(reading.opted_out, said ? kAdvertisingPurposeBits : 0u) << text;
    ASSERT_EQ(fields, FieldsOf(*expected)) << text;
    ++valid;
    ++denials[reading.denied];
  }
  EXPECT_GT(valid, cases * 3 / 4);
  EXPECT_EQ(denials.size(), 3u) << "nothing, advertising, everything";
  for (const auto& [denied, count] : denials) EXPECT_GT(count, cases / 100) << denied;
}

// Each answer alone, so that no rule hides behind another.
TEST_P(UsSections, AgreeWithTheReferenceOnEverySingleAnswerAndPair) {
  const int section = GetParam();
  for (const bool first_national : {false, true}) {
    if (first_national && section != 7) continue;
    const UsReferenceSize size = UsReferenceSizeOf(section, first_national);
    const std::string version = Bits(section == 7 && !first_national ? 2 : 1, 6);
    for (int a = 0; a < size.core_answers; ++a) {
      for (int b = 0; b <= a; ++b) {
        for (int answers = 0; answers < 16; ++answers) {
          std::string bits(2 * static_cast<size_t>(size.core_answers), '0');
          bits.replace(2 * static_cast<size_t>(a), 2, Bits(static_cast<uint64_t>(answers) & 3, 2));
          bits.replace(2 * static_cast<size_t>(b), 2, Bits(static_cast<uint64_t>(answers) >> 2, 2));
          const std::string text = TextOfBits(version + bits);
          ASSERT_EQ(ReadUsSection(section, text).denied, DeniedOf(UsDenialReference(section, text))) << text;
        }
      }
    }
  }
}

TEST(UsSection, PublishedStrings) {
  UsSectionFields fields;
  ASSERT_TRUE(DecodeUsSection(7, "BVVVkkkklWA.YA", fields));
  EXPECT_EQ(fields.version, 1);
  for (const UsField field : {UsField::kSharingNotice, UsField::kSaleOptOut, UsField::kTargetedAdvertisingOptOut,
                              UsField::kPersonalDataConsents, UsField::kMspaOptOutOptionMode}) {
    EXPECT_EQ(fields[field], 1);
  }
  EXPECT_EQ(fields[UsField::kMspaServiceProviderMode], 2);
  EXPECT_EQ(fields.sensitive, (std::array<uint8_t, kUsSensitiveMax>{2, 1, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0}));
  EXPECT_EQ(fields.children, (std::array<uint8_t, kUsChildrenMax>{2, 1}));
  EXPECT_TRUE(fields.gpc);

  // Maryland's and its kind begin with the version of the industry's contract.
  ASSERT_TRUE(DecodeUsSection(24, "BVVU.Y", fields));
  EXPECT_EQ(fields[UsField::kMspaMode], 1);
  EXPECT_EQ(fields[UsField::kAdditionalDataConsent], 1);
  EXPECT_TRUE(fields.gpc);
  ASSERT_TRUE(DecodeUsSection(24, "BQAA", fields));
  EXPECT_EQ(fields[UsField::kMspaCoveredTransaction], 1);
}

TEST(UsSection, DefaultsOfTheReferenceEncoderDenyNothing) {
  const std::vector<std::pair<int, std::string>> defaults = {
      {7, "BAAAAAAAAABA.QA"}, {8, "BAAAAABA.QA"},  {9, "BAAAABA"},        {10, "BAAAAEA.QA"},
      {11, "BAAAAAQA"},       {12, "BAAAAAEA.QA"}, {13, "BAAAAABA"},      {14, "BAAAAABA.QA"},
      {15, "BAAAAAABAA.QA"},  {16, "BAAAAAQA.QA"}, {17, "BAAAAAABAA.QA"}, {18, "BAAAAAQA.QA"},
      {19, "BAAAAAQA.QA"},    {20, "BAAAAABA.QA"}, {21, "BAAAAAAAQA.QA"}, {22, "BAAAAAQA.QA"},
  };
  for (const auto& [section, text] : defaults) {
    UsSectionFields fields;
    ASSERT_TRUE(DecodeUsSection(section, text, fields)) << section;
    UsSectionFields expected;
    expected.version = 1;
    expected.fields[static_cast<size_t>(UsField::kMspaCoveredTransaction)] = 1;
    EXPECT_EQ(fields, expected) << section;
    EXPECT_EQ(ReadUsSection(section, text), (UsReading{.valid = true, .denied = 0})) << section;
  }
}

TEST(UsSection, RefusesOtherSections) {
  for (const int section : {-1, 0, 2, 6, 28, 1000}) {
    UsSectionFields fields;
    EXPECT_FALSE(DecodeUsSection(section, "BAAAAAAAAABA", fields)) << section;
    EXPECT_EQ(ReadUsSection(section, "BAAAAAAAAABA"), UsReading()) << section;
  }
}

TEST(UsPrivacy, OnlyAnOptOutOfSaleDenies) {
  for (const char notice : {'Y', 'N', '-'}) {
    for (const char opt_out : {'Y', 'N', '-'}) {
      for (const char covered : {'Y', 'N', '-'}) {
        const std::string text = {'1', notice, opt_out, covered};
        const UsReading reading = ReadUsPrivacy(text);
        EXPECT_TRUE(reading.valid) << text;
        EXPECT_EQ(reading.denied, opt_out == 'Y' ? kAdvertisingPurposeBits : 0) << text;
        EXPECT_EQ(reading.opted_out, reading.denied) << text;
      }
    }
  }
}

TEST(UsPrivacy, AnythingElseIsMalformedAndDeniesEverything) {
  for (const char* text : {"", "1", "1YN", "1YNNN", "2YNN", "0YNN", "1ynn", "1Y N", "YNN1", "1YXN", "----"}) {
    EXPECT_EQ(ReadUsPrivacy(text), (UsReading{.valid = false, .denied = kAllPurposeBits})) << text;
  }
  for (int at = 0; at < 4; ++at) {
    for (int character = 0; character < 256; ++character) {
      std::string text = "1YNN";
      text[static_cast<size_t>(at)] = static_cast<char>(character);
      const bool allowed = at == 0 ? character == '1' : character == 'Y' || character == 'N' || character == '-';
      EXPECT_EQ(ReadUsPrivacy(text).valid, allowed) << text;
    }
  }
}

}  // namespace
}  // namespace assent::policy
