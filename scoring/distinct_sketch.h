// How many different values were seen, in 64 bytes: the values' hashes while there are few, then HyperLogLog.
// Private to scoring.
// Source: Flajolet et al., "HyperLogLog", 2007; the estimator is Ertl's improved raw estimator, "New cardinality
// estimation algorithms for HyperLogLog sketches", arXiv 1702.01284, algorithm 6, which needs no bias table.
#ifndef ASSENT_SCORING_DISTINCT_SKETCH_H_
#define ASSENT_SCORING_DISTINCT_SKETCH_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace assent::scoring {

inline constexpr size_t kDistinctListed = 16;
inline constexpr size_t kDistinctRegisters = 128;

// The 16 bytes of the aggregate that goes with a sketch.
struct DistinctHead {
  uint64_t listed = 0;    // hashes in the list; kDistinctListed + 1 once the body holds registers
  uint64_t reserved = 0;  // 0
};
static_assert(sizeof(DistinctHead) == 16);

// Either kDistinctListed little-endian hashes of 32 bits, the first `listed` of them in use and ascending, or
// kDistinctRegisters registers of 4 bits, the even one of a byte in its low half.
using DistinctBody = std::array<uint8_t, 64>;

// Takes note of a value by the upper 32 bits of its hash. The outcome does not depend on the order of the values.
void AddDistinct(uint64_t value_hash, DistinctHead& head, DistinctBody& body);

// The number of different values: exact up to kDistinctListed, then with a standard error of 9.2 % (1.04 / sqrt(128)),
// up to about a million. Cost: O(kDistinctRegisters).
double CountDistinct(const DistinctHead& head, const DistinctBody& body);

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_DISTINCT_SKETCH_H_
