// Spans of time as people write them: "90d", "12h".
#ifndef ASSENT_CLIENT_DURATION_TEXT_H_
#define ASSENT_CLIENT_DURATION_TEXT_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace assent::client {

// A whole number of days or hours, not negative; nothing for any other text.
std::optional<absl::Duration> ParseDaysOrHours(absl::string_view text);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_DURATION_TEXT_H_
