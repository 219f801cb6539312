#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "scoring/assign.h"
#include "scoring/instruction_set.h"
#include "tests/scoring/model_fixture.h"
#include "tests/scoring/oracle.h"

namespace assent::scoring {
namespace {

Model WithTemperature(size_t k, size_t dim, const std::vector<float>& centroids, double temperature) {
  ModelParts parts = PartsOf(k, dim, centroids);
  parts.temperature = temperature;
  return Model::Create(std::move(parts)).value();
}

// Softmax over every centroid, in long double.
std::vector<double> SoftmaxByDefinition(const std::vector<Candidate>& nearest, double temperature) {
  std::vector<long double> weights;
  long double sum = 0;
  for (const Candidate& candidate : nearest) {
    const auto away = static_cast<long double>(candidate.distance) - static_cast<long double>(nearest[0].distance);
    weights.push_back(std::exp(-away / static_cast<long double>(temperature)));
    sum += weights.back();
  }
  std::vector<double> memberships;
  for (const long double weight : weights) memberships.push_back(static_cast<double>(weight / sum));
  return memberships;
}

TEST(Memberships, AreTheSoftmaxAndTheSameBitsEitherWay) {
  const uint64_t seed = SeedOr(31);
  Workspace workspace;
  for (const size_t k : {1, 2, 5, 70, 300}) {
    for (const size_t dim : {1, 10, 33}) {
      const std::vector<float> centroids = NormalValues(k * dim, seed + k);
      for (const double temperature : {1e-300, 1e-3, 0.05, 1.0, 30.0, 1e300}) {
        const Model model = WithTemperature(k, dim, centroids, temperature);
        const std::vector<float> event = NormalValues(dim, seed + dim);
        const std::vector<double> expected = SoftmaxByDefinition(NearestByDefinition(k, centroids, event), temperature);
        std::vector<std::vector<double>> answers;
        for (const std::string& name : InstructionSets()) {
          ASSERT_TRUE(UseInstructionSet(name).ok());
          std::vector<Candidate> nearest(3);
          size_t count = 0;
          Assign(model, event, workspace, nearest, count);
          nearest.resize(count);
          std::vector<double> quick(count);
          std::vector<double> slow(count);
          Memberships(model, workspace, nearest, quick);
          Memberships(model, event, nearest, slow);
          ASSERT_EQ(quick, slow) << name;
          answers.push_back(quick);
        }
        ASSERT_TRUE(UseInstructionSet("").ok());
        for (const std::vector<double>& answer : answers) ASSERT_EQ(answer, answers[0]);
        for (size_t i = 0; i < answers[0].size(); ++i) {
          // exp amplifies the rounding of the distance by distance / temperature.
          ASSERT_NEAR(answers[0][i], expected[i], 1e-12 * (1 + 1 / temperature)) << "k " << k << ", dim " << dim;
        }
      }
    }
  }
}

TEST(Memberships, OfEverySegmentSumToOne) {
  constexpr size_t kSegments = 16;
  const Model model = WithTemperature(kSegments, 4, NormalValues(kSegments * 4, 5), 2);
  const std::vector<float> event = NormalValues(4, 6);
  Workspace workspace;
  std::vector<Candidate> nearest(kSegments);
  size_t count = 0;
  Assign(model, event, workspace, nearest, count);
  ASSERT_EQ(count, kSegments);
  std::vector<double> memberships(kSegments);
  Memberships(model, workspace, nearest, memberships);
  double sum = 0;
  for (size_t i = 0; i < kSegments; ++i) {
    sum += memberships[i];
    EXPECT_LE(memberships[i], i > 0 ? memberships[i - 1] : 1);
  }
  EXPECT_NEAR(sum, 1, 1e-14);
}

TEST(Memberships, OfTwoEquallyNearAreHalves) {
  const Model model = WithTemperature(2, 1, {-1, 1}, 0.001);
  const float event = 0;
  Workspace workspace;
  std::vector<Candidate> nearest(2);
  size_t count = 0;
  Assign(model, {&event, 1}, workspace, nearest, count);
  std::vector<double> memberships(2);
  Memberships(model, workspace, nearest, memberships);
  EXPECT_EQ(memberships, (std::vector<double>{0.5, 0.5}));
}

}  // namespace
}  // namespace assent::scoring
