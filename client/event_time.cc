#include "client/event_time.h"

#include <charconv>
#include <cmath>

namespace assent::client {
namespace {

constexpr double kTimeUsMax = 253402300800e6;  // the year 10000
constexpr double kTimeUsMin = -62135596800e6;  // the year 1

double MicrosecondsOf(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kSeconds:
      return 1e6;
    case TimeUnit::kMilliseconds:
      return 1e3;
    case TimeUnit::kMicroseconds:
      return 1;
  }
  return 1;
}

absl::Status NotATime() {
  return absl::InvalidArgumentError(
      "not a time; write 2011-12-09T12:50:00Z, 2011-12-09 12:50:00, or a number since 1970 (--time-unit)");
}

}  // namespace

absl::StatusOr<int64_t> EventTimeOf(double number, TimeUnit unit) {
  const double time_us = number * MicrosecondsOf(unit);
  if (!(time_us >= kTimeUsMin && time_us < kTimeUsMax)) {
    return absl::InvalidArgumentError("not a time between the years 1 and 9999; is --time-unit right?");
  }
  return static_cast<int64_t>(std::llround(time_us));
}

absl::StatusOr<int64_t> ParseEventTime(absl::string_view text, TimeUnit unit, absl::TimeZone zone) {
  const char* end = text.data() + text.size();
  double number = 0;
  if (const auto [stop, error] = std::from_chars(text.data(), end, number); error == std::errc() && stop == end) {
    return EventTimeOf(number, unit);
  }
  for (const char* format : {absl::RFC3339_full, "%Y-%m-%d%ET%H:%M:%E*S", "%Y-%m-%d %H:%M:%E*S", "%Y-%m-%d%ET%H:%M",
                             "%Y-%m-%d %H:%M", "%Y-%m-%d"}) {
    absl::Time time;
    std::string why;
    if (!absl::ParseTime(format, text, zone, &time, &why)) continue;
    if (time == absl::InfiniteFuture() || time == absl::InfinitePast()) break;
    return absl::ToUnixMicros(time);
  }
  return NotATime();
}

std::string EventTimeText(int64_t time_us) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*SZ", absl::FromUnixMicros(time_us), absl::UTCTimeZone());
}

}  // namespace assent::client
