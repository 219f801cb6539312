// Published strings with the fields that the reference decoders of the IAB found in them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "policy/gpp.h"
#include "policy/tcf_string.h"
#include "policy/us_section.h"
#include "tests/policy/signal_fixture.h"

namespace assent::policy {
namespace {

using Json = nlohmann::json;
using Ids = std::vector<int>;

std::string VectorsPath(const std::string& file) {
  const char* const data = std::getenv("ASSENT_DATA_DIR");
  const std::string path = std::string(data == nullptr ? "" : data) + "/consent-vectors/" + file;
  return data != nullptr && std::ifstream(path).good() ? path : "";
}

Ids IdsOf(uint64_t set) {
  Ids ids;
  for (int id = 0; id < 64; ++id) {
    if ((set >> id & 1) != 0) ids.push_back(id);
  }
  return ids;
}

std::string Text(const TwoLetters& letters) { return {letters.begin(), letters.end()}; }

// Everything that a string says, under the names of the file.
Json Decoded(const std::string& text) {
  TcfString string;
  if (!DecodeTcf(text, 0, string)) return nullptr;
  const TcfCore& core = string.core;
  std::map<TcfVendorList, Ids> vendors;
  std::vector<std::pair<std::pair<int, int>, Ids>> restrictions;
  const auto vendor = [&](TcfVendorList list, uint16_t id) { vendors[list].push_back(id); };
  const auto restriction = [&](int purpose, TcfRestriction type, uint16_t first, uint16_t last) {
    const std::pair<int, int> key = {purpose, static_cast<int>(type)};
    if (restrictions.empty() || restrictions.back().first != key) restrictions.push_back({key, {}});
    for (int id = first; id <= last; ++id) restrictions.back().second.push_back(id);
  };
  EXPECT_TRUE(VisitTcf(text, {.vendor = vendor, .restriction = restriction}));
  Json restricted = Json::array();
  for (const auto& [key, ids] : restrictions) {
    restricted.push_back({{"purposeId", key.first}, {"restrictionType", key.second}, {"vendors", ids}});
  }
  return {{"version", core.version},
          {"created", core.created_ds},
          {"lastUpdated", core.last_updated_ds},
          {"cmpId", core.cmp_id},
          {"cmpVersion", core.cmp_version},
          {"consentScreen", core.consent_screen},
          {"consentLanguage", Text(core.consent_language)},
          {"vendorListVersion", core.vendor_list_version},
          {"policyVersion", core.policy_version},
          {"isServiceSpecific", core.is_service_specific},
          {"useNonStandardTexts", core.use_non_standard_texts},
          {"purposeOneTreatment", core.purpose_one_treatment},
          {"publisherCountryCode", Text(core.publisher_country)},
          {"specialFeatureOptins", IdsOf(core.special_feature_opt_ins)},
          {"purposeConsents", IdsOf(core.purposes_consent)},
          {"purposeLegitimateInterests", IdsOf(core.purposes_legitimate_interest)},
          {"vendorConsents", vendors[TcfVendorList::kConsent]},
          {"vendorLegitimateInterests", vendors[TcfVendorList::kLegitimateInterest]},
          {"vendorsDisclosed", vendors[TcfVendorList::kDisclosed]},
          {"vendorsAllowed", vendors[TcfVendorList::kAllowed]},
          {"publisherRestrictions", restricted},
          {"publisherConsents", IdsOf(string.publisher.purposes_consent)},
          {"publisherLegitimateInterests", IdsOf(string.publisher.purposes_legitimate_interest)},
          {"publisherCustomConsents", IdsOf(string.publisher.custom_consent)},
          {"publisherCustomLegitimateInterests", IdsOf(string.publisher.custom_legitimate_interest)}};
}

uint64_t DecisecondsOf(const std::string& time) {
  absl::Time parsed;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, time, &parsed, nullptr)) << time;
  return static_cast<uint64_t>(absl::ToUnixMillis(parsed) / 100);
}

// Restrictions as a set: the file groups them in its own order.
std::map<std::pair<int, int>, std::set<int>> RestrictionSets(const Json& list) {
  std::map<std::pair<int, int>, std::set<int>> sets;
  for (const Json& item : list) {
    const auto ids = item["vendors"].get<Ids>();
    sets[{item["purposeId"].get<int>(), item["restrictionType"].get<int>()}].insert(ids.begin(), ids.end());
  }
  return sets;
}

void ExpectField(const std::string& name, const Json& expected, const Json& decoded) {
  if (name == "created" || name == "lastUpdated") {
    EXPECT_EQ(decoded[name].get<uint64_t>(), DecisecondsOf(expected.get<std::string>())) << name;
  } else if (name == "publisherRestrictions") {
    EXPECT_EQ(RestrictionSets(decoded[name]), RestrictionSets(expected));
  } else if (const size_t suffix = name.find("_count"); suffix != std::string::npos) {
    EXPECT_EQ(decoded[name.substr(0, suffix)].size(), expected.get<size_t>()) << name;
  } else if (const size_t first = name.find("_first"); first != std::string::npos) {
    auto ids = decoded[name.substr(0, first)].get<Ids>();
    ids.resize(expected.size());
    EXPECT_EQ(Json(ids), expected) << name;
  } else if (const size_t last = name.find("_last"); last != std::string::npos) {
    const auto ids = decoded[name.substr(0, last)].get<Ids>();
    EXPECT_EQ(Json(Ids(ids.end() - static_cast<int64_t>(expected.size()), ids.end())), expected) << name;
  } else if (const size_t contains = name.find("_contains"); contains != std::string::npos) {
    const auto ids = decoded[name.substr(0, contains)].get<std::set<int>>();
    for (const int id : expected.get<Ids>()) EXPECT_TRUE(ids.contains(id)) << name;
  } else {
    ASSERT_TRUE(decoded.contains(name)) << name;
    EXPECT_EQ(decoded[name], expected) << name;
  }
}

TEST(ConsentVectors, EveryTcfStringDecodesToItsFields) {
  const std::string path = VectorsPath("tcf_valid.jsonl");
  if (path.empty()) GTEST_SKIP() << "needs ASSENT_DATA_DIR with consent-vectors";
  std::ifstream file(path);
  int strings = 0;
  for (std::string line; std::getline(file, line);) {
    const Json record = Json::parse(line);
    const auto input = record["input"].get<std::string>();
    SCOPED_TRACE(input);
    const Json decoded = Decoded(input);
    ASSERT_FALSE(decoded.is_null());
    for (const auto& [name, expected] : record["decoded"].items()) ExpectField(name, expected, decoded);
    ++strings;
  }
  EXPECT_EQ(strings, 55);
}

TEST(ConsentVectors, EveryAssertedTcfFieldIsDecoded) {
  const std::string path = VectorsPath("asserted.json");
  if (path.empty()) GTEST_SKIP() << "needs ASSENT_DATA_DIR with consent-vectors";
  const Json file = Json::parse(std::ifstream(path));
  for (const Json& record : file["tcf"]) {
    const auto input = record["input"].get<std::string>();
    SCOPED_TRACE(input);
    const Json decoded = Decoded(input);
    ASSERT_FALSE(decoded.is_null());
    for (const auto& [name, expected] : record["expect"].items()) ExpectField(name, expected, decoded);
  }
}

// Sections by id, as they stand in the string.
std::map<int, std::string> SectionsOf(const std::string& gpp) {
  std::vector<std::string> parts(1);
  for (const char c : gpp) {
    if (c == '~') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  GppIndex index;
  if (!DecodeGppHeader(parts[0], index)) return {{-1, ""}};
  std::map<int, std::string> sections;
  for (int section = 1; section <= kGppSectionLast; ++section) {
    const auto place = index.place[section];
    if (place >= 0) sections[section] = parts.size() > 1 ? parts.at(static_cast<size_t>(place) + 1) : "";
  }
  return sections;
}

void ExpectNational(const std::string& text, const Json& expected) {
  UsSectionFields fields;
  ASSERT_TRUE(DecodeUsSection(7, text, fields));
  const std::map<std::string, UsField> names = {
      {"SharingNotice", UsField::kSharingNotice},
      {"SaleOptOutNotice", UsField::kSaleOptOutNotice},
      {"SharingOptOutNotice", UsField::kSharingOptOutNotice},
      {"TargetedAdvertisingOptOutNotice", UsField::kTargetedAdvertisingOptOutNotice},
      {"SensitiveDataProcessingOptOutNotice", UsField::kSensitiveDataOptOutNotice},
      {"SensitiveDataLimitUseNotice", UsField::kSensitiveDataLimitNotice},
      {"SaleOptOut", UsField::kSaleOptOut},
      {"SharingOptOut", UsField::kSharingOptOut},
      {"TargetedAdvertisingOptOut", UsField::kTargetedAdvertisingOptOut},
      {"PersonalDataConsents", UsField::kPersonalDataConsents},
      {"MspaCoveredTransaction", UsField::kMspaCoveredTransaction},
      {"MspaOptOutOptionMode", UsField::kMspaOptOutOptionMode},
      {"MspaServiceProviderMode", UsField::kMspaServiceProviderMode},
  };
  for (const auto& [name, value] : expected.items()) {
    if (name == "Gpc") {
      EXPECT_EQ(Json(fields.gpc), value);
    } else if (value.is_array()) {
      for (size_t i = 0; i < value.size(); ++i) {
        const uint8_t answer = name == "SensitiveDataProcessing" ? fields.sensitive[i] : fields.children[i];
        EXPECT_EQ(Json(answer), value[i]) << name << " " << i;
      }
    } else {
      EXPECT_EQ(Json(fields[names.at(name)]), value) << name;
    }
  }
}

TEST(ConsentVectors, EveryGppStringHasItsSections) {
  const std::string path = VectorsPath("asserted.json");
  if (path.empty()) GTEST_SKIP() << "needs ASSENT_DATA_DIR with consent-vectors";
  const Json file = Json::parse(std::ifstream(path));
  const std::vector<std::string> names = {"tcfeuv2", "",     "",     "tcfcav1", "uspv1", "usnat", "usca",
                                          "usva",    "usco", "usut", "usct",    "usfl",  "usmt",  "usor",
                                          "ustx",    "usde", "usia", "usne",    "usnh",  "usnj",  "ustn"};
  for (const Json& record : file["gpp"]) {
    const auto input = record["input"].get<std::string>();
    SCOPED_TRACE(input);
    const std::map<int, std::string> sections = SectionsOf(input);
    const Json& expected = record["expect"];
    if (expected.contains("error")) {
      EXPECT_TRUE(sections.contains(-1));
      EXPECT_FALSE(ReadGpp(input, std::vector<int32_t>{7}, ExamplePolicy()).valid);
      continue;
    }
    Json ids = Json::array(), found = Json::array();
    for (const auto& [id, text] : sections) {
      ids.push_back(id);
      found.push_back(names.at(static_cast<size_t>(id) - 2));
      UsSectionFields fields;
      if (id >= kUsSectionFirst) {
        EXPECT_TRUE(DecodeUsSection(id, text, fields)) << id;
      }
      TcfString string;
      if (id == kGppSectionTcfEu) {
        EXPECT_TRUE(DecodeTcf(text, 42, string));
      }
      if (id == kGppSectionUsPrivacy) {
        EXPECT_TRUE(ReadUsPrivacy(text).valid);
      }
    }
    if (expected.contains("sectionIds")) {
      EXPECT_EQ(ids, expected["sectionIds"]);
    }
    if (expected.contains("sectionNames")) {
      EXPECT_EQ(found, expected["sectionNames"]);
    }
    if (expected.contains("usnat")) ExpectNational(sections.at(7), expected["usnat"]);
  }
  for (const Json& record : file["gpp_header"]) {
    Json ids = Json::array();
    for (const auto& [id, text] : SectionsOf(record["input"].get<std::string>())) ids.push_back(id);
    EXPECT_EQ(ids, record["expect"]["sectionIds"]);
  }
}

}  // namespace
}  // namespace assent::policy
