// What a person never wants to be put into.
#ifndef ASSENT_POLICY_REFUSALS_H_
#define ASSENT_POLICY_REFUSALS_H_

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace assent::policy {

// Immutable once it is shared. Both lists ascend.
struct Refusals {
  std::vector<std::string> segments = {};   // ids; one means the segment of that id in every model
  std::vector<int32_t> taxonomy_rows = {};  // of the IAB Audience Taxonomy; one means the segments whose path has it

  bool empty() const { return segments.empty() && taxonomy_rows.empty(); }
  // Whether the segment is among them. `taxonomy_path`: its row and those above it.
  // Cost: some comparisons, no allocation.
  bool Contain(absl::string_view segment_id, std::span<const int32_t> taxonomy_path) const {
    return std::binary_search(segments.begin(), segments.end(), segment_id) ||
           std::any_of(taxonomy_path.begin(), taxonomy_path.end(), [this](int32_t row) {
             return std::binary_search(taxonomy_rows.begin(), taxonomy_rows.end(), row);
           });
  }
};

}  // namespace assent::policy

#endif  // ASSENT_POLICY_REFUSALS_H_
