// What the running model makes of one person now: for the person, not for the hot path.
#ifndef ASSENT_SERVER_SUBJECT_VIEW_H_
#define ASSENT_SERVER_SUBJECT_VIEW_H_

#include <cstdint>
#include <mutex>

#include "absl/status/status.h"
#include "assent/v1/subject_service.pb.h"
#include "server/assign_pipeline.h"
#include "server/disclosure_settings.h"
#include "server/phrases.h"

namespace assent::server {

// Threads: safe; one call at a time. Decides as Assign does, by the same pipeline, and keeps and counts nothing.
class SubjectView {
 public:
  explicit SubjectView(const PipelineSources& sources) : pipeline_(sources) {}

  // Sets every field of `response`. Errors: those of ValidateAssign.
  absl::Status ListSegments(const v1::Subject& subject, const Phrases& phrases, int64_t now_us,
                            v1::ListSubjectSegmentsResponse& response);
  // Adds what the running model computes from the profile that is kept, also where nothing else may be done with it.
  void FillProfiles(const policy::SubjectKey& subject, int64_t now_us, v1::SubjectExport& out);
  // What people are told of the processing by the running model.
  v1::Disclosure Disclose(const DisclosureSettings& settings);

 private:
  absl::Status FillSegment(const v1::AssignRequest& request, const Phrases& phrases, int64_t now_us,
                           v1::SubjectSegment& out);
  void Explain(const policy::Decision& decision, const Phrases& phrases, v1::SubjectSegment& out) const;
  bool AnyFeatureKnown() const;

  std::mutex mutex_;  // guards the pipeline
  AssignPipeline pipeline_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_SUBJECT_VIEW_H_
