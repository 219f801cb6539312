// What becomes of a decision besides its answer: a receipt for the caller, a record for the log.
#ifndef ASSENT_SERVER_DECISION_RECORDER_H_
#define ASSENT_SERVER_DECISION_RECORDER_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "assent/v1/assignment_service.pb.h"
#include "policy/decision.h"
#include "policy/recorded_decision.h"
#include "policy/sealing.h"
#include "policy/subject.h"
#include "server/assign_pipeline.h"
#include "server/data_plane_cells.h"
#include "server/decision_log.h"
#include "storage/sealing_keys.h"

namespace assent::server {

// What receipts are sealed for, beside the deployment that they are bound to.
inline constexpr absl::string_view kReceiptUse = "decision receipt";

// What the recorders of a process share. Ownership: borrowed; all of it outlives them.
struct DecisionKeeping {
  const storage::SealingKeys* sealing = nullptr;  // null, or without keys: there are no receipts
  DecisionLog* log = nullptr;                     // null: nothing is logged
  policy::PolicyVersion policy_version = {};
};

// The receipt's binding: it opens with the same pseudonym keys only, or with more behind them. `check`: CheckValue() of
// those that were there when it was sealed.
std::string ReceiptBinding(const policy::SubjectKey& check);
// Knows a principal again. Cost: allocates.
policy::PrincipalHash HashPrincipal(const policy::Pseudonymizer& pseudonymizer, absl::string_view principal);
// The same in the memory of `scratch`. Cost: no allocation once that is as long as the principal.
policy::PrincipalHash HashPrincipal(const policy::Pseudonymizer& pseudonymizer, absl::string_view principal,
                                    std::string& scratch);

// Threads: one a polling thread, online where a decision is passed. Cost of a decision after the first: no allocation,
// no lock, no disk, no log; about a microsecond for a receipt. (After a rotation of the keys the next receipt of a
// thread takes a lock and allocates, once.) Where neither a receipt nor the log is asked for: some branches.
class DecisionRecorder {
 public:
  DecisionRecorder(const DecisionKeeping& keeping, AssignPipeline& pipeline, DataPlaneCells& cells, int thread);

  // To be asked before a decision is made, so that what is refused leaves nothing behind. Errors:
  // DECISION_RECEIPTS_OFF, DECISION_LOG_FULL.
  absl::Status Check(const v1::AssignRequest& request);
  // Sets decision_id and receipt of the answer, or clears them. `principal`: who receives it; called once at most.
  // Precondition: the pipeline made the decision for the request just now. Errors: INTERNAL (the library cannot seal).
  template <typename PrincipalSource>
  absl::Status Record(const policy::Decision& decision, const v1::AssignRequest& request,
                      const PrincipalSource& principal, v1::AssignResponse& response) {
    const bool logs = keeping_.log != nullptr && keeping_.log->Chooses(decision);
    if (logs || request.return_receipt()) return Keep(decision, request, logs, principal(), response);
    response.mutable_decision_id()->clear();  // keeps its memory
    response.mutable_receipt()->clear();
    return absl::OkStatus();
  }

 private:
  absl::Status Keep(const policy::Decision& decision, const v1::AssignRequest& request, bool logs,
                    absl::string_view principal, v1::AssignResponse& response);
  bool Offer(const policy::Decision& decision, absl::string_view content, v1::AssignResponse& response);
  bool Seal(absl::string_view content, std::string& receipt);
  // Makes another sealer where the keys are others than before.
  void TakeKeys();

  const DecisionKeeping keeping_;
  AssignPipeline& pipeline_;
  DataPlaneCells& cells_;
  const int thread_;
  const std::string binding_;
  uint64_t sealing_generation_ = 0;
  std::optional<policy::Sealer> sealer_;  // of the keys of that generation
  uint64_t next_number_;
  // Of the principal that was last seen: most callers of a thread are one.
  std::string principal_;
  std::string scratch_;
  policy::PrincipalHash principal_hash_ = {};
  std::array<char, policy::kRecordedDecisionBytesMax> content_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_DECISION_RECORDER_H_
