#include "client/reference_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace assent::client {

internal::v1::ReferenceHistogram ReferenceHistogramOf(const std::string& feature, std::span<const float> scaled,
                                                      size_t dim, size_t column) {
  std::vector<float> values;
  for (size_t at = column; at < scaled.size(); at += dim) values.push_back(scaled[at]);
  std::sort(values.begin(), values.end());
  internal::v1::ReferenceHistogram histogram;
  histogram.set_feature(feature);
  size_t counted = 0;
  for (size_t bin = 1; bin < kReferenceBins; ++bin) {
    const float border = values[values.size() * bin / kReferenceBins];
    const auto below = static_cast<size_t>(std::lower_bound(values.begin(), values.end(), border) - values.begin());
    if (below == counted) continue;  // as the border before, or the least value
    histogram.add_borders(static_cast<double>(border));
    histogram.add_counts(below - counted);
    counted = below;
  }
  if (counted == 0) {
    const float above = std::nextafter(values[0], std::numeric_limits<float>::infinity());
    histogram.add_borders(static_cast<double>(values[0]));
    histogram.add_borders(static_cast<double>(above));
    for (const size_t count : {size_t{0}, values.size(), size_t{0}}) histogram.add_counts(count);
    return histogram;
  }
  histogram.add_counts(values.size() - counted);
  return histogram;
}

}  // namespace assent::client
