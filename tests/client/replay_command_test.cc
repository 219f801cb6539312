// assentctl replay, against a fake service.
#include <signal.h>

#include <map>
#include <mutex>
#include <set>

#include "client/replay_pace.h"
#include "client/replay_run.h"
#include "gmock/gmock.h"
#include "tests/client/commands_fixture.h"

namespace assent::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string ManyEvents(int count) {
  std::string text = "event_id,subject,time,type,price,new\n";
  for (int i = 0; i < count; ++i) {
    text += "e" + std::to_string(i) + ",p" + std::to_string(i / 3 % 17) + "," + std::to_string(1000 + i) +
            ".5,view,2.5,true\n";
  }
  return text;
}

TEST_F(CommandsTest, ReplayRecord_SendsEveryEventOfASubjectInOrder) {
  fake_.record_events = [](const v1::RecordEventsRequest& request, v1::RecordEventsResponse* response) {
    response->set_outcome(v1::OUTCOME_RECORDED);
    response->set_reason("consent.grant");
    response->set_folded(static_cast<uint32_t>(request.events_size()));
    return grpc::Status::OK;
  };
  const std::string events = folder_.Write("in.csv", ManyEvents(1000));
  const Result result =
      WithFake({"replay", "--events", events, "--purpose", "profile_content", "--namespace", "cookie", "--json"});
  ASSERT_EQ(result.status, 0) << result.err;
  std::map<std::string, std::vector<std::string>> sent;
  size_t calls_of_several = 0;
  for (const v1::RecordEventsRequest& request : fake_.events_asked) {
    EXPECT_EQ(request.purpose(), v1::PURPOSE_PROFILE_CONTENT);
    EXPECT_EQ(request.subject().namespace_(), "cookie");
    calls_of_several += request.events_size() > 1 ? 1 : 0;
    for (const v1::Event& event : request.events()) sent[request.subject().id()].push_back(event.event_id());
  }
  EXPECT_GT(calls_of_several, 0u);
  ASSERT_EQ(sent.size(), 17u);
  std::map<std::string, std::vector<std::string>> expected;
  for (int i = 0; i < 1000; ++i) expected["p" + std::to_string(i / 3 % 17)].push_back("e" + std::to_string(i));
  EXPECT_EQ(sent, expected);
  const v1::Event& event = fake_.events_asked[0].events(0);
  EXPECT_EQ(event.time().nanos(), 500000000);
  EXPECT_EQ(event.type(), "view");
  EXPECT_EQ(event.attributes().at("price").number(), 2.5);
  EXPECT_TRUE(event.attributes().at("new").flag());
  const auto json = result.json();
  EXPECT_EQ(json["events"], 1000);
  EXPECT_EQ(json["folded"], 1000);
  EXPECT_EQ(json["outcomes"]["RECORDED"], json["calls"]);
  EXPECT_EQ(json["reasons"]["consent.grant"], json["calls"]);
}

TEST_F(CommandsTest, ReplayAssign_StreamsEveryEventAndCountsSegmentsAndErrors) {
  fake_.assign = [](const v1::AssignRequest& request, v1::AssignResponse* response) {
    if (request.subject().id() == "p3") {
      return RichError(grpc::StatusCode::INVALID_ARGUMENT, "EVENT_INVALID", "events[0].time: in the future");
    }
    const bool refused = request.subject().id() == "p4";
    response->set_outcome(refused ? v1::OUTCOME_NO_CONSENT : v1::OUTCOME_ASSIGNED);
    if (!refused) response->add_segments()->set_segment_id("segment-1");
    return grpc::Status::OK;
  };
  const std::string events = folder_.Write("in.csv", ManyEvents(10200));
  const Result result = WithFake({"replay", "--events", events, "--purpose", "select_content", "--rpc", "assign",
                                  "--per-call", "1", "--parallel", "3", "--json"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.error()["message"].get<std::string>(), HasSubstr("600 of 10200 rows failed"));
  const auto json = result.json();
  EXPECT_EQ(json["events"], 9600);
  EXPECT_EQ(json["outcomes"]["ASSIGNED"], 9000);
  EXPECT_EQ(json["outcomes"]["NO_CONSENT"], 600);
  EXPECT_EQ(json["segments"]["segment-1"], 9000);
  EXPECT_EQ(json["errors"]["EVENT_INVALID"], 600);
  EXPECT_EQ(json["failed"], 600);
  EXPECT_EQ(json["failed_events"], 0);
  ASSERT_EQ(fake_.assigns_asked.size(), 10200u);
  std::map<std::string, std::string> last;
  for (const v1::AssignRequest& request : fake_.assigns_asked) {
    ASSERT_EQ(request.events_size(), 1);
    EXPECT_EQ(request.purpose(), v1::PURPOSE_SELECT_CONTENT);
    const std::string time = std::to_string(request.events(0).time().seconds() + 100000);
    EXPECT_LT(last[request.subject().id()], time);
    last[request.subject().id()] = time;
  }
}

// Refuses a call whole for each event with an id that ends in 7, as the server does.
grpc::Status RefuseSevens(const google::protobuf::RepeatedPtrField<v1::Event>& events, std::set<std::string>& kept) {
  for (int i = 0; i < events.size(); ++i) {
    if (events[i].event_id().back() != '7') continue;
    return RichError(grpc::StatusCode::INVALID_ARGUMENT, "VALUE_OUT_OF_RANGE",
                     "events[" + std::to_string(i) + "].time: is before 1970");
  }
  for (const v1::Event& event : events) kept.insert(event.event_id());
  return grpc::Status::OK;
}

TEST_F(CommandsTest, ReplayOfEventsThatTheServerRefuses_LosesNoneOfTheirNeighbours) {
  std::mutex mutex;
  std::set<std::string> kept;
  fake_.record_events = [&](const v1::RecordEventsRequest& request, v1::RecordEventsResponse* response) {
    const std::lock_guard<std::mutex> lock(mutex);
    response->set_outcome(v1::OUTCOME_RECORDED);
    return RefuseSevens(request.events(), kept);
  };
  fake_.assign = [&](const v1::AssignRequest& request, v1::AssignResponse* response) {
    const std::lock_guard<std::mutex> lock(mutex);
    response->set_outcome(v1::OUTCOME_ASSIGNED);
    return RefuseSevens(request.events(), kept);
  };
  std::string text = "event_id,subject,time,type\n";
  for (int i = 0; i < 400; ++i) text += "e" + std::to_string(i) + ",p" + std::to_string(i / 50) + ",1000,view\n";
  const std::string events = folder_.Write("in.csv", text);
  for (const auto& [rpc, purpose] : {std::pair{"record", "profile_content"}, {"assign", "select_content"}}) {
    SCOPED_TRACE(rpc);
    kept.clear();
    const Result result = WithFake({"replay", "--events", events, "--rpc", rpc, "--purpose", purpose, "--json"});
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.error()["message"].get<std::string>(), HasSubstr("40 of 400 rows failed"));
    EXPECT_EQ(kept.size(), 360u);
    const auto json = result.json();
    EXPECT_EQ(json["events"], 360);
    EXPECT_EQ(json["failed"], 40);
    EXPECT_EQ(json["failed_calls"], 0);
    EXPECT_EQ(json["errors"]["VALUE_OUT_OF_RANGE"], 40);
    EXPECT_EQ(json["bad_rows"][0]["row"], 8);
    EXPECT_EQ(json["bad_rows"][0]["error"], "line 9, time: is before 1970");
  }
}

TEST_F(CommandsTest, ReplayOfCallsThatAreRefusedWhole_CountsThemAsFailed) {
  fake_.record_events = [](const v1::RecordEventsRequest&, v1::RecordEventsResponse*) {
    return RichError(grpc::StatusCode::INVALID_ARGUMENT, "NAMESPACE_UNKNOWN", "subject.namespace: is not configured");
  };
  const std::string events = folder_.Write("in.csv", ManyEvents(30));
  const Result result = WithFake({"replay", "--events", events, "--purpose", "profile_content", "--json"});
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.json()["failed_events"], 30);
  EXPECT_EQ(result.json()["failed"], 0);
}

TEST_F(CommandsTest, ReplayWithNobodyThere_EndsAtOnceAndSaysSo) {
  const std::string events = folder_.Write("in.csv", ManyEvents(5000));
  for (const std::vector<std::string>& rpc :
       {std::vector<std::string>{"--rpc", "record", "--purpose", "profile_content"},
        {"--rpc", "assign", "--purpose", "select_content"}}) {
    std::vector<std::string> arguments = {"replay", "--events", events, "--target", "127.0.0.1:1", "--json"};
    arguments.insert(arguments.end(), rpc.begin(), rpc.end());
    const Result result = Assentctl(arguments);
    EXPECT_EQ(result.status, 1);
    EXPECT_EQ(result.error()["code"], "UNAVAILABLE");
    EXPECT_EQ(result.json()["events"], 0);
    EXPECT_LE(result.json()["failed_calls"], 8);
  }
}

TEST_F(CommandsTest, ReplayFlags_AreChecked) {
  const std::string events = folder_.Write("in.csv", ManyEvents(2));
  EXPECT_THAT(WithFake({"replay", "--events", events, "--purpose", "select_content"}).err,
              HasSubstr("profile_content"));
  EXPECT_THAT(WithFake({"replay", "--events", events, "--purpose", "profile_content", "--speed", "0"}).err,
              HasSubstr("--speed"));
  EXPECT_THAT(WithFake({"replay", "--events", events, "--rpc", "assign", "--purpose", "profile_content"}).err,
              HasSubstr("select_content"));
  EXPECT_EQ(WithFake({"replay", "--events", events, "--purpose", "profile_content", "--per-call", "17"}).status, 2);
  EXPECT_TRUE(fake_.events_asked.empty());
}

// A clock that only sleeping moves.
struct FakeClock {
  absl::Time now = absl::FromUnixSeconds(1000);
  std::vector<absl::Duration> slept;
  ReplayClock Clock() {
    return {[this] { return now; },
            [this](absl::Duration time) {
              slept.push_back(time);
              now += time;
            }};
  }
};

TEST(ReplayPace, Events_AreDueAsLongAfterTheFirstAsTheRecordingWasDividedByTheSpeed) {
  FakeClock fake;
  const ReplayClock clock = fake.Clock();
  const absl::Time start = fake.now;
  ReplayPace pace(10, clock);
  const auto never = [] { return false; };
  EXPECT_EQ(pace.Await(1000000000000, never), start);
  EXPECT_EQ(pace.Await(1003600000000, never), start + absl::Seconds(360));
  EXPECT_EQ(fake.now, start + absl::Seconds(360));
  // Out of order: due with the newest so far.
  EXPECT_EQ(pace.Await(1002000000000, never), start + absl::Seconds(360));
  EXPECT_EQ(pace.Await(1072000000000, never), start + absl::Seconds(7200));
  EXPECT_EQ(fake.now, start + absl::Seconds(7200));
  for (const absl::Duration slept : fake.slept) EXPECT_LE(slept, absl::Milliseconds(200));
  // Late already: due in the past, and no sleep.
  fake.now += absl::Seconds(100);
  fake.slept.clear();
  EXPECT_EQ(pace.Await(1072010000000, never), start + absl::Seconds(7201));
  EXPECT_TRUE(fake.slept.empty());
}

TEST(ReplayPace, EndOfTheRun_EndsTheWait) {
  FakeClock fake;
  const ReplayClock clock = fake.Clock();
  ReplayPace pace(1, clock);
  pace.Await(0, [] { return false; });
  pace.Await(86400000000, [&] { return fake.slept.size() == 3; });
  EXPECT_EQ(fake.now, absl::FromUnixSeconds(1000) + absl::Milliseconds(600));
  EXPECT_EQ(ReplayPace(0, clock).Await(86400000000, [] { return false; }), absl::InfiniteFuture());
}

TEST_F(CommandsTest, ReplayAtASpeedOfARowOfAFarYear_SendsTheRestAndNamesIt) {
  const std::string file =
      folder_.Write("in.csv", "subject,time,type\na,1000000,v\na,4070908800,v\na,1000001,v\na,1000002,v\n");
  const Result result = Assentctl({"replay", "--target", fake_.address(), "--purpose", "profile_content", "--events",
                                   file, "--speed", "1000", "--json"});
  EXPECT_EQ(result.status, 1) << result.err;
  EXPECT_EQ(result.json()["events"], 3);
  EXPECT_EQ(result.json()["failed"], 1);
  EXPECT_NE(result.out.find("line 3, time: in the future"), std::string::npos) << result.out;
}

TEST_F(CommandsTest, ReplayAtASpeed_MeasuresLatenessWhereEventsAreSent) {
  EventStreamOptions where;
  where.path = folder_.Write("in.csv", "subject,time,type\na,1000000,v\na,1000020,v\na,1000010,v\n");
  auto events = EventStream::Open(where);
  ASSERT_TRUE(events.ok());
  ChannelOptions channel;
  channel.target = fake_.address();
  auto client = AssignmentClient::Create(channel);
  ASSERT_TRUE(client.ok());
  ReplayRunOptions options;
  options.speed = 10;
  options.threads = 1;
  options.events_per_call = 1;
  options.frame.set_purpose(v1::PURPOSE_PROFILE_CONTENT);
  std::mutex mutex;
  absl::Time now = absl::FromUnixSeconds(2'000'000);
  options.clock.now = [&] {
    const std::lock_guard<std::mutex> lock(mutex);
    return now;
  };
  options.clock.sleep = [&](absl::Duration time) {
    const std::lock_guard<std::mutex> lock(mutex);
    now += time;
  };
  // The server takes 7 seconds for each call; the last two are due 2 seconds after the first.
  fake_.record_events = [&](auto&, auto*) {
    options.clock.sleep(absl::Seconds(7));
    return grpc::Status::OK;
  };
  ReplaySummary summary;
  ASSERT_TRUE(ReplayEvents(*client, **events, options, summary).ok());
  EXPECT_EQ(summary.events, 3u);
  EXPECT_GE(summary.late_max, absl::Seconds(12));
  EXPECT_LE(summary.late_max, absl::Seconds(14));
}

TEST_F(CommandsTest, ReplayAfterAnInterrupt_PrintsWhatWasSentAndExitsAsShellsExpect) {
  fake_.record_events = [](auto&, auto*) {
    raise(SIGINT);
    return grpc::Status::OK;
  };
  const std::string events = folder_.Write("in.csv", "subject,time,type\na,1000000,v\na,2000000,v\na,3000000,v\n");
  const Result result =
      WithFake({"replay", "--events", events, "--purpose", "profile_content", "--speed", "1", "--json"});
  EXPECT_EQ(result.status, 130);
  EXPECT_EQ(result.json()["events"], 1);
  EXPECT_EQ(result.json()["stopped"], true);
  EXPECT_EQ(result.error()["code"], "CANCELLED");
}

}  // namespace
}  // namespace assent::client
