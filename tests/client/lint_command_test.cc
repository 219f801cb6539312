// `assentctl model lint`.
#include "gmock/gmock.h"
#include "storage/model_file.h"
#include "tests/client/commands_fixture.h"

namespace assent::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST_F(CommandsTest, ModelLintOfTheTrainersModel_HasNoError) {
  const Result result = Assentctl({"model", "lint", TrainModel(), "--json"});
  EXPECT_EQ(result.status, 0) << result.err;
  const auto json = result.json();
  EXPECT_EQ(json["errors"], 0);
  EXPECT_EQ(json["warnings"], json["findings"].size());
  EXPECT_THAT(Assentctl({"model", "lint", "--model", TrainModel()}).out, HasSubstr("m.assent: 0 errors and "));
}

TEST_F(CommandsTest, ModelLintOfTheDemosModel_HasNoError) {
  ASSERT_EQ(Assentctl({"demo-data", "--out", folder_.Path("demo"), "--people", "400", "--seed", "5"}).status, 0);
  ASSERT_EQ(Assentctl({"train", "--input", folder_.Path("demo/audience.csv"), "--schema",
                       folder_.Path("demo/schema.textproto"), "--k", "4", "--out", folder_.Path("demo.assent")})
                .status,
            0);
  const Result result = Assentctl({"model", "lint", folder_.Path("demo.assent"), "--json"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.json()["errors"], 0);
}

TEST_F(CommandsTest, ModelLintOfIncompleteCards_NamesThemAndFails) {
  auto model = storage::ReadModelMessage(TrainModel());
  ASSERT_TRUE(model.ok()) << model.status();
  model->mutable_segments(1)->clear_description();
  model->mutable_segments(0)->set_iab_audience_id(466);
  ASSERT_TRUE(storage::WriteModelFile(folder_.Path("bad.assent"), *model).ok());
  const Result text = Assentctl({"model", "lint", folder_.Path("bad.assent")});
  EXPECT_EQ(text.status, 1);
  EXPECT_THAT(text.out, AllOf(HasSubstr("error   segment-1  no description\n"),
                              HasSubstr("segments[1].description: say in a sentence who is in it in the file of"),
                              HasSubstr("warning segment-0  row 466 is about health, and the card says less\n")));
  EXPECT_THAT(text.err, AllOf(HasSubstr("bad.assent: 1 error and "), HasSubstr("next: complete the cards")));
  const Result json = Assentctl({"model", "lint", folder_.Path("bad.assent"), "--json"});
  EXPECT_EQ(json.status, 1);
  EXPECT_EQ(json.json()["errors"], 1);
  EXPECT_EQ(json.json()["findings"][0]["rule"], "segment.description_missing");
  EXPECT_EQ(json.json()["findings"][0]["severity"], "error");
  EXPECT_EQ(json.error()["code"], "FAILED_PRECONDITION");
}

TEST_F(CommandsTest, ModelLintWithATaxonomy_NamesTheRow) {
  auto model = storage::ReadModelMessage(TrainModel());
  ASSERT_TRUE(model.ok()) << model.status();
  model->mutable_segments(0)->set_iab_audience_id(466);
  model->mutable_segments(1)->set_iab_audience_id(99);
  ASSERT_TRUE(storage::WriteModelFile(folder_.Path("iab.assent"), *model).ok());
  const std::string taxonomy = folder_.Write("t.tsv",
                                             "Unique ID\tParent ID\tTier 1\tTier 2\tTier 3\tTier 4\tTier 5\tTier 6\n"
                                             "466\t\tInterest\tMedical Health\t\t\t\t\n");
  const Result result = Assentctl({"model", "lint", folder_.Path("iab.assent"), "--taxonomy", taxonomy});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("row 466 (Interest > Medical Health) is about health"), HasSubstr("there is no row 99")));
}

TEST_F(CommandsTest, ModelLintErrors_NameTheCause) {
  EXPECT_EQ(Assentctl({"model", "lint"}).status, 2);
  EXPECT_EQ(Assentctl({"model", "lint", folder_.Path("none")}).status, 1);
  const Result bad = Assentctl({"model", "lint", TrainModel(), "--taxonomy", folder_.Write("t.tsv", "a\tb\n")});
  EXPECT_EQ(bad.status, 1);
  EXPECT_THAT(bad.err, HasSubstr("t.tsv, line 1: no column \"Unique ID\""));
}

}  // namespace
}  // namespace assent::client
