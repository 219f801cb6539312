// How far a feature's present distribution has moved from the one that the model was trained on.
#ifndef ASSENT_POLICY_DRIFT_H_
#define ASSENT_POLICY_DRIFT_H_

#include <cstdint>
#include <optional>
#include <span>

namespace assent::policy {

// A bin's share is never taken as smaller than this, so that an empty bin gives a large index and not an infinite one.
inline constexpr double kDriftShareFloor = 1e-4;

// The smallest sample that is compared, by default. Where nothing has moved, the index of n samples in b bins has the
// expectation of about (b - 1) / n: at ten bins and 1000 samples 0.009, far below the 0.1 that people look at.
inline constexpr uint64_t kDriftSamplesMin = 1000;

// The population stability index: the sum over the bins of (q - p) ln(q / p), where p is the bin's share of `reference`
// and q its share of `present`. 0: alike. People read less than 0.1 as stable and more than 0.25 as a major shift; that
// is a custom of credit scoring (Lewis, "An Introduction to Credit Scoring", 1994), depends on the bins, and is no
// test. Empty where `present` counts fewer than `samples_min` (or none at all), where `reference` counts none, or where
// the two do not have the same bins. Shape: both [bins]. Cost: O(bins), no allocation.
std::optional<double> PopulationStabilityIndex(std::span<const uint64_t> reference, std::span<const uint64_t> present,
                                               uint64_t samples_min = kDriftSamplesMin);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_DRIFT_H_
