#include "server/event_recorder.h"

#include "policy/consent_verdict.h"
#include "server/request_validation.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

void Answer(policy::Rule rule, policy::Decision& decision) {
  decision.rule = rule;
  decision.outcome = policy::OutcomeOf(rule);
}

}  // namespace

absl::Status EventRecorder::Record(const v1::RecordEventsRequest& request, int64_t now_us, policy::Decision& decision) {
  const PipelineSources& sources = pipeline_.sources();
  RunningProfile& profile = pipeline_.profile();
  profile.Clear();
  if (absl::Status status = ValidateRecordEvents(request, sources.limits); !status.ok()) return status;
  if (absl::Status status = pipeline_.CheckToken(request.consent_token()); !status.ok()) return status;

  const ServingModel* serving = pipeline_.PinModel();
  pipeline_.Identify(request.subject(), static_cast<policy::Purpose>(request.purpose()), now_us, decision);
  const policy::SignalReading signals = pipeline_.signals().Read(request.signals());
  const auto verdict = [&] {
    const policy::ConsentState state = sources.index.Find(pipeline_.reader(), decision.subject);
    decision.consent_revision = state.revision;
    pipeline_.OfferOptOut(decision.subject, state, signals);
    policy::Verdict found = pipeline_.Judge(decision.purpose, v1::Context::default_instance(), state, signals, now_us);
    if (found.allowed && !found.by_grant()) found = {};  // a profile needs a grant on record
    return found;
  };
  if (const policy::Verdict permission = verdict(); !permission.allowed) {
    Answer(permission.rule, decision);
    return absl::OkStatus();
  }
  if (serving == nullptr) return NoModelError();
  if (serving->profile_purpose != decision.purpose) {
    return MakeError(Reason::kProfileNotRead, "purpose", "is not the profile purpose of the model that serves");
  }
  const scoring::ProfileLayout& layout = serving->layout;
  if (absl::Status status = profile.TakeEvents(request.events(), layout, now_us); !status.ok()) return status;
  switch (profile.Fold(pipeline_.reader(), decision.subject, decision.purpose, layout, now_us, ProfileAccess::kKeep)) {
    case storage::FoldOutcome::kKept:
      Answer(policy::Rule::kProfileKept, decision);
      return absl::OkStatus();
    case storage::FoldOutcome::kNotAllowed: {  // withdrawn in this very moment; and granted again at the next
      const policy::Verdict permission = verdict();
      Answer(permission.allowed ? policy::Rule::kConsentClosed : permission.rule, decision);
      return absl::OkStatus();
    }
    case storage::FoldOutcome::kFull:
      break;
  }
  return MakeError(Reason::kProfilesFull, "", "as many profiles exist as profiles.subjects_max allows");
}

}  // namespace assent::server
