// Explains a decision that was made before, from its receipt or from the decision log, by the model of then.
#ifndef ASSENT_SERVER_DECISION_RECALL_H_
#define ASSENT_SERVER_DECISION_RECALL_H_

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "assent/v1/assignment_service.pb.h"
#include "policy/decision_id.h"
#include "policy/recorded_decision.h"
#include "policy/sealing.h"
#include "server/assign_pipeline.h"
#include "server/decision_recorder.h"
#include "server/explained_details.h"
#include "server/serving_model.h"
#include "storage/decision_store.h"
#include "storage/model_archive.h"

namespace assent::server {

inline constexpr size_t kReceiptBytesMax = 8192;
// Models besides the present one that stay in memory.
inline constexpr size_t kRecalledModelsMax = 4;

// What recalling reads. Ownership: borrowed; all of it outlives the recall.
struct RecallParts {
  const DecisionKeeping& keeping;
  const storage::DecisionStore& decisions;
  const storage::ModelArchive* models = nullptr;  // null: only the present model is known
  DecisionSettings settings = {};
};

// Who asks.
struct RecallCaller {
  policy::PrincipalHash principal = {};
  bool reviewer = false;  // may have logged decisions explained that others received
};

// Threads: one at a time. Blocks on the disk, and loads models: not for a polling thread.
class DecisionRecall {
 public:
  DecisionRecall(const PipelineSources& sources, const RecallParts& parts);
  ~DecisionRecall();

  // Sets every field of `response`. Precondition: the request has a receipt or a decision_id.
  // Beside those of ReadQuestion, errors: FIELD_TOO_LONG, FIELD_INVALID, DECISION_RECEIPTS_OFF, RECEIPT_*, DECISION_*,
  // SUBJECT_ERASED, SUBJECT_RESTRICTED, STORAGE_UNAVAILABLE, RECORD_DAMAGED.
  absl::Status Explain(const v1::ExplainRequest& request, const RecallCaller& caller, int64_t now_us,
                       v1::ExplainResponse& response);

 private:
  struct RecalledModel;

  absl::StatusOr<policy::RecordedDecision> Open(absl::string_view receipt, int64_t now_us);
  absl::StatusOr<policy::RecordedDecision> Find(absl::string_view decision_id, int64_t now_us) const;
  // Whether the person lets anything be done with it still.
  absl::Status CheckSubject(const policy::RecordedDecision& recorded);
  // The model of then, when it is not the present one; null when it is. Errors: DECISION_MODEL_GONE,
  // STORAGE_UNAVAILABLE.
  absl::StatusOr<std::shared_ptr<const RecalledModel>> ModelOfThen(const policy::RecordedDecision& recorded);
  // Precondition: the pipeline is online. Errors: FIELD_INVALID of "why_not".
  absl::Status Fill(const policy::RecordedDecision& recorded, const ServingModel* serving,
                    const ExplanationQuestion& question, v1::ExplainResponse& response);

  // Opens with the keys of now; the subject is that of all pseudonym keys, however many made the receipt's. Errors:
  // those of Sealer::Open and ReadRecordedDecision.
  absl::StatusOr<policy::RecordedDecision> Unseal(absl::string_view receipt);

  const RecallParts parts_;
  AssignPipeline pipeline_;
  uint64_t sealing_generation_ = 0;
  std::optional<policy::Sealer> sealer_;     // of the keys of that generation
  const std::vector<std::string> bindings_;  // of the first pseudonym key, of the first two, …
  std::string plain_;
  scoring::Workspace workspace_;
  std::list<std::shared_ptr<const RecalledModel>> models_;  // the last used first
};

// Decides again what was recorded, and says what differs. Sets every field. Precondition: the model is that of the
// record; features were read.
void ReplayDecision(const policy::RecordedDecision& recorded, const ServingModel& serving,
                    scoring::Workspace& workspace, v1::Replay& replay);

}  // namespace assent::server

#endif  // ASSENT_SERVER_DECISION_RECALL_H_
