// One number of segments, or a range to choose from.
#ifndef ASSENT_CLIENT_K_RANGE_H_
#define ASSENT_CLIENT_K_RANGE_H_

#include <cstddef>
#include <optional>

#include "absl/strings/string_view.h"

namespace assent::client {

inline constexpr size_t kSegmentsMax = 65536;

struct KRange {
  size_t first = 0, last = 0;
  bool one() const { return first == last; }
};

// "6", or "2..20". Nothing for anything else, and outside 1 to kSegmentsMax.
std::optional<KRange> ParseKRange(absl::string_view text);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_K_RANGE_H_
