// Feature values are the callers' choice, and unmasked they could look like a record of the engine's log
// (storage/log_scan.h): so a logged decision stands behind a random mask, combined with it by exclusive or.
#ifndef ASSENT_STORAGE_DECISION_MASK_H_
#define ASSENT_STORAGE_DECISION_MASK_H_

#include <array>
#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace assent::storage {

inline constexpr size_t kDecisionMaskBytes = 8;
using DecisionMask = std::array<char, kDecisionMaskBytes>;

// Puts the mask on, or takes it off.
inline std::string UnderMask(const DecisionMask& mask, absl::string_view bytes) {
  std::string masked(bytes);
  for (size_t i = 0; i < masked.size(); ++i) masked[i] = static_cast<char>(masked[i] ^ mask[i % mask.size()]);
  return masked;
}

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_DECISION_MASK_H_
