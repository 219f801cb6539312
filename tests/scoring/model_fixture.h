// Models for tests, made from nothing but their centroids.
#ifndef ASSENT_TESTS_SCORING_MODEL_FIXTURE_H_
#define ASSENT_TESTS_SCORING_MODEL_FIXTURE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "scoring/model.h"

namespace assent::scoring {

// Identity features f0, f1, …; segments s0, s1, …; no abstention; temperature 1; background mean 0.
ModelParts PartsOf(size_t k, size_t dim, std::span<const float> centroids);
Model ModelOf(size_t k, size_t dim, std::span<const float> centroids);

// Standard normal values. The same for the same seed, on every machine.
std::vector<float> NormalValues(size_t count, uint64_t seed);

// A seed for randomised tests: ASSENT_TEST_SEED, or `otherwise`; printed, so that a failure can be replayed.
uint64_t SeedOr(uint64_t otherwise);

// How many cases a scaled test runs: ASSENT_TEST_CASES, or `otherwise`. The acceptance run asks for full scale.
size_t CasesOr(size_t otherwise);

}  // namespace assent::scoring

#endif  // ASSENT_TESTS_SCORING_MODEL_FIXTURE_H_
