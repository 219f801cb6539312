// The time of a recorded event, as files write it.
#ifndef ASSENT_CLIENT_EVENT_TIME_H_
#define ASSENT_CLIENT_EVENT_TIME_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace assent::client {

// The unit of times that are written as numbers since 1970-01-01 UTC.
enum class TimeUnit { kSeconds, kMilliseconds, kMicroseconds };

// Reads RFC 3339 ("2011-12-09T12:50:00+01:00"), a date with or without a time of day ("2011-12-09 12:50", "2011-12-09";
// seconds and their fractions are optional) in `zone`, or a number in `unit`. Returns microseconds since 1970.
// Errors: InvalidArgument without the text, which may be anything.
absl::StatusOr<int64_t> ParseEventTime(absl::string_view text, TimeUnit unit, absl::TimeZone zone);

// A number in `unit`. Errors: InvalidArgument: not finite, or outside the years 1 to 9999.
absl::StatusOr<int64_t> EventTimeOf(double number, TimeUnit unit);

// RFC 3339 in UTC, with as many digits of a second as are needed.
std::string EventTimeText(int64_t time_us);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_EVENT_TIME_H_
