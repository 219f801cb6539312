#include "scoring/reference_histogram.h"

#include <cmath>

#include "absl/strings/str_cat.h"

namespace assent::scoring {

absl::Status CheckReferenceHistogram(const ReferenceHistogram& histogram) {
  const std::vector<double>& borders = histogram.borders;
  if (borders.empty()) return absl::InvalidArgumentError("borders: none");
  if (borders.size() > kHistogramBordersMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("borders: ", borders.size(), ", at most ", kHistogramBordersMax, " are allowed"));
  }
  for (size_t i = 0; i < borders.size(); ++i) {
    if (!std::isfinite(borders[i])) return absl::InvalidArgumentError(absl::StrCat("borders[", i, "]: is not finite"));
    if (i != 0 && !(borders[i - 1] < borders[i])) {
      return absl::InvalidArgumentError(absl::StrCat("borders[", i, "]: is not above the one before"));
    }
  }
  if (histogram.counts.size() != borders.size() + 1) {
    return absl::InvalidArgumentError(absl::StrCat("counts: ", histogram.counts.size(), " for ", borders.size(),
                                                   " borders, there must be one more than borders"));
  }
  const bool any = std::any_of(histogram.counts.begin(), histogram.counts.end(), [](uint64_t n) { return n != 0; });
  return any ? absl::OkStatus() : absl::InvalidArgumentError("counts: all are 0");
}

}  // namespace assent::scoring
