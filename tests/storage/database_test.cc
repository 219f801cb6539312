#include "storage/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "storage/engine_status.h"
#include "storage/meta_value.h"
#include "storage/record_codec.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using testing::HasSubstr;

constexpr int kReadyDescriptor = 10;
constexpr int kFinishDescriptor = 11;

class DatabaseTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Database>> Open(const policy::SubjectKey& check = KeyCheck()) {
    return Database::Open({.data_dir = data_dir, .key_check = check});
  }
  void PutMeta(const char* key, const std::string& content) {
    auto database = Open();
    ASSERT_TRUE(database.ok()) << database.status();
    ASSERT_TRUE(
        (*database)->rocks().Put({}, (*database)->family(Family::kMeta), key, RecordCodec().Encode(key, content)).ok());
  }

  ScopedFolder folder;
  std::string data_dir = folder.path() + "/data";
};

TEST_F(DatabaseTest, MakesTheFolderAndKeepsItsEpoch) {
  uint64_t epoch = 0;
  {
    const auto database = Open();
    ASSERT_TRUE(database.ok()) << database.status();
    epoch = (*database)->epoch();
    EXPECT_NE(epoch, 0u);
  }
  const auto again = Open();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)->epoch(), epoch);
}

TEST_F(DatabaseTest, MakesTheFolderForItsOwnerAlone) {
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(std::filesystem::status(data_dir).permissions(), std::filesystem::perms::owner_all);
  ASSERT_TRUE(Open().ok());  // one that is there keeps what its owner gave it
  std::filesystem::permissions(data_dir, std::filesystem::perms::owner_all | std::filesystem::perms::group_read);
  ASSERT_TRUE(Open().ok());
  EXPECT_NE(std::filesystem::status(data_dir).permissions() & std::filesystem::perms::group_read,
            std::filesystem::perms::none);
}

TEST_F(DatabaseTest, RefusesASecondOpenInTheProcess) {
  const auto first = Open();
  ASSERT_TRUE(first.ok());
  const absl::Status second = Open().status();
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.message()), testing::AllOf(HasSubstr(data_dir), HasSubstr("another process")));
}

// Runs in a process of its own, started by the test below: holds the folder until told to finish.
TEST(DatabaseProcess, DISABLED_HoldsTheFolder) {
  const char* data_dir = std::getenv("ASSENT_TEST_DATA_DIR");
  ASSERT_NE(data_dir, nullptr);
  const auto held = Database::Open({.data_dir = data_dir, .key_check = KeyCheck()});
  ASSERT_TRUE(held.ok()) << held.status();
  char byte = 'y';
  ASSERT_EQ(write(kReadyDescriptor, &byte, 1), 1);
  EXPECT_EQ(read(kFinishDescriptor, &byte, 1), 1);
}

TEST_F(DatabaseTest, RefusesASecondProcess) {
  int ready[2];
  int finish[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(finish), 0);
  ASSERT_EQ(setenv("ASSENT_TEST_DATA_DIR", data_dir.c_str(), 1), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    dup2(ready[1], kReadyDescriptor);
    dup2(finish[0], kFinishDescriptor);
    close(finish[1]);
    execl("/proc/self/exe", "storage_test", "--gtest_filter=DatabaseProcess.DISABLED_HoldsTheFolder",
          "--gtest_also_run_disabled_tests", "--gtest_output=", nullptr);
    _exit(127);
  }
  close(ready[1]);  // so that the end of the child ends the reading
  close(finish[0]);
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_EQ(Open().status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_EQ(write(finish[1], "x", 1), 1);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(Open().ok());  // the lock went with the process
  close(ready[0]);
  close(finish[1]);
}

TEST_F(DatabaseTest, RefusesAnotherPseudonymKeyAndChangesNothing) {
  ASSERT_TRUE(Open().ok());
  const absl::Status status = Open(Subject(5)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("another pseudonym key"));
  EXPECT_TRUE(Open().ok());
}

TEST_F(DatabaseTest, RefusesANewerFormat) {
  PutMeta(kMetaFormat, MetaNumber(3));
  EXPECT_EQ(Open().status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(DatabaseTest, RefusesAFamilyThatItDoesNotKnow) {
  {
    const auto database = Open();
    ASSERT_TRUE(database.ok());
    rocksdb::ColumnFamilyHandle* handle = nullptr;
    ASSERT_TRUE((*database)->rocks().CreateColumnFamily({}, "from_the_future", &handle).ok());
    ASSERT_TRUE((*database)->rocks().DestroyColumnFamilyHandle(handle).ok());
  }
  const absl::Status status = Open().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("newer version"));
}

TEST_F(DatabaseTest, RefusesDamagedMeta) {
  {
    const auto database = Open();
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE((*database)->rocks().Put({}, (*database)->family(Family::kMeta), kMetaKeyCheck, "rubbish").ok());
  }
  EXPECT_EQ(Open().status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(DatabaseTest, RefusesRecordsWithoutAFormat) {
  {
    const auto database = Open();
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE((*database)->rocks().Delete({}, (*database)->family(Family::kMeta), kMetaFormat).ok());
    ASSERT_TRUE((*database)->rocks().Put({}, (*database)->family(Family::kConsent), "key", "value").ok());
  }
  EXPECT_EQ(Open().status().code(), absl::StatusCode::kDataLoss);
}

// The engine's own text may hold keys and paths; it is for the log alone.
TEST_F(DatabaseTest, DamagedFilesAreDataLossWithoutTheEnginesText) {
  {
    const auto database = Open();
    ASSERT_TRUE(database.ok());
  }
  for (const auto& entry : std::filesystem::directory_iterator(data_dir + "/db")) {
    if (entry.path().filename().string().starts_with("MANIFEST")) {
      std::ofstream(entry.path(), std::ios::binary | std::ios::trunc) << "rubbish, long enough to be read as a header";
    }
  }
  const absl::Status status = Open().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), testing::AllOf(HasSubstr(data_dir), HasSubstr("backup")));
  EXPECT_THAT(std::string(status.message()), testing::Not(HasSubstr("Corruption")));
  EXPECT_THAT(EngineCause(status), HasSubstr("Corruption"));
}

TEST_F(DatabaseTest, AMissingCurrentFileIsDamageNotANewFolder) {
  {
    const auto database = Open();
    ASSERT_TRUE(database.ok());
  }
  std::filesystem::remove(data_dir + "/db/CURRENT");
  EXPECT_EQ(Open().status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(DatabaseTest, SaysWhereItCannotMakeAFolder) {
  data_dir = folder.path() + "/missing/data";
  const absl::Status status = Open().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr(data_dir));
}

}  // namespace
}  // namespace assent::storage
