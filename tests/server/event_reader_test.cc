#include "server/event_reader.h"

#include <cmath>
#include <functional>
#include <limits>

#include "gtest/gtest.h"
#include "server/status_conversion.h"
#include "tests/server/pipeline_fixture.h"

namespace assent::server {
namespace {

constexpr int64_t kNowS = kNowUs / 1'000'000;

scoring::ProfileLayout Layout() {
  scoring::Feature spend;
  spend.name = "spend";
  spend.aggregate = {.function = scoring::AggregateFunction::kSum, .event_type = "purchase", .attribute = "price"};
  scoring::Feature genres;
  genres.name = "genres";
  genres.aggregate = {.function = scoring::AggregateFunction::kDistinct, .event_type = "view", .attribute = "genre"};
  return *scoring::ProfileLayout::Create(
      *scoring::FeatureSchema::Create({spend, genres}, {.profile_purpose = 3, .other_event_types = {"heartbeat"}}));
}

v1::Event Purchase(const std::string& id = "e1") {
  v1::Event event;
  event.set_event_id(id);
  event.set_type("purchase");
  event.mutable_time()->set_seconds(kNowS - 60);
  event.mutable_time()->set_nanos(250'000'999);
  (*event.mutable_attributes())["price"].set_number(12.5);
  (*event.mutable_attributes())["colour"].set_text("green");
  return event;
}

class EventReaderTest : public testing::Test {
 protected:
  absl::Status Read(std::initializer_list<v1::Event> events) {
    const EventList list(events.begin(), events.end());
    return reader_.Read(list, layout_, kNowUs);
  }
  // The reason and field of what `change` makes wrong with the second of two events.
  std::string Wrong(const std::function<void(v1::Event&)>& change) {
    v1::Event bad = Purchase("e2");
    change(bad);
    const absl::Status status = Read({Purchase(), bad});
    EXPECT_FALSE(status.ok());
    EXPECT_TRUE(reader_.events().empty());
    return ReasonOf(status) + " " + FieldOf(status);
  }

  const scoring::ProfileLayout layout_ = Layout();
  EventRules rules_;
  EventReader reader_{{}, rules_};
};

TEST_F(EventReaderTest, TakesWhatTheModelReads) {
  v1::Event view = Purchase("e2");
  view.set_type("view");
  view.clear_attributes();
  (*view.mutable_attributes())["genre"].set_text("drama");
  ASSERT_TRUE(Read({Purchase(), view}).ok());
  ASSERT_EQ(reader_.events().size(), 2u);
  const scoring::Event& first = reader_.events()[0];
  EXPECT_EQ(first.id_hash, scoring::HashText("e1"));
  EXPECT_EQ(first.time_us, (kNowS - 60) * 1'000'000 + 250'000);
  EXPECT_EQ(first.type, layout_.EventType("purchase"));
  ASSERT_EQ(first.attributes.size(), 1u);  // nobody reads the colour
  EXPECT_EQ(first.attributes[0].attribute, layout_.Attribute("price"));
  EXPECT_EQ(first.attributes[0].number, 12.5);
  const scoring::Event& second = reader_.events()[1];
  ASSERT_EQ(second.attributes.size(), 1u);
  EXPECT_EQ(second.attributes[0].kind, scoring::ValueKind::kText);
  EXPECT_EQ(second.attributes[0].text_hash, scoring::HashText("drama"));
}

// Whatever the profile has: it must not matter in which order events come.
TEST_F(EventReaderTest, LeavesOutWhatIsOlderThanTheRetention) {
  const int64_t oldest_s = kNowS - rules_.retention.count();
  v1::Event just = Purchase("e1");
  just.mutable_time()->set_seconds(oldest_s);
  just.mutable_time()->set_nanos(0);
  v1::Event old = Purchase("e2");
  old.mutable_time()->set_seconds(oldest_s - 1);
  ASSERT_TRUE(Read({just, old, Purchase("e3")}).ok());
  EXPECT_EQ(reader_.events().size(), 2u);
  EXPECT_EQ(reader_.expired(), 1u);
  ASSERT_TRUE(Read({Purchase("e3")}).ok());
  EXPECT_EQ(reader_.expired(), 0u);
}

TEST_F(EventReaderTest, NoTypeIsUnknownToAnAggregateOverEveryType) {
  v1::Event stray = Purchase("e1");
  stray.set_type("stray");
  ASSERT_TRUE(Read({stray}).ok());
  EXPECT_EQ(reader_.unknown(), 1u);
  EXPECT_TRUE(reader_.events().empty());
  scoring::Feature all;
  all.name = "all";
  all.aggregate = {.function = scoring::AggregateFunction::kCount};
  const auto every = *scoring::ProfileLayout::Create(*scoring::FeatureSchema::Create({all}, {.profile_purpose = 3}));
  const std::vector<v1::Event> one = {stray};
  ASSERT_TRUE(reader_.Read(EventList(one.begin(), one.end()), every, kNowUs).ok());
  EXPECT_EQ(reader_.unknown(), 0u);
  ASSERT_EQ(reader_.events().size(), 1u);
  std::vector<uint64_t> state(every.state_bytes() / 8);
  EXPECT_EQ(every.Fold(reader_.events()[0], {reinterpret_cast<uint8_t*>(state.data()), every.state_bytes()}),
            scoring::FoldResult::kFolded);
}

TEST_F(EventReaderTest, NamesTheFieldAtFault) {
  using E = v1::Event;
  EXPECT_EQ(Wrong([](E& e) { e.clear_event_id(); }), "FIELD_REQUIRED events[1].event_id");
  EXPECT_EQ(Wrong([](E& e) { e.set_event_id(std::string(129, 'x')); }), "FIELD_TOO_LONG events[1].event_id");
  EXPECT_EQ(Wrong([](E& e) { e.clear_type(); }), "FIELD_REQUIRED events[1].type");
  EXPECT_EQ(Wrong([](E& e) { e.set_type(std::string(65, 'x')); }), "FIELD_TOO_LONG events[1].type");
  EXPECT_EQ(Wrong([](E& e) { e.clear_time(); }), "FIELD_REQUIRED events[1].time");
  EXPECT_EQ(Wrong([](E& e) { e.mutable_time()->set_nanos(-1); }), "FIELD_INVALID events[1].time");
  EXPECT_EQ(Wrong([](E& e) { e.mutable_time()->set_nanos(1'000'000'000); }), "FIELD_INVALID events[1].time");
  EXPECT_EQ(Wrong([](E& e) { e.mutable_time()->set_seconds(-1); }), "VALUE_OUT_OF_RANGE events[1].time");
  EXPECT_EQ(Wrong([](E& e) { e.mutable_time()->set_seconds(kNowS + 301); }), "VALUE_OUT_OF_RANGE events[1].time");
  EXPECT_EQ(Wrong([](E& e) { e.mutable_time()->set_seconds(std::numeric_limits<int64_t>::max()); }),
            "VALUE_OUT_OF_RANGE events[1].time");
  EXPECT_EQ(Wrong([](E& e) { (*e.mutable_attributes())["price"].set_text("cheap"); }),
            "ATTRIBUTE_KIND_MISMATCH events[1].attributes[\"price\"]");
  EXPECT_EQ(Wrong([](E& e) { (*e.mutable_attributes())["price"].set_flag(true); }),
            "ATTRIBUTE_KIND_MISMATCH events[1].attributes[\"price\"]");
  EXPECT_EQ(Wrong([](E& e) { (*e.mutable_attributes())["price"].set_number(NAN); }),
            "VALUE_OUT_OF_RANGE events[1].attributes[\"price\"]");
  EXPECT_EQ(Wrong([](E& e) { (*e.mutable_attributes())["price"].set_number(1e31); }),
            "VALUE_OUT_OF_RANGE events[1].attributes[\"price\"]");
  EXPECT_EQ(Wrong([](E& e) { (*e.mutable_attributes())["price"].clear_kind(); }),
            "FIELD_REQUIRED events[1].attributes[\"price\"]");
  EXPECT_EQ(Wrong([](E& e) { (*e.mutable_attributes())["genre"].set_text(std::string(257, 'x')); }),
            "FIELD_TOO_LONG events[1].attributes[\"genre\"]");
  // Names that the model does not know are not repeated.
  EXPECT_EQ(Wrong([](E& e) { (*e.mutable_attributes())["secret"].set_number(INFINITY); }),
            "VALUE_OUT_OF_RANGE events[1].attributes");
  EXPECT_EQ(Wrong([](E& e) { (*e.mutable_attributes())[""].set_number(1); }), "FIELD_REQUIRED events[1].attributes");
  EXPECT_EQ(Wrong([](E& e) { (*e.mutable_attributes())[std::string(65, 'x')].set_number(1); }),
            "FIELD_TOO_LONG events[1].attributes");
  EXPECT_EQ(Wrong([](E& e) {
              for (int i = 0; i < 31; ++i) (*e.mutable_attributes())["a" + std::to_string(i)].set_number(1);
            }),
            "TOO_MANY_ENTRIES events[1].attributes");
}

TEST_F(EventReaderTest, SaysWhatIsWrongWithAKindInWords) {
  v1::Event bad = Purchase();
  (*bad.mutable_attributes())["price"].set_text("cheap");
  EXPECT_EQ(Read({bad}).message(), "events[0].attributes[\"price\"]: must be a number");
}

TEST_F(EventReaderTest, TheEdgesOfTimeAreInside) {
  v1::Event first = Purchase("first");
  first.mutable_time()->set_seconds(0);
  first.mutable_time()->set_nanos(0);
  v1::Event last = Purchase("last");
  last.mutable_time()->set_seconds(kNowS + 300);
  last.mutable_time()->set_nanos(0);
  EXPECT_TRUE(Read({first, last}).ok());
  last.mutable_time()->set_nanos(1000);
  EXPECT_FALSE(Read({first, last}).ok());
}

TEST_F(EventReaderTest, UnknownTypesAreLeftOutButChecked) {
  v1::Event unknown = Purchase("e2");
  unknown.set_type("teleport");
  v1::Event expected = Purchase("e3");
  expected.set_type("heartbeat");
  ASSERT_TRUE(Read({Purchase(), unknown, expected}).ok());
  EXPECT_EQ(reader_.events().size(), 2u);
  EXPECT_EQ(reader_.unknown(), 1u);
  unknown.clear_time();
  EXPECT_EQ(FieldOf(Read({Purchase(), unknown})), "events[1].time");
}

TEST_F(EventReaderTest, UnknownTypesAreRefusedWhereTheConfigurationSaysSo) {
  rules_.unknown_type = EventRules::UnknownType::kRefuse;
  EventReader strict({}, rules_);
  v1::Event unknown = Purchase("e2");
  unknown.set_type("teleport");
  EventList list;
  *list.Add() = Purchase();
  *list.Add() = unknown;
  const absl::Status status = strict.Read(list, layout_, kNowUs);
  EXPECT_EQ(ReasonOf(status) + " " + FieldOf(status), "EVENT_TYPE_UNKNOWN events[1].type");
  EXPECT_EQ(std::string(status.message()).find("teleport"), std::string::npos);
}

}  // namespace
}  // namespace assent::server
