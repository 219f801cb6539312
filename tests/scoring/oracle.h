// The answers again, from their definitions, as plainly as can be.
#ifndef ASSENT_TESTS_SCORING_ORACLE_H_
#define ASSENT_TESTS_SCORING_ORACLE_H_

#include <cstddef>
#include <span>
#include <vector>

#include "scoring/assign.h"

namespace assent::scoring {

// Every centroid with its distance in double, in the documented order of additions; nearest first, ties by index.
std::vector<Candidate> NearestByDefinition(size_t k, std::span<const float> centroids, std::span<const float> event);

// A squared distance in long double, in plain order: an independent witness for ExactDistance.
long double DistanceInLongDouble(std::span<const float> a, std::span<const float> b);

}  // namespace assent::scoring

#endif  // ASSENT_TESTS_SCORING_ORACLE_H_
