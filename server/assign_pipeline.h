// One Assign, straight down: the only place where a decision is made.
#ifndef ASSENT_SERVER_ASSIGN_PIPELINE_H_
#define ASSENT_SERVER_ASSIGN_PIPELINE_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "assent/v1/assignment_service.pb.h"
#include "policy/consent_state.h"
#include "policy/consent_verdict.h"
#include "policy/decision.h"
#include "policy/segment_rules.h"
#include "policy/subject.h"
#include "scoring/assign.h"
#include "scoring/published.h"
#include "scoring/quiescence.h"
#include "server/configuration.h"
#include "server/consent_token.h"
#include "server/feature_reader.h"
#include "server/opt_out_queue.h"
#include "server/running_profile.h"
#include "server/serving_model.h"
#include "server/signal_reader.h"
#include "storage/consent_index.h"
#include "storage/consent_store.h"
#include "storage/notice_store.h"
#include "storage/profile_store.h"

namespace assent::server {

// What all pipelines of a process read. Ownership: borrowed; all of it outlives them.
struct PipelineSources {
  scoring::Quiescence& domain;
  const policy::Pseudonymizer& pseudonymizer;
  const storage::ConsentIndex& index;
  const storage::RefusalIndex& refusals;
  const storage::ConsentStore& store;
  const scoring::Published<ServingModel>& model;
  RequestLimits limits;
  policy::VerdictRules verdict = {};
  const policy::Jurisdictions& jurisdictions;
  policy::SignalPolicy signals = {};
  EventRules events = {};
  storage::ProfileStore* profiles = nullptr;      // null: no profile is ever kept
  const storage::NoticeStore* notices = nullptr;  // null: explanations name no notice
  OptOutQueue* opt_outs = nullptr;                // null: what signals opt out of reaches nobody who is linked
};

// Threads: one pipeline a thread; it holds that thread's membership in the quiescence domain and its scratch memory.
// Cost of a decision after the first of its kind: no allocation of ours, no lock, no disk, no log.
class AssignPipeline {
 public:
  explicit AssignPipeline(const PipelineSources& sources);

  // Every use of a decision lies between Online and Offline: it borrows from the model of its time.
  void Online() { reader_.Online(); }
  void Offline() { reader_.Offline(); }

  // Whether a decision folds its events into the profile and hands on opt-outs, or only takes account of them.
  enum class Keep : uint8_t { kEvents, kNothing };

  // Decides one event at `now_us` (microseconds since 1970).
  // Errors: those of ValidateAssign; CONSENT_TOKEN_*; then, only where consent permits, NO_MODEL and those of
  // FeatureReader::Read and EventReader::Read. A refusal is no error: it is in the decision. On an error the profile is
  // unchanged, with one exception: where the events are in order and it is an aggregate that cannot be scored
  // (FEATURE_MISSING, FEATURE_NOT_FINITE of "features"), they are kept, because they happened.
  absl::Status Decide(const v1::AssignRequest& request, int64_t now_us, policy::Decision& decision,
                      Keep keep = Keep::kEvents);

  // The parts, for batches, which do the same steps for many rows at a time.
  const PipelineSources& sources() const { return sources_; }
  const scoring::Quiescence::Reader& reader() const { return reader_; }
  scoring::Workspace& workspace() { return workspace_; }
  // Pins the present model and makes room for it; null where there is none.
  const ServingModel* PinModel();
  // The model that the last Decide or PinModel pinned.
  const ServingModel* pinned() const { return pinned_; }
  // The profile of the last decision, and what became of its events.
  RunningProfile& profile() { return profile_; }
  const RunningProfile& profile() const { return profile_; }
  // Whether the profile that the pinned model reads may be used: for a selection of its own kind, where its purpose is
  // granted on record and no signal denies it.
  bool MayUseProfile(policy::Purpose selection, const policy::ConsentState& state, const policy::SignalReading& signals,
                     int64_t now_us) const;
  // What the subject refuses; null: nothing. Borrowed until the thread is next quiescent.
  const policy::Refusals* RefusalsOf(const policy::SubjectKey& subject, const policy::ConsentState& state) const {
    return state.has_preferences ? sources_.refusals.Find(reader_, subject) : nullptr;
  }
  // The verdict on a purpose. `context`: of the request.
  policy::Verdict Judge(policy::Purpose purpose, const v1::Context& context, const policy::ConsentState& state,
                        const policy::SignalReading& signals, int64_t now_us) const;
  SignalReader& signals() { return signals_; }
  // Hands on what the signals opt out of and the state does not show yet, where the subject is linked to others: for
  // them it has to be stored. Cost: one branch where nobody is linked; never waits.
  void OfferOptOut(const policy::SubjectKey& subject, const policy::ConsentState& state,
                   const policy::SignalReading& signals) const {
    if (state.linked && sources_.opt_outs != nullptr) OfferLinked(subject, state, signals);
  }
  // Starts a decision about a subject: everything of it that is not decided yet.
  void Identify(const v1::Subject& subject, policy::Purpose purpose, int64_t now_us, policy::Decision& decision) const;
  // OK when the index has everything that the token's holder has seen.
  absl::Status CheckToken(absl::string_view token);
  // Which features of the last decision were missing. Shape: [dim].
  std::span<const uint8_t> missing_features() const { return features_.missing(); }

 private:
  absl::Status ReadFeatures(const v1::AssignRequest& request, const policy::ConsentState& state,
                            const policy::SignalReading& signals, const policy::Decision& decision, Keep keep);
  void OfferLinked(const policy::SubjectKey& subject, const policy::ConsentState& state,
                   const policy::SignalReading& signals) const;

  PipelineSources sources_;
  scoring::Quiescence::Reader reader_;
  ConsentTokenCodec tokens_;
  SignalReader signals_;
  FeatureReader features_;
  RunningProfile profile_;
  scoring::Workspace workspace_;
  const ServingModel* pinned_ = nullptr;
  uint64_t reserved_generation_ = 0;
};

// Applies the segment's rules and the model's certainty to an assignment: the outcome, and the rule behind it. A denial
// comes before a doubt.
struct Ruling {
  policy::Outcome outcome;
  policy::Rule rule;
};
Ruling RuleOn(const ServingModel& serving, const scoring::Assignment& assignment,
              const policy::SegmentQuestion& question);

// The error where consent permits and there is no model.
absl::Status NoModelError();

}  // namespace assent::server

#endif  // ASSENT_SERVER_ASSIGN_PIPELINE_H_
