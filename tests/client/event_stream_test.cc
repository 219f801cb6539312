#include "client/event_stream.h"

#include <zlib.h>
#include <zstd.h>

#include <filesystem>

#include "client/line_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/event_readings.h"
#include "tests/client/scratch_folder.h"

namespace assent::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string Gzip(const ScratchFolder& folder, const std::string& name, const std::string& text) {
  gzFile file = gzopen(folder.Path(name).c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  return folder.Path(name);
}

std::string Zstd(const std::string& text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  return packed;
}

constexpr char kCsv[] =
    "event_id,time,subject,type,price,colour,new\n"
    "e1,2011-12-09T12:50:00+01:00,anna,view,2.5,red,true\n"
    "e2,2011-12-09 12:50:00.25,bert,\"view\",,\"light, blue\",FALSE\n";
constexpr char kJson[] =
    R"({"subject":"anna","event_id":"e1","time":"2011-12-09T12:50:00+01:00","type":"view","attributes":{"price":2.5,"colour":"red","new":true}})"
    "\n\n"
    R"({"subject":"bert","event_id":"e2","time":1323435000.25,"type":"view","attributes":{"price":null,"colour":"light, blue","new":false}})";

const std::vector<std::string>& Expected(bool json) {
  static const auto* const csv = new std::vector<std::string>{
      "anna e1 2011-12-09T11:50:00Z view price=number:2.500000 colour=text:red new=flag:true",
      "bert e2 2011-12-09T12:50:00.25Z view colour=text:light, blue new=flag:false"};
  static const auto* const sorted = new std::vector<std::string>{
      "anna e1 2011-12-09T11:50:00Z view colour=text:red new=flag:true price=number:2.500000",
      "bert e2 2011-12-09T12:50:00.25Z view colour=text:light, blue new=flag:false"};
  return json ? *sorted : *csv;
}

TEST(EventStream, BothFormatsInAllThreePackings_GiveTheSameEvents) {
  ScratchFolder folder;
  for (const bool json : {false, true}) {
    const std::string text = json ? kJson : kCsv;
    const std::string halves = Zstd(text.substr(0, 50)) + Zstd(text.substr(50));  // two frames in one file
    for (const std::string& path : {folder.Write("plain", text), Gzip(folder, "gzip", text),
                                    folder.Write("zstd", Zstd(text)), folder.Write("frames", halves)}) {
      SCOPED_TRACE(path);
      const Readings readings = ReadEvents(At(path));
      EXPECT_TRUE(readings.status.ok()) << readings.status;
      EXPECT_EQ(readings.shown, Expected(json));
      EXPECT_EQ(readings.rows, 2u);
      EXPECT_EQ(readings.share, 1);
    }
  }
}

TEST(EventStream, JsonBehindAByteOrderMark_IsRead) {
  ScratchFolder folder;
  const Readings readings = ReadEvents(At(folder.Write("in.jsonl", std::string("\xEF\xBB\xBF") + kJson)));
  EXPECT_EQ(readings.shown, Expected(true));
}

TEST(EventStream, CutFile_IsDataLossAfterTheEventsThatAreWhole) {
  ScratchFolder folder;
  std::string text = "subject,time,type,noise\n";
  uint64_t state = 7;
  for (int i = 0; i < 20000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    text += "anna," + std::to_string(i) + ",view," + std::to_string(state) + "\n";
  }
  Gzip(folder, "gzip", text);
  folder.Write("zstd", Zstd(text));
  for (const char* name : {"gzip", "zstd"}) {
    SCOPED_TRACE(name);
    std::filesystem::resize_file(folder.Path(name), std::filesystem::file_size(folder.Path(name)) * 2 / 3);
    const Readings readings = ReadEvents(At(folder.Path(name)));
    EXPECT_EQ(readings.status.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(readings.status.message()), AllOf(HasSubstr("damaged"), HasSubstr("after line ")));
    EXPECT_GT(readings.shown.size(), 5000u);
    EXPECT_LT(readings.shown.size(), 20000u);
    EXPECT_THAT(readings.shown, testing::Each(Not(HasSubstr("row"))));
  }
}

TEST(EventStream, GzipMembersOneBehindTheOther_AreAllReadOrAreDataLoss) {
  ScratchFolder folder;
  const std::string first = ReadAll(Gzip(folder, "first", "subject,time,type\nanna,1,view\n"));
  const std::string second = ReadAll(Gzip(folder, "second", "bert,2,view\n"));
  const std::string zeros(1000, '\0');
  for (const std::string& whole : {first + second, first + second + zeros, first + second + std::string(1, '\0')}) {
    const Readings readings = ReadEvents(At(folder.Write("whole", whole)));
    EXPECT_TRUE(readings.status.ok()) << readings.status;
    EXPECT_EQ(readings.shown.size(), 2u);
  }
  std::string damaged = second;
  damaged[0] = 'x';
  std::string other_method = second;
  other_method[2] = 7;
  for (const std::string& bad : {first + damaged, first + other_method, first + zeros + second, first + "text\n",
                                 first + second.substr(0, 5), first + second.substr(0, second.size() - 1)}) {
    const Readings readings = ReadEvents(At(folder.Write("damaged", bad)));
    EXPECT_EQ(readings.status.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(readings.status.message()),
                AllOf(HasSubstr(folder.Path("damaged")), HasSubstr("damaged gzip data")));
  }
}

TEST(EventStream, ZstdBehindASkippableFrame_IsZstd) {
  ScratchFolder folder;
  for (const char last : {'\x50', '\x5F'}) {
    const std::string skipped = std::string(1, last) + std::string("\x2A\x4D\x18\x03\0\0\0abc", 10);
    const Readings readings = ReadEvents(At(folder.Write("zstd", skipped + Zstd(kCsv))));
    EXPECT_TRUE(readings.status.ok()) << readings.status;
    EXPECT_EQ(readings.shown, Expected(false));
  }
}

TEST(EventStream, DamagedZstd_IsDataLoss) {
  ScratchFolder folder;
  std::string packed = Zstd(std::string(100000, 'x') + "\n");
  packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 0x55);
  EXPECT_EQ(ReadEvents(At(folder.Write("zstd", packed))).status.code(), absl::StatusCode::kDataLoss);
}

TEST(EventStream, BadRows_NameTheLineAndNothingOfTheRow) {
  ScratchFolder folder;
  const Readings readings = ReadEvents(At(folder.Write("in.csv",
                                                       "subject,time,type,price\n"
                                                       "anna,yesterday,view,1\n"
                                                       "bert,5,view\n"
                                                       "cleo,-5,view,1\n"
                                                       "dora,5,,1\n"
                                                       "emil,5,vi\xE9w,1\n"
                                                       "fred,1969-12-31,view,1\n"
                                                       "gina,5,view," +
                                                           std::string(257, 'x') +
                                                           "\n"
                                                           "hugo,5,view,1\n")));
  ASSERT_TRUE(readings.status.ok()) << readings.status;
  ASSERT_EQ(readings.shown.size(), 8u);
  EXPECT_THAT(readings.shown[0],
              AllOf(HasSubstr("row 1: line 2, column \"time\": not a time"), Not(HasSubstr("yester"))));
  EXPECT_EQ(readings.shown[1], "row 2: line 3, 3 cells, but the header has 4 columns");
  EXPECT_EQ(readings.shown[2], "row 3: line 4, time: before 1970");
  EXPECT_EQ(readings.shown[3], "row 4: line 5, type: is missing");
  EXPECT_EQ(readings.shown[4], "row 5: line 6, type: not UTF-8");
  EXPECT_EQ(readings.shown[5], "row 6: line 7, time: before 1970");
  EXPECT_EQ(readings.shown[6], "row 7: line 8, attribute \"price\": longer than 256 bytes");
  EXPECT_THAT(readings.shown[7], HasSubstr("hugo"));
}

// Recursion over so deep a value would end the program.
TEST(EventStream, RowsWithoutASubject_AreLeftOutAndCounted) {
  ScratchFolder folder;
  const Readings readings =
      ReadEvents(At(folder.Write("in.csv", "subject,time,type\nanna,1,v\n,1,v\nNA,not even a time,v\nbert,1,v\n")));
  EXPECT_EQ(readings.shown.size(), 2u);
  EXPECT_EQ(readings.without_subject, 2u);
  EXPECT_EQ(readings.rows, 4u);
}

TEST(EventStream, MappedColumnsKindsAndProducts_AreAsAskedFor) {
  ScratchFolder folder;
  EventStreamOptions options = At(folder.Write("in.csv",
                                               "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID\n"
                                               "536365,22423,6,2010-12-01 08:26,2.55,17850\n"
                                               "536366,true,-2,2010-12-02,NA,17850\n"
                                               "536367,,1,2010-12-02,x,17850\n"));
  options.subject_column = "CustomerID";
  options.time_column = "InvoiceDate";
  options.type = "order_line";
  options.event_id_column = "InvoiceNo";
  options.attributes = {"StockCode:text", "Quantity", "UnitPrice:number"};
  options.products = {"amount=Quantity*UnitPrice"};
  absl::LoadTimeZone("Europe/Berlin", &options.time_zone);
  const Readings readings = ReadEvents(options);
  ASSERT_TRUE(readings.status.ok()) << readings.status;
  EXPECT_THAT(readings.shown,
              testing::ElementsAre("17850 536365 2010-12-01T07:26:00Z order_line StockCode=text:22423 "
                                   "Quantity=number:6.000000 UnitPrice=number:2.550000 amount=number:15.300000",
                                   "17850 536366 2010-12-01T23:00:00Z order_line StockCode=text:true "
                                   "Quantity=number:-2.000000",
                                   "row 3: line 4, column \"UnitPrice\": not a finite number"));
  options.products = {"amount=Quantity*Price"};
  EXPECT_THAT(std::string(ReadEvents(options).status.message()), HasSubstr("\"Price\" is not one of the attributes"));
  options.products = {"amount=Quantity"};
  EXPECT_THAT(std::string(ReadEvents(options).status.message()), HasSubstr("write NAME=A*B"));
}

TEST(EventStream, MissingIds_AreDerivedFromTheLineOrFromColumns) {
  ScratchFolder folder;
  EventStreamOptions options = At(folder.Write("in.csv", "subject,time,type,a\nx,1,v,7\nx,1,v,7\nx,2,v,7\n"));
  const auto ids = [&] {
    std::vector<std::string> found;
    for (const std::string& shown : ReadEvents(options).shown) found.push_back(shown.substr(2, 16));
    return found;
  };
  const std::vector<std::string> by_line = ids();
  EXPECT_EQ(by_line, ids());
  EXPECT_NE(by_line.at(0), by_line.at(1));
  // HashText of line 2, subject x, time 1, computed by another program from the documentation.
  EXPECT_EQ(by_line.at(0), "469da122e94a9b7f");
  options.event_id_from = {"time", "a"};
  const std::vector<std::string> by_columns = ids();
  EXPECT_EQ(by_columns.at(0), by_columns.at(1));
  EXPECT_NE(by_columns.at(0), by_columns.at(2));
  EXPECT_NE(DerivedEventId({"ab", "c"}), DerivedEventId({"a", "bc"}));
  options.event_id_column = "a";
  EXPECT_THAT(std::string(ReadEvents(options).status.message()), HasSubstr("not both"));
}

TEST(EventStream, MissingColumn_SaysWhichFlagNamesIt) {
  ScratchFolder folder;
  const Readings readings = ReadEvents(At(folder.Write("in.csv", "who,time,type\nx,1,v\n")));
  EXPECT_EQ(readings.status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(readings.status.message()), HasSubstr("--subject-column"));
  EXPECT_THAT(std::string(ReadEvents(At(folder.Write("empty", ""))).status.message()), HasSubstr("is empty"));
  EXPECT_EQ(ReadEvents(At(folder.Path("none"))).status.code(), absl::StatusCode::kNotFound);
}

TEST(EventTime, NumbersInEachUnit_AreTheSameMoment) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  for (const auto& [text, unit] : {std::pair{"1323435000.5", TimeUnit::kSeconds},
                                   {"1323435000500", TimeUnit::kMilliseconds},
                                   {"1323435000500000", TimeUnit::kMicroseconds}}) {
    const auto time = ParseEventTime(text, unit, utc);
    ASSERT_TRUE(time.ok()) << time.status();
    EXPECT_EQ(*time, 1323435000500000);
  }
  EXPECT_FALSE(ParseEventTime("", TimeUnit::kSeconds, utc).ok());
  EXPECT_FALSE(ParseEventTime("nan", TimeUnit::kSeconds, utc).ok());
  EXPECT_FALSE(ParseEventTime("infinite-future", TimeUnit::kSeconds, utc).ok());
  EXPECT_FALSE(ParseEventTime("1323435000500", TimeUnit::kSeconds, utc).ok());
}

TEST(LineReader, LinesAtAndAboveTheLimit) {
  ScratchFolder folder;
  const std::string fits = std::string(kLineBytesMax - 1, 'x') + "\n";
  auto reader = LineReader::Open(folder.Write("lines", "a\n" + fits + "b\n" + fits + "x" + fits));
  ASSERT_TRUE(reader.ok());
  absl::string_view line;
  std::vector<size_t> sizes;
  absl::StatusOr<bool> more = true;
  while ((more = (*reader)->Next(line)).ok() && *more) sizes.push_back(line.size());
  EXPECT_EQ(sizes, (std::vector<size_t>{2, kLineBytesMax, 2, kLineBytesMax}));
  EXPECT_THAT(std::string(more.status().message()), HasSubstr("line 5: longer than 1048576 bytes"));
}

TEST(IsUtf8, GoodAndBadSequences) {
  for (const char* good : {"", "a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsUtf8(good)) << good;
  }
  for (const char* bad : {"\xE9", "\xC3", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                          "\xF4\x90\x80\x80", "\xFF", "a\x80", "\xE2\x82"}) {
    EXPECT_FALSE(IsUtf8(bad)) << bad;
  }
}

}  // namespace
}  // namespace assent::client
