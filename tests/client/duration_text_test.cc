#include "client/duration_text.h"

#include <gtest/gtest.h>

namespace assent::client {
namespace {

TEST(DurationText, ReadsDaysAndHours) {
  EXPECT_EQ(ParseDaysOrHours("90d"), absl::Hours(90 * 24));
  EXPECT_EQ(ParseDaysOrHours("12h"), absl::Hours(12));
  EXPECT_EQ(ParseDaysOrHours("0h"), absl::ZeroDuration());
}

TEST(DurationText, ReadsNothingElse) {
  for (const char* text : {"", "d", "h", "12", "12m", "-1d", "1.5d", "d12", "12 hours", "99999999999999999999d"}) {
    EXPECT_FALSE(ParseDaysOrHours(text)) << text;
  }
}

}  // namespace
}  // namespace assent::client
