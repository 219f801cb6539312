#include "scoring/instruction_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace assent::scoring {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

TEST(InstructionSet, TheBestIsInUseUnlessToldOtherwise) {
  const std::vector<std::string> names = InstructionSets();
  ASSERT_FALSE(names.empty());
  EXPECT_EQ(InstructionSetInUse(), names.front());
  EXPECT_THAT(names, Contains("scalar"));
}

TEST(InstructionSet, EachCanBeForced) {
  for (const std::string& name : InstructionSets()) {
    ASSERT_TRUE(UseInstructionSet(name).ok());
    EXPECT_EQ(InstructionSetInUse(), name);
  }
  ASSERT_TRUE(UseInstructionSet("").ok());
  EXPECT_EQ(InstructionSetInUse(), InstructionSets().front());
}

TEST(InstructionSet, AnUnknownOneIsRefusedAndNothingChanges) {
  const std::string before = InstructionSetInUse();
  const absl::Status status = UseInstructionSet("mmx");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("'mmx'"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("scalar"));
  EXPECT_EQ(InstructionSetInUse(), before);
}

TEST(InstructionSet, TheEnvironmentCanChoose) {
  ASSERT_EQ(setenv(kInstructionSetVariable, "scalar", 1), 0);
  EXPECT_TRUE(UseInstructionSetOfEnvironment().ok());
  EXPECT_EQ(InstructionSetInUse(), "scalar");
  ASSERT_EQ(setenv(kInstructionSetVariable, "abacus", 1), 0);
  EXPECT_FALSE(UseInstructionSetOfEnvironment().ok());
  ASSERT_EQ(unsetenv(kInstructionSetVariable), 0);
  EXPECT_TRUE(UseInstructionSetOfEnvironment().ok());
  EXPECT_EQ(InstructionSetInUse(), "scalar") << "an unset variable changes nothing";
  ASSERT_TRUE(UseInstructionSet("").ok());
}

}  // namespace
}  // namespace assent::scoring
