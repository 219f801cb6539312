// Commands that read recorded events, and the choice of the number of segments.
#include <cmath>
#include <random>

#include "client/csv_reader.h"
#include "gmock/gmock.h"
#include "storage/model_file.h"
#include "tests/client/commands_fixture.h"

namespace assent::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kSchema[] = R"(
  profile_purpose: 4
  features { name: "views" aggregate { function: AGGREGATE_FUNCTION_COUNT event_type: "view" half_life_days: 10 } }
  features { name: "total" auxiliary: true aggregate { function: AGGREGATE_FUNCTION_COUNT } }
  features { name: "share" share_of: "total" aggregate { function: AGGREGATE_FUNCTION_COUNT event_type: "view" } }
  features { name: "last" aggregate { function: AGGREGATE_FUNCTION_LAST event_type: "buy" attribute: "price" } }
)";

std::string Events() {
  std::mt19937 engine(11);
  std::string text = "subject,time,type,price\n";
  for (int i = 0; i < 3000; ++i) {
    const auto person = engine() % 200;
    text += "p" + std::to_string(person) + "," + std::to_string(1000000 + i * 977) + "," +
            (engine() % 200 < person ? "view," : "buy," + std::to_string(person % 3 * 10 + engine() % 3)) + "\n";
  }
  return text;
}

class EventCommandsTest : public CommandsTest {
 protected:
  std::string schema_ = folder_.Write("schema.textproto", kSchema);
  std::string events_ = folder_.Write("events.csv", Events());
  std::string out_ = folder_.Path("out.csv");
};

TEST_F(EventCommandsTest, Features_OneRowASubjectAsOfTheNewestEvent) {
  const std::string events = folder_.Write("in.csv",
                                           "subject,time,type,price\n"
                                           "anna,2020-01-01,view,\nbert,2020-01-11,buy,2.5\nanna,2020-01-11,view,\n"
                                           ",2020-01-12,view,\n");
  const Result result = Assentctl({"features", "--schema", schema_, "--events", events, "--out", out_, "--json"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(ReadAll(out_), "subject_id,views,share,last\nanna,1.5,1,\nbert,0,0,2.5\n");
  const auto json = result.json();
  EXPECT_EQ(json["folded"], 3);
  EXPECT_EQ(json["without_subject"], 1);
  EXPECT_EQ(json["as_of"], "2020-01-11T00:00:00Z");
  EXPECT_EQ(json["subjects"], 2);
  EXPECT_GE(json["state_bytes"], 64);
}

TEST_F(EventCommandsTest, FeaturesAtEveryEventOrAsOfATime) {
  const std::string events =
      folder_.Write("in.jsonl",
                    "{\"subject\":\"anna\",\"event_id\":\"e1\",\"time\":0,\"type\":\"view\"}\n"
                    "{\"subject\":\"anna\",\"event_id\":\"e1\",\"time\":0,\"type\":\"view\"}\n"
                    "{\"subject\":\"anna\",\"event_id\":\"e2\",\"time\":864000,\"type\":\"view\"}\n");
  ASSERT_EQ(Assentctl({"features", "--schema", schema_, "--events", events, "--out", out_, "--every-event"}).status, 0);
  EXPECT_EQ(ReadAll(out_),
            "subject_id,event_id,time,views,share,last\n"
            "anna,e1,1970-01-01T00:00:00Z,1,1,\nanna,e2,1970-01-11T00:00:00Z,1.5,1,\n");
  ASSERT_EQ(
      Assentctl({"features", "--schema", schema_, "--events", events, "--out", out_, "--as-of", "1970-01-11"}).status,
      0);
  EXPECT_EQ(ReadAll(out_), "subject_id,views,share,last\nanna,1.5,1,\n");
  ASSERT_EQ(Assentctl({"features", "--schema", schema_, "--events", events, "--out", out_, "--as-of", "1"}).status, 0);
  EXPECT_EQ(ReadAll(out_), "subject_id,views,share,last\nanna,0.9999992,1,\n");
}

TEST_F(EventCommandsTest, FeaturesWithBadRows_WritesTheOthersAndFails) {
  const std::string events =
      folder_.Write("in.csv", "subject,time,type,price\nanna,1,view,\nsecret-name,never,view,\nbert,1,buy,2\n");
  const Result result = Assentctl({"features", "--schema", schema_, "--events", events, "--out", out_, "--json"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("1 of 3 rows failed"), Not(HasSubstr("secret"))));
  EXPECT_EQ(result.json()["bad_rows"][0]["row"], 2);
  EXPECT_THAT(result.json()["bad_rows"][0]["error"].get<std::string>(), HasSubstr("line 3, column \"time\""));
  EXPECT_THAT(ReadAll(out_), HasSubstr("bert"));
}

TEST_F(EventCommandsTest, FeaturesOfATruncatedFile_WritesNothing) {
  const std::string events = folder_.Write("in.csv.gz", "\x1f\x8b\x08 cut");
  const Result result = Assentctl({"features", "--schema", schema_, "--events", events, "--out", out_});
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(ReadAll(out_), "");
}

TEST_F(EventCommandsTest, TrainOnEvents_IsTrainingOnTheirFeatures) {
  ASSERT_EQ(Assentctl({"features", "--schema", schema_, "--events", events_, "--out", out_}).status, 0);
  const std::string from_events = folder_.Path("events.assent"), from_table = folder_.Path("table.assent");
  const Result result =
      Assentctl({"train", "--events", events_, "--schema", schema_, "--k", "3", "--out", from_events, "--json"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.json()["events"]["folded"], 3000);
  EXPECT_EQ(result.json()["as_of"], "1970-02-15T11:40:23Z");  // the last of 3000 events, 977 s apart
  ASSERT_EQ(Assentctl({"train", "--input", out_, "--schema", schema_, "--k", "3", "--out", from_table}).status, 0);
  auto a = storage::ReadModelMessage(from_events), b = storage::ReadModelMessage(from_table);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_NE(a->provenance().training_data_sha256(), b->provenance().training_data_sha256());
  a->mutable_provenance()->clear_training_data_sha256();
  b->mutable_provenance()->clear_training_data_sha256();
  EXPECT_EQ(a->SerializeAsString(), b->SerializeAsString());
  EXPECT_EQ(a->schema().features_size(), 4);
  EXPECT_EQ(a->centroids().size(), 3u * 3 * sizeof(float));
  ASSERT_EQ(a->reference_histograms_size(), 3);
  EXPECT_EQ(a->reference_histograms(1).feature(), "share");
  uint64_t rows = 0;
  for (const uint64_t count : a->reference_histograms(0).counts()) rows += count;
  EXPECT_EQ(rows, a->provenance().training_rows());
}

TEST_F(EventCommandsTest, TrainOnEvents_SaysOfWhichTimeTheFeaturesAre) {
  const std::vector<std::string> arguments = {"train", "--events", events_,     "--schema",
                                              schema_, "--as-of",  "1970-02-01"};
  std::vector<std::string> one = arguments, range = arguments;
  one.insert(one.end(), {"--k", "3", "--out", folder_.Path("m.assent")});
  range.insert(range.end(), {"--k", "2..3"});
  for (std::vector<std::string> all : {one, range}) {
    EXPECT_THAT(Assentctl(all).out, HasSubstr("Features as of 1970-02-01T00:00:00Z\n"));
    all.push_back("--json");
    EXPECT_EQ(Assentctl(all).json()["as_of"], "1970-02-01T00:00:00Z");
  }
}

TEST_F(EventCommandsTest, TrainInputFlags_AreChecked) {
  const auto error = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"train", "--k", "2", "--out", folder_.Path("m")});
    const Result result = Assentctl(more);
    EXPECT_NE(result.status, 0);
    return result.err;
  };
  EXPECT_THAT(error({}), HasSubstr("--input"));
  EXPECT_THAT(error({"--input", out_, "--events", events_}), HasSubstr("--events"));
  EXPECT_THAT(error({"--events", events_}), HasSubstr("--schema"));
  EXPECT_THAT(error({"--events", events_, "--schema", schema_, "--time-zone", "Mars"}), HasSubstr("--time-zone"));
  EXPECT_THAT(error({"--events", events_, "--schema", schema_, "--as-of", "soon"}), HasSubstr("--as-of"));
}

TEST_F(EventCommandsTest, RangeOfK_PrintsATableAndTrainsNothing) {
  std::string csv = "a,b\n";
  std::mt19937 engine(5);
  for (int i = 0; i < 240; ++i) {
    csv += std::to_string(i % 3 * 100 + static_cast<int>(engine() % 10)) + "," + std::to_string(engine() % 10) + "\n";
  }
  const std::string input = folder_.Write("in.csv", csv);
  const std::vector<std::string> arguments = {"train", "--input", input, "--scale", "none", "--k", "2..5"};
  std::vector<std::string> as_json = arguments;
  as_json.push_back("--json");
  const Result json = Assentctl(as_json);
  ASSERT_EQ(json.status, 0) << json.err;
  const auto document = json.json();
  EXPECT_EQ(document["training_rows"], 192);
  EXPECT_EQ(document["held_out_rows"], 48);
  ASSERT_EQ(document["choices"].size(), 4u);
  EXPECT_EQ(document["best_silhouette_k"], 3);
  EXPECT_EQ(document["choices"][1]["stability"], 1);
  EXPECT_GT(document["choices"][1]["silhouette"], 0.9);
  EXPECT_NEAR(document["choices"][1]["cost"].get<double>(), 192 * document["choices"][1]["cost_per_row"].get<double>(),
              1e-6);
  const Result text = Assentctl(arguments);
  EXPECT_THAT(text.out, AllOf(HasSubstr("silhouette"), HasSubstr("--k 3 has the best")));
  as_json.insert(as_json.end(), {"--out", folder_.Path("m.assent")});
  EXPECT_THAT(Assentctl(as_json).error()["message"].get<std::string>(), HasSubstr("one k"));
  EXPECT_EQ(ReadAll(folder_.Path("m.assent")), "");
  EXPECT_EQ(Assentctl({"train", "--input", input, "--k", "5..2"}).status, 2);
  EXPECT_EQ(Assentctl({"train", "--input", input, "--k", "0"}).status, 2);
}

TEST_F(EventCommandsTest, RangeOfKAboveTheDistinctRows_PrintsWhatThereIs) {
  const std::string input = folder_.Write("in.csv", "a\n1\n1\n5\n9\n");
  const std::vector<std::string> arguments = {"train", "--input", input, "--k", "2..20", "--hold-out", "0.1"};
  const Result text = Assentctl(arguments);
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("The range ends here: k: 4 segments"), HasSubstr("          -  ")));
  std::vector<std::string> as_json = arguments;
  as_json.push_back("--json");
  const auto json = Assentctl(as_json).json();
  EXPECT_EQ(json["choices"].size(), 2u);
  EXPECT_TRUE(json["choices"][0]["held_out_cost_per_row"].is_null());
  EXPECT_THAT(json["ended"].get<std::string>(), HasSubstr("3 distinct rows"));
}

TEST_F(EventCommandsTest, Calibration_HoldsOnTheRowsThatWereHeldOut) {
  std::mt19937 engine(5);
  std::normal_distribution<double> noise(0, 1);
  std::string csv = "a,b\n";
  for (int i = 0; i < 2000; ++i)
    csv += std::to_string(i % 2 * 3 + noise(engine)) + "," + std::to_string(noise(engine)) + "\n";
  const std::string input = folder_.Write("in.csv", csv);
  const Result result =
      Assentctl({"train", "--input", input, "--scale", "none", "--k", "2", "--hold-out", "0.5", "--calibrate-abstain",
                 "0.05,0.02", "--calibrate-temperature", "--out", folder_.Path("m.assent"), "--json"});
  ASSERT_EQ(result.status, 0) << result.err;
  const auto json = result.json();
  EXPECT_EQ(json["rows"], 1000);
  EXPECT_EQ(json["held_out"]["rows"], 1000);
  EXPECT_DOUBLE_EQ(json["held_out"]["abstain_by_margin"], 0.05);
  EXPECT_DOUBLE_EQ(json["held_out"]["abstain_by_distance"], 0.02);
  // k-means takes the overlap for its own, so that its centroids lie a little wide and the clouds look a little narrow.
  EXPECT_NEAR(json["temperature"].get<double>(), 2, 0.3);
  EXPECT_EQ(Assentctl({"train", "--input", input, "--k", "2", "--abstain", "off", "--calibrate-abstain", "0.1", "--out",
                       folder_.Path("m.assent")})
                .status,
            1);
}

}  // namespace
}  // namespace assent::client
