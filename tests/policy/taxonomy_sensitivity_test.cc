// Against a plain list of the rows, written apart. tests/storage/taxonomy_file_test.cc holds the table against the
// names in the taxonomy itself.
#include "policy/taxonomy_sensitivity.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace assent::policy {
namespace {

constexpr int32_t kLastRow = 1679;

std::map<int32_t, std::string> ExpectedTopics() {
  std::map<int32_t, std::string> topics;
  const auto add = [&](const std::string& topic, int32_t first, int32_t last) {
    for (int32_t id = first; id <= last; ++id) topics[id] = topic;
  };
  for (const int32_t id : {466, 550, 551, 627, 762, 765, 1555}) add("health", id, id);
  add("health", 381, 404);
  add("health", 406, 421);
  add("health", 1448, 1470);
  for (const int32_t id : {503, 1344}) add("religion", id, id);
  add("politics", 529, 531);
  add("ethnic origin", 1095, 1099);
  add("ethnic origin", 1426, 1426);
  for (const int32_t id : {281, 537, 1387, 1395}) add("debt", id, id);
  add("gender", 48, 52);
  add("marital status", 159, 162);
  add("children", 125, 129);
  add("children", 354, 356);
  add("income", 60, 72);
  add("income", 164, 175);
  add("wealth", 176, 197);
  return topics;
}

TEST(TaxonomySensitivity, EveryRow_HasTheTopicOfTheList) {
  const auto expected = ExpectedTopics();
  for (int32_t id = -1; id <= kLastRow + 1; ++id) {
    const SensitiveRange* range = FindSensitiveRange(id);
    const auto found = expected.find(id);
    ASSERT_EQ(range != nullptr, found != expected.end()) << id;
    if (range == nullptr) continue;
    EXPECT_EQ(range->topic, found->second) << id;
    EXPECT_LE(range->first, id);
    EXPECT_GE(range->last, id);
  }
}

TEST(TaxonomySensitivity, Topics_AreSpecialWhereArticleNineNamesThem) {
  for (const SensitiveRange& range : SensitiveAudienceRanges()) {
    const bool special = range.topic == "health" || range.topic == "religion" || range.topic == "politics" ||
                         range.topic == "ethnic origin";
    EXPECT_EQ(range.sensitivity, special ? scoring::Sensitivity::kSpecialCategory : scoring::Sensitivity::kRestricted)
        << range.topic << " " << range.first;
  }
}

TEST(TaxonomySensitivity, NoRowAndTheEndsOfTheNumbers_AreInNoRange) {
  for (const int32_t id : {0, -48, INT32_MIN, INT32_MAX}) EXPECT_EQ(FindSensitiveRange(id), nullptr) << id;
}

}  // namespace
}  // namespace assent::policy
