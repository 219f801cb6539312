// What one polling thread counts.
#ifndef ASSENT_SERVER_DATA_PLANE_CELLS_H_
#define ASSENT_SERVER_DATA_PLANE_CELLS_H_

#include <array>

#include "policy/decision.h"
#include "policy/outcome.h"
#include "policy/purpose.h"
#include "server/assignment_handler.h"
#include "server/cell.h"

namespace assent::server {

// Threads: written by its polling thread only. Aligned so that two threads never share a cache line.
struct alignas(128) DataPlaneCells {
  std::array<RpcCells, kMethodCount> rpc;
  std::array<std::array<Cell, policy::kOutcomeCount>, policy::kPurposeCount + 1> outcomes;  // [purpose][outcome]
  std::array<Cell, policy::kRuleCount> rules;
  Cell entry_errors;  // batch rows and stream messages that failed alone

  // Decisions that came out alike. Cost: two counts.
  void Count(policy::Purpose purpose, policy::Outcome outcome, policy::Rule rule, uint64_t decisions = 1) {
    outcomes[static_cast<size_t>(purpose)][static_cast<size_t>(outcome)].Add(decisions);
    rules[static_cast<size_t>(rule)].Add(decisions);
  }
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_DATA_PLANE_CELLS_H_
