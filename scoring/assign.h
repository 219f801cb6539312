// Nearest segments of a scaled event: screened in float32, decided in double, the same bits on every machine.
#ifndef ASSENT_SCORING_ASSIGN_H_
#define ASSENT_SCORING_ASSIGN_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "hwy/aligned_allocator.h"
#include "scoring/model.h"

namespace assent::scoring {

inline constexpr size_t kSegmentsReturnedMax = 16;
inline constexpr uint32_t kNoSegment = 0xFFFFFFFF;

// Why the model does or does not answer.
enum class Certainty : uint8_t { kSure, kLowMargin, kTooFar };

struct Candidate {
  uint32_t index = kNoSegment;  // of the centroid
  double distance = 0;          // squared Euclidean, scaled units, from the fixed-order double computation
};

// The decision's numbers. `nearest` is ascending by distance, then index.
struct Assignment {
  uint32_t winner = kNoSegment;
  uint32_t runner_up = kNoSegment;  // kNoSegment with a single centroid
  double winner_distance = 0;
  double runner_up_distance = 0;
  double margin = 0;  // runner_up_distance - winner_distance; 0 with a single centroid
  Certainty certainty = Certainty::kSure;
};

// Scratch memory of one thread. Ownership: the caller's; reuse it for every call.
// Cost: Reserve allocates; after it, calls for a model of the same or smaller size allocate nothing. A call for a
// larger model reserves what it needs by itself.
class Workspace {
 public:
  void Reserve(const Model& model, size_t rows);

 private:
  friend struct WorkspaceAccess;
  hwy::AlignedFreeUniquePtr<float[]> floats_;
  size_t float_count_ = 0;
  std::vector<Candidate> candidates_;
  // What Assign leaves behind for Memberships.
  ShiftedEvent shifted_;
  bool screened_ = false;
};

// Finds winner, runner-up and margin of one scaled event, and up to nearest.size() nearest centroids (pass an empty
// span when the winner is enough). `nearest_count` gets how many were written: min(k, nearest.size()). Shape: scaled is
// [dim]. Bits: the same on every instruction set, and the same as AssignBatch. Threads: one Workspace a thread. Cost:
// O(k*dim), no allocation after Workspace::Reserve.
Assignment Assign(const Model& model, std::span<const float> scaled, Workspace& workspace, std::span<Candidate> nearest,
                  size_t& nearest_count);

// The same for many events.
// Shape: scaled is [rows x dim], row-major, finite; out is [rows].
void AssignBatch(const Model& model, std::span<const float> scaled, size_t rows, Workspace& workspace,
                 std::span<Assignment> out);

// Membership among all centroids: softmax(-distance / temperature), in double, summed by ascending index. Centroids
// that are more than kMembershipReach temperatures farther than the nearest are left out of the sum; all of them
// together would change it by less than its last bit. Shape: scaled is [dim]; `of` and `membership` have the same
// length. Cost: O(k*dim) in double, allocates: for answers that are not in a hurry.
// Bits: exp comes from the C library (as log1p does in feature_schema.h), so memberships, and distances of log1p
// features, are the same bits on machines with the same C library.
inline constexpr double kMembershipReach = 50;
void Memberships(const Model& model, std::span<const float> scaled, std::span<const Candidate> of,
                 std::span<double> membership);

// The same, bit for bit, for the event that Assign last saw with this model and this workspace (no AssignBatch
// between). Cost: a comparison for each centroid, and a double distance for those within reach; no allocation.
void Memberships(const Model& model, Workspace& workspace, std::span<const Candidate> of, std::span<double> membership);

// The one exact distance: squared Euclidean in double, fixed order, no fused contraction.
// Shape: both [dim].
double ExactDistance(std::span<const float> scaled, std::span<const float> centroid);

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_ASSIGN_H_
