#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "scoring/assign.h"
#include "scoring/instruction_set.h"
#include "scoring/screen_bound.h"
#include "scoring/workspace_access.h"

namespace assent::scoring {
namespace {

// `near` holds every centroid within reach, and possibly others, ascending by index.
void Softmax(std::span<const Candidate> near, double temperature, std::span<const Candidate> of,
             std::span<double> membership) {
  double nearest = std::numeric_limits<double>::infinity();
  for (const Candidate& candidate : near) nearest = std::min(nearest, candidate.distance);
  // The nearest distance is subtracted before exp, so that at least one term is 1.
  const auto weight = [&](double distance) { return std::exp((nearest - distance) / temperature); };
  const double reach = nearest + kMembershipReach * temperature;
  double sum = 0;
  for (const Candidate& candidate : near) {
    if (candidate.distance <= reach) sum += weight(candidate.distance);
  }
  for (size_t i = 0; i < of.size(); ++i) membership[i] = weight(of[i].distance) / sum;
}

}  // namespace

void Memberships(const Model& model, std::span<const float> scaled, std::span<const Candidate> of,
                 std::span<double> membership) {
  const ScreenLayout& layout = model.centroids().layout();
  std::vector<Candidate> all(layout.k);
  for (size_t c = 0; c < layout.k; ++c) all[c].index = static_cast<uint32_t>(c);
  const hwy::AlignedFreeUniquePtr<float[]> exact = hwy::AllocateAligned<float>(layout.stride);
  std::fill(std::copy(scaled.begin(), scaled.end(), exact.get()), exact.get() + layout.stride, 0.0f);
  KernelsInUse().measure(layout, exact.get(), all.data(), all.size());
  Softmax(all, model.temperature(), of, membership);
}

void Memberships(const Model& model, Workspace& workspace, std::span<const Candidate> of,
                 std::span<double> membership) {
  const ScreenLayout& layout = model.centroids().layout();
  const WorkspaceAccess access(workspace);
  if (of.empty()) return;
  if (!access.screened()) {
    // Then Assign left the exact distance to every centroid.
    Softmax({access.candidates(), layout.k}, model.temperature(), of, membership);
    return;
  }
  // `of` holds exact distances, so the nearest centroid of all is no farther than the nearest of them.
  double upper = std::numeric_limits<double>::infinity();
  for (const Candidate& candidate : of) upper = std::min(upper, candidate.distance);
  const ScreenKernels& kernels = KernelsInUse();
  const ScreenBound bound(layout.*kernels.event_error, access.shifted(), layout.dim);
  const float threshold = bound.ThresholdOfDistance(std::sqrt(upper + kMembershipReach * model.temperature()));
  const ScreenScratch scratch = access.ForEvent(layout);
  const size_t count = kernels.find(scratch.scores, layout.k_padded, threshold, access.candidates());
  kernels.measure(layout, scratch.exact, access.candidates(), count);
  Softmax({access.candidates(), count}, model.temperature(), of, membership);
}

}  // namespace assent::scoring
