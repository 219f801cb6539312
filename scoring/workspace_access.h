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
    return rows * (2 * layout.stride + layout.k_tiled);
  }
  ScreenScratch ForEvent(const ScreenLayout& layout) const { return Scratch(layout, 1); }
  ScreenScratch ForTile(const ScreenLayout& layout) const { return Scratch(layout, kTileRows); }
  Candidate* candidates() const { return workspace.candidates_.data(); }
  ShiftedEvent& shifted() const { return workspace.shifted_; }
  bool& screened() const { return workspace.screened_; }

  Workspace& workspace;

 private:
  ScreenScratch Scratch(const ScreenLayout& layout, size_t rows) const {
    float* exact = workspace.floats_.get();
    float* shifted = exact + rows * layout.stride;
    return {.exact = exact, .shifted = shifted, .scores = shifted + rows * layout.stride};
  }
};

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_WORKSPACE_ACCESS_H_
