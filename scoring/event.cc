#include "scoring/event.h"

namespace assent::scoring {

uint64_t HashText(absl::string_view text) {
  uint64_t hash = 14695981039346656037u;  // FNV-1a's offset basis
  for (const char c : text) {
    hash ^= static_cast<uint8_t>(c);
    hash *= 1099511628211u;
  }
  // FNV-1a leaves the high bits of short texts alike: SplitMix64's finaliser spreads them.
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9u;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBu;
  return hash ^ (hash >> 31);
}

}  // namespace assent::scoring
