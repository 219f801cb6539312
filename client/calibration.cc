#include "client/calibration.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <utility>

namespace assent::client {
namespace {

constexpr int kEmIterationsMax = 10000;
constexpr double kEmTolerance = 1e-12;     // relative change of the temperature
constexpr double kTemperatureMin = 1e-30;  // below it, rows all lie on their centroids

// The `skipped`-th value in the order of `before`: exactly so many come before it, where none ties.
template <typename Before>
double AfterSkipping(std::vector<double> values, double share, Before before) {
  const auto skipped = std::min(values.size() - 1, static_cast<size_t>(share * static_cast<double>(values.size())));
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(skipped);
  std::nth_element(values.begin(), at, values.end(), before);
  return *at;
}

// Expected distance under softmax(-d / T), and the logarithm of sum_c exp(-d_c / T).
std::pair<double, double> Soft(std::span<const double> row, double temperature) {
  const double least = *std::min_element(row.begin(), row.end());
  double weights = 0, distances = 0;
  for (const double distance : row) {
    const double weight = std::exp((least - distance) / temperature);
    weights += weight;
    distances += weight * distance;
  }
  return {distances / weights, std::log(weights) - least / temperature};
}

}  // namespace

std::vector<double> SquaredDistances(std::span<const float> points, std::span<const float> centroids, size_t dim) {
  std::vector<double> distances;
  distances.reserve(points.size() / dim * (centroids.size() / dim));
  for (size_t row = 0; row < points.size(); row += dim) {
    for (size_t centroid = 0; centroid < centroids.size(); centroid += dim) {
      double sum = 0;
      for (size_t j = 0; j < dim; ++j) {
        const double difference = static_cast<double>(points[row + j]) - static_cast<double>(centroids[centroid + j]);
        sum += difference * difference;
      }
      distances.push_back(sum);
    }
  }
  return distances;
}

CalibratedThresholds CalibrateThresholds(std::span<const double> distances, size_t k, double margin_share,
                                         double distance_share) {
  std::vector<double> nearest, margins;
  for (size_t begin = 0; begin < distances.size(); begin += k) {
    double first = std::numeric_limits<double>::infinity(), second = first;
    for (const double distance : distances.subspan(begin, k)) {
      second = std::min(second, std::max(first, distance));
      first = std::min(first, distance);
    }
    nearest.push_back(first);
    margins.push_back(k > 1 ? second - first : 0);
  }
  return {AfterSkipping(std::move(margins), margin_share, std::less<>()),
          LimitOfDistance(AfterSkipping(std::move(nearest), distance_share, std::greater<>()))};
}

double LimitOfDistance(double distance) { return std::max(distance, std::numeric_limits<double>::min()); }

double CalibrateTemperature(std::span<const double> distances, size_t k, size_t dim, double start) {
  const size_t rows = distances.size() / k;
  double temperature = start;
  for (int iteration = 0; iteration < kEmIterationsMax; ++iteration) {
    double sum = 0;
    for (size_t row = 0; row < rows; ++row) sum += Soft(distances.subspan(row * k, k), temperature).first;
    const double next = 2 * sum / (static_cast<double>(rows) * static_cast<double>(dim));
    if (next < kTemperatureMin) return start;
    const bool settled = std::fabs(next - temperature) <= kEmTolerance * temperature;
    temperature = next;
    if (settled) break;
  }
  return temperature;
}

double MeanLogLikelihood(std::span<const double> distances, size_t k, size_t dim, double temperature) {
  const size_t rows = distances.size() / k;
  double sum = 0;
  for (size_t row = 0; row < rows; ++row) sum += Soft(distances.subspan(row * k, k), temperature).second;
  return sum / static_cast<double>(rows) - std::log(static_cast<double>(k)) -
         static_cast<double>(dim) / 2 * std::log(std::numbers::pi * temperature);
}

}  // namespace assent::client
