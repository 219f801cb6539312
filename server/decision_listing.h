// Logged decisions as messages: for reviewers, and for the person's own copy.
#ifndef ASSENT_SERVER_DECISION_LISTING_H_
#define ASSENT_SERVER_DECISION_LISTING_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "assent/v1/decision_log.pb.h"
#include "assent/v1/subject_service.pb.h"
#include "policy/subject.h"
#include "server/decision_settings.h"
#include "storage/decision_store.h"
#include "storage/model_archive.h"

namespace assent::server {

// The newest decisions that an export shows, and the bytes that they may be together; what does not fit is left out,
// and `decisions_cut` says so.
inline constexpr int kExportedDecisionsMax = 4096;
inline constexpr size_t kExportedDecisionsBytesMax = size_t{4} << 20;

// Threads: safe. Blocks on the disk, and reads each model of then once. Ownership: borrows both.
class DecisionListing {
 public:
  DecisionListing(const storage::DecisionStore& decisions, const storage::ModelArchive& models,
                  const DecisionSettings& settings)
      : decisions_(decisions), models_(models), settings_(settings) {}

  // One page, without those of people who were erased, or that are past their retention at `now`. `subject`: of the
  // request, where it has one. Sets every field of `response`. Errors: VALUE_OUT_OF_RANGE ("page_size", times),
  // FIELD_INVALID
  // ("page_token"), STORAGE_UNAVAILABLE.
  absl::Status List(const v1::ListDecisionsRequest& request, const std::optional<policy::SubjectKey>& subject,
                    absl::Time now, v1::ListDecisionsResponse& response);
  // Adds the subject's, the newest first. Errors: STORAGE_UNAVAILABLE.
  absl::Status FillExport(const policy::SubjectKey& subject, absl::Time now, v1::SubjectExport& out);

 private:
  using SegmentIds = std::vector<std::string>;
  // At most so many models are remembered by the names of their segments.
  static constexpr size_t kModelsMax = 64;

  void Fill(const policy::DecisionId& id, const policy::RecordedDecision& decision, v1::LoggedDecision& out);
  std::string SegmentIdOf(const policy::RecordedDecision& decision);
  policy::DecisionId OldestKept(absl::Time now) const;

  const storage::DecisionStore& decisions_;
  const storage::ModelArchive& models_;
  const DecisionSettings settings_;
  std::mutex mutex_;
  std::map<std::string, SegmentIds> segment_ids_;  // guarded by mutex_; by digest
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_DECISION_LISTING_H_
