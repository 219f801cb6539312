#include "client/k_range.h"

#include "absl/strings/numbers.h"

namespace assent::client {

std::optional<KRange> ParseKRange(absl::string_view text) {
  const size_t dots = text.find("..");
  uint32_t first = 0, last = 0;
  if (!absl::SimpleAtoi(text.substr(0, dots), &first)) return std::nullopt;
  last = first;
  if (dots != absl::string_view::npos && !absl::SimpleAtoi(text.substr(dots + 2), &last)) return std::nullopt;
  if (first < 1 || last < first || last > kSegmentsMax) return std::nullopt;
  return KRange{first, last};
}

}  // namespace assent::client
