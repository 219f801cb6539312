#include "tests/scoring/oracle.h"

#include <algorithm>
#include <cstdint>

namespace assent::scoring {

std::vector<Candidate> NearestByDefinition(size_t k, std::span<const float> centroids, std::span<const float> event) {
  const size_t dim = event.size();
  std::vector<Candidate> nearest(k);
  for (size_t c = 0; c < k; ++c) {
    double lane[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    for (size_t j = 0; j < dim; ++j) {
      const double difference = double{event[j]} - double{centroids[c * dim + j]};
      lane[j % 8] = lane[j % 8] + difference * difference;
    }
    const double distance = ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
    nearest[c] = {static_cast<uint32_t>(c), distance};
  }
  std::stable_sort(nearest.begin(), nearest.end(),
                   [](const Candidate& a, const Candidate& b) { return a.distance < b.distance; });
  return nearest;
}

long double DistanceInLongDouble(std::span<const float> a, std::span<const float> b) {
  long double sum = 0;
  for (size_t j = 0; j < a.size(); ++j) {
    const long double difference = static_cast<long double>(a[j]) - static_cast<long double>(b[j]);
    sum += difference * difference;
  }
  return sum;
}

}  // namespace assent::scoring
