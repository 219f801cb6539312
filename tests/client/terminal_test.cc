#include "client/terminal.h"

#include <sstream>

#include "client/bar_chart.h"
#include "client/progress.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assent::client {
namespace {

using testing::HasSubstr;

TEST(HumanNumber, Sizes_ReadWell) {
  EXPECT_EQ(HumanNumber(0), "0");
  EXPECT_EQ(HumanNumber(0.3149), "0.31");
  EXPECT_EQ(HumanNumber(-0.0001), "0");
  EXPECT_EQ(HumanNumber(2.30), "2.3");
  EXPECT_EQ(HumanNumber(141.6), "142");
  EXPECT_EQ(HumanNumber(-12330.4), "−12,330");
  EXPECT_EQ(HumanNumber(-0.191), "−0.19");
  EXPECT_EQ(HumanNumber(-1e-7), "−1.00e-07");
  EXPECT_EQ(HumanNumber(1e-7), "1.00e-07");
}

TEST(HumanCount, Thousands_AreSeparated) {
  EXPECT_EQ(HumanCount(0), "0");
  EXPECT_EQ(HumanCount(999), "999");
  EXPECT_EQ(HumanCount(1000), "1,000");
  EXPECT_EQ(HumanCount(18446744073709551615u), "18,446,744,073,709,551,615");
}

TEST(HumanShare, NearlyAllAndNearlyNothing_AreNotRoundedAway) {
  EXPECT_EQ(HumanShare(0.42), "42 %");
  EXPECT_EQ(HumanShare(0.0001), "<1 %");
  EXPECT_EQ(HumanShare(0.9999), ">99 %");
  EXPECT_EQ(HumanShare(1), "100 %");
  EXPECT_EQ(HumanShare(0), "0 %");
}

TEST(Pad, WideAndNarrowText_TakesTheWidth) {
  EXPECT_EQ(PadRight("ab", 4), "ab  ");
  EXPECT_EQ(PadLeft("ab", 4), "  ab");
  EXPECT_EQ(PadRight("čřabc", 4), "čřa…");
  EXPECT_EQ(DisplayWidth("čř█"), 3u);
}

TEST(Paint, WithoutColour_IsPlain) {
  EXPECT_EQ(Terminal{}.Paint(Style::kBad, "x"), "x");
  EXPECT_EQ((Terminal{.colour = true}).Paint(Style::kBad, "x"), "\x1b[31mx\x1b[0m");
}

TEST(DrawBarChart, Amounts_AreProportionalAndOnTheirSide) {
  const std::vector<Bar> bars = {{"kids share", "0.7", "0.2", 4}, {"devices", "4", "2", -2}, {"news", "0", "0", 0}};
  const auto lines = DrawBarChart(bars, {"feature", "value", "typical", "against", "for"}, Terminal{.columns = 80});
  ASSERT_EQ(lines.size(), 4u);
  const auto blocks = [](const std::string& line) {
    size_t count = 0;
    for (size_t at = line.find("█"); at != std::string::npos; at = line.find("█", at + 1)) ++count;
    return count;
  };
  EXPECT_EQ(blocks(lines[1]), 2 * blocks(lines[2]));
  EXPECT_GT(lines[1].find("█"), lines[1].find("│"));
  EXPECT_LT(lines[2].find("█"), lines[2].find("│"));
  EXPECT_THAT(lines[1], HasSubstr("+4.00"));
  EXPECT_THAT(lines[2], HasSubstr("−2.00"));
  EXPECT_THAT(lines[3], HasSubstr("·"));
  for (const std::string& line : lines) EXPECT_LE(DisplayWidth(line), 80u);
  EXPECT_EQ(DisplayWidth(lines[1]), DisplayWidth(lines[2]));
}

TEST(DrawBarChart, NarrowTerminal_KeepsEveryLineInside) {
  const std::vector<Bar> bars = {{std::string(60, 'x'), "123456789012345678", "1", 1}};
  for (const auto& line : DrawBarChart(bars, {}, Terminal{.columns = 80})) EXPECT_LE(DisplayWidth(line), 80u);
}

TEST(Progress, QuickWork_StaysSilentAndSlowWorkShowsABar) {
  std::ostringstream out;
  const absl::Time start = absl::Now();
  {
    Progress progress(out, true, "training", 10);
    progress.UpdateAt(1, start + absl::Milliseconds(100));
    EXPECT_EQ(out.str(), "");
    progress.UpdateAt(5, start + absl::Seconds(2));
    EXPECT_THAT(out.str(), HasSubstr("50 %"));
    EXPECT_THAT(out.str(), HasSubstr("2 s left"));
    const size_t shown = out.str().size();
    progress.UpdateAt(6, start + absl::Milliseconds(2010));
    EXPECT_EQ(out.str().size(), shown);  // too soon after the last picture
  }
  EXPECT_TRUE(out.str().ends_with("\r\x1b[K"));
}

TEST(Progress, Disabled_StaysSilent) {
  std::ostringstream out;
  Progress(out, false, "training", 10).UpdateAt(5, absl::Now() + absl::Seconds(9));
  EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace assent::client
