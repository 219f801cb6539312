#include "policy/recorded_decision.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

namespace assent::policy {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they lie in memory");

constexpr uint8_t kRecordVersion = 1;
constexpr size_t kRuleNameBytesMax = 64;
enum Flag : uint8_t { kScoredFlag = 1, kMembershipsFlag = 2, kRunnerUpFlag = 4 };
constexpr uint8_t kAllFlags = kScoredFlag | kMembershipsFlag | kRunnerUpFlag;

class ByteWriter {
 public:
  explicit ByteWriter(std::span<char> out) : out_(out) {}
  void Bytes(const void* bytes, size_t count) {
    fits_ = fits_ && out_.size() - size_ >= count;
    if (!fits_ || count == 0) return;
    std::memcpy(out_.data() + size_, bytes, count);
    size_ += count;
  }
  template <typename Number>
  void Put(Number number) {
    Bytes(&number, sizeof(number));
  }
  size_t size() const { return fits_ ? size_ : 0; }

 private:
  std::span<char> out_;
  size_t size_ = 0;
  bool fits_ = true;
};

class ByteReader {
 public:
  explicit ByteReader(absl::string_view bytes) : left_(bytes) {}
  void Bytes(void* bytes, size_t count) {
    good_ = good_ && left_.size() >= count;
    if (!good_ || count == 0) return;
    std::memcpy(bytes, left_.data(), count);
    left_.remove_prefix(count);
  }
  template <typename Number>
  void Get(Number& number) {
    Bytes(&number, sizeof(number));
  }
  absl::string_view Text(size_t count) {
    good_ = good_ && left_.size() >= count;
    if (!good_) return {};
    const absl::string_view text = left_.substr(0, count);
    left_.remove_prefix(count);
    return text;
  }
  bool good() const { return good_; }
  bool all_read() const { return good_ && left_.empty(); }

 private:
  absl::string_view left_;
  bool good_ = true;
};

std::optional<Rule> RuleOfName(absl::string_view name) {
  for (int number = 0; number < kRuleCount; ++number) {
    if (RuleName(static_cast<Rule>(number)) == name) return static_cast<Rule>(number);
  }
  return std::nullopt;
}

absl::Status DamagedRecord() { return absl::DataLossError("a recorded decision is damaged"); }

void PutMissing(std::span<const uint8_t> missing, size_t features, ByteWriter& out) {
  for (size_t first = 0; first < features; first += 8) {
    uint8_t bits = 0;
    for (size_t i = first; i < std::min(first + 8, missing.size()); ++i) {
      if (missing[i] != 0) bits = static_cast<uint8_t>(bits | 1u << (i - first));
    }
    out.Put(bits);
  }
}

void PutScores(const Decision& decision, const DecisionCircumstances& circumstances, ByteWriter& out) {
  const scoring::Assignment& assignment = decision.assignment;
  out.Bytes(decision.model->digest().data(), decision.model->digest().size());
  out.Put(assignment.winner);
  out.Put(assignment.runner_up);
  out.Put(assignment.winner_distance);
  out.Put(assignment.runner_up_distance);
  out.Put(assignment.margin);
  out.Put(static_cast<uint8_t>(assignment.certainty));
  for (size_t i = 0; i < decision.nearest_count; ++i) {
    out.Put(decision.nearest[i].index);
    out.Put(decision.nearest[i].distance);
  }
  out.Bytes(decision.scaled.data(), decision.scaled.size_bytes());
  PutMissing(circumstances.missing, decision.scaled.size(), out);
}

// False: what was read cannot have been written.
bool GetScores(size_t nearest, size_t features, ByteReader& in, RecordedDecision& out) {
  in.Bytes(out.model_digest.data(), out.model_digest.size());
  in.Get(out.assignment.winner);
  in.Get(out.assignment.runner_up);
  in.Get(out.assignment.winner_distance);
  in.Get(out.assignment.runner_up_distance);
  in.Get(out.assignment.margin);
  uint8_t certainty = 0;
  in.Get(certainty);
  if (certainty > static_cast<uint8_t>(scoring::Certainty::kTooFar)) return false;
  out.assignment.certainty = static_cast<scoring::Certainty>(certainty);
  out.nearest.resize(nearest);
  for (scoring::Candidate& candidate : out.nearest) {
    in.Get(candidate.index);
    in.Get(candidate.distance);
  }
  out.scaled.resize(features);
  in.Bytes(out.scaled.data(), features * sizeof(float));
  out.missing.resize(features);
  for (size_t first = 0; first < features; first += 8) {
    uint8_t bits = 0;
    in.Get(bits);
    const size_t here = std::min<size_t>(8, features - first);
    if (here < 8 && bits >> here != 0) return false;
    for (size_t i = 0; i < here; ++i) out.missing[first + i] = bits >> i & 1;
  }
  return in.good();
}

}  // namespace

size_t WriteRecordedDecision(const Decision& decision, const DecisionCircumstances& circumstances,
                             std::span<char> out) {
  const bool scored = decision.model != nullptr && !decision.scaled.empty();
  const absl::string_view rule = RuleName(decision.rule);
  const int flags = (scored ? kScoredFlag : 0) | (circumstances.memberships_asked ? kMembershipsFlag : 0) |
                    (circumstances.runner_up_allowed ? kRunnerUpFlag : 0);
  ByteWriter writer(out);
  writer.Put(kRecordVersion);
  writer.Put(static_cast<uint8_t>(decision.outcome));
  writer.Put(static_cast<uint8_t>(decision.purpose));
  writer.Put(static_cast<uint8_t>(decision.permission));
  writer.Put(static_cast<uint8_t>(flags));
  writer.Put(static_cast<uint8_t>(scored ? decision.nearest_count : 0));
  writer.Put(static_cast<uint8_t>(rule.size()));
  writer.Put(uint8_t{0});
  writer.Put(decision.time_us);
  writer.Bytes(decision.subject.bytes.data(), decision.subject.bytes.size());
  writer.Bytes(circumstances.principal.data(), circumstances.principal.size());
  writer.Bytes(circumstances.policy_version.data(), circumstances.policy_version.size());
  writer.Put(decision.consent_revision);
  writer.Put(static_cast<uint32_t>(scored ? decision.scaled.size() : 0));
  writer.Bytes(rule.data(), rule.size());
  if (scored) PutScores(decision, circumstances, writer);
  return writer.size();
}

absl::StatusOr<RecordedDecision> ReadRecordedDecision(absl::string_view bytes) {
  if (bytes.empty()) return DamagedRecord();
  if (static_cast<uint8_t>(bytes[0]) > kRecordVersion) {
    return absl::FailedPreconditionError("a recorded decision was written by a newer version of assent");
  }
  ByteReader in(bytes);
  std::array<uint8_t, 8> head = {};  // version, outcome, purpose, permission, flags, nearest, rule's bytes, zero
  uint32_t features = 0;
  RecordedDecision out;
  in.Get(head);
  in.Get(out.time_us);
  in.Get(out.subject.bytes);
  in.Get(out.principal);
  in.Get(out.policy_version);
  in.Get(out.consent_revision);
  in.Get(features);
  const auto purpose = PurposeFromNumber(head[2]);
  const bool scored = (head[4] & kScoredFlag) != 0;
  if (!in.good() || head[0] != kRecordVersion || head[1] >= kOutcomeCount || !purpose ||
      head[3] > static_cast<uint8_t>(Permission::kExplicitGrant) || (head[4] & ~kAllFlags) != 0 ||
      head[5] > scoring::kSegmentsReturnedMax || head[6] > kRuleNameBytesMax || head[7] != 0 ||
      features > kRecordedFeaturesMax || scored != (features != 0)) {
    return DamagedRecord();
  }
  const absl::string_view name = in.Text(head[6]);
  if (!in.good()) return DamagedRecord();
  const auto rule = RuleOfName(name);
  if (!rule) return absl::FailedPreconditionError("a recorded decision names a rule that this version does not know");
  out.outcome = static_cast<Outcome>(head[1]);
  out.rule = *rule;
  out.purpose = *purpose;
  out.permission = static_cast<Permission>(head[3]);
  out.memberships_asked = (head[4] & kMembershipsFlag) != 0;
  out.runner_up_allowed = (head[4] & kRunnerUpFlag) != 0;
  out.scored = scored;
  if (scored && !GetScores(head[5], features, in, out)) return DamagedRecord();
  if (!in.all_read()) return DamagedRecord();
  return out;
}

Decision DecisionOf(const RecordedDecision& recorded, const scoring::Model* model) {
  Decision decision;
  decision.outcome = recorded.outcome;
  decision.rule = recorded.rule;
  decision.purpose = recorded.purpose;
  decision.subject = recorded.subject;
  decision.permission = recorded.permission;
  decision.consent_revision = recorded.consent_revision;
  decision.time_us = recorded.time_us;
  decision.membership.fill(0);
  if (!recorded.scored) return decision;
  decision.model = model;
  decision.scaled = recorded.scaled;
  decision.assignment = recorded.assignment;
  decision.nearest_count = recorded.nearest.size();
  std::copy(recorded.nearest.begin(), recorded.nearest.end(), decision.nearest.begin());
  return decision;
}

}  // namespace assent::policy
