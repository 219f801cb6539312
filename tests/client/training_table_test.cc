#include "client/training_table.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/scratch_folder.h"

namespace assent::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(ReadTrainingTable, ChosenColumns_InTheGivenOrderWithMissingCells) {
  ScratchFolder folder;
  const std::string path = folder.Write("in.csv", "id,a,b\nx1,1,2\nx2,NA,4.5\nx3,,-1e3\n");
  const auto table = ReadTrainingTable(path, {"b", "a"}, {});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->columns, ElementsAre("b", "a"));
  EXPECT_THAT(table->values, ElementsAre(2, 1, 4.5f, 0, -1000, 0));
  EXPECT_THAT(table->missing, ElementsAre(0, 0, 0, 1, 0, 1));
  EXPECT_EQ(table->rows, 3u);
  EXPECT_EQ(table->missing_cells, 2u);
}

TEST(ReadTrainingTable, Sha256_IsThatOfTheFile) {
  ScratchFolder folder;
  const auto table = ReadTrainingTable(folder.Write("in.csv", "a\n1\n"), {}, {});
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->sha256, "309b0e45a73d3fc5325e2b6ed0a01ef8b9cde6b05a5633c1f893f970d52bfddc");
}

TEST(ReadTrainingTable, BadNumber_NamesLineAndColumnButNotTheCell) {
  ScratchFolder folder;
  const std::string path = folder.Write("in.csv", "id,a\nanna,1\nbert,2\n");
  const absl::Status status = ReadTrainingTable(path, {}, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("line 2, column \"id\": not a number"));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("anna")));
}

TEST(ReadTrainingTable, InfiniteAndTooLarge_AreRefused) {
  ScratchFolder folder;
  for (const char* cell : {"inf", "-infinity", "1e39", "1e400", "0x10", "1,5", "1 2", "--1"}) {
    const std::string path = folder.Write("in.csv", std::string("a,b\n\"") + cell + "\",1\n");
    EXPECT_THAT(std::string(ReadTrainingTable(path, {}, {}).status().message()), HasSubstr("line 2, column \"a\""))
        << cell;
  }
}

TEST(ReadTrainingTable, MissingColumn_ListsTheColumns) {
  ScratchFolder folder;
  const absl::Status status = ReadTrainingTable(folder.Write("in.csv", "a,b\n1,2\n"), {"c"}, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("has no column \"c\"; its columns are: a, b"));
}

TEST(ReadTrainingTable, HeaderOnly_IsRefused) {
  ScratchFolder folder;
  EXPECT_THAT(std::string(ReadTrainingTable(folder.Write("in.csv", "a,b\n"), {}, {}).status().message()),
              HasSubstr("no rows"));
}

TEST(ParseCell, Numbers_AreReadExactly) {
  float value = 0;
  for (const auto& [text, expected] : {std::pair{"+1.5", 1.5f},
                                       {"-0", -0.0f},
                                       {".5", 0.5f},
                                       {"1e-3", 1e-3f},
                                       {"3.4028234e38", 3.4028234e38f},
                                       {"1e-320", 0.0f}}) {
    ASSERT_TRUE(ParseCell(text, value).value_or(false)) << text;
    EXPECT_EQ(value, expected) << text;
  }
}

TEST(ParseCell, MissingMarks_AreMissing) {
  float value = 1;
  for (const char* text : {"", "NA", "NaN", "nan", "null", "NULL"}) EXPECT_FALSE(ParseCell(text, value).value_or(true));
}

}  // namespace
}  // namespace assent::client
