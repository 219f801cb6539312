#include "storage/key_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

class KeyFileTest : public testing::Test {
 protected:
  void WriteText(const std::string& text, mode_t mode = 0600) {
    std::ofstream(path) << text;
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
  }

  ScopedFolder folder;
  std::string path = folder.path() + "/key";
  std::string hex = std::string(62, 'a') + "0F";
};

TEST_F(KeyFileTest, ReadsHexWithAndWithoutALineFeed) {
  const std::string expected = std::string(31, '\xAA') + "\x0F";
  WriteText(hex);
  EXPECT_EQ(*ReadPseudonymKeys(path), std::vector<std::string>{expected});
  WriteText(hex + "\n");
  EXPECT_EQ(*ReadPseudonymKeys(path), std::vector<std::string>{expected});
}

TEST_F(KeyFileTest, RefusesWhatOthersCanReach) {
  for (mode_t mode : {0640, 0604, 0620, 0602, 0610, 0601, 0644, 0777}) {
    WriteText(hex, mode);
    const auto key = ReadPseudonymKeys(path);
    EXPECT_EQ(key.status().code(), absl::StatusCode::kFailedPrecondition) << mode;
    EXPECT_THAT(std::string(key.status().message()), testing::HasSubstr("chmod 600 " + path));
  }
}

TEST_F(KeyFileTest, RefusesOtherTextAndNeverShowsIt) {
  for (const std::string& text : {std::string(), std::string("\n"), hex.substr(1), hex + "0", hex + "\n\n", hex + " ",
                                  "g" + hex.substr(1), std::string(64, '\0'), "0x" + hex.substr(2)}) {
    WriteText(text);
    const auto key = ReadPseudonymKeys(path);
    EXPECT_EQ(key.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(key.status().message()), testing::Not(testing::HasSubstr("aaaa")));
  }
}

TEST_F(KeyFileTest, NamesAMissingFileAndAFolder) {
  EXPECT_EQ(ReadPseudonymKeys(path).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadPseudonymKeys(folder.path()).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(KeyFileTest, MakesANewKeyOnceAndOnlyForItsOwner) {
  ASSERT_TRUE(WriteNewKeyFile(path).ok());
  struct stat info = {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto key = ReadPseudonymKeys(path);
  ASSERT_TRUE(key.ok()) << key.status();
  ASSERT_EQ(key->size(), 1u);
  EXPECT_EQ(key->front().size(), kKeyBytes);
  EXPECT_EQ(WriteNewKeyFile(path).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(*ReadPseudonymKeys(path), *key);
  ASSERT_TRUE(WriteNewKeyFile(path + "2").ok());
  EXPECT_NE(*ReadPseudonymKeys(path + "2"), *key);
}

TEST_F(KeyFileTest, SaysWhereItCannotWrite) {
  EXPECT_EQ(WriteNewKeyFile(folder.path() + "/missing/key").code(), absl::StatusCode::kUnavailable);
}

TEST_F(KeyFileTest, ReadsSealingKeysOneALine) {
  const std::string other(64, 'b');
  const auto id_of = [&](const std::string& text) {
    WriteText(text);
    const auto ring = ReadSealingKeys(path);
    EXPECT_TRUE(ring.ok()) << ring.status();
    return ring->sealing_key_id();
  };
  EXPECT_EQ(id_of(hex), id_of(hex + "\n"));
  EXPECT_EQ(id_of(hex + "\n" + other + "\n"), id_of(other));  // the last one seals
  for (const std::string& text : {std::string(), std::string("\n"), hex + "\n\n" + other, hex + " " + other,
                                  hex + "\n" + hex, hex + "\nkey", hex.substr(1)}) {
    WriteText(text);
    const auto ring = ReadSealingKeys(path);
    EXPECT_EQ(ring.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(ring.status().message()), testing::Not(testing::HasSubstr("aaaa")));
  }
  WriteText(hex, 0640);
  EXPECT_EQ(ReadSealingKeys(path).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(KeyFileTest, AppendsAKeyAndKeepsTheOthers) {
  EXPECT_EQ(*AppendKey(path), 1u) << "made where there is none";
  struct stat info = {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto read = [&] { return *ReadSecretFile("test", path, 4096); };
  std::string before = read();
  for (size_t keys = 2; keys <= policy::kSealingKeysMax; ++keys) {
    ASSERT_EQ(*AppendKey(path), keys);
    const std::string now = read();
    EXPECT_EQ(now.size(), keys * 65);
    EXPECT_EQ(now.substr(0, before.size()), before);
    ASSERT_TRUE(ReadSealingKeys(path).ok()) << "all of them differ";
    before = now;
  }
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(AppendKey(path).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(read(), before);
  WriteText(hex);  // without a line feed
  ASSERT_EQ(*AppendKey(path), 2u);
  EXPECT_EQ(read().substr(0, 65), hex + "\n");
}

TEST_F(KeyFileTest, AppendsToNothingThatIsNoKeyFile) {
  for (const std::string& text : {std::string(), std::string("# keys\n"), hex + "\n\n"}) {
    WriteText(text);
    EXPECT_EQ(AppendKey(path).status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(*ReadSecretFile("test", path, 4096), text);
  }
  WriteText(hex, 0640);
  EXPECT_EQ(AppendKey(path).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(AppendKey(folder.path() + "/missing/key").status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(KeyFileTest, ReadsAChainOfPseudonymKeysOldestFirst) {
  std::string text;
  for (size_t keys = 1; keys <= policy::kPseudonymKeysMax; ++keys) {
    text += std::string(63, '0') + std::to_string(keys) + "\n";
    WriteText(text);
    const auto read = ReadPseudonymKeys(path);
    ASSERT_TRUE(read.ok()) << read.status();
    ASSERT_EQ(read->size(), keys);
    for (size_t i = 0; i < keys; ++i) EXPECT_EQ((*read)[i], std::string(31, '\0') + static_cast<char>(i + 1));
  }
  WriteText(text + std::string(64, 'f'));
  EXPECT_EQ(ReadPseudonymKeys(path).status().code(), absl::StatusCode::kInvalidArgument)
      << "one more than there may be";
}

}  // namespace
}  // namespace assent::storage
