#include "server/log.h"

#include <algorithm>
#include <limits>
#include <string>
#include <type_traits>

#include "gtest/gtest.h"

namespace assent::server {
namespace {

// What came with a request cannot become a field: these are compile-time facts.
static_assert(!std::is_constructible_v<LogField, const char*, policy::RawSubject>);
static_assert(!std::is_constructible_v<LogField, const char*, std::string>);
static_assert(!std::is_constructible_v<LogField, const char*, absl::string_view>);
static_assert(!std::is_constructible_v<LogField, const char*, const char*>);
static_assert(!std::is_convertible_v<std::string, OperatorText>);
static_assert(std::is_constructible_v<LogField, const char*, policy::SubjectKey>);
static_assert(std::is_constructible_v<LogField, const char*, int>);

std::string Rendered(const LogField& field) {
  std::string line;
  field.AppendTo(line);
  return line;
}

TEST(Log, RendersTypedFields) {
  EXPECT_EQ(Rendered({"n", 42}), ",\"n\":42");
  EXPECT_EQ(Rendered({"n", uint64_t{7}}), ",\"n\":7");
  EXPECT_EQ(Rendered({"yes", true}), ",\"yes\":true");
  EXPECT_EQ(Rendered({"x", 1.5}), ",\"x\":1.5");
  EXPECT_EQ(Rendered({"x", std::numeric_limits<double>::infinity()}), ",\"x\":null");
  EXPECT_EQ(Rendered({"kind", "literal"}), ",\"kind\":\"literal\"");
  EXPECT_EQ(Rendered({"code", absl::StatusCode::kDataLoss}), ",\"code\":\"DATA_LOSS\"");
  policy::SubjectKey key;
  key.bytes[0] = 0xAB;
  EXPECT_EQ(Rendered({"subject", key}), ",\"subject\":\"ab" + std::string(30, '0') + "\"");
}

TEST(Log, EscapesWhatWouldBreakTheLine) {
  EXPECT_EQ(Rendered({"path", OperatorText("a\"b\\c\nd\xC3")}), ",\"path\":\"a\\\"b\\\\c\\u000ad\\u00c3\"");
}

TEST(Log, WritesOneJsonObjectALine) {
  testing::internal::CaptureStderr();
  Log(Severity::kWarning, "something_happened", {{"count", 3}});
  const std::string out = testing::internal::GetCapturedStderr();
  EXPECT_EQ(out.substr(0, 9), "{\"time\":\"");
  EXPECT_NE(out.find("Z\",\"severity\":\"WARNING\",\"event\":\"something_happened\",\"count\":3}\n"), std::string::npos)
      << out;
}

TEST(Log, CountsWhatItDoesNotWrite) {
  const uint64_t before = LogLinesDropped();
  testing::internal::CaptureStderr();
  constexpr int kLines = 100'000;  // far more than any seconds that this takes allow
  for (int i = 0; i < kLines; ++i) Log(Severity::kInfo, "flood");
  const std::string out = testing::internal::GetCapturedStderr();
  const auto written = static_cast<uint64_t>(std::count(out.begin(), out.end(), '\n'));
  EXPECT_EQ(written + (LogLinesDropped() - before), static_cast<uint64_t>(kLines));
  EXPECT_GT(LogLinesDropped(), before);
}

}  // namespace
}  // namespace assent::server
