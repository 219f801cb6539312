#include "client/text_file.h"
#include "gmock/gmock.h"
#include "tests/client/commands_fixture.h"

namespace assent::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

TEST_F(CommandsTest, EveryHelpPage_HasExamples) {
  const std::vector<std::vector<std::string>> commands = {{},
                                                          {"demo-data"},
                                                          {"train"},
                                                          {"model"},
                                                          {"model", "show"},
                                                          {"consent", "grant"},
                                                          {"assign"},
                                                          {"consent", "withdraw"},
                                                          {"consent", "opt-out"},
                                                          {"explain"},
                                                          {"consent", "show"},
                                                          {"subject", "refuse"},
                                                          {"subject", "allow"},
                                                          {"subject", "contest"},
                                                          {"subject", "restrict"},
                                                          {"subject", "lift"},
                                                          {"subject", "child"},
                                                          {"subject", "erase"},
                                                          {"subject", "segments"},
                                                          {"subject", "export"},
                                                          {"notice", "register"},
                                                          {"notice", "list"},
                                                          {"consent", "history"},
                                                          {"consent", "receipt"},
                                                          {"consent", "verify"},
                                                          {"model", "lint"}};
  for (std::vector<std::string> command : commands) {
    command.push_back("--help");
    const Result result = Assentctl(command);
    EXPECT_EQ(result.status, 0);
    EXPECT_THAT(result.out, HasSubstr("Examples:")) << command.front();
  }
}

TEST_F(CommandsTest, WrongUsage_SaysWhatToDo) {
  const Result result = Assentctl({"train", "--input", "x.csv"});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("--k is required"), HasSubstr("next: assentctl")));
  EXPECT_EQ(Assentctl({}).status, 2);
  EXPECT_EQ(Assentctl({"fly"}).status, 2);
}

TEST_F(CommandsTest, Train_SameSeedGivesTheSameBytes) {
  ASSERT_EQ(Assentctl({"demo-data", "--out", folder_.Path("demo"), "--people", "400", "--seed", "5"}).status, 0);
  std::vector<std::string> train = {"train",
                                    "--input",
                                    folder_.Path("demo/audience.csv"),
                                    "--schema",
                                    folder_.Path("demo/schema.textproto"),
                                    "--k",
                                    "4",
                                    "--seed",
                                    "9",
                                    "--out"};
  for (const char* name : {"1.assent", "2.assent"}) {
    std::vector<std::string> one = train;
    one.push_back(folder_.Path(name));
    const Result result = Assentctl(one);
    ASSERT_EQ(result.status, 0) << result.err;
  }
  EXPECT_EQ(ReadAll(folder_.Path("1.assent")), ReadAll(folder_.Path("2.assent")));
  train[8] = "10";
  train.push_back(folder_.Path("3.assent"));
  ASSERT_EQ(Assentctl(train).status, 0);
  EXPECT_NE(ReadAll(folder_.Path("1.assent")), ReadAll(folder_.Path("3.assent")));
}

TEST_F(CommandsTest, TrainErrors_NameTheCause) {
  const std::string csv = folder_.Write("in.csv", "a,b\n1,2\n1,x\n");
  const auto train = [&](std::vector<std::string> more, const char* k = "1", const char* out = "m.assent") {
    std::vector<std::string> arguments = {"train", "--input", csv, "--out", folder_.Path(out), "--k", k};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Result result = Assentctl(arguments);
    EXPECT_EQ(result.status, 1);
    return result.err;
  };
  EXPECT_THAT(train({}), HasSubstr("line 3, column \"b\": not a number"));
  EXPECT_THAT(train({"--features", "a,c"}), HasSubstr("no column \"c\"; its columns are: a, b"));
  EXPECT_THAT(train({"--features", "a"}, "2"), HasSubstr("only 1 distinct rows"));
  const std::string schema = folder_.Write("s.textproto", "features {\n  nane: \"a\"\n}");
  EXPECT_THAT(train({"--schema", schema}), HasSubstr("s.textproto, line 2"));
  EXPECT_THAT(train({"--features", "a"}, "1", "none/m.assent"), HasSubstr("m.assent"));
}

TEST_F(CommandsTest, ModelShowJson_HasTheCentroidsInFullPrecision) {
  const Result result = Assentctl({"model", "show", TrainModel(), "--json"});
  ASSERT_EQ(result.status, 0) << result.err;
  const auto json = result.json();
  EXPECT_EQ(json["k"], 2);
  EXPECT_EQ(json["features"][0]["name"], "a");
  EXPECT_EQ(json["features"][0]["source"], "direct");
  EXPECT_EQ(json["segments"][0]["allowed_purposes"], nlohmann::json({"select_advertising", "select_content"}));
  EXPECT_DOUBLE_EQ(json["features"][0]["mean"], 4.5);
  EXPECT_EQ(json["segments"][1]["centroid"].size(), 2u);
  EXPECT_EQ(json["digest"].get<std::string>().size(), 64u);
  EXPECT_EQ(Assentctl({"model", "show", folder_.Path("none")}).status, 1);
}

TEST_F(CommandsTest, ConsentGrant_SendsWhatTheFlagsSay) {
  const Result result = WithFake({"consent", "grant", "--subject", "login:anna", "--purpose",
                                  "select_content,PROFILE_CONTENT", "--expires", "2099-01-31T00:00:00Z", "--notice",
                                  "banner", "--notice-version", "7", "--jurisdiction", "DE"});
  ASSERT_EQ(result.status, 0) << result.err;
  const v1::RecordConsentRequest& asked = fake_.records_asked.at(0);
  EXPECT_EQ(asked.subject().namespace_(), "login");
  EXPECT_EQ(asked.subject().id(), "anna");
  ASSERT_EQ(asked.grants_size(), 2);
  EXPECT_EQ(asked.grants(1).purpose(), v1::PURPOSE_PROFILE_CONTENT);
  EXPECT_EQ(asked.expire_time().seconds(), 4073500800);
  EXPECT_EQ(asked.notice_id(), "banner");
  EXPECT_EQ(asked.jurisdiction(), "DE");
}

TEST_F(CommandsTest, NoticeRegister_SendsTheNoticeOfTheFile) {
  ASSERT_EQ(Assentctl({"demo-data", "--out", folder_.Path("demo"), "--people", "10"}).status, 0);
  const Result result = WithFake({"notice", "register", folder_.Path("demo/notice.textproto")});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(fake_.notices_asked.at(0).notice().notice_id(), "welcome");
  EXPECT_THAT(result.out, HasSubstr("select_advertising, select_content, profile_advertising, profile_content"));
  EXPECT_THAT(WithFake({"notice", "register", folder_.Write("bad", "notice: 1")}).err, HasSubstr("bad, line 1"));
}

TEST_F(CommandsTest, NoticeListAndConsentHistory_ReadEveryPage) {
  const Result notices = WithFake({"notice", "list"});
  ASSERT_EQ(notices.status, 0) << notices.err;
  EXPECT_THAT(notices.out, AllOf(HasSubstr("banner 1"), HasSubstr("outdated"), HasSubstr("banner 2")));
  const std::vector<std::string> history = {"consent", "history", "--subject", "login:anna"};
  const Result changes = WithFake(history);
  ASSERT_EQ(changes.status, 0) << changes.err;
  EXPECT_LT(changes.out.find("revision 2  WITHDRAW"), changes.out.find("revision 1  GRANT"));
  EXPECT_THAT(changes.out, HasSubstr("by spiffe://example.org/cmp"));
  std::vector<std::string> as_json = history;
  as_json.emplace_back("--json");
  EXPECT_EQ(WithFake(as_json).json()["changes"].size(), 2u);
}

TEST_F(CommandsTest, ConsentOfAFile_ReachesEverybodyOnce) {
  const std::string csv = folder_.Write("ids.csv", "who,x\nanna,1\nbert,2\ncarl,3\n");
  const Result result = WithFake({"consent", "opt-out", "--input", csv, "--subject-column", "who", "--json"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.json()["recorded"], 3);
  std::vector<std::string> ids;
  for (const auto& asked : fake_.opt_outs_asked) ids.push_back(asked.subject().id());
  EXPECT_THAT(ids, UnorderedElementsAre("anna", "bert", "carl"));
}

TEST_F(CommandsTest, ConsentOfAFileThatFails_SaysHowManyAndNoId) {
  fake_.record = [](auto&, auto*) { return RichError(grpc::StatusCode::INTERNAL, "DISK", "the disk refused"); };
  const std::string csv = folder_.Write("ids.csv", "subject_id\nanna\nbert\n");
  const Result result = WithFake({"consent", "grant", "--input", csv, "--purpose", "select_content", "--notice",
                                  "banner", "--notice-version", "7"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("the disk refused (0 of 2 were recorded)"), Not(HasSubstr("anna"))));
}

TEST_F(CommandsTest, ServerError_IsShownWithReasonAndJson) {
  const std::vector<std::string> show = {"consent", "show", "--subject", "login:anna"};
  const Result text = WithFake(show);
  EXPECT_EQ(text.status, 1);
  EXPECT_THAT(text.err,
              AllOf(HasSubstr("nothing is recorded"), HasSubstr("CONSENT_NOT_FOUND"), Not(HasSubstr("anna"))));
  std::vector<std::string> json = show;
  json.push_back("--json");
  const auto error = WithFake(json).error();
  EXPECT_EQ(error["reason"], "CONSENT_NOT_FOUND");
  EXPECT_EQ(error["code"], "NOT_FOUND");
}

TEST_F(CommandsTest, WrongUsageWithJson_IsJson) {
  EXPECT_THAT(Assentctl({"assign", "--fly", "--json"}).error()["message"].get<std::string>(), HasSubstr("--"));
}

TEST_F(CommandsTest, NoServer_SaysHowToPointAtOne) {
  const Result result = Assentctl({"assign", "--subject", "login:anna", "--purpose", "select_content", "--target",
                                   "unix:" + folder_.Path("nobody.socket")});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("is assentd running there?"), HasSubstr("ASSENT_TARGET")));
}

TEST_F(CommandsTest, AssignOne_PrintsSegmentsAndARefusalIsNotAnError) {
  fake_.assign = [](const v1::AssignRequest& request, v1::AssignResponse* response) {
    if (request.features().named().empty()) {
      response->set_outcome(v1::OUTCOME_NO_CONSENT);
      response->set_reason("consent.none");
      return grpc::Status::OK;
    }
    response->set_outcome(v1::OUTCOME_ASSIGNED);
    auto* match = response->add_segments();
    match->set_segment_id("segment-4");
    match->set_label("Families");
    match->set_membership(0.97);
    return grpc::Status::OK;
  };
  const std::vector<std::string> base = {"assign", "--subject", "login:anna", "--purpose", "select_content"};
  const Result refused = WithFake(base);
  EXPECT_EQ(refused.status, 0);
  EXPECT_THAT(refused.out, HasSubstr("NO_CONSENT  consent.none"));
  std::vector<std::string> with_features = base;
  for (const char* argument : {"--feature", "kids_share=0.5", "--feature", "devices=3", "--gpc"}) {
    with_features.push_back(argument);
  }
  const Result assigned = WithFake(with_features);
  EXPECT_THAT(assigned.out,
              AllOf(HasSubstr("ASSIGNED"), HasSubstr("segment-4"), HasSubstr("97 %"), HasSubstr("Families")));
  const v1::AssignRequest& asked = fake_.assigns_asked.at(1);
  EXPECT_FLOAT_EQ(asked.features().named().at("kids_share"), 0.5f);
  EXPECT_TRUE(asked.signals().gpc());
  EXPECT_FALSE(fake_.assigns_asked.at(0).has_signals());
}

TEST_F(CommandsTest, AssignFlags_AreChecked) {
  const auto error = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "assign");
    const Result result = WithFake(arguments);
    EXPECT_EQ(result.status, 1);
    return result.err;
  };
  EXPECT_THAT(error({"--purpose", "select_content"}), HasSubstr("--subject, or a file with --input"));
  EXPECT_THAT(error({"--purpose", "spying", "--subject", "a:b"}), HasSubstr("choose from select_advertising"));
  EXPECT_THAT(error({"--purpose", "select_content", "--subject", "anna"}),
              AllOf(HasSubstr("NAMESPACE:ID"), Not(HasSubstr("anna\""))));
  for (const char* feature : {"x", "=1", "x=abc", "x=", "x=inf"}) {
    EXPECT_THAT(error({"--purpose", "select_content", "--subject", "a:b", "--feature", feature}),
                HasSubstr("--feature"));
  }
  EXPECT_THAT(error({"--purpose", "select_content", "--subject", "a:b", "--feature", "x=1", "--feature", "x=2"}),
              HasSubstr("given twice"));
}

TEST_F(CommandsTest, TlsFiles_MayComeFromTheEnvironment) {
  setenv("ASSENT_TLS_CA", folder_.Path("no-ca").c_str(), 1);
  const Result result = WithFake({"health"});
  unsetenv("ASSENT_TLS_CA");
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("tls_ca_file: cannot read the PEM file " + folder_.Path("no-ca")));
}

TEST_F(CommandsTest, Explain_DrawsTheLargestFirstAndSumsTheRest) {
  fake_.explain = [](const v1::ExplainRequest&, v1::ExplainResponse* response) {
    response->mutable_decision()->set_outcome(v1::OUTCOME_ASSIGNED);
    response->mutable_segment()->set_segment_id("families");
    response->mutable_segment()->set_label("Families");
    response->mutable_runner_up()->set_distance(9);  // one that the purpose may not use has no name
    response->set_margin(9);
    response->set_expected_margin(1);
    for (const auto& [name, amount] : {std::pair{"kids_share", 2.0}, {"minutes", -5.0}, {"devices", 1.0}}) {
      auto* contribution = response->add_contributions();
      contribution->set_feature(name);
      contribution->set_unit("min");
      contribution->set_value(142);
      contribution->set_shapley(amount);
    }
    return grpc::Status::OK;
  };
  const Result result = WithFake(
      {"explain", "--subject", "login:anna", "--purpose", "select_content", "--feature", "minutes=142", "--top", "2"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_LT(result.out.find("minutes"), result.out.find("kids share"));
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("“Families”"), HasSubstr("runner-up  a segment that this purpose may not use"),
                    HasSubstr("142 min"), HasSubstr("1 more"), HasSubstr("−5.00"), Not(HasSubstr("devices"))));
}

TEST_F(CommandsTest, Explain_AsksForWhatItShowsAndWritesAPage) {
  v1::ExplainRequest asked;
  fake_.explain = [&](const v1::ExplainRequest& request, v1::ExplainResponse* response) {
    asked = request;
    response->mutable_segment()->set_segment_id("families");
    response->mutable_smallest_change();
    response->mutable_why_not()->set_text("Sie sind nicht darin.");
    response->set_text("Sie sind darin.");
    return grpc::Status::OK;
  };
  const std::string page = folder_.Path("why.html");
  const Result result = WithFake({"explain", "--subject", "login:anna", "--purpose", "select_content", "--language",
                                  "de", "--why-not", "solo", "--html", page});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(asked.language(), "de");
  EXPECT_EQ(asked.why_not(), "solo");
  EXPECT_TRUE(asked.smallest_change());
  EXPECT_THAT(result.out, AllOf(HasSubstr("not reachable"), HasSubstr("Sie sind nicht darin."),
                                HasSubstr("Sie sind darin."), HasSubstr(page)));
  EXPECT_THAT(*ReadTextFile(page), HasSubstr("Sie sind darin."));
}

TEST_F(CommandsTest, ExplainRowBeyondTheFile_IsAnError) {
  const std::string csv = folder_.Write("in.csv", "subject_id,a\nanna,1\n");
  const Result result = WithFake({"explain", "--input", csv, "--row", "2", "--purpose", "select_content"});
  EXPECT_THAT(result.err, HasSubstr("the file has only 1 rows"));
}

}  // namespace
}  // namespace assent::client
