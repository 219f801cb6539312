#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "tests/client/commands_fixture.h"

namespace assent::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using BackupCommandTest = CommandsTest;

TEST_F(BackupCommandTest, CreateAndList_PrintTheBackups) {
  const Result created = WithFake({"backup", "create"});
  EXPECT_EQ(created.status, 0) << created.err;
  EXPECT_THAT(created.out, AllOf(HasSubstr("backup 12  2023-11-14 22:13:20 UTC  2.5 MB"), HasSubstr("change 1,234")));
  EXPECT_EQ(WithFake({"backup", "create", "--json"}).json()["backup"]["id"], 12);
  const Result listed = WithFake({"backup", "list"});
  EXPECT_THAT(listed.out, AllOf(HasSubstr("backup 11  "), HasSubstr("backup 12  ")));
  EXPECT_EQ(WithFake({"backup", "list", "--json"}).json()["backups"].size(), 2u);
}

TEST_F(BackupCommandTest, Purge_SendsTheTimeThatTheAgeStandsFor) {
  const int64_t before = absl::ToUnixSeconds(absl::Now());
  const Result purged = WithFake({"backup", "purge", "--older-than", "2d"});
  const int64_t after = absl::ToUnixSeconds(absl::Now());
  EXPECT_EQ(purged.status, 0) << purged.err;
  EXPECT_EQ(purged.out, "2 backups removed\n");
  ASSERT_EQ(fake_.purges_asked.size(), 1u);
  const int64_t limit = fake_.purges_asked[0].create_time_before().seconds();
  EXPECT_GE(limit, before - 2 * 86'400);
  EXPECT_LE(limit, after - 2 * 86'400);
  EXPECT_EQ(WithFake({"backup", "purge"}).status, 2) << "nothing is removed by accident";
  for (const char* wrong : {"2", "d", "-1h", "2w", ""}) {
    const Result result = WithFake({"backup", "purge", "--older-than", wrong});
    EXPECT_NE(result.status, 0) << wrong;
  }
  EXPECT_EQ(fake_.purges_asked.size(), 1u);
}

TEST_F(BackupCommandTest, Release_SaysWhetherAnythingWasClosed) {
  EXPECT_THAT(WithFake({"backup", "release"}).out, HasSubstr("consent counts again"));
  EXPECT_THAT(WithFake({"backup", "release"}).out, HasSubstr("released already"));
}

TEST_F(BackupCommandTest, Restore_NamesWhatIsMissing) {
  const Result none =
      Assentctl({"backup", "restore", "--from", folder_.Path("nothing"), "--data-dir", folder_.Path("data")});
  EXPECT_EQ(none.status, 1);
  EXPECT_THAT(none.err, HasSubstr("there are no backups in " + folder_.Path("nothing")));
  EXPECT_EQ(Assentctl({"backup", "restore", "--from", "a"}).status, 2);
  EXPECT_EQ(Assentctl({"backup", "restore", "--from", "a", "--data-dir", "b", "--backup", "0"}).status, 2);
  const Result keyless =
      Assentctl({"backup", "restore", "--from", "a", "--data-dir", "b", "--sealing-key-file", folder_.Path("no-keys")});
  EXPECT_EQ(keyless.status, 1);
  EXPECT_THAT(keyless.err, HasSubstr("sealing key file " + folder_.Path("no-keys")));
}

}  // namespace
}  // namespace assent::client
