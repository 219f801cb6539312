#include "server/subject_conversion.h"

#include <string>

#include "server/change_frame.h"
#include "server/consent_conversion.h"
#include "server/request_validation.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

using internal::v1::ConsentChangeKind;

constexpr size_t kStatementBytesMax = 1000;
constexpr int32_t kTaxonomyIdMax = 100'000;

absl::Status CheckSegmentId(const std::string& id) {
  if (id.empty()) return MakeError(Reason::kFieldRequired, "segment_id", "is required");
  return ValidateText("segment_id", id, kSegmentIdBytesMax);
}

absl::Status CheckStatement(const std::string& statement) {
  if (statement.empty()) return MakeError(Reason::kFieldRequired, "statement", "is required");
  return ValidateText("statement", statement, kStatementBytesMax, LineFeeds::kAllowed);
}

template <typename Request>
absl::StatusOr<storage::ConsentRequest> ReadChange(const Request& request, ConsentChangeKind kind,
                                                   const RequestLimits& limits) {
  storage::ConsentRequest out;
  out.kind = kind;
  absl::Status status = ReadChangeFrame(request, limits, out);
  if (!status.ok()) return status;
  return out;
}

absl::Status ReadSegment(const v1::SetSegmentPreferenceRequest& request, storage::SegmentPreference& out) {
  switch (request.segment_case()) {
    case v1::SetSegmentPreferenceRequest::kSegmentId:
      out.segment_id = request.segment_id();
      return CheckSegmentId(request.segment_id());
    case v1::SetSegmentPreferenceRequest::kTaxonomyId:
      out.taxonomy_id = request.taxonomy_id();
      if (request.taxonomy_id() >= 1 && request.taxonomy_id() <= kTaxonomyIdMax) return absl::OkStatus();
      return MakeError(Reason::kValueOutOfRange, "taxonomy_id", "must be from 1 to 100000", {{"limit", "100000"}});
    case v1::SetSegmentPreferenceRequest::SEGMENT_NOT_SET:
      break;
  }
  return MakeError(Reason::kFieldRequired, "segment_id", "or taxonomy_id is required");
}

}  // namespace

absl::StatusOr<storage::ConsentRequest> ReadSegmentPreference(const v1::SetSegmentPreferenceRequest& request,
                                                              const RequestLimits& limits) {
  auto change = ReadChange(request, internal::v1::CONSENT_CHANGE_KIND_SET_PREFERENCES, limits);
  if (!change.ok()) return change.status();
  if (absl::Status status = ReadSegment(request, change->preference); !status.ok()) return status;
  switch (request.preference()) {
    case v1::SEGMENT_PREFERENCE_REFUSED:
    case v1::SEGMENT_PREFERENCE_ALLOWED:
      change->preference.refused = request.preference() == v1::SEGMENT_PREFERENCE_REFUSED;
      return change;
    case v1::SEGMENT_PREFERENCE_UNSPECIFIED:
      return MakeError(Reason::kFieldRequired, "preference", "is required");
    default:
      return MakeError(Reason::kFieldInvalid, "preference", "is not a preference that this server knows");
  }
}

absl::StatusOr<storage::ConsentRequest> ReadContest(const v1::ContestAssignmentRequest& request,
                                                    const RequestLimits& limits) {
  auto change = ReadChange(request, internal::v1::CONSENT_CHANGE_KIND_SET_PREFERENCES, limits);
  if (!change.ok()) return change.status();
  if (absl::Status status = CheckSegmentId(request.segment_id()); !status.ok()) return status;
  if (absl::Status status = CheckStatement(request.statement()); !status.ok()) return status;
  change->preference = {.segment_id = request.segment_id(), .statement = request.statement()};
  return change;
}

absl::StatusOr<storage::ConsentRequest> ReadRestriction(const v1::RestrictSubjectRequest& request,
                                                        const RequestLimits& limits) {
  return ReadChange(
      request,
      request.lift() ? internal::v1::CONSENT_CHANGE_KIND_LIFT_RESTRICTION : internal::v1::CONSENT_CHANGE_KIND_RESTRICT,
      limits);
}

absl::StatusOr<storage::ConsentRequest> ReadChildMark(const v1::MarkChildRequest& request,
                                                      const RequestLimits& limits) {
  const bool child = !request.has_child() || request.child();
  return ReadChange(
      request, child ? internal::v1::CONSENT_CHANGE_KIND_MARK_CHILD : internal::v1::CONSENT_CHANGE_KIND_UNMARK_CHILD,
      limits);
}

absl::StatusOr<storage::ConsentRequest> ReadErasure(const v1::EraseSubjectRequest& request,
                                                    const RequestLimits& limits) {
  return ReadChange(request, internal::v1::CONSENT_CHANGE_KIND_ERASE, limits);
}

void FillSubjectState(const internal::v1::ConsentRecord& record, v1::SubjectState& state) {
  state.set_restricted(record.restricted());
  state.set_child(record.child());
  state.set_erased(record.erased());
  if (record.erased()) FillTime(absl::FromUnixMicros(record.erase_time_us()), *state.mutable_erase_time());
  const internal::v1::Preferences& preferences = record.preferences();
  *state.mutable_refused_segment_ids() = preferences.refused_segments();
  *state.mutable_refused_taxonomy_ids() = preferences.refused_taxonomy_ids();
  for (const internal::v1::Contest& from : preferences.contests()) {
    v1::ContestedAssignment& to = *state.add_contests();
    to.set_segment_id(from.segment_id());
    to.set_statement(from.statement());
    FillTime(absl::FromUnixMicros(from.time_us()), *to.mutable_contest_time());
    to.set_recorded_by(from.recorded_by());
  }
  state.set_revision(record.revision());
  state.set_etag(EtagOf(record.revision()));
}

}  // namespace assent::server
