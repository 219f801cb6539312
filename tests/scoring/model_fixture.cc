#include "tests/scoring/model_fixture.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numbers>
#include <random>
#include <string>
#include <utility>

namespace assent::scoring {
namespace {

uint64_t NumberFromEnvironment(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

ModelParts PartsOf(size_t k, size_t dim, std::span<const float> centroids) {
  std::vector<Feature> features(dim);
  for (size_t j = 0; j < dim; ++j) features[j].name = "f" + std::to_string(j);
  std::vector<SegmentCard> segments(k);
  for (size_t c = 0; c < k; ++c) segments[c].segment_id = "s" + std::to_string(c);
  return {.schema = FeatureSchema::Create(std::move(features)).value(),
          .centroids = Centroids::Create(k, dim, centroids).value(),
          .segments = std::move(segments),
          .abstention = {},
          .temperature = 1,
          .background_mean = std::vector<double>(dim, 0.0),
          .provenance = {},
          .digest = {}};
}

Model ModelOf(size_t k, size_t dim, std::span<const float> centroids) {
  return Model::Create(PartsOf(k, dim, centroids)).value();
}

std::vector<float> NormalValues(size_t count, uint64_t seed) {
  // Box-Muller by hand: the standard leaves the algorithm of normal_distribution open.
  std::mt19937_64 random(seed);
  const auto uniform = [&random] { return (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53; };
  std::vector<float> values(count);
  for (float& value : values) {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    value = static_cast<float>(radius * std::cos(2 * std::numbers::pi * uniform()));
  }
  return values;
}

uint64_t SeedOr(uint64_t otherwise) {
  const uint64_t seed = NumberFromEnvironment("ASSENT_TEST_SEED", otherwise);
  std::printf("seed %llu (replay with ASSENT_TEST_SEED)\n", static_cast<unsigned long long>(seed));
  return seed;
}

size_t CasesOr(size_t otherwise) { return NumberFromEnvironment("ASSENT_TEST_CASES", otherwise); }

}  // namespace assent::scoring
