// RecordEvents: folds events into the profile, without an answer.
#ifndef ASSENT_SERVER_EVENT_RECORDER_H_
#define ASSENT_SERVER_EVENT_RECORDER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "assent/v1/assignment_service.pb.h"
#include "server/assign_pipeline.h"

namespace assent::server {

// Threads: one a thread. Ownership: borrows the pipeline, whose model and profile it uses.
class EventRecorder {
 public:
  explicit EventRecorder(AssignPipeline& pipeline) : pipeline_(pipeline) {}

  // Sets outcome, rule, purpose and subject of `decision`: kRecorded, or why the profile purpose is denied.
  // Errors: those of ValidateRecordEvents; CONSENT_TOKEN_*; then, only where consent permits, NO_MODEL,
  // PROFILE_NOT_READ, those of EventReader::Read, PROFILES_FULL. On any error the profile is unchanged.
  absl::Status Record(const v1::RecordEventsRequest& request, int64_t now_us, policy::Decision& decision);

 private:
  AssignPipeline& pipeline_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_EVENT_RECORDER_H_
