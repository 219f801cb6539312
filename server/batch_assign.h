// Many events that share a purpose: the steps of one Assign, each done for a block of rows before the next.
#ifndef ASSENT_SERVER_BATCH_ASSIGN_H_
#define ASSENT_SERVER_BATCH_ASSIGN_H_

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "assent/v1/assignment_service.pb.h"
#include "policy/consent_state.h"
#include "policy/consent_verdict.h"
#include "policy/subject.h"
#include "scoring/assign.h"
#include "server/assign_pipeline.h"
#include "server/data_plane_cells.h"

namespace assent::server {

// Threads: one a thread; scratch memory of that thread. Uses the pipeline's pinned model and workspace.
class BatchAssigner {
 public:
  // Counts into `cells`, as polling thread `thread`. Ownership: borrows both.
  BatchAssigner(AssignPipeline& pipeline, DataPlaneCells& cells, int thread);

  // Decides every row at `now_us`, as Assign would decide it alone, and sets every field of `response`. A bad row gets
  // an entry in `errors`. Errors of the whole batch: those of ValidateBatch, CONSENT_TOKEN_*,
  // FEATURE_DIMENSION_MISMATCH, NO_MODEL where a row is permitted, and DEADLINE_EXPIRED where `deadline_ns` (on
  // std::chrono::steady_clock) passes before the last kBlockRows rows are begun; a single block is not looked at. A
  // batch that fails as a whole counts nothing.
  absl::Status Decide(const v1::BatchAssignRequest& request, int64_t now_us, int64_t deadline_ns,
                      v1::BatchAssignResponse& response);

 private:
  static constexpr size_t kBlockRows = 256;  // 64 KB of scaled features at 64 a row: stays in the second-level cache

  struct Block {
    size_t first = 0;
    size_t rows = 0;
  };

  void ReadSignalSets(const v1::BatchAssignRequest& request);
  void ClearResponse(v1::BatchAssignResponse& response);
  // The steps of one block. A row is in `keyed_` once it has a subject, permitted once it may be served, in
  // `scored_` (by its place among the permitted) once it has a scaled vector.
  void TakeSubjects(const v1::BatchAssignRequest& request, Block block, v1::BatchAssignResponse& response);
  void ConsentVerdicts(const v1::BatchAssignRequest& request, int64_t now_us, v1::BatchAssignResponse& response);
  absl::Status ScaleRows(const v1::BatchAssignRequest& request, int64_t now_us, v1::BatchAssignResponse& response);
  // A row's raw values by position: the direct ones of the request, the aggregates of the profile.
  struct RawRow {
    std::span<const float> values;
    std::span<const uint8_t> missing;
  };
  RawRow RowOf(const v1::FeatureMatrix& features, size_t permitted, int64_t now_us);
  std::span<const uint8_t> MissingOfRow(const v1::FeatureMatrix& features, size_t row, size_t columns);
  void ScoreRows(policy::Purpose purpose, v1::BatchAssignResponse& response);

  void Answer(size_t row, Ruling ruling, v1::BatchAssignResponse& response);
  void Count(policy::Purpose purpose, const v1::BatchAssignResponse& response);
  void Fail(size_t row, const absl::Status& status, v1::BatchAssignResponse& response);
  uint32_t SegmentIndex(uint32_t segment, v1::BatchAssignResponse& response);

  AssignPipeline& pipeline_;
  DataPlaneCells& cells_;
  const int thread_;
  std::vector<policy::SignalReading> signals_;
  std::vector<absl::Status> signal_errors_;
  std::array<uint32_t, kBlockRows> keyed_{};
  std::array<policy::SubjectKey, kBlockRows> keys_{};
  std::array<policy::ConsentState, kBlockRows> states_{};
  std::array<uint32_t, kBlockRows> permitted_{};
  std::array<uint32_t, kBlockRows> permitted_key_{};          // index into keys_, of a permitted row
  std::array<ProfileAccess, kBlockRows> permitted_access_{};  // to its profile
  std::array<policy::Permission, kBlockRows> permitted_by_{};
  std::array<uint32_t, kBlockRows> scored_{};
  std::array<scoring::Assignment, kBlockRows> assignments_{};
  size_t keyed_count_ = 0;
  size_t permitted_count_ = 0;
  size_t scored_count_ = 0;
  std::vector<float> scaled_;            // [kBlockRows x dim]
  std::vector<uint8_t> missing_;         // [dim], of the row's columns
  std::vector<uint8_t> all_missing_;     // [dim], ones
  std::vector<float> spread_;            // [dim], a row by position where not every feature is direct
  std::vector<uint8_t> spread_missing_;  // [dim]
  int next_missing_ = 0;                 // into missing_cells: rows are visited in ascending order
  uint64_t reserved_generation_ = 0;
  std::vector<uint32_t> segment_index_;  // [k], by centroid; kNoSegment where this batch has not assigned it
  std::vector<uint32_t> segments_seen_;  // by index in this batch; whose entries in segment_index_ must be reset
  std::vector<uint64_t> segment_rows_;   // [segments_seen_.size()]: rows that this batch has assigned
  std::array<uint32_t, policy::kRuleCount> reason_index_{};
  std::array<uint64_t, policy::kRuleCount> tally_{};  // rows by the rule that decided
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_BATCH_ASSIGN_H_
