#include "server/decision_listing.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <utility>

#include "absl/strings/escaping.h"
#include "server/consent_conversion.h"
#include "server/control_call.h"
#include "server/page.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

std::string HexText(const uint8_t* bytes, size_t count) {
  return absl::BytesToHexString({reinterpret_cast<const char*>(bytes), count});
}

// Asks for each subject once as long as its decisions stand together at one revision.
class ErasureCheck {
 public:
  explicit ErasureCheck(const storage::DecisionStore& decisions) : decisions_(decisions) {}
  // Whether the decision may be shown. Where nobody knows, it may not.
  bool Shows(const policy::RecordedDecision& decision) {
    if (last_ && last_->first == decision.subject && last_->second == decision.consent_revision) return shown_;
    const auto erased = decisions_.ErasedSince(decision.subject, decision.consent_revision);
    last_ = {decision.subject, decision.consent_revision};
    shown_ = erased.ok() && !*erased;
    return shown_;
  }

 private:
  const storage::DecisionStore& decisions_;
  std::optional<std::pair<policy::SubjectKey, uint32_t>> last_;
  bool shown_ = false;
};

// Microseconds since 1970 of a time in a request.
absl::StatusOr<int64_t> ReadMicros(absl::string_view field, const google::protobuf::Timestamp& time) {
  constexpr int64_t kLastSecond = 253'402'300'799;  // of the year 9999, as in the type's own contract
  if (time.seconds() < 0 || time.seconds() > kLastSecond || time.nanos() < 0 || time.nanos() > 999'999'999) {
    return MakeError(Reason::kValueOutOfRange, field, "must be a time from 1970 to 9999");
  }
  return time.seconds() * 1'000'000 + time.nanos() / 1000;
}

struct PageBounds {
  policy::DecisionId from;
  int64_t end_us = std::numeric_limits<int64_t>::max();
  size_t size = 0;
};

absl::StatusOr<PageBounds> ReadPageBounds(const v1::ListDecisionsRequest& request, const policy::DecisionId& oldest) {
  const auto page = ReadPage(request.page_size(), {});
  if (!page.ok()) return page.status();
  PageBounds bounds = {.from = oldest, .size = page->size};
  if (request.has_start_time()) {
    const auto start = ReadMicros("start_time", request.start_time());
    if (!start.ok()) return start.status();
    bounds.from = std::max(bounds.from, policy::DecisionId::From(*start));
  }
  if (request.has_end_time()) {
    const auto end = ReadMicros("end_time", request.end_time());
    if (!end.ok()) return end.status();
    bounds.end_us = *end;
  }
  if (request.page_token().empty()) return bounds;
  const auto next = policy::ParseDecisionId(request.page_token());
  if (!next) return MakeError(Reason::kFieldInvalid, "page_token", "is none that ListDecisions gave");
  bounds.from = std::max(bounds.from, *next);
  return bounds;
}

}  // namespace

policy::DecisionId DecisionListing::OldestKept(absl::Time now) const {
  return policy::DecisionId::From(
      std::max<int64_t>(0, absl::ToUnixMicros(now - absl::FromChrono(settings_.log_retention))));
}

std::string DecisionListing::SegmentIdOf(const policy::RecordedDecision& decision) {
  const std::string digest = HexText(decision.model_digest.data(), decision.model_digest.size());
  const std::lock_guard lock(mutex_);
  auto known = segment_ids_.find(digest);
  if (known == segment_ids_.end()) {
    SegmentIds ids;
    const auto model = models_.Read(digest);
    if (!model.ok() && !absl::IsNotFound(model.status())) return "";  // perhaps the next time
    if (model.ok()) {
      for (const scoring::SegmentCard& card : model->segments()) ids.push_back(card.segment_id);
    }
    if (segment_ids_.size() == kModelsMax) segment_ids_.clear();
    known = segment_ids_.emplace(digest, std::move(ids)).first;
  }
  const uint32_t winner = decision.assignment.winner;
  return winner < known->second.size() ? known->second[winner] : std::string();
}

void DecisionListing::Fill(const policy::DecisionId& id, const policy::RecordedDecision& decision,
                           v1::LoggedDecision& out) {
  const bool assigned = decision.outcome == policy::Outcome::kAssigned;
  out.set_decision_id(policy::DecisionIdText(id));
  FillTime(absl::FromUnixMicros(decision.time_us), *out.mutable_time());
  out.set_pseudonym(HexText(decision.subject.bytes.data(), decision.subject.bytes.size()));
  out.set_purpose(static_cast<v1::Purpose>(decision.purpose));
  out.set_outcome(static_cast<v1::Outcome>(decision.outcome));
  out.set_reason(std::string(policy::RuleName(decision.rule)));
  out.set_consent_revision(decision.consent_revision);
  out.set_permission(std::string(policy::PermissionName(decision.permission)));
  if (!decision.scored) return;
  if (assigned) out.set_segment_id(SegmentIdOf(decision));
  if (assigned || decision.outcome == policy::Outcome::kAbstained) out.set_margin(decision.assignment.margin);
  out.set_model_digest(HexText(decision.model_digest.data(), decision.model_digest.size()));
  out.mutable_scaled_features()->Add(decision.scaled.begin(), decision.scaled.end());
}

absl::Status DecisionListing::List(const v1::ListDecisionsRequest& request,
                                   const std::optional<policy::SubjectKey>& subject, absl::Time now,
                                   v1::ListDecisionsResponse& response) {
  response.Clear();
  const auto bounds = ReadPageBounds(request, OldestKept(now));
  if (!bounds.ok()) return bounds.status();
  ErasureCheck check(decisions_);
  size_t bytes = 0;
  const auto visit = [&](const policy::DecisionId& id, const policy::RecordedDecision& decision) {
    if (id.time_us() >= bounds->end_us) return false;
    if (!check.Shows(decision)) return true;
    if (static_cast<size_t>(response.decisions_size()) == bounds->size || bytes >= kPageBytes) {
      response.set_next_page_token(policy::DecisionIdText(id));
      return false;
    }
    Fill(id, decision, *response.add_decisions());
    bytes += response.decisions().rbegin()->ByteSizeLong();
    return true;
  };
  const absl::Status listed =
      subject ? decisions_.ListOfSubject(*subject, bounds->from, visit) : decisions_.List(bounds->from, visit);
  return ReportStoreError(listed);
}

absl::Status DecisionListing::FillExport(const policy::SubjectKey& subject, absl::Time now, v1::SubjectExport& out) {
  ErasureCheck check(decisions_);
  std::deque<v1::LoggedDecision> newest;  // the oldest first
  size_t bytes = 0;
  const auto visit = [&](const policy::DecisionId& id, const policy::RecordedDecision& decision) {
    if (!check.Shows(decision)) return true;
    Fill(id, decision, newest.emplace_back());
    bytes += newest.back().ByteSizeLong();
    while (newest.size() > size_t{kExportedDecisionsMax} || bytes > kExportedDecisionsBytesMax) {
      bytes -= newest.front().ByteSizeLong();
      newest.pop_front();
      out.set_decisions_cut(true);
    }
    return true;
  };
  const absl::Status listed = decisions_.ListOfSubject(subject, OldestKept(now), visit);
  if (!listed.ok()) return ReportStoreError(listed);
  for (auto decision = newest.rbegin(); decision != newest.rend(); ++decision) {
    *out.add_decisions() = std::move(*decision);
  }
  return absl::OkStatus();
}

}  // namespace assent::server
