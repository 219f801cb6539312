// Every example of docs/features.md is a schema that can be read and folded into.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "assent/internal/v1/model_file.pb.h"
#include "scoring/profile.h"
#include "storage/model_file.h"

namespace assent::storage {
namespace {

using ::testing::ElementsAre;

// What stands between ```textproto and ```.
std::vector<std::string> Examples() {
  std::ifstream file(ASSENT_DOCS "/features.md");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::string begin = "\n```textproto\n";
  std::vector<std::string> examples;
  for (size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    at += begin.size();
    examples.push_back(text.substr(at, text.find("\n```", at) - at));
  }
  return examples;
}

scoring::FeatureSchema Read(const std::string& example) {
  internal::v1::FeatureSchema message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(example, &message)) << example;
  auto schema = SchemaFromMessage(message, /*allow_unfitted=*/true);
  EXPECT_TRUE(schema.ok()) << schema.status() << "\n" << example;
  return *std::move(schema);
}

TEST(FeaturesDocument, EveryExampleIsASchema) {
  const std::vector<std::string> examples = Examples();
  ASSERT_EQ(examples.size(), 3u);
  std::vector<size_t> scored;
  std::vector<size_t> direct;
  std::vector<size_t> bytes;
  for (const std::string& example : examples) {
    const scoring::FeatureSchema schema = Read(example);
    scored.push_back(schema.scored_size());
    direct.push_back(schema.direct().size());
    bytes.push_back(scoring::ProfileLayout::Create(schema).value().state_bytes());
  }
  EXPECT_THAT(scored, ElementsAre(2, 3, 5));
  EXPECT_THAT(direct, ElementsAre(2, 0, 1));
  EXPECT_THAT(bytes, ElementsAre(152, 152 + 3 * 16, 152 + 6 * 16 + 64));
}

TEST(FeaturesDocument, ItsHashesAreTheHashes) {
  EXPECT_EQ(scoring::HashText(""), 0xF52A15E9A9B5E89Bu);
  EXPECT_EQ(scoring::HashText("purchase"), 0xA93C741CF990944Du);
}

TEST(FeaturesDocument, TheDigestIsOfTheTextThatItDescribes) {
  const scoring::FeatureSchema schema = Read(R"(
    profile_purpose: 4
    features { name: "n" aggregate { function: AGGREGATE_FUNCTION_SUM event_type: "buy" attribute: "x" half_life_days: 1
                                     filters { attribute: "c" in { values { text: "FI" } values { flag: true } } }
                                     filters { attribute: "x" greater: 2 } } })");
  const std::string one("\0\0\0\0\0\0\xF0\x3F", 8);
  const std::string two("\0\0\0\0\0\0\0\x40", 8);
  const auto text = [](const std::string& value) { return std::string{static_cast<char>(value.size()), '\0'} + value; };
  const std::string described = "assent profile 2\x02" + text("buy") + text("x") + one + "\x02" +  // two filters
                                text("c") + "\x02\x02" + "\x02" + text("FI") + "\x03\x01" +        // in, two values
                                text("x") + "\x03\x01" + "\x01" + two;                             // greater, one
  EXPECT_EQ(scoring::ProfileLayout::Create(schema).value().digest(), scoring::HashText(described));
}

}  // namespace
}  // namespace assent::storage
