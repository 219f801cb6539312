// A decision as it is kept: in a caller's receipt and in the decision log. docs/storage_format.md has the bytes.
#ifndef ASSENT_POLICY_RECORDED_DECISION_H_
#define ASSENT_POLICY_RECORDED_DECISION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "policy/decision.h"

namespace assent::policy {

// A hash of who received the answer: enough to know the caller again, not to name it.
using PrincipalHash = std::array<uint8_t, 16>;
// Of what the verdict depends on in the configuration: two that are equal were made by the same rules.
using PolicyVersion = std::array<uint8_t, 8>;

// The largest that a decision becomes: a model has 1024 features at most, and 16 segments are answered.
inline constexpr size_t kRecordedFeaturesMax = 1024;
inline constexpr size_t kRecordedDecisionBytesMax =
    64 + 64 + 72 + scoring::kSegmentsReturnedMax * 12 + kRecordedFeaturesMax * sizeof(float) + kRecordedFeaturesMax / 8;

// Where the subject stands in what WriteRecordedDecision writes.
inline constexpr size_t kRecordedSubjectOffset = 16;

// What stands beside the decision in the record.
struct DecisionCircumstances {
  PrincipalHash principal = {};
  PolicyVersion policy_version = {};
  std::span<const uint8_t> missing = {};  // [dim], non-zero where the event had no value; empty: nothing was missing
  bool memberships_asked = false;
  bool runner_up_allowed = true;  // the runner-up might be named for this purpose to this person
};

// What was recorded, by itself. Shape: `scaled` and `missing` are [dim], empty where no feature was read.
struct RecordedDecision {
  Outcome outcome = Outcome::kUnspecified;
  Rule rule = Rule::kNone;
  Purpose purpose = Purpose::kUnspecified;
  Permission permission = Permission::kNone;
  SubjectKey subject;
  int64_t time_us = 0;  // since 1970
  uint32_t consent_revision = 0;
  PrincipalHash principal = {};
  PolicyVersion policy_version = {};
  bool memberships_asked = false;
  bool runner_up_allowed = true;
  bool scored = false;  // features were read; otherwise nothing below is set
  std::array<uint8_t, 32> model_digest = {};
  scoring::Assignment assignment;
  std::vector<scoring::Candidate> nearest = {};  // of the answer; empty unless ASSIGNED
  std::vector<float> scaled = {};
  std::vector<uint8_t> missing = {};
};

// Writes the record and returns its length; 0 where `out` is too small (kRecordedDecisionBytesMax always is enough).
// Cost: copies; no allocation.
size_t WriteRecordedDecision(const Decision& decision, const DecisionCircumstances& circumstances, std::span<char> out);

// Errors: FailedPrecondition (written by a newer version, or by a rule that this one does not know); DataLoss (anything
// that WriteRecordedDecision does not write).
absl::StatusOr<RecordedDecision> ReadRecordedDecision(absl::string_view bytes);

// The decision again, without memberships. Ownership: borrows `recorded` and `model`, which may be null where nothing
// was scored. Precondition: `model` is that of the digest.
Decision DecisionOf(const RecordedDecision& recorded, const scoring::Model* model);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_RECORDED_DECISION_H_
