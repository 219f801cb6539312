// What one polling thread counts.
#ifndef ASSENT_SERVER_DATA_PLANE_CELLS_H_
#define ASSENT_SERVER_DATA_PLANE_CELLS_H_

#include <array>

#include "policy/decision.h"
#include "policy/outcome.h"
#include "policy/purpose.h"
#include "server/assignment_handler.h"
#include "server/cell.h"
#include "server/running_profile.h"

namespace assent::server {

// What became of an event, dense from 0; see EventCounts.
enum class EventResult : uint8_t { kFolded = 0, kRepeated, kIrrelevant, kUnknown, kExpired, kNotKept };
inline constexpr size_t kEventResultCount = 6;

// Threads: written by its polling thread only. Aligned so that two threads never share a cache line.
struct alignas(128) DataPlaneCells {
  std::array<RpcCells, kMethodCount> rpc;
  std::array<std::array<Cell, policy::kOutcomeCount>, policy::kPurposeCount + 1> outcomes;  // [purpose][outcome]
  std::array<Cell, policy::kRuleCount> rules;
  std::array<Cell, kEventResultCount> events;
  Cell entry_errors;  // batch rows and stream messages that failed alone
  // Of those that the decision log chooses: offered to it, lost because its ring was full, and refused for that.
  Cell decisions_logged;
  Cell decisions_dropped;
  Cell decisions_refused;

  // What became of a call's events. Cost: one branch where there was none.
  void Count(const EventCounts& counts, bool count_unknown) {
    const uint32_t all =
        counts.folded + counts.repeated + counts.irrelevant + counts.unknown + counts.expired + counts.not_kept;
    if (all == 0) return;
    events[static_cast<size_t>(EventResult::kFolded)].Add(counts.folded);
    events[static_cast<size_t>(EventResult::kRepeated)].Add(counts.repeated);
    events[static_cast<size_t>(EventResult::kIrrelevant)].Add(counts.irrelevant);
    events[static_cast<size_t>(EventResult::kUnknown)].Add(count_unknown ? counts.unknown : 0);
    events[static_cast<size_t>(EventResult::kExpired)].Add(counts.expired);
    events[static_cast<size_t>(EventResult::kNotKept)].Add(counts.not_kept);
  }
  // Decisions that came out alike. Cost: two counts.
  void Count(policy::Purpose purpose, policy::Outcome outcome, policy::Rule rule, uint64_t decisions = 1) {
    outcomes[static_cast<size_t>(purpose)][static_cast<size_t>(outcome)].Add(decisions);
    rules[static_cast<size_t>(rule)].Add(decisions);
  }
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_DATA_PLANE_CELLS_H_
