// Events of JSON files.
#include "client/event_stream.h"
#include "client/line_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/event_readings.h"
#include "tests/client/scratch_folder.h"

namespace assent::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

TEST(EventStream, BadJsonLines_AreBadRowsOfTheirOwn) {
  ScratchFolder folder;
  const Readings readings =
      ReadEvents(At(folder.Write("in.jsonl",
                                 "{\"subject\":\"a\",\"time\":1,\"type\":\"v\",\n"
                                 "[1,2]\n"
                                 "{\"subject\":\"a\",\"time\":[],\"type\":\"v\"}\n"
                                 "{\"subject\":\"a\",\"time\":1,\"type\":\"v\",\"attributes\":{\"x\":[1]}}\n"
                                 "{\"subject\":\"a\",\"time\":1e300,\"type\":\"v\"}\n"
                                 "{\"subject\":17,\"time\":1,\"type\":\"v\"}\n")));
  ASSERT_TRUE(readings.status.ok()) << readings.status;
  ASSERT_EQ(readings.shown.size(), 6u);
  EXPECT_EQ(readings.shown[0], "row 1: line 1, not one JSON object");
  EXPECT_EQ(readings.shown[1], "row 2: line 2, not one JSON object");
  EXPECT_THAT(readings.shown[2], HasSubstr("row 3: line 3, time: not a time"));
  EXPECT_EQ(readings.shown[3], "row 4: line 4, an attribute: neither a number nor a text nor a flag");
  EXPECT_THAT(readings.shown[4], HasSubstr("row 5: line 5, time: not a time between"));
  EXPECT_THAT(readings.shown[5], StartsWith("17 "));
}

TEST(EventStream, JsonSubjectsOfEveryKind_AreTextsOrMissingOrBadRows) {
  ScratchFolder folder;
  std::string text;
  for (const char* subject :
       {"17850", "17850.0", "-3e2", "null", "\"\"", "\"NA\"", "1.5", "1e300", "true", "[1]", "{}"}) {
    text += std::string("{\"subject\":") + subject + R"(,"time":1,"type":"v"})" + "\n";
  }
  text += R"({"time":1,"type":"v"})";
  const Readings readings = ReadEvents(At(folder.Write("in.jsonl", text)));
  ASSERT_TRUE(readings.status.ok()) << readings.status;
  EXPECT_EQ(readings.without_subject, 4u);
  ASSERT_EQ(readings.shown.size(), 8u);
  EXPECT_THAT(readings.shown[0], StartsWith("17850 "));
  EXPECT_THAT(readings.shown[1], StartsWith("17850 "));
  EXPECT_THAT(readings.shown[2], StartsWith("-300 "));
  for (size_t i = 3; i < 8; ++i) {
    const std::string line = std::to_string(i + 4);
    EXPECT_EQ(readings.shown[i], "row " + line + ": line " + line + ", subject: not a text");
  }
}

TEST(EventStream, JsonTypesAndIdsOfOtherKinds_AreBadRows) {
  ScratchFolder folder;
  const Readings readings =
      ReadEvents(At(folder.Write("in.jsonl", R"({"subject":"a","time":1,"type":["v"]})"
                                             "\n"
                                             R"({"subject":"a","time":1,"type":"v","event_id":{}})"
                                             "\n"
                                             R"({"subject":"a","time":1,"type":"v","event_id":7.0})")));
  ASSERT_EQ(readings.shown.size(), 3u);
  EXPECT_EQ(readings.shown[0], "row 1: line 1, type: not a text");
  EXPECT_EQ(readings.shown[1], "row 2: line 2, event_id: not a text");
  EXPECT_THAT(readings.shown[2], StartsWith("a 7 "));
}

TEST(EventStream, JsonAsDeepAsALineAllows_IsABadRow) {
  ScratchFolder folder;
  const size_t depth = kLineBytesMax / 2 - 100;
  const std::string deep = std::string(depth, '[') + std::string(depth, ']');
  std::string objects;
  for (size_t i = 0; i < kLineBytesMax / 6 - 100; ++i) objects += "{\"a\":";
  const std::string event = R"({"subject":"a","time":1,"type":"v","k":)";
  EventStreamOptions options =
      At(folder.Write("in.jsonl", event + "\"x\"}\n" + event + deep + "}\n" + std::string(kLineBytesMax - 1, '[') +
                                      "\n" + objects + "\n" + event + "null}\n"));
  options.event_id_from = {"k"};
  const Readings readings = ReadEvents(options);
  ASSERT_TRUE(readings.status.ok()) << readings.status;
  ASSERT_EQ(readings.shown.size(), 5u);
  EXPECT_EQ(readings.shown[1], "row 2: line 2, k: neither a number nor a text nor a flag");
  EXPECT_EQ(readings.shown[2], "row 3: line 3, not one JSON object");
  EXPECT_EQ(readings.shown[3], "row 4: line 4, not one JSON object");
  EXPECT_THAT(readings.shown[4], StartsWith("a "));
  for (const char* column : {"subject", "time", "type", "event_id"}) {
    EventStreamOptions other = At(options.path);
    (column == std::string("subject") ? other.subject_column
     : column == std::string("time")  ? other.time_column
     : column == std::string("type")  ? other.type_column
                                      : other.event_id_column) = "k";
    EXPECT_THAT(ReadEvents(other).shown.at(1), HasSubstr("line 2, k: not a t")) << column;
  }
}

TEST(EventStream, JsonKeysThatAreGivenTwice_AreBadRowsWhereTheyAreRead) {
  ScratchFolder folder;
  EventStreamOptions options = At(folder.Write(
      "in.jsonl", R"({"subject":"a","time":1,"type":"v","subject":"b"})"
                  "\n"
                  R"({"subject":"a","time":1,"type":"v","attributes":{"x":1},"attributes":{"x":2}})"
                  "\n"
                  R"({"subject":"a","time":1,"type":"v","attributes":{"secret":1,"y":2,"secret":1}})"
                  "\n"
                  R"({"subject":"a","time":1,"type":"v","other":1,"other":{"z":1,"z":1},"attributes":{"z":{}}})"
                  "\n"
                  R"({"subject":"a","time":1,"type":"v","other":1,"other":{"z":1,"z":1},"attributes":{"other":2}})"));
  const Readings readings = ReadEvents(options);
  ASSERT_EQ(readings.shown.size(), 5u);
  EXPECT_EQ(readings.shown[0], "row 1: line 1, subject: given twice");
  EXPECT_EQ(readings.shown[1], "row 2: line 2, attributes: given twice");
  EXPECT_EQ(readings.shown[2], "row 3: line 3, an attribute: given twice");
  EXPECT_EQ(readings.shown[3], "row 4: line 4, an attribute: neither a number nor a text nor a flag");
  EXPECT_THAT(readings.shown[4], AllOf(StartsWith("a "), HasSubstr("other=number:2")));
  options.attributes = {"other"};
  EXPECT_EQ(ReadEvents(options).shown[4], "row 5: line 5, other: given twice");
}

TEST(EventStream, NamesOfAttributesThatComeFromTheData_AreNotRepeated) {
  ScratchFolder folder;
  const std::string long_text(257, 'x');
  EventStreamOptions options = At(folder.Write(
      "in.jsonl", R"({"subject":"a","time":1,"type":"v","attributes":{"anna@example.com":")" + long_text + R"("}})" +
                      "\n" + R"({"subject":"a","time":1,"type":"v","attributes":{"price":2,"twice":3}})"));
  EXPECT_EQ(ReadEvents(options).shown.at(0), "row 1: line 1, an attribute: longer than 256 bytes");
  options.products = {"twice=price*price"};
  EXPECT_EQ(ReadEvents(options).shown.at(1), "row 2: line 2, attribute \"twice\": given twice");
  options.attributes = {"anna@example.com", "price"};
  EXPECT_EQ(ReadEvents(options).shown.at(0), "row 1: line 1, attribute \"anna@example.com\": longer than 256 bytes");
  // A first row that is no header, but somebody's.
  const Readings csv = ReadEvents(At(folder.Write("in.csv", "subject,time,type,anna@example.com\na,1,v," + long_text)));
  EXPECT_EQ(csv.shown.at(0), "row 1: line 2, an attribute: longer than 256 bytes");
}

TEST(EventStream, JsonLinesThatEndWithCarriageReturnsAlone_AreABadRowThatSaysSo) {
  ScratchFolder folder;
  const std::string event = R"({"subject":"a","time":1,"type":"v"})";
  const Readings readings = ReadEvents(At(folder.Write("in.jsonl", event + "\r" + event + "\r")));
  ASSERT_EQ(readings.shown.size(), 1u);
  EXPECT_THAT(readings.shown[0], HasSubstr("row 1: line 1, not one JSON object; the line ends are not understood"));
  EXPECT_EQ(ReadEvents(At(folder.Write("in.jsonl", event + "\r\n" + event + "\r\n"))).shown.size(), 2u);
}

}  // namespace
}  // namespace assent::client
