// Damage in the log that a crash left: the start either keeps every acknowledged change or is refused.

#include "storage/log_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "storage/consent_change.h"
#include "tests/client/scratch_folder.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using policy::Purpose;
using testing::HasSubstr;

constexpr uint64_t kChanges = 60;
constexpr size_t kBlockBytes = 32768;

// A record of the engine's log. Source: docs of log_scan.h; CRC-32C bit by bit.
std::string MaskedRecord(char type, const std::string& payload) {
  uint32_t crc = 0xFFFFFFFFu;
  for (const char c : type + payload) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0u);
  }
  crc = ~crc;
  const uint32_t masked = ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
  std::string record;
  for (int i = 0; i < 4; ++i) record.push_back(static_cast<char>(masked >> (8 * i)));
  record.push_back(static_cast<char>(payload.size()));
  record.push_back('\0');
  return record + type + payload;
}

void WriteFile(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// A folder as a crash leaves it: copied while the store is open. Subject i was granted with change i and, in a second
// round, withdrew with change kChanges + i.
class CrashedLogTest : public testing::Test {
 protected:
  CrashedLogTest() {
    auto open = StartStore(folder.path() + "/live");
    EXPECT_TRUE(open.ok()) << open.status();
    for (uint64_t i = 0; i < 2 * kChanges; ++i) {
      before_last_bytes = LogBytes(folder.path() + "/live");
      ConsentRequest request = i < kChanges ? GrantOf(Subject(i), {Purpose::kSelectContent})
                                            : WithdrawalOf(Subject(i - kChanges), {Purpose::kSelectContent});
      request.recorded_by = std::string(300, 'x');  // so that the log has several blocks
      EXPECT_TRUE((*open)->store->Apply(request, kTestTime).ok());
    }
    std::filesystem::copy(folder.path() + "/live", crashed, std::filesystem::copy_options::recursive);
    log = client::ReadAll(LogIn(crashed));
  }

  static std::filesystem::path LogIn(const std::string& data_dir) {
    std::filesystem::path found;
    for (const auto& entry : std::filesystem::directory_iterator(data_dir + "/db")) {
      if (entry.path().extension() == ".log" && entry.path() > found) found = entry.path();
    }
    return found;
  }
  static size_t LogBytes(const std::string& data_dir) { return std::filesystem::file_size(LogIn(data_dir)); }

  // The folder with this log instead.
  std::string With(const std::string& bytes) {
    const std::string copy = folder.path() + "/copy";
    std::filesystem::remove_all(copy);
    std::filesystem::copy(crashed, copy, std::filesystem::copy_options::recursive);
    WriteFile(LogIn(copy), bytes);
    return copy;
  }
  absl::StatusOr<LogScan> Scan(const std::string& data_dir) {
    return ScanLogs(*rocksdb::Env::Default(), data_dir + "/db", data_dir);
  }
  // How many of the withdrawals are there, which are the first ones if all is well.
  uint64_t Withdrawn(OpenStore& open) {
    uint64_t count = 0;
    while (count < kChanges && !open.Allows(Subject(count), Purpose::kSelectContent)) ++count;
    return count;
  }

  ScopedFolder folder;
  std::string crashed = folder.path() + "/crashed";
  std::string log;
  size_t before_last_bytes = 0;
};

TEST_F(CrashedLogTest, AnUndamagedLogIsReadToItsEnd) {
  ASSERT_GT(log.size(), 2 * kBlockBytes);
  const auto scan = Scan(crashed);
  ASSERT_TRUE(scan.ok());
  EXPECT_EQ(scan->torn_bytes, 0u);
  EXPECT_EQ(scan->damage, "");
  EXPECT_EQ(scan->sequence_behind_torn, 0u);
  auto open = StartStore(crashed);
  ASSERT_TRUE(open.ok()) << open.status();
  EXPECT_EQ(Withdrawn(**open), kChanges);
  EXPECT_EQ((*open)->database->log_bytes_cut_off(), 0u);
}

// The last commit is torn, and behind the tear stands what a caller could have sent: a record by its checksum, but none
// that the engine writes.
TEST_F(CrashedLogTest, BytesThatOnlyLookLikeARecordAreNoDamage) {
  // CRC-32C of the type and the payload as the log stores it: of type 1 with no payload, of type 2 with nine bytes.
  const std::string empty_batch = MaskedRecord(1, "");
  const std::string first_part = MaskedRecord(2, "abcdefghi");
  const std::string whole_batch = MaskedRecord(1, std::string(12, '\0'));
  const auto with = [&](const std::string& bytes) {
    std::string torn = log;
    const size_t at = before_last_bytes + 20;
    torn.replace(at, bytes.size(), bytes);
    return Scan(With(torn))->damage;
  };
  ASSERT_GT(log.size(), before_last_bytes + 60);
  EXPECT_EQ(with(empty_batch), "");
  EXPECT_EQ(with(first_part), "");
  EXPECT_NE(with(whole_batch), "");  // this the engine writes
}

// Every byte in front of the last commit, one bit each: all are found, by the scan alone.
TEST_F(CrashedLogTest, EveryFlippedBitInFrontOfTheLastCommitIsFound) {
  std::mt19937_64 random(7);
  const std::string copy = With(log);
  const std::string path = LogIn(copy);
  const size_t step = FullScale() ? 1 : 13;
  for (size_t at = 0; at < before_last_bytes; at += step) {
    if (at % kBlockBytes > kBlockBytes - 7) continue;  // may be filling, which nobody reads
    std::string damaged = log;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
    WriteFile(path, damaged);
    const auto scan = Scan(copy);
    ASSERT_TRUE(scan.ok());
    ASSERT_NE(scan->damage, "") << "byte " << at;
  }
}

// Through the whole start, at fewer places: it opens with all that was acknowledged, or says what is wrong. In the last
// commit the flip looks like a torn end, and that one change is lost: the limit that docs/storage_format.md states.
TEST_F(CrashedLogTest, AStartIsRefusedOrHasEveryAcknowledgedChange) {
  std::mt19937_64 random(11);
  const int flips = FullScale() ? 2'000 : 60;
  int refused = 0;
  for (int i = 0; i < flips; ++i) {
    const size_t at =
        i % 10 == 9 ? before_last_bytes + random() % (log.size() - before_last_bytes) : random() % before_last_bytes;
    std::string damaged = log;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
    const auto open = StartStore(With(damaged));
    if (open.ok()) {
      const uint64_t withdrawn = Withdrawn(**open);
      ASSERT_GE(withdrawn, kChanges - 1) << "byte " << at;
      if (withdrawn < kChanges) {
        ASSERT_GE(at, before_last_bytes);
        ASSERT_GT((*open)->database->log_bytes_cut_off(), 0u);
      }
      continue;
    }
    ++refused;
    ASSERT_EQ(open.status().code(), absl::StatusCode::kDataLoss) << open.status();
    ASSERT_THAT(std::string(open.status().message()),
                testing::AllOf(HasSubstr("withdrawals"), HasSubstr("backup"), HasSubstr("at byte")));
  }
  EXPECT_GT(refused, flips / 2);
}

TEST_F(CrashedLogTest, ARefusedStartChangesNothing) {
  std::string damaged = log;
  damaged[log.size() / 2] ^= 1;
  const std::string copy = With(damaged);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(StartStore(copy).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(client::ReadAll(LogIn(copy)), damaged);
  WriteFile(LogIn(copy), log);
  const auto open = StartStore(copy);
  ASSERT_TRUE(open.ok()) << open.status();
  EXPECT_EQ(Withdrawn(**open), kChanges);
}

// Lost pages: zeros in the middle are passed over by the engine without a word.
TEST_F(CrashedLogTest, ZerosInTheMiddleAreFound) {
  std::string damaged = log;
  damaged.replace(4096, 4096, 4096, '\0');
  EXPECT_EQ(StartStore(With(damaged)).status().code(), absl::StatusCode::kDataLoss);
  // A whole block that is missing leaves every checksum right and a jump in the numbers.
  damaged = log;
  damaged.erase(kBlockBytes, kBlockBytes);
  EXPECT_EQ(StartStore(With(damaged)).status().code(), absl::StatusCode::kDataLoss);
}

// Cut at any length, as a crash does: opens, with what stands in front of the cut.
TEST_F(CrashedLogTest, ATornEndIsCutOffAndCounted) {
  std::mt19937_64 random(13);
  uint64_t cut_off = 0;
  for (int i = 0; i < 12; ++i) {
    const size_t length = log.size() - 1 - random() % (log.size() - before_last_bytes - 1);
    const auto open = StartStore(With(log.substr(0, length)));
    ASSERT_TRUE(open.ok()) << length << ": " << open.status();
    EXPECT_EQ(Withdrawn(**open), kChanges - 1);
    EXPECT_EQ((*open)->database->log_bytes_cut_off(), length - before_last_bytes);
    cut_off += (*open)->database->log_bytes_cut_off();
  }
  EXPECT_GT(cut_off, 0u);
}

// With a younger log behind it, the end of a log is no end.
TEST_F(CrashedLogTest, DamageAtTheEndOfAnOlderLogIsFound) {
  const std::string live = folder.path() + "/two";
  const std::string copy = folder.path() + "/two_crashed";
  {
    auto open = StartStore(live);
    ASSERT_TRUE(open.ok());
    ASSERT_TRUE((*open)->store->Apply(GrantOf(Subject(1), {Purpose::kSelectContent}), kTestTime).ok());
    ASSERT_TRUE((*open)->store->Apply(WithdrawalOf(Subject(1), {}), kTestTime).ok());
    // One family alone is written to a table: the log is changed and the old one still needed.
    Database& database = *(*open)->database;
    ASSERT_TRUE(database.rocks().Flush({}, database.family(Family::kMeta)).ok());
    ASSERT_TRUE((*open)->store->Apply(GrantOf(Subject(2), {Purpose::kSelectContent}), kTestTime).ok());
    std::filesystem::copy(live, copy, std::filesystem::copy_options::recursive);
  }
  std::vector<std::filesystem::path> logs;
  for (const auto& entry : std::filesystem::directory_iterator(copy + "/db")) {
    if (entry.path().extension() == ".log") logs.push_back(entry.path());
  }
  std::sort(logs.begin(), logs.end());
  ASSERT_EQ(logs.size(), 2u);
  const std::string older = client::ReadAll(logs[0]);
  for (const size_t kept : {older.size() - 1, older.size() - 30}) {
    WriteFile(logs[0], older.substr(0, kept));
    const absl::Status status = StartStore(copy).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  }
  WriteFile(logs[0], older);
  const auto open = StartStore(copy);
  ASSERT_TRUE(open.ok()) << open.status();
  EXPECT_FALSE((*open)->Allows(Subject(1), Purpose::kSelectContent));
  EXPECT_TRUE((*open)->Allows(Subject(2), Purpose::kSelectContent));
}

TEST_F(CrashedLogTest, AnOrderlyStopLeavesNothingInTheLog) {
  { ASSERT_TRUE(StartStore(crashed).ok()); }
  size_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(crashed + "/db")) {
    if (entry.path().extension() == ".log") bytes += entry.file_size();
  }
  EXPECT_EQ(bytes, 0u);
  {
    auto open = StartStore(crashed);
    ASSERT_TRUE(open.ok());
    ASSERT_TRUE((*open)->store->Apply(GrantOf(Subject(1), {Purpose::kSelectContent}), kTestTime).ok());
  }
  for (const auto& entry : std::filesystem::directory_iterator(crashed + "/db")) {
    if (entry.path().extension() == ".log") bytes += entry.file_size();
  }
  EXPECT_EQ(bytes, 0u);
  EXPECT_TRUE((*StartStore(crashed))->Allows(Subject(1), Purpose::kSelectContent));
}

}  // namespace
}  // namespace assent::storage
