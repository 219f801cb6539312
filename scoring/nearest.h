// The nearest few of many candidates. Private to scoring.
#ifndef ASSENT_SCORING_NEAREST_H_
#define ASSENT_SCORING_NEAREST_H_

#include <cstddef>
#include <span>

#include "scoring/assign.h"

namespace assent::scoring {

// The order of every answer: by distance, ties by index.
inline bool IsNearer(const Candidate& a, const Candidate& b) {
  return a.distance < b.distance || (a.distance == b.distance && a.index < b.index);
}

// Writes the nearest of `candidates` to `room`, ascending; returns the part that was written.
// Cost: O(candidates * room) at worst, O(candidates) when most are far.
inline std::span<const Candidate> KeepNearest(std::span<const Candidate> candidates, std::span<Candidate> room) {
  size_t count = 0;
  for (const Candidate& candidate : candidates) {
    if (count == room.size() && !IsNearer(candidate, room[count - 1])) continue;
    size_t at = count < room.size() ? count++ : count - 1;
    for (; at > 0 && IsNearer(candidate, room[at - 1]); --at) room[at] = room[at - 1];
    room[at] = candidate;
  }
  return room.first(count);
}

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_NEAREST_H_
