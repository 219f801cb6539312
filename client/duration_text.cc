#include "client/duration_text.h"

#include <cstdint>

#include "absl/strings/numbers.h"

namespace assent::client {

std::optional<absl::Duration> ParseDaysOrHours(absl::string_view text) {
  int64_t number = 0;
  if (text.size() < 2 || !absl::SimpleAtoi(text.substr(0, text.size() - 1), &number) || number < 0) return {};
  if (text.back() == 'd') return absl::Hours(24) * number;
  if (text.back() == 'h') return absl::Hours(number);
  return {};
}

}  // namespace assent::client
