// How the scaled features were distributed in training, kept in the model so that the server can tell drift.
#ifndef ASSENT_CLIENT_REFERENCE_HISTOGRAM_H_
#define ASSENT_CLIENT_REFERENCE_HISTOGRAM_H_

#include <span>
#include <string>
#include <vector>

#include "assent/internal/v1/model_file.pb.h"

namespace assent::client {

inline constexpr size_t kReferenceBins = 10;

// The histogram of column `column` of `scaled` ([rows x dim], row-major, at least one row): the inner borders are the
// deciles, value number floor(rows * i / 10) in ascending order for i = 1 to 9. Equal borders are one, and the least
// value is none, so that no bin is empty. A constant column has three bins instead: below, the value, and above.
internal::v1::ReferenceHistogram ReferenceHistogramOf(const std::string& feature, std::span<const float> scaled,
                                                      size_t dim, size_t column);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_REFERENCE_HISTOGRAM_H_
