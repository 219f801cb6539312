#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "gmock/gmock.h"
#include "tests/client/commands_fixture.h"

namespace assent::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class KeysCommandTest : public CommandsTest {
 protected:
  static std::string TextOf(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
};

TEST_F(KeysCommandTest, New_MakesAFileAndAppendsToIt) {
  const std::string path = folder_.Path("sealing.keys");
  const Result first = Assentctl({"keys", "new", "--append", path});
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(first.out, path + " has 1 key\n");
  const std::string one = TextOf(path);
  EXPECT_EQ(one.size(), 65u);
  const Result second = Assentctl({"keys", "new", "--append", path, "--json"});
  EXPECT_EQ(second.json()["keys"], 2);
  EXPECT_EQ(TextOf(path).substr(0, 65), one);
  EXPECT_EQ(TextOf(path).size(), 130u);
  struct stat info = {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(second.out.find(one.substr(0, 8)), std::string::npos) << "a key is never shown";
}

TEST_F(KeysCommandTest, New_RefusesWhatIsNoKeyFile) {
  const std::string path = folder_.Path("notes");
  std::ofstream(path) << "not a key";
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  const Result refused = Assentctl({"keys", "new", "--append", path});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("64 hexadecimal characters"));
  EXPECT_EQ(TextOf(path), "not a key");
  EXPECT_EQ(Assentctl({"keys", "new"}).status, 2);
}

TEST_F(KeysCommandTest, Rotate_SaysWhatIsUnderWhichKey) {
  const Result rotated = WithFake({"keys", "rotate"});
  EXPECT_EQ(rotated.status, 0) << rotated.err;
  EXPECT_THAT(rotated.out,
              AllOf(HasSubstr("1,234 values sealed anew"), HasSubstr("key 0badcafe  2 values, which cannot"),
                    HasSubstr("key 1badcafe  56,789 values, and what is written from now on"),
                    HasSubstr("2 values are damaged")));
  EXPECT_EQ(WithFake({"keys", "rotate", "--json"}).json()["keys"].size(), 2u);
}

}  // namespace
}  // namespace assent::client
