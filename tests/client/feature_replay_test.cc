#include "client/feature_replay.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/client/scratch_folder.h"

namespace assent::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kSchema[] = R"(
  profile_purpose: 4
  other_event_types: "login"
  features { name: "views" aggregate { function: AGGREGATE_FUNCTION_COUNT event_type: "view" half_life_days: 30 } }
  features { name: "spent" aggregate { function: AGGREGATE_FUNCTION_SUM event_type: "buy" attribute: "price"
                                       filters { attribute: "price" greater: 0 } } }
  features { name: "all" auxiliary: true aggregate { function: AGGREGATE_FUNCTION_COUNT } }
  features { name: "age" direct {} }
  features { name: "buys" share_of: "all" aggregate { function: AGGREGATE_FUNCTION_COUNT event_type: "buy" } }
  features { name: "since" aggregate { function: AGGREGATE_FUNCTION_DAYS_SINCE_LAST event_type: "buy" } }
  features { name: "shops" aggregate { function: AGGREGATE_FUNCTION_DISTINCT attribute: "shop" } }
)";

internal::v1::FeatureSchema Schema(const std::string& text = kSchema) {
  internal::v1::FeatureSchema schema;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &schema));
  return schema;
}

struct Made {
  std::string subject, type, shop;
  int64_t time_s = 0;
  double price = 0;
};

std::vector<Made> RandomEvents(uint32_t seed, size_t count) {
  std::mt19937 engine(seed);
  std::vector<Made> events;
  for (size_t i = 0; i < count; ++i) {
    Made made;
    made.subject = "s" + std::to_string(engine() % 7);
    made.type = engine() % 3 == 0 ? "buy" : "view";
    made.shop = "shop" + std::to_string(engine() % 4);
    made.time_s = 1300000000 + static_cast<int64_t>(engine() % 10000000);
    made.price = static_cast<double>(engine() % 1000) / 16 - 10;
    events.push_back(made);
  }
  return events;
}

std::string Csv(const std::vector<Made>& events) {
  std::string text = "subject,time,type,price,shop\n";
  for (const Made& event : events) {
    text += event.subject + "," + std::to_string(event.time_s) + "," + event.type + "," + std::to_string(event.price) +
            "," + event.shop + "\n";
  }
  return text;
}

// The features of one subject, by going through all its events.
std::vector<double> Naive(const std::vector<Made>& events, const std::string& subject, int64_t now_s) {
  double views = 0, spent = 0, all = 0, buys = 0;
  int64_t last_buy = 0;
  std::set<std::string> shops;
  for (const Made& event : events) {
    if (event.subject != subject || event.time_s > now_s) continue;
    all += 1;
    shops.insert(event.shop);
    if (event.type == "view") {
      views += std::exp2(-static_cast<double>(now_s - event.time_s) / (30.0 * 86400));
    } else {
      buys += 1;
      spent += event.price > 0 ? event.price : 0;
      last_buy = std::max(last_buy, event.time_s);
    }
  }
  return {views,
          spent,
          NAN,
          buys / all,
          last_buy == 0 ? NAN : static_cast<double>(now_s - last_buy) / 86400,
          static_cast<double>(shops.size())};
}

void ExpectNaive(const FeatureReplay& replay, const std::vector<Made>& events, int64_t now_s) {
  std::vector<float> values(replay.names().size());
  std::vector<uint8_t> missing(values.size());
  for (size_t i = 0; i < replay.subjects(); ++i) {
    const std::vector<double> expected = Naive(events, replay.subject(i), now_s);
    replay.Read(i, now_s * 1000000, values, missing);
    for (size_t j = 0; j < expected.size(); ++j) {
      SCOPED_TRACE(replay.subject(i) + " " + replay.names()[j]);
      EXPECT_EQ(missing[j] != 0, std::isnan(expected[j]));
      if (missing[j] == 0) {
        EXPECT_NEAR(static_cast<double>(values[j]), expected[j], 1e-5 * (1 + expected[j]));
      }
    }
  }
}

TEST(FeatureReplay, EventsOfAFile_GiveWhatANaiveProgramComputes) {
  ScratchFolder folder;
  for (const uint32_t seed : {1u, 2u, 3u}) {
    SCOPED_TRACE(seed);
    const std::vector<Made> events = RandomEvents(seed, 400);
    EventStreamOptions options;
    options.path = folder.Write("events.csv", Csv(events));
    auto replay = FeatureReplay::Create(Schema());
    ASSERT_TRUE(replay.ok()) << replay.status();
    EXPECT_THAT(replay->names(), ElementsAre("views", "spent", "age", "buys", "since", "shops"));
    const auto counts = ReplayFile(options, {}, *replay);
    ASSERT_TRUE(counts.ok()) << counts.status();
    EXPECT_EQ(counts->folded, 400u);
    int64_t newest = 0;
    for (const Made& event : events) newest = std::max(newest, event.time_s);
    EXPECT_EQ(counts->newest_us, newest * 1000000);
    EXPECT_EQ(replay->subjects(), 7u);
    ExpectNaive(*replay, events, newest);
  }
}

TEST(FeatureReplay, AsOf_LeavesOutWhatCameLater) {
  ScratchFolder folder;
  const std::vector<Made> events = RandomEvents(4, 500);
  EventStreamOptions options;
  options.path = folder.Write("events.csv", Csv(events));
  auto replay = FeatureReplay::Create(Schema());
  ASSERT_TRUE(replay.ok());
  ReplayOptions until;
  const int64_t as_of = 1304000000;
  until.as_of_us = as_of * 1000000;
  const auto counts = ReplayFile(options, until, *replay);
  ASSERT_TRUE(counts.ok());
  const auto later = static_cast<uint64_t>(
      std::count_if(events.begin(), events.end(), [&](const Made& event) { return event.time_s > as_of; }));
  EXPECT_EQ(counts->after_as_of, later);
  EXPECT_EQ(counts->folded, 500 - later);
  ExpectNaive(*replay, events, as_of);
}

constexpr char kSpent[] = R"(
    profile_purpose: 4
    other_event_types: "login"
    features { name: "spent" aggregate { function: AGGREGATE_FUNCTION_SUM event_type: "buy" attribute: "price" } })";

TEST(FeatureReplay, RepeatsUnknownTypesAndBadValues_AreCountedApart) {
  ScratchFolder folder;
  EventStreamOptions options;
  options.path = folder.Write("events.csv",
                              "event_id,subject,time,type,price\n"
                              "1,a,1000,buy,2\n1,a,1000,buy,2\n2,a,1001,login,\n3,a,1002,walk,\n4,a,1003,buy,cheap\n");
  auto replay = FeatureReplay::Create(Schema(kSpent));
  ASSERT_TRUE(replay.ok()) << replay.status();
  std::map<uint64_t, std::string> bad;
  std::vector<std::string> folded;
  ReplayOptions watch;
  watch.bad_row = [&](uint64_t row, absl::string_view what) { bad[row] = std::string(what); };
  watch.folded = [&](const RecordedEvent& event) { folded.push_back(event.event_id); };
  const auto counts = ReplayFile(options, watch, *replay);
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->rows, 5u);
  EXPECT_EQ(counts->folded, 1u);
  EXPECT_EQ(counts->repeated, 1u);
  EXPECT_EQ(counts->irrelevant, 1u);
  EXPECT_EQ(counts->unknown_type, 1u);
  EXPECT_THAT(folded, ElementsAre("1"));
  ASSERT_EQ(bad.size(), 1u);
  EXPECT_THAT(bad[5], testing::AllOf(HasSubstr("line 6, "), HasSubstr("price"), testing::Not(HasSubstr("cheap"))));
}

TEST(FeatureReplay, NewestTime_IsThatOfAnEventThatWasFolded) {
  ScratchFolder folder;
  EventStreamOptions options;
  options.path = folder.Write("events.csv",
                              "event_id,subject,time,type,price\n"
                              "1,a,1000,buy,2\n1,a,1900,buy,2\n2,a,2000,login,\n3,a,3000,walk,\n4,a,4000,buy,x\n");
  auto replay = FeatureReplay::Create(Schema(kSpent));
  ASSERT_TRUE(replay.ok()) << replay.status();
  const auto counts = ReplayFile(options, {}, *replay);
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->folded, 1u);
  EXPECT_EQ(counts->newest_us, 1000000000);
}

TEST(FeatureReplay, EventsOfTheFuture_AreBadRowsAndMakeNoSubject) {
  ScratchFolder folder;
  EventStreamOptions events;
  events.path =
      folder.Write("events.csv", "subject,time,type\na,5000,view\nb,5300,view\nc,5301,view\nd,99999999999,view\n");
  for (const bool as_of : {false, true}) {
    auto replay = FeatureReplay::Create(Schema());
    ASSERT_TRUE(replay.ok());
    std::map<uint64_t, std::string> bad;
    ReplayOptions options;
    options.now = absl::FromUnixSeconds(5000);
    if (as_of) options.as_of_us = 5300000000;
    options.bad_row = [&](uint64_t row, absl::string_view what) { bad[row] = std::string(what); };
    const auto counts = ReplayFile(events, options, *replay);
    ASSERT_TRUE(counts.ok());
    EXPECT_EQ(counts->folded, 2u);
    EXPECT_EQ(counts->after_as_of, 0u);
    EXPECT_EQ(counts->newest_us, 5300000000);
    EXPECT_EQ(replay->subjects(), 2u);
    ASSERT_EQ(bad.size(), 2u);
    EXPECT_EQ(bad[3], "line 4, time: in the future, by more than 300 s; is --time-unit right?");
    EXPECT_THAT(bad[4], HasSubstr("line 5, time: in the future"));
  }
}

TEST(FeatureReplay, EventThatCannotBeFolded_MakesNoSubject) {
  auto replay = FeatureReplay::Create(Schema());
  ASSERT_TRUE(replay.ok());
  RecordedEvent event;
  event.subject = "a";
  event.event_id = "1";
  event.type = "buy";
  event.attributes = {{"price", std::string("cheap")}};
  EXPECT_FALSE(replay->Fold(event).ok());
  EXPECT_EQ(replay->subjects(), 0u);
}

TEST(FeatureReplay, SchemaWithoutAggregates_IsRefused) {
  EXPECT_THAT(std::string(FeatureReplay::Create(Schema("features { name: \"a\" direct {} }")).status().message()),
              HasSubstr("no aggregate"));
}

TEST(FeatureReplay, ManySubjects_KeepTheirStatesApart) {
  auto replay = FeatureReplay::Create(Schema());
  ASSERT_TRUE(replay.ok());
  RecordedEvent event;
  event.type = "buy";
  for (uint64_t i = 0; i < 5000; ++i) {
    event.subject = "s" + std::to_string(i * 7919 % 2500);
    event.event_id = std::to_string(i);
    event.time_us = 1000000;
    event.attributes = {{"price", static_cast<double>(i * 7919 % 2500 + 1)}};
    ASSERT_TRUE(replay->Fold(event).ok());
  }
  const auto table = TableOf(*replay, 1000000);
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->rows, 2500u);
  for (size_t row = 0; row < table->rows; ++row) {
    const double number = std::stod(replay->subject(row).substr(1));
    ASSERT_EQ(static_cast<double>(table->values[row * 6 + 1]), 2 * (number + 1)) << replay->subject(row);
  }
  EXPECT_EQ(table->missing_cells, 2500u);  // the direct feature
}

}  // namespace
}  // namespace assent::client
