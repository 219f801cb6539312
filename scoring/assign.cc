#include "scoring/assign.h"

#include <algorithm>
#include <array>
#include <limits>

#include "scoring/instruction_set.h"
#include "scoring/nearest.h"
#include "scoring/screen_bound.h"
#include "scoring/workspace_access.h"

namespace assent::scoring {
namespace {

// Below this many centroids the screen costs more than it saves.
constexpr size_t kScreenedMin = 4;

Assignment Decide(const Abstention& abstention, std::span<const Candidate> best) {
  Assignment assignment;
  assignment.winner = best[0].index;
  assignment.winner_distance = best[0].distance;
  if (abstention.distance_max > 0 && assignment.winner_distance > abstention.distance_max) {
    assignment.certainty = Certainty::kTooFar;
  }
  if (best.size() < 2) return assignment;
  assignment.runner_up = best[1].index;
  assignment.runner_up_distance = best[1].distance;
  assignment.margin = best[1].distance - best[0].distance;
  if (assignment.certainty == Certainty::kSure && assignment.margin < abstention.margin_min) {
    assignment.certainty = Certainty::kLowMargin;
  }
  return assignment;
}

// A score that at least `wanted` centroids do not exceed.
float ScoreOfNth(const ScreenKernels& kernels, const ScreenLayout& layout, const ScreenScratch& scratch,
                 size_t wanted) {
  if (wanted <= 2) return kernels.second(scratch.scores, layout.k_padded);
  std::array<float, kSegmentsReturnedMax> least;
  std::partial_sort_copy(scratch.scores, scratch.scores + layout.k, least.begin(),
                         least.begin() + static_cast<ptrdiff_t>(wanted));
  return least[wanted - 1];
}

// Exact distances of all centroids.
std::span<const Candidate> AllCandidates(const ScreenLayout& layout, std::span<const float> scaled, float* exact,
                                         Candidate* candidates) {
  std::fill(std::copy(scaled.begin(), scaled.end(), exact), exact + layout.stride, 0.0f);
  for (size_t c = 0; c < layout.k; ++c) candidates[c].index = static_cast<uint32_t>(c);
  KernelsInUse().measure(layout, exact, candidates, layout.k);
  return {candidates, layout.k};
}

// Exact distances of every centroid that can be among the `wanted` nearest.
std::span<const Candidate> Candidates(const ScreenLayout& layout, std::span<const float> scaled, size_t wanted,
                                      WorkspaceAccess workspace) {
  const ScreenKernels& kernels = KernelsInUse();
  const ScreenScratch scratch = workspace.ForEvent(layout);
  Candidate* candidates = workspace.candidates();
  workspace.screened() = false;
  if (!layout.screenable || layout.k <= kScreenedMin || wanted > kSegmentsReturnedMax) {
    return AllCandidates(layout, scaled, scratch.exact, candidates);
  }
  const ShiftedEvent shifted = kernels.score_event(layout, scaled.data(), scratch);
  if (!(shifted.norm2 <= kEventNormSquaredMax)) return AllCandidates(layout, scaled, scratch.exact, candidates);
  const ScreenBound bound(layout.*kernels.event_error, shifted, layout.dim);
  const float threshold = bound.Threshold(ScoreOfNth(kernels, layout, scratch, wanted));
  workspace.shifted() = shifted;
  workspace.screened() = true;
  const size_t count = kernels.find(scratch.scores, layout.k_padded, threshold, candidates);
  kernels.measure(layout, scratch.exact, candidates, count);
  return {candidates, count};
}

// One tile of AssignBatch: at most kTileRows rows.
void AssignTile(const Model& model, std::span<const float> scaled, size_t rows, WorkspaceAccess workspace,
                std::span<Assignment> out) {
  const ScreenLayout& layout = model.centroids().layout();
  const ScreenKernels& kernels = KernelsInUse();
  const ScreenScratch scratch = workspace.ForTile(layout);
  Candidate* candidates = workspace.candidates();
  std::array<ShiftedEvent, kTileRows> shifted;
  kernels.score_tile(layout, scaled.data(), rows, scratch, shifted.data());
  // One loop a step: the rows do not depend on each other, so a long latency of one hides behind the others.
  std::array<float, kTileRows> threshold;
  for (size_t row = 0; row < rows; ++row) {
    const float second = kernels.second(scratch.scores + row * layout.k_tiled, layout.k_padded);
    threshold[row] = ScreenBound(layout.*kernels.tile_error, shifted[row], layout.dim).Threshold(second);
  }
  for (size_t row = 0; row < rows; ++row) {
    float* exact = scratch.exact + row * layout.stride;
    std::span<const Candidate> found;
    if (shifted[row].norm2 <= kEventNormSquaredMax) {
      const float* scores = scratch.scores + row * layout.k_tiled;
      found = {candidates, kernels.find(scores, layout.k_padded, threshold[row], candidates)};
      kernels.measure(layout, exact, candidates, found.size());
    } else {
      found = AllCandidates(layout, scaled.subspan(row * layout.dim, layout.dim), exact, candidates);
    }
    std::array<Candidate, 2> best;
    out[row] = Decide(model.abstention(), KeepNearest(found, best));
  }
}

}  // namespace

Assignment Assign(const Model& model, std::span<const float> scaled, Workspace& workspace, std::span<Candidate> nearest,
                  size_t& nearest_count) {
  const ScreenLayout& layout = model.centroids().layout();
  workspace.Reserve(model, 1);
  std::array<Candidate, 2> two;
  const std::span<Candidate> room = nearest.size() < two.size() ? std::span<Candidate>(two) : nearest;
  const size_t wanted = std::min(room.size(), layout.k);
  const std::span<const Candidate> best = KeepNearest(Candidates(layout, scaled, wanted, workspace), room);
  nearest_count = std::min(nearest.size(), best.size());
  if (nearest.size() == 1) nearest[0] = best[0];
  return Decide(model.abstention(), best);
}

void AssignBatch(const Model& model, std::span<const float> scaled, size_t rows, Workspace& workspace,
                 std::span<Assignment> out) {
  const ScreenLayout& layout = model.centroids().layout();
  workspace.Reserve(model, rows);
  size_t row = 0;
  if (layout.screenable && layout.k > kScreenedMin) {
    // A tile costs the same however few rows it has; two rows or fewer are cheaper one by one.
    for (size_t count = 0; row + 2 < rows; row += count) {
      count = std::min(kTileRows, rows - row);
      AssignTile(model, scaled.subspan(row * layout.dim, count * layout.dim), count, workspace,
                 out.subspan(row, count));
    }
  }
  for (; row < rows; ++row) {
    size_t count = 0;
    out[row] = Assign(model, scaled.subspan(row * layout.dim, layout.dim), workspace, {}, count);
  }
}

double ExactDistance(std::span<const float> scaled, std::span<const float> centroid) {
  std::array<double, 8> lane = {};
  for (size_t j = 0; j < scaled.size(); ++j) {
    const double difference = static_cast<double>(scaled[j]) - static_cast<double>(centroid[j]);
    lane[j % 8] += difference * difference;
  }
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

}  // namespace assent::scoring
