#include "client/csv_reader.h"

#include <zlib.h>

#include "client/line_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/scratch_folder.h"

namespace assent::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<CsvRow> ReadRows(CsvReader& reader, absl::Status& status) {
  std::vector<CsvRow> rows;
  CsvRow row;
  while (true) {
    auto more = reader.Next(row);
    status = more.status();
    if (!more.ok() || !*more) return rows;
    rows.push_back(row);
  }
}

class CsvReaderTest : public testing::Test {
 protected:
  std::unique_ptr<CsvReader> Open(const std::string& content) {
    auto reader = CsvReader::Open(folder_.Write("in.csv", content));
    EXPECT_TRUE(reader.ok()) << reader.status();
    return reader.ok() ? *std::move(reader) : nullptr;
  }
  absl::Status OpenError(const std::string& content) {
    return CsvReader::Open(folder_.Write("in.csv", content)).status();
  }
  ScratchFolder folder_;
};

TEST_F(CsvReaderTest, PlainRows_CellsAndLines) {
  auto reader = Open("a,b\n1,2\n3,4\n");
  absl::Status status;
  const auto rows = ReadRows(*reader, status);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(reader->header(), ElementsAre("a", "b"));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_THAT(rows[0].cells, ElementsAre("1", "2"));
  EXPECT_EQ(rows[0].line, 2u);
  EXPECT_EQ(rows[1].line, 3u);
}

TEST_F(CsvReaderTest, QuotedCellWithCommaQuoteAndLineEnd_IsOneCellAndLinesStayRight) {
  auto reader = Open("a,\"b, c\"\r\n\"x \"\"y\"\"\nz\",2\r\n3,4");
  absl::Status status;
  const auto rows = ReadRows(*reader, status);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(reader->header(), ElementsAre("a", "b, c"));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_THAT(rows[0].cells, ElementsAre("x \"y\"\nz", "2"));
  EXPECT_EQ(rows[0].line, 2u);
  EXPECT_THAT(rows[1].cells, ElementsAre("3", "4"));
  EXPECT_EQ(rows[1].line, 4u);
}

TEST_F(CsvReaderTest, BlankLinesAndByteOrderMark_AreSkipped) {
  auto reader = Open(
      "\xEF\xBB\xBF"
      "a,b\n\n1,2\n\n");
  absl::Status status;
  const auto rows = ReadRows(*reader, status);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(reader->header(), ElementsAre("a", "b"));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].line, 3u);
}

TEST_F(CsvReaderTest, ByteOrderMarkBeforeAQuotedHeader_IsSkipped) {
  auto reader = Open(
      "\xEF\xBB\xBF"
      "\"a\",\"b\"\n\xEF\xBB\xBF,2\n");
  EXPECT_THAT(reader->header(), ElementsAre("a", "b"));
  absl::Status status;
  EXPECT_THAT(ReadRows(*reader, status).at(0).cells, ElementsAre("\xEF\xBB\xBF", "2"));
}

TEST_F(CsvReaderTest, GzipFile_ReadsTheSame) {
  gzFile file = gzopen(folder_.Path("in.csv.gz").c_str(), "wb");
  gzputs(file, "a,b\n1,2\n");
  gzclose(file);
  auto reader = CsvReader::Open(folder_.Path("in.csv.gz"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  absl::Status status;
  const auto rows = ReadRows(**reader, status);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(rows[0].cells, ElementsAre("1", "2"));
}

TEST_F(CsvReaderTest, CutGzipFile_IsDataLoss) {
  std::string text = "a,b\n";
  for (int i = 0; i < 5000; ++i)
    text += std::to_string(i * 7919 % 10007) + "," + std::to_string(i * 104729 % 1299709) + "\n";
  gzFile file = gzopen(folder_.Path("in.csv.gz").c_str(), "wb");
  gzputs(file, text.c_str());
  gzclose(file);
  std::filesystem::resize_file(folder_.Path("in.csv.gz"), std::filesystem::file_size(folder_.Path("in.csv.gz")) / 2);
  auto reader = CsvReader::Open(folder_.Path("in.csv.gz"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  absl::Status status;
  ReadRows(**reader, status);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
}

TEST_F(CsvReaderTest, WrongNumberOfCells_NamesTheLine) {
  auto reader = Open("a,b\n1,2\n1,2,3\n");
  absl::Status status;
  ReadRows(*reader, status);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("line 3: 3 cells, but the header has 2 columns"));
}

TEST_F(CsvReaderTest, QuoteOutOfPlace_NamesTheLine) {
  auto reader = Open("a,b\n1,2\n1,x\"y\n");
  absl::Status status;
  ReadRows(*reader, status);
  EXPECT_THAT(std::string(status.message()), HasSubstr("line 3: a quote is out of place"));
}

TEST_F(CsvReaderTest, UnclosedQuote_NamesTheLineWhereTheRowBegan) {
  auto reader = Open("a,b\n1,2\n\n3,\"4\n5,6\n7,8\n");
  absl::Status status;
  EXPECT_EQ(ReadRows(*reader, status).size(), 1u);
  EXPECT_THAT(std::string(status.message()), HasSubstr("line 4: a quoted cell is not closed"));
}

TEST_F(CsvReaderTest, UnclosedQuoteInALongFile_EndsAtTheLimit) {
  const std::string line = std::string(1000, 'x') + ",1\n";
  std::string rest;
  while (rest.size() < 3 * kLineBytesMax) rest += line;
  auto reader = Open("a,b\n1,2\n\n\"3,4\n" + rest);
  absl::Status status;
  EXPECT_EQ(ReadRows(*reader, status).size(), 1u);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("line 4: a row is longer than 1048576 bytes; is a quote not closed?"));
  EXPECT_LT(reader->read_share(), 0.6);
}

TEST_F(CsvReaderTest, RowOfSeveralLinesAtTheLimit_IsRead) {
  std::string cell(kLineBytesMax - 5, 'x');  // the row has two quotes, a comma, a digit and a line end as well
  for (const size_t at : {size_t{0}, size_t{1}, cell.size() / 2}) cell[at] = '\n';
  auto reader = Open("a,b\n\"" + cell + "\",1\n2,3\n");
  absl::Status status;
  const auto rows = ReadRows(*reader, status);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].cells[0], cell);
  EXPECT_EQ(rows[0].line, 2u);
  EXPECT_EQ(rows[1].line, 6u);
}

TEST_F(CsvReaderTest, LinesThatEndWithCarriageReturnsAlone_AreNotUnderstood) {
  EXPECT_THAT(std::string(OpenError("a,b\r1,2\r3,4\r").message()), HasSubstr("line ends are not understood"));
  auto reader = Open("a,b\n1,2\r3,4\n");
  absl::Status status;
  ReadRows(*reader, status);
  EXPECT_THAT(std::string(status.message()), HasSubstr("line 2: the line ends are not understood"));
  std::string large = "a,b\r";
  while (large.size() < kLineBytesMax + 10) large += "1,2\r";
  EXPECT_THAT(std::string(OpenError(large).message()), HasSubstr("line ends are not understood"));
  auto quoted = Open("a,b\r\n\"1\r2\",3\r\n");
  EXPECT_THAT(ReadRows(*quoted, status).at(0).cells, ElementsAre("1\r2", "3"));
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(CsvReaderTest, LineAboveTheLimit_IsAnError) {
  auto reader = Open("a,b\n1," + std::string(kLineBytesMax, '2') + "\n");
  absl::Status status;
  ReadRows(*reader, status);
  EXPECT_THAT(std::string(status.message()), HasSubstr("line 2: longer than 1048576 bytes"));
}

TEST_F(CsvReaderTest, BadHeaders_AreRefused) {
  EXPECT_THAT(std::string(OpenError("").message()), HasSubstr("is empty"));
  EXPECT_THAT(std::string(OpenError("a,,c\n").message()), HasSubstr("column 2 of the header has no name"));
  EXPECT_THAT(std::string(OpenError("a,b,a\n").message()), HasSubstr("column \"a\" is repeated"));
  EXPECT_EQ(CsvReader::Open(folder_.Path("absent.csv")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(CsvReader::Open(folder_.Path("")).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(CsvReaderTest, Column_FindsNamesAndFeatureNamesAndListsWhatThereIs) {
  auto reader = Open("id,AnnualIncome (k$)\n1,2\n");
  EXPECT_EQ(*reader->Column("AnnualIncome (k$)"), 1u);
  EXPECT_EQ(*reader->Column("AnnualIncome_k"), 1u);
  const absl::Status missing = reader->Column("income").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.message()), HasSubstr("id, AnnualIncome (k$)"));
}

TEST(CsvLine, AwkwardCells_ComeBackTheSame) {
  const std::vector<std::string> cells = {"plain", "with, comma", "with \"quotes\"", "two\nlines", " blanks ", ""};
  ScratchFolder folder;
  auto reader = CsvReader::Open(folder.Write("in.csv", "a,b,c,d,e,f\n" + CsvLine(cells)));
  ASSERT_TRUE(reader.ok());
  CsvRow row;
  ASSERT_TRUE(*(*reader)->Next(row));
  EXPECT_EQ(row.cells, cells);
}

TEST(CsvLine, EmptyFirstCell_KeepsItsPlace) { EXPECT_EQ(CsvLine({"", "x"}), ",x\n"); }

TEST(FeatureName, OtherCharacters_BecomeOneUnderscore) {
  EXPECT_EQ(FeatureName("AnnualIncome (k$)"), "AnnualIncome_k");
  EXPECT_EQ(FeatureName("a.b-c_d9"), "a.b-c_d9");
  EXPECT_EQ(FeatureName("()"), "");
}

TEST(CsvReader, WithoutAHeader_NothingOfTheFirstRowIsRepeated) {
  const ScratchFolder folder;
  for (const char* first : {"anna@example.com,0.5,3", "anna,0.5", "anna", "login-4711,a,b", "a,anna@example.com,a"}) {
    auto reader = CsvReader::Open(folder.Write("in.csv", std::string(first) + "\nbert,1,2\n"));
    const absl::Status status = reader.ok() ? (*reader)->Column("subject_id").status() : reader.status();
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.message().find("anna"), absl::string_view::npos) << status;
    EXPECT_EQ(status.message().find("4711"), absl::string_view::npos) << status;
    if (reader.ok()) {
      EXPECT_EQ((*reader)->ColumnText(0), "column 1");
    }
  }
}

}  // namespace
}  // namespace assent::client
