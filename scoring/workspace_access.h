// How scoring's own functions use a Workspace. Private to scoring.
#ifndef ASSENT_SCORING_WORKSPACE_ACCESS_H_
#define ASSENT_SCORING_WORKSPACE_ACCESS_H_

#include "scoring/assign.h"
#include "scoring/screen_kernels.h"
#include "scoring/screen_layout.h"

namespace assent::scoring {

// A view; the workspace outlives it.
struct WorkspaceAccess {
  WorkspaceAccess(Workspace& of) : workspace(of) {}  // NOLINT(google-explicit-constructor)

  // Floats that a call with this many rows of scratch needs.
  static size_t FloatCount(const ScreenLayout& layout, size_t rows) {
    return rows * (2 * layout.stride + 2 * kFloatsPerVectorMax + (rows > 1 ? RoundUp(layout.k_tiled, 16) : 0)) +
           layout.k_paired;
  }
  ScreenScratch ForEvent(const ScreenLayout& layout) const { return Scratch(layout, 1); }
  ScreenScratch ForTile(const ScreenLayout& layout) const { return Scratch(layout, kTileRows); }
  Candidate* candidates() const { return workspace.candidates_.data(); }
  double& norm2() const { return workspace.norm2_; }
  bool& screened() const { return workspace.screened_; }

  Workspace& workspace;

 private:
  ScreenScratch Scratch(const ScreenLayout& layout, size_t rows) const {
    float* exact = workspace.floats_.get();
    float* shifted = exact + rows * layout.stride;
    float* minima = shifted + rows * layout.stride;
    return {exact, shifted, minima + rows * 2 * kFloatsPerVectorMax, minima};
  }
};

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_WORKSPACE_ACCESS_H_
