#include <algorithm>

#include "scoring/assign.h"
#include "scoring/workspace_access.h"

namespace assent::scoring {

void Workspace::Reserve(const Model& model, size_t rows) {
  const ScreenLayout& layout = model.centroids().layout();
  const size_t floats = WorkspaceAccess::FloatCount(layout, rows > 1 ? kTileRows : 1);
  if (float_count_ < floats) {
    floats_ = hwy::AllocateAligned<float>(floats);
    float_count_ = floats;
  }
  if (candidates_.size() < layout.k) candidates_.resize(layout.k);
}

}  // namespace assent::scoring
