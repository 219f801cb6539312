#include "server/subject_view.h"

#include <algorithm>
#include <string>
#include <vector>

#include "server/assign_response.h"
#include "server/disclosure.h"
#include "server/explanation.h"
#include "server/plain_reason.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

// A pipeline in use by one control-plane thread. It may allocate while it is online, and waits for nothing.
class OnlinePipeline {
 public:
  explicit OnlinePipeline(AssignPipeline& pipeline) : pipeline_(pipeline) { pipeline_.Online(); }
  ~OnlinePipeline() { pipeline_.Offline(); }
  OnlinePipeline(const OnlinePipeline&) = delete;
  OnlinePipeline& operator=(const OnlinePipeline&) = delete;

 private:
  AssignPipeline& pipeline_;
};

}  // namespace

bool SubjectView::AnyFeatureKnown() const {
  const auto missing = pipeline_.missing_features();
  return std::any_of(missing.begin(), missing.end(), [](uint8_t absent) { return absent == 0; });
}

void SubjectView::Explain(const policy::Decision& decision, const Phrases& phrases, v1::SubjectSegment& out) const {
  out.set_outcome(static_cast<v1::Outcome>(decision.outcome));
  out.set_rule(std::string(policy::RuleName(decision.rule)));
  if (decision.outcome != policy::Outcome::kAssigned) {
    out.set_explanation(std::string(phrases.rule(decision.rule)));
    return;
  }
  v1::ExplainResponse explanation;
  FillExplainResponse(decision, pipeline_.pinned(), pipeline_.missing_features(), explanation);
  *out.mutable_segment() = explanation.segment();
  out.set_explanation(MainReasons(explanation, phrases));
}

absl::Status SubjectView::FillSegment(const v1::AssignRequest& request, const Phrases& phrases, int64_t now_us,
                                      v1::SubjectSegment& out) {
  policy::Decision decision;
  absl::Status status = pipeline_.Decide(request, now_us, decision, AssignPipeline::Keep::kNothing);
  const std::string reason = status.ok() ? std::string() : ReasonOf(status);
  out.set_purpose(request.purpose());
  out.set_permission(std::string(policy::PermissionName(decision.permission)));
  if (reason == FactsOf(Reason::kNoModel).name) {
    out.set_explanation(std::string(phrases.no_model));
    return absl::OkStatus();
  }
  const bool read_nothing = status.ok() && decision.model != nullptr && !AnyFeatureKnown();
  if (read_nothing || reason == FactsOf(Reason::kFeatureMissing).name) {
    out.set_needs_features(true);
    out.set_explanation(std::string(phrases.decided_anew));
    return absl::OkStatus();
  }
  if (status.ok()) Explain(decision, phrases, out);
  return status;
}

absl::Status SubjectView::ListSegments(const v1::Subject& subject, const Phrases& phrases, int64_t now_us,
                                       v1::ListSubjectSegmentsResponse& response) {
  const std::lock_guard lock(mutex_);
  const OnlinePipeline online(pipeline_);
  v1::AssignRequest request;
  *request.mutable_subject() = subject;
  for (const v1::Purpose purpose : {v1::PURPOSE_SELECT_ADVERTISING, v1::PURPOSE_SELECT_CONTENT}) {
    request.set_purpose(purpose);
    absl::Status status = FillSegment(request, phrases, now_us, *response.add_segments());
    if (!status.ok()) return status;
  }
  if (pipeline_.pinned() != nullptr) FillModelRef(pipeline_.pinned()->model, *response.mutable_model());
  return absl::OkStatus();
}

v1::Disclosure SubjectView::Disclose(const DisclosureSettings& settings) {
  const std::lock_guard lock(mutex_);
  const OnlinePipeline online(pipeline_);
  const ServingModel* serving = pipeline_.PinModel();
  return BuildDisclosure(serving == nullptr ? nullptr : &serving->model, settings);
}

void SubjectView::FillProfiles(const policy::SubjectKey& subject, int64_t now_us, v1::SubjectExport& out) {
  const std::lock_guard lock(mutex_);
  const OnlinePipeline online(pipeline_);
  const ServingModel* serving = pipeline_.PinModel();
  const storage::ProfileStore* profiles = pipeline_.sources().profiles;
  if (serving == nullptr || profiles == nullptr || serving->profile_purpose == ServingModel::kNoProfile) return;
  const scoring::FeatureSchema& schema = serving->model.schema();
  std::vector<uint64_t> words((serving->layout.state_bytes() + sizeof(uint64_t) - 1) / sizeof(uint64_t));
  const std::span<uint8_t> state(reinterpret_cast<uint8_t*>(words.data()), serving->layout.state_bytes());
  if (!profiles->ReadKept(pipeline_.reader(), subject, serving->profile_purpose, serving->layout, now_us / 1'000'000,
                          state)) {
    return;
  }
  std::vector<float> values(schema.scored_size());
  std::vector<uint8_t> missing(schema.scored_size());
  serving->layout.Read(state, now_us, values, missing);
  v1::ExportedProfile& profile = *out.add_profiles();
  profile.set_purpose(static_cast<v1::Purpose>(serving->profile_purpose));
  FillModelRef(serving->model, *profile.mutable_model());
  for (size_t position = 0; position < schema.scored_size(); ++position) {
    const scoring::Feature& feature = schema.scored(position);
    if (!feature.aggregate) continue;
    v1::ExportedFeature& exported = *profile.add_features();
    exported.set_feature(feature.name);
    exported.set_unit(feature.unit);
    exported.set_missing(missing[position] != 0);
    if (!exported.missing()) exported.set_value(values[position]);
  }
}

}  // namespace assent::server
