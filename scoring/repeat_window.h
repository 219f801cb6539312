// The ids of the last events that a profile folded. Private to scoring.
#ifndef ASSENT_SCORING_REPEAT_WINDOW_H_
#define ASSENT_SCORING_REPEAT_WINDOW_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace assent::scoring {

inline constexpr size_t kWindowEvents = 16;

// The head of a state, as it lies there. Shape: 152 bytes, all zero when empty.
struct ProfileHead {
  int64_t newest_us = 0;     // the reference time of everything that decays
  int64_t oldest_us = 0;     // of the events folded; meaningless while there is none
  uint64_t event_count = 0;  // events folded; the next one's id goes to entry event_count % 16
  std::array<uint64_t, kWindowEvents> window{};

  bool Knows(uint64_t id_hash) const {
    const size_t used = std::min<uint64_t>(event_count, kWindowEvents);
    return std::find(window.begin(), window.begin() + static_cast<ptrdiff_t>(used), id_hash) !=
           window.begin() + static_cast<ptrdiff_t>(used);
  }
  void Remember(uint64_t id_hash) { window[event_count++ % kWindowEvents] = id_hash; }
};
static_assert(sizeof(ProfileHead) == 152);

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_REPEAT_WINDOW_H_
