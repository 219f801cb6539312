#include "storage/engine_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/client/scratch_folder.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using client::ReadAll;

TEST(EngineLog, WritesLinesAfterThoseOfTheLastStart) {
  const ScopedFolder folder;
  const std::string path = folder.path() + "/LOG";
  for (int start = 1; start <= 2; ++start) {
    EngineLog log(path, 1 << 20);
    rocksdb::Log(rocksdb::InfoLogLevel::WARN_LEVEL, &log, "start %d", start);
    EXPECT_EQ(log.GetLogFileSize(), std::filesystem::file_size(path));
  }
  const std::string text = ReadAll(path);
  EXPECT_LT(text.find("start 1\n"), text.find("start 2\n")) << text;
}

TEST(EngineLog, KeepsOneFullFileBesideTheNewOne) {
  const ScopedFolder folder;
  const std::string path = folder.path() + "/LOG";
  EngineLog log(path, 500);
  for (int line = 0; line < 100; ++line) {
    rocksdb::Log(&log, "line %d", line);
    EXPECT_LE(std::filesystem::file_size(path), 500u);
  }
  EXPECT_NE((ReadAll(path + ".old") + ReadAll(path)).find("line 98\n"), std::string::npos);
  EXPECT_NE(ReadAll(path).find("line 99\n"), std::string::npos);
  EXPECT_LE(std::filesystem::file_size(path + ".old"), 500u);
}

TEST(EngineLog, LosesWhatTheDiskRefuses) {
  for (const char* path : {"/dev/full", "/nowhere/LOG"}) {
    EngineLog log(path, 1 << 20);
    for (int line = 0; line < 3; ++line) rocksdb::Log(&log, "line %d", line);
    EXPECT_EQ(log.GetLogFileSize(), 0u);
  }
}

TEST(EngineLog, CutsALongMessage) {
  const ScopedFolder folder;
  EngineLog log(folder.path() + "/LOG", 1 << 20);
  rocksdb::Log(&log, "%s", std::string(10'000, 'x').c_str());
  EXPECT_LT(log.GetLogFileSize(), 5000u);
  EXPECT_GT(log.GetLogFileSize(), 4000u);
}

}  // namespace
}  // namespace assent::storage
