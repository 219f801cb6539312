// Explanations against independent computations. ASSENT_TEST_CASES=1000000 is the acceptance run's scale.
#include "scoring/explain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "scoring/assign.h"
#include "tests/scoring/model_fixture.h"
#include "tests/scoring/oracle.h"

namespace assent::scoring {
namespace {

std::span<const float> Row(const std::vector<float>& values, size_t dim, size_t row) {
  return std::span<const float>(values).subspan(row * dim, dim);
}

double Sum(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

// The value of a coalition: the margin between two centroids when the features in `known` are the event's and the
// others are the background mean's. The margin is additive over features, so the mean over any background with
// independent features and this mean differ by terms that cancel: the squares of x_j do not depend on the centroid.
long double MarginOfCoalition(unsigned known, std::span<const float> event, const std::vector<double>& mean,
                              std::span<const float> a, std::span<const float> b) {
  long double to_a = 0;
  long double to_b = 0;
  for (size_t j = 0; j < event.size(); ++j) {
    const bool is_known = ((known >> j) & 1u) != 0;
    const long double x = is_known ? static_cast<long double>(event[j]) : static_cast<long double>(mean[j]);
    to_a += (x - static_cast<long double>(a[j])) * (x - static_cast<long double>(a[j]));
    to_b += (x - static_cast<long double>(b[j])) * (x - static_cast<long double>(b[j]));
  }
  return to_b - to_a;
}

// Shapley's formula as it stands: the mean over all orders of what feature j adds to those before it.
long double ShapleyByDefinition(size_t j, std::span<const float> event, const std::vector<double>& mean,
                                std::span<const float> a, std::span<const float> b) {
  const size_t dim = event.size();
  std::vector<long double> factorial(dim + 1, 1);
  for (size_t i = 1; i <= dim; ++i) factorial[i] = factorial[i - 1] * static_cast<long double>(i);
  long double value = 0;
  for (unsigned others = 0; others < (1u << dim); ++others) {
    if (((others >> j) & 1u) != 0) continue;
    const auto size = static_cast<size_t>(std::popcount(others));
    const long double weight = factorial[size] * factorial[dim - size - 1] / factorial[dim];
    value += weight *
             (MarginOfCoalition(others | (1u << j), event, mean, a, b) - MarginOfCoalition(others, event, mean, a, b));
  }
  return value;
}

TEST(Explain, ByHand) {
  ModelParts parts = PartsOf(2, 2, std::vector<float>{0, 0, 4, 2});
  parts.background_mean = {1, 1};
  const Model model = Model::Create(std::move(parts)).value();
  // d_0 = 1 + 9 = 10, d_1 = 9 + 1 = 10: each feature speaks for another segment, and they cancel.
  const Explanation explanation = Explain(model, std::vector<float>{1, 3}, 0, 1);
  EXPECT_EQ(explanation.terms, (std::vector<double>{8, -8}));
  EXPECT_EQ(explanation.margin, 0);
  EXPECT_EQ(explanation.expected_margin, 8);
  EXPECT_EQ(explanation.shapley, (std::vector<double>{0, -8}));
}

TEST(Explain, AgainstItselfSaysNothing) {
  const Model model = ModelOf(2, 3, NormalValues(6, 1));
  const Explanation explanation = Explain(model, NormalValues(3, 2), 1, 1);
  EXPECT_EQ(explanation.terms, (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(explanation.margin, 0);
}

// The terms sum to the margin, within 1e-9 of the two distances, which are computed from the definition.
TEST(Explain, TermsSumToTheMarginOnRandomCases) {
  const size_t cases = CasesOr(20'000);
  const uint64_t seed = SeedOr(21);
  std::mt19937_64 random(seed);
  constexpr size_t kEvents = 500;
  double worst = 0;
  for (size_t done = 0; done < cases; done += kEvents) {
    const size_t dim = 1 + random() % 80;
    const size_t k = 2 + random() % 20;
    const float scale = std::ldexp(1.0f, static_cast<int>(random() % 60) - 30);
    const float offset = static_cast<float>(random() % 5) * 1000.0f * scale;
    const auto stretch = [&](std::vector<float> values) {
      for (float& value : values) value = value * scale + offset;
      return values;
    };
    const std::vector<float> centroids = stretch(NormalValues(k * dim, random()));
    const std::vector<float> events = stretch(NormalValues(std::min(kEvents, cases - done) * dim, random()));
    ModelParts parts = PartsOf(k, dim, centroids);
    const std::vector<float> mean = stretch(NormalValues(dim, random()));
    parts.background_mean.assign(mean.begin(), mean.end());
    const Model model = Model::Create(std::move(parts)).value();
    for (size_t row = 0; row < events.size() / dim; ++row) {
      const std::span<const float> event = Row(events, dim, row);
      const auto winner = static_cast<uint32_t>(random() % k);
      const auto runner_up = static_cast<uint32_t>((winner + 1 + random() % (k - 1)) % k);
      const Explanation explanation = Explain(model, event, winner, runner_up);
      const long double to_winner = DistanceInLongDouble(event, Row(centroids, dim, winner));
      const long double to_runner_up = DistanceInLongDouble(event, Row(centroids, dim, runner_up));
      const auto total = static_cast<double>(to_winner + to_runner_up);
      const double error = std::abs(Sum(explanation.terms) - static_cast<double>(to_runner_up - to_winner));
      ASSERT_LE(error, 1e-9 * total) << "case " << done + row;
      ASSERT_LE(std::abs(explanation.margin - Sum(explanation.terms)), 1e-12 * total);
      if (total > 0) worst = std::max(worst, error / total);
      // Efficiency: the Shapley values share out what lies between the average person and this one.
      const double span = total + static_cast<double>(DistanceInLongDouble(mean, Row(centroids, dim, winner)) +
                                                      DistanceInLongDouble(mean, Row(centroids, dim, runner_up)));
      ASSERT_NEAR(Sum(explanation.shapley), explanation.margin - explanation.expected_margin, 1e-9 * span);
    }
  }
  RecordProperty("cases", static_cast<int>(cases));
  std::printf("%zu cases, worst error %.3g of the distances\n", cases, worst);
}

TEST(Explain, ShapleyValuesAgreeWithBruteForce) {
  const uint64_t seed = SeedOr(22);
  const size_t rounds = std::max<size_t>(3, CasesOr(20'000) / 20'000);
  for (size_t dim = 1; dim <= 10; ++dim) {
    for (size_t round = 0; round < rounds; ++round) {
      const std::vector<float> centroids = NormalValues(3 * dim, seed + 100 * round + dim);
      const std::vector<float> event = NormalValues(dim, seed + 100 * round + dim + 1000);
      const std::vector<float> mean = NormalValues(dim, seed + 100 * round + dim + 2000);
      ModelParts parts = PartsOf(3, dim, centroids);
      parts.background_mean.assign(mean.begin(), mean.end());
      const std::vector<double> background = parts.background_mean;
      const Model model = Model::Create(std::move(parts)).value();
      const Explanation explanation = Explain(model, event, 2, 0);
      for (size_t j = 0; j < dim; ++j) {
        const long double expected =
            ShapleyByDefinition(j, event, background, Row(centroids, dim, 2), Row(centroids, dim, 0));
        ASSERT_NEAR(explanation.shapley[j], static_cast<double>(expected), 1e-11) << "feature " << j << " of " << dim;
      }
    }
  }
}

// Interventional Shapley values over a real background sample, not only its mean: the values are the same, because the
// margin is linear in x.
TEST(Explain, TheMeanStandsForTheWholeBackground) {
  const uint64_t seed = SeedOr(23);
  constexpr size_t kDim = 4;
  constexpr size_t kBackground = 50;
  const std::vector<float> centroids = NormalValues(2 * kDim, seed);
  const std::vector<float> background = NormalValues(kBackground * kDim, seed + 1);
  const std::vector<float> event = NormalValues(kDim, seed + 2);
  ModelParts parts = PartsOf(2, kDim, centroids);
  for (size_t row = 0; row < kBackground; ++row) {
    for (size_t j = 0; j < kDim; ++j) {
      parts.background_mean[j] += double{background[row * kDim + j]} / double{kBackground};
    }
  }
  const Explanation explanation = Explain(Model::Create(std::move(parts)).value(), event, 0, 1);
  for (size_t j = 0; j < kDim; ++j) {
    long double mean_value = 0;
    for (size_t row = 0; row < kBackground; ++row) {
      const std::span<const float> other = Row(background, kDim, row);
      mean_value += ShapleyByDefinition(j, event, std::vector<double>(other.begin(), other.end()),
                                        Row(centroids, kDim, 0), Row(centroids, kDim, 1)) /
                    static_cast<long double>(kBackground);
    }
    EXPECT_NEAR(explanation.shapley[j], static_cast<double>(mean_value), 1e-12);
  }
}

}  // namespace
}  // namespace assent::scoring
