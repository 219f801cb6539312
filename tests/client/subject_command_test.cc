#include "gmock/gmock.h"
#include "tests/client/commands_fixture.h"

namespace assent::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using SubjectCommandTest = CommandsTest;

TEST_F(SubjectCommandTest, RefuseAndAllow_SayTheSegmentOrTheRow) {
  ASSERT_EQ(WithFake({"subject", "refuse", "--subject", "login:anna", "--segment", "segment-4"}).status, 0);
  ASSERT_EQ(WithFake({"subject", "allow", "--subject", "login:anna", "--taxonomy", "381", "--etag", "r6"}).status, 0);
  const v1::SetSegmentPreferenceRequest& refused = fake_.preferences_asked.at(0);
  EXPECT_EQ(refused.subject().namespace_(), "login");
  EXPECT_EQ(refused.subject().id(), "anna");
  EXPECT_EQ(refused.segment_id(), "segment-4");
  EXPECT_EQ(refused.preference(), v1::SEGMENT_PREFERENCE_REFUSED);
  EXPECT_EQ(refused.request_id().size(), 36u);
  const v1::SetSegmentPreferenceRequest& allowed = fake_.preferences_asked.at(1);
  EXPECT_EQ(allowed.taxonomy_id(), 381);
  EXPECT_EQ(allowed.preference(), v1::SEGMENT_PREFERENCE_ALLOWED);
  EXPECT_EQ(allowed.etag(), "r6");
  EXPECT_NE(allowed.request_id(), refused.request_id());
  for (const auto& wrong : {std::vector<std::string>{}, {"--segment", "a", "--taxonomy", "1"}}) {
    std::vector<std::string> arguments = {"subject", "refuse", "--subject", "login:anna"};
    arguments.insert(arguments.end(), wrong.begin(), wrong.end());
    const Result result = WithFake(arguments);
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("--segment, or a row of the taxonomy with --taxonomy"));
  }
  EXPECT_EQ(fake_.preferences_asked.size(), 2u);
}

TEST_F(SubjectCommandTest, EachOther_SendsItsCall) {
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "subject");
    arguments.insert(arguments.end(), {"--subject", "login:anna"});
    const Result result = WithFake(arguments);
    EXPECT_EQ(result.status, 0) << result.err;
    return result.out;
  };
  run({"contest", "--segment", "segment-5", "--statement", "I have no children"});
  EXPECT_EQ(fake_.contests_asked.at(0).segment_id(), "segment-5");
  EXPECT_EQ(fake_.contests_asked.at(0).statement(), "I have no children");
  run({"restrict"});
  EXPECT_FALSE(fake_.restrictions_asked.at(0).lift());
  run({"lift"});
  EXPECT_TRUE(fake_.restrictions_asked.at(1).lift());
  run({"child"});
  EXPECT_TRUE(fake_.child_marks_asked.at(0).child());
  run({"child", "--not"});
  EXPECT_FALSE(fake_.child_marks_asked.at(1).child());
  EXPECT_TRUE(fake_.child_marks_asked.at(1).has_child());
  run({"erase"});
  EXPECT_EQ(fake_.erasures_asked.at(0).subject().id(), "anna");
}

TEST_F(SubjectCommandTest, LinkAndUnlink_NameBothSubjects) {
  const Result linked = WithFake({"consent", "link", "--subject", "login:anna", "--linked", "cookie:c-1"});
  ASSERT_EQ(linked.status, 0) << linked.err;
  EXPECT_THAT(linked.out, AllOf(HasSubstr("revision 7"), HasSubstr("links 3"), Not(HasSubstr("anna"))));
  EXPECT_EQ(fake_.links_asked.at(0).subject().id(), "anna");
  EXPECT_EQ(fake_.links_asked.at(0).linked().namespace_(), "cookie");
  EXPECT_EQ(fake_.links_asked.at(0).linked().id(), "c-1");
  EXPECT_EQ(fake_.links_asked.at(0).request_id().size(), 36u);
  ASSERT_EQ(WithFake({"consent", "unlink", "--subject", "cookie:c-1", "--etag", "r7"}).status, 0);
  EXPECT_FALSE(fake_.unlinks_asked.at(0).has_linked());
  EXPECT_EQ(fake_.unlinks_asked.at(0).etag(), "r7");
  EXPECT_EQ(WithFake({"consent", "link", "--subject", "login:anna"}).status, 2) << "--linked is required";
}

TEST_F(SubjectCommandTest, TheState_IsPrintedForPeopleAndAsJson) {
  const std::vector<std::string> restrict = {"subject", "restrict", "--subject", "login:anna"};
  const Result text = WithFake(restrict);
  EXPECT_THAT(text.out, AllOf(HasSubstr("restricted"), HasSubstr("a child"), HasSubstr("segments segment-4"),
                              HasSubstr("rows 381"), HasSubstr("contests segment-5 since 2023-11-14 22:13:20 UTC"),
                              HasSubstr("revision 7"), Not(HasSubstr("erased")), Not(HasSubstr("anna"))));
  std::vector<std::string> as_json = restrict;
  as_json.push_back("--json");
  const auto json = WithFake(as_json).json();
  EXPECT_EQ(json["state"]["etag"], "r7");
  EXPECT_EQ(json["state"]["erased"], false);
}

TEST_F(SubjectCommandTest, Segments_SayWhyInWords) {
  const Result text = WithFake({"subject", "segments", "--subject", "login:anna"});
  EXPECT_THAT(text.out,
              AllOf(HasSubstr("select_advertising  ASSIGNED  model.nearest"), HasSubstr("segment-4 “Families”"),
                    HasSubstr("Mostly because kids_share is 0.7."), HasSubstr("select_content  DEPENDS ON THE CALL")));
  const auto json = WithFake({"subject", "segments", "--subject", "login:anna", "--json"}).json();
  EXPECT_EQ(json["segments"][0]["segment"]["segment_id"], "segment-4");
}

TEST_F(SubjectCommandTest, Export_IsWholeOrNotThere) {
  const std::vector<std::string> base = {"subject", "export", "--subject", "login:anna"};
  EXPECT_EQ(WithFake(base).json()["a"], 1);
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), base.begin(), base.end());
    return WithFake(more);
  };
  ASSERT_EQ(with({"--format", "csv", "--out", folder_.Path("anna.csv")}).status, 0);
  EXPECT_EQ(ReadAll(folder_.Path("anna.csv")), "field,value\r\nfield,value\r\n");
  EXPECT_EQ(with({"--format", "xml"}).status, 2);
  const Result broken =
      WithFake({"subject", "export", "--subject", "login:nobody", "--out", folder_.Path("broken.json")});
  EXPECT_EQ(broken.status, 1);
  EXPECT_THAT(broken.err, HasSubstr("the disk refused"));
  EXPECT_EQ(ReadAll(folder_.Path("broken.json")), "");
}

}  // namespace
}  // namespace assent::client
