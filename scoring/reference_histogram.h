// How a feature's scaled values were distributed in training, to tell drift.
#ifndef ASSENT_SCORING_REFERENCE_HISTOGRAM_H_
#define ASSENT_SCORING_REFERENCE_HISTOGRAM_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"

namespace assent::scoring {

inline constexpr size_t kHistogramBordersMax = 63;

// Bin i holds values from borders[i - 1] (included) to borders[i]; the first and the last bin are open.
// Shape: counts has one entry more than borders. Units: borders in scaled feature units, counts in training rows.
struct ReferenceHistogram {
  std::vector<double> borders = {};  // ascending, distinct
  std::vector<uint64_t> counts = {};

  // The bin of a value. Cost: O(log borders), no allocation.
  size_t BinOf(double scaled) const {
    return static_cast<size_t>(std::upper_bound(borders.begin(), borders.end(), scaled) - borders.begin());
  }
};

// Errors: InvalidArgument that says what is wrong: no border or more than kHistogramBordersMax, borders that are not
// finite or do not ascend, a number of counts other than borders + 1, no row at all.
absl::Status CheckReferenceHistogram(const ReferenceHistogram& histogram);

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_REFERENCE_HISTOGRAM_H_
