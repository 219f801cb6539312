#include "storage/taxonomy_file.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "policy/taxonomy_sensitivity.h"
#include "tests/client/scratch_folder.h"

namespace assent::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kHeader[] =
    "\tUnique ID\tParent ID\tCondensed Name\tTier 1\tTier 2\tTier 3\tTier 4\tTier 5\tTier 6\tNotes\r\n";

std::string Line(absl::string_view id, absl::string_view parent, const std::vector<std::string>& tiers) {
  std::string line = absl::StrCat("\t", id, "\t", parent, "\tcondensed");
  for (size_t i = 0; i < kTaxonomyTiersMax; ++i) absl::StrAppend(&line, "\t", i < tiers.size() ? tiers[i] : "");
  return line + "\t\r\n";
}

class TaxonomyFileTest : public testing::Test {
 protected:
  absl::StatusOr<Taxonomy> Read(const std::string& content) {
    return Taxonomy::Read(folder_.Write("taxonomy.tsv", content));
  }
  std::string ErrorOf(const std::string& content) { return std::string(Read(content).status().message()); }
  client::ScratchFolder folder_;
};

TEST_F(TaxonomyFileTest, RowsInAnyOrder_AreATree) {
  const auto taxonomy =
      Read(kHeader + Line("3", "2", {"Interest", "Sports", "Darts"}) + "\r\n" + Line("1", "", {"Interest"}) +
           Line("2", "1", {"Interest", "Sports"}) + Line("9", "1", {"Interest", "Movies"}));
  ASSERT_TRUE(taxonomy.ok()) << taxonomy.status();
  EXPECT_EQ(taxonomy->size(), 4u);
  const TaxonomyRow* darts = taxonomy->Find(3);
  ASSERT_NE(darts, nullptr);
  EXPECT_EQ(darts->parent, 2);
  EXPECT_EQ(darts->name(), "Darts");
  EXPECT_EQ(darts->Path(), "Interest > Sports > Darts");
  EXPECT_THAT(taxonomy->Find(1)->tiers, ElementsAre("Interest"));
  EXPECT_EQ(taxonomy->Find(4), nullptr);
  EXPECT_TRUE(taxonomy->IsUnder(3, 1));
  EXPECT_TRUE(taxonomy->IsUnder(3, 2));
  EXPECT_TRUE(taxonomy->IsUnder(3, 3));
  EXPECT_FALSE(taxonomy->IsUnder(2, 3));
  EXPECT_FALSE(taxonomy->IsUnder(3, 9));
  EXPECT_FALSE(taxonomy->IsUnder(4, 4));
  EXPECT_FALSE(taxonomy->IsUnder(3, 4));
  EXPECT_FALSE(taxonomy->IsUnder(3, 0));
  EXPECT_THAT(taxonomy->PathOf(3), ElementsAre(3, 2, 1));
  EXPECT_THAT(taxonomy->PathOf(1), ElementsAre(1));
  EXPECT_THAT(taxonomy->PathOf(4), ElementsAre(4)) << "not in the file: itself alone";
  EXPECT_TRUE(Read("\xEF\xBB\xBF" + (kHeader + Line("1", "", {"Interest"}))).ok()) << "a byte order mark";
}

TEST_F(TaxonomyFileTest, Mistakes_AreNamedWithTheirLine) {
  const std::string root = Line("1", "", {"Interest"});
  const struct {
    std::string content;
    std::string error;
  } cases[] = {
      {"Unique ID,Parent ID\n1,2\n", "line 1: no column \"Unique ID\"; is it the TSV file of the IAB Audience"},
      {"Unique ID\tParent ID\tTier 1\n", "line 1: no column \"Tier 2\""},
      {kHeader, "holds no row"},
      {"", "holds no row"},
      {kHeader + root + "\t2\t1\n", "line 3: 3 cells, but the header has 11 columns"},
      {kHeader + Line("x", "", {"a"}), "line 2: column \"Unique ID\""},
      {kHeader + Line("0", "", {"a"}), "line 2: column \"Unique ID\""},
      {kHeader + Line("9999999999", "", {"a"}), "line 2: column \"Unique ID\""},
      {kHeader + root + Line("2", "-1", {"a"}), "line 3: column \"Parent ID\""},
      {kHeader + root + Line("2", "1", {}), "line 3: no tier has a name"},
      {kHeader + root + Line("2", "1", {"a\x1b[31m"}), "line 3: a name has a control character"},
      {kHeader + root + root, "line 3: id 1 is repeated"},
      {kHeader + root + Line("3", "2", {"a"}), "line 3: there is no parent 2"},
      {kHeader + root + Line("3", "3", {"a"}), "line 3: parents in a ring"},
      {kHeader + root + Line("2", "3", {"a"}) + Line("3", "2", {"a"}), "line 3: parents in a ring"},
  };
  for (const auto& one : cases) EXPECT_THAT(ErrorOf(one.content), HasSubstr(one.error));
  EXPECT_EQ(Taxonomy::Read(folder_.Path("none")).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(TaxonomyFileTest, TooDeep_IsRefusedAndTheLimitIsNot) {
  std::string chain = kHeader + Line("1", "", {"a"});
  for (size_t id = 2; id <= kTaxonomyDepthMax + 1; ++id) {
    chain += Line(absl::StrCat(id), absl::StrCat(id - 1), {"a"});
  }
  EXPECT_TRUE(Read(chain).ok()) << ErrorOf(chain);
  chain += Line(absl::StrCat(kTaxonomyDepthMax + 2), absl::StrCat(kTaxonomyDepthMax + 1), {"a"});
  EXPECT_THAT(ErrorOf(chain), HasSubstr(absl::StrCat("line ", kTaxonomyDepthMax + 3, ": parents in a ring, or more")));
}

TEST_F(TaxonomyFileTest, TooManyRowsOrBytes_AreRefusedAndTheLimitIsNot) {
  std::string rows = kHeader;
  for (size_t id = 1; id <= kTaxonomyRowsMax; ++id) rows += Line(absl::StrCat(id), "", {"a"});
  const auto taxonomy = Read(rows);
  ASSERT_TRUE(taxonomy.ok()) << taxonomy.status();
  EXPECT_EQ(taxonomy->size(), kTaxonomyRowsMax);
  EXPECT_THAT(ErrorOf(rows + Line("999999", "", {"a"})), HasSubstr("more than 20000 rows"));
  std::string large = kHeader;
  while (large.size() <= kTaxonomyFileBytesMax) {
    large += Line(absl::StrCat(large.size()), "", {std::string(size_t{1} << 19, 'a')});
  }
  EXPECT_THAT(ErrorOf(large), HasSubstr("larger than 8388608 bytes"));
}

// Which words the paths of a topic's rows have in the published file. Every word that is telling for the topic is one
// that no row outside its ranges has, but for those that policy/taxonomy_sensitivity.h leaves out on purpose.
struct TopicWords {
  const char* topic;
  std::vector<const char*> words;
};
const std::vector<TopicWords>& Words() {
  static const auto& words = *new std::vector<TopicWords>{
      {"health",
       {"> Health and Medical Services", "> Healthy Living", "> Medical Health", "> Pharmaceuticals, Conditions",
        "> Disabled", "> Health and Fitness Apps", "> Medical Apps"}},
      {"religion", {"Religious"}},
      {"politics", {"> Politics"}},
      {"ethnic origin", {"Ethnic"}},
      {"debt", {"Bankruptcy", "Personal Debt", "Debt Repair", "Payday"}},
      {"gender", {"> Gender"}},
      {"marital status", {"> Marital Status"}},
      {"children", {"> Number of Children", "> Parenting Babies", "> Parenting Children", "> Parenting Teens"}},
      {"income", {"> Household Income", "> Income"}},
      {"wealth", {"> Personal Level Affluence"}}};
  return words;
}

std::string TopicOfPath(const std::string& path) {
  for (const TopicWords& topic : Words()) {
    for (const char* word : topic.words) {
      if (absl::StrContains(path, word)) return topic.topic;
    }
  }
  return "";
}

TEST_F(TaxonomyFileTest, PublishedFile_HasTheNamesThatTheSensitiveRangesStandFor) {
  const std::string path = client::DataFile("iab-taxonomies/Audience_Taxonomy_1.1.tsv");
  if (path.empty()) GTEST_SKIP() << "iab-taxonomies is not in ASSENT_DATA_DIR";
  const auto taxonomy = Taxonomy::Read(path);
  ASSERT_TRUE(taxonomy.ok()) << taxonomy.status();
  EXPECT_EQ(taxonomy->size(), 1558u);
  EXPECT_EQ(taxonomy->Find(421)->Path(), "Interest > Healthy Living > Women's Health");
  EXPECT_TRUE(taxonomy->IsUnder(421, 406));
  size_t sensitive = 0;
  for (const TaxonomyRow& row : taxonomy->rows()) {
    const policy::SensitiveRange* range = policy::FindSensitiveRange(row.id);
    sensitive += range == nullptr ? 0 : 1;
    if (row.Path() == "Interest > News and Politics > Politics > War and Conflicts") {
      EXPECT_EQ(range, nullptr);
      continue;
    }
    EXPECT_EQ(range == nullptr ? "" : std::string(range->topic), TopicOfPath(row.Path()))
        << row.id << " " << row.Path();
  }
  EXPECT_GT(sensitive, 130u);
  for (const policy::SensitiveRange& range : policy::SensitiveAudienceRanges()) {
    EXPECT_NE(taxonomy->Find(range.first), nullptr) << range.first;
    EXPECT_NE(taxonomy->Find(range.last), nullptr) << range.last;
  }
}

}  // namespace
}  // namespace assent::storage
