// Commands that read a file of many people, or write one.
#include <filesystem>

#include "gmock/gmock.h"
#include "tests/client/commands_fixture.h"

namespace assent::client {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Answers a batch: the row with id "bad" fails, "no" is refused, the others get segment-1.
grpc::Status AnswerBatch(const v1::BatchAssignRequest& request, v1::BatchAssignResponse* response) {
  response->add_segment_ids("segment-1");
  response->add_reasons("model.nearest");
  response->add_reasons("consent.none");
  for (int i = 0; i < request.subject_ids_size(); ++i) {
    const bool bad = request.subject_ids(i) == "bad";
    const bool refused = request.subject_ids(i) == "no";
    response->add_outcomes(bad ? v1::OUTCOME_UNSPECIFIED : refused ? v1::OUTCOME_NO_CONSENT : v1::OUTCOME_ASSIGNED);
    response->add_segment_index(bad || refused ? 0xFFFFFFFF : 0);
    response->add_margins(bad || refused ? 0 : 0.1);
    response->add_reason_index(refused ? 1 : 0);
    if (bad) {
      auto* error = response->add_errors();
      error->set_row(static_cast<uint32_t>(i));
      error->set_reason("FEATURE_NOT_FINITE");
    }
  }
  return grpc::Status::OK;
}

TEST_F(CommandsTest, AssignFileWithModel_SendsColumnsInTheModelsOrder) {
  fake_.batch_assign = AnswerBatch;
  const std::string csv = folder_.Write("in.csv", "b,who,a\n1,anna,2\n,no,4\n5,bad,6\n7,dora,8\n9,emil,10\n");
  const std::string truth = folder_.Write("truth.csv", "who,kind\nanna,x\ndora,x\nemil,y\n");
  const Result result =
      WithFake({"assign", "--input", csv, "--subject-column", "who", "--purpose", "select_content", "--model",
                TrainModel(), "--batch", "3", "--out", folder_.Path("out.csv"), "--compare", truth, "--json"});
  ASSERT_EQ(result.status, 1);  // a row failed
  EXPECT_THAT(result.error()["message"].get<std::string>(), HasSubstr("1 of 5 rows failed"));
  ASSERT_EQ(fake_.batches_asked.size(), 2u);
  const auto& first = fake_.batches_asked[0];
  EXPECT_THAT(first.subject_ids(), ElementsAre("anna", "no", "bad"));
  EXPECT_THAT(first.features().values(), ElementsAre(2, 1, 4, 0, 6, 5));
  EXPECT_THAT(first.features().missing_cells(), ElementsAre(3));
  EXPECT_EQ(first.features().columns(), 2u);
  EXPECT_EQ(first.namespace_(), "login");
  EXPECT_EQ(ReadAll(folder_.Path("out.csv")),
            "subject_id,outcome,reason,segment_id,margin,error\n"
            "anna,ASSIGNED,model.nearest,segment-1,0.10000000000000001,\n"
            "no,NO_CONSENT,consent.none,,0,\n"
            "bad,,,,,FEATURE_NOT_FINITE\n"
            "dora,ASSIGNED,model.nearest,segment-1,0.10000000000000001,\n"
            "emil,ASSIGNED,model.nearest,segment-1,0.10000000000000001,\n");
  const auto json = result.json();
  EXPECT_EQ(json["rows"], 5);
  EXPECT_EQ(json["failed"], 1);
  EXPECT_EQ(json["bad_rows"].dump(), R"([{"error":"FEATURE_NOT_FINITE","row":3}])");
  EXPECT_EQ(json["outcomes"]["ASSIGNED"], 3);
  EXPECT_DOUBLE_EQ(json["comparison"]["purity"], 2.0 / 3);
}

TEST_F(CommandsTest, AssignFileWithoutModel_SendsNamesInAStream) {
  fake_.assign = [](const v1::AssignRequest& request, v1::AssignResponse* response) {
    if (request.subject().id() == "2") {
      return RichError(grpc::StatusCode::INVALID_ARGUMENT, "FEATURE_UNKNOWN", "features.named[b]: unknown");
    }
    response->set_outcome(v1::OUTCOME_ASSIGNED);
    response->add_segments()->set_segment_id("segment-0");
    return grpc::Status::OK;
  };
  std::string rows = "a (x),b\n";
  for (int i = 0; i < 5000; ++i) rows += std::to_string(i) + (i == 0 ? ",\n" : ",7\n");
  const Result result = WithFake(
      {"assign", "--input", folder_.Write("in.csv", rows), "--number-rows", "--purpose", "select_content", "--json"});
  ASSERT_EQ(result.status, 1);  // a row failed
  const auto json = result.json();
  EXPECT_EQ(json["rows"], 5000);
  EXPECT_EQ(json["errors"]["FEATURE_UNKNOWN"], 1);
  EXPECT_EQ(json["assignments"][1]["error"]["reason"], "FEATURE_UNKNOWN");
  EXPECT_EQ(json["assignments"][4999]["subject_id"], "5000");
  ASSERT_EQ(fake_.assigns_asked.size(), 5000u);
  EXPECT_EQ(fake_.assigns_asked[0].features().named().size(), 1u);
  EXPECT_FLOAT_EQ(fake_.assigns_asked[1].features().named().at("a_x"), 1);
}

TEST_F(CommandsTest, AssignFileWithABadCell_NamesLineAndColumnAndGoesOn) {
  const std::string csv = folder_.Write("in.csv", "subject_id,a,b\nanna,1,1\nbert,x,1\ncleo,3,1\n");
  fake_.batch_assign = AnswerBatch;
  for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--model", TrainModel()}}) {
    std::vector<std::string> arguments = {"assign", "--input", csv, "--purpose", "select_content", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Result result = WithFake(arguments);
    EXPECT_EQ(result.status, 1);
    const auto json = result.json();
    EXPECT_EQ(json["rows"], 3);
    EXPECT_EQ(json["assignments"][2]["subject_id"], "cleo");
    EXPECT_EQ(json["bad_rows"][0]["row"], 2);
    EXPECT_THAT(json["bad_rows"][0]["error"].get<std::string>(), HasSubstr("line 3, column \"a\": not a number"));
  }
}

TEST_F(CommandsTest, ConsentFileWithBadIds_RecordsTheRestAndNamesTheRows) {
  fake_.record = [](const v1::RecordConsentRequest& request, v1::RecordConsentResponse*) {
    return request.subject().id().size() < 10
               ? grpc::Status::OK
               : RichError(grpc::StatusCode::INVALID_ARGUMENT, "FIELD_TOO_LONG", "subject.id: has more bytes than 9");
  };
  const std::string csv = folder_.Write("ids.csv", "subject_id\nanna\nmuch-too-long\nbert\nalso-too-long\ncleo\n");
  const std::vector<std::string> grant = {"consent",  "grant",  "--input",          csv, "--purpose", "select_content",
                                          "--notice", "banner", "--notice-version", "7"};
  const Result result = WithFake(grant);
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(fake_.records_asked.size(), 5u);
  EXPECT_THAT(result.out, HasSubstr("3 people recorded"));
  EXPECT_THAT(result.err, AllOf(HasSubstr("  row 2: subject.id: has more bytes than 9 FIELD_TOO_LONG\n  row 4: "),
                                HasSubstr("2 of 5 rows failed"), Not(HasSubstr("too-long"))));
}

TEST_F(CommandsTest, AssignOut_IsPrivateAndFollowsNoLink) {
  fake_.batch_assign = AnswerBatch;
  const std::string csv = folder_.Write("in.csv", "subject_id,a,b\nanna,1,1\n");
  const std::string victim = folder_.Write("victim", "untouched");
  const std::string out = folder_.Path("out.csv");
  std::filesystem::create_symlink(victim, out);
  std::filesystem::create_symlink(victim, out + ".part");
  const std::vector<std::string> arguments = {"assign",  "--input",    csv,     "--purpose", "select_content",
                                              "--model", TrainModel(), "--out", out};
  ASSERT_EQ(WithFake(arguments).status, 0);
  EXPECT_EQ(ReadAll(victim), "untouched");
  EXPECT_FALSE(std::filesystem::is_symlink(out));
  EXPECT_THAT(ReadAll(out), HasSubstr("anna"));
  EXPECT_EQ(std::filesystem::status(out).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  // A run that fails leaves nothing of its own, and what was there as it was.
  const std::string before = ReadAll(out);
  fake_.batch_assign = [](const auto&, auto*) { return grpc::Status(grpc::StatusCode::INTERNAL, "no"); };
  EXPECT_EQ(WithFake(arguments).status, 1);
  EXPECT_EQ(ReadAll(out), before);
  EXPECT_FALSE(std::filesystem::exists(out + ".part"));
}

}  // namespace
}  // namespace assent::client
