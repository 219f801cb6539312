#include "server/batch_assign.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/assign_response.h"
#include "server/request_validation.h"
#include "server/status_conversion.h"
#include "server/thread_clock.h"

namespace assent::server {
namespace {

constexpr uint32_t kNotUsed = 0xFFFFFFFF;

absl::Status CheckColumns(const v1::FeatureMatrix& features, size_t dim) {
  if (features.values_size() == 0 || features.columns() == dim) return absl::OkStatus();
  return MakeLimitError(Reason::kFeatureDimensionMismatch, "features.columns", "the number of columns must be", dim);
}

absl::Status DeadlineError() {
  return MakeError(Reason::kDeadlineExpired, "", "the deadline passed before the work was done");
}

}  // namespace

BatchAssigner::BatchAssigner(AssignPipeline& pipeline, DataPlaneCells& cells, int thread)
    : pipeline_(pipeline), cells_(cells), thread_(thread) {}

absl::Status BatchAssigner::Decide(const v1::BatchAssignRequest& request, int64_t now_us, int64_t deadline_ns,
                                   v1::BatchAssignResponse& response) {
  if (absl::Status status = ValidateBatch(request, pipeline_.sources().limits); !status.ok()) return status;
  if (absl::Status status = pipeline_.CheckToken(request.consent_token()); !status.ok()) return status;
  const ServingModel* serving = pipeline_.PinModel();
  if (serving != nullptr) {
    if (absl::Status status = CheckColumns(request.features(), serving->model.schema().direct().size()); !status.ok()) {
      return status;
    }
  }
  if (serving != nullptr && serving->generation != reserved_generation_) {
    reserved_generation_ = serving->generation;
    pipeline_.workspace().Reserve(serving->model, kBlockRows);
    const size_t dim = serving->model.schema().scored_size();
    scaled_.resize(kBlockRows * dim);
    missing_.resize(dim);
    all_missing_.assign(dim, 1);
    spread_.resize(dim);
    spread_missing_.resize(dim);
    segment_index_.assign(serving->model.segments().size(), kNotUsed);
    segments_seen_.clear();
    segment_rows_.clear();
  }
  ReadSignalSets(request);
  ClearResponse(response);
  const auto rows = static_cast<size_t>(request.subject_ids_size());
  response.mutable_outcomes()->Resize(static_cast<int>(rows), v1::OUTCOME_UNSPECIFIED);
  response.mutable_segment_index()->Resize(static_cast<int>(rows), scoring::kNoSegment);
  response.mutable_margins()->Resize(static_cast<int>(rows), 0);
  response.mutable_reason_index()->Resize(static_cast<int>(rows), 0);
  const auto purpose = static_cast<policy::Purpose>(request.purpose());
  for (size_t first = 0; first < rows; first += kBlockRows) {
    if (first != 0 && ThreadClock::SteadyNs() >= deadline_ns) return DeadlineError();
    TakeSubjects(request, {first, std::min(kBlockRows, rows - first)}, response);
    ConsentVerdicts(request, now_us, response);
    if (absl::Status status = ScaleRows(request, now_us, response); !status.ok()) return status;
    ScoreRows(purpose, response);
  }
  std::sort(response.mutable_errors()->begin(), response.mutable_errors()->end(),
            [](const v1::RowError& a, const v1::RowError& b) { return a.row() < b.row(); });
  if (serving != nullptr) FillModelRef(serving->model, *response.mutable_model());
  Count(purpose, response);
  return absl::OkStatus();
}

// Only now, so that a batch that fails as a whole counts nothing.
void BatchAssigner::Count(policy::Purpose purpose, const v1::BatchAssignResponse& response) {
  cells_.entry_errors.Add(static_cast<uint64_t>(response.errors_size()));
  for (size_t i = 0; i < tally_.size(); ++i) {
    const auto rule = static_cast<policy::Rule>(i);
    const auto outcome = rule == policy::Rule::kNone ? policy::Outcome::kAssigned : policy::OutcomeOf(rule);
    if (tally_[i] != 0) cells_.Count(purpose, outcome, rule, tally_[i]);
  }
  for (size_t i = 0; i < segments_seen_.size(); ++i) {
    pipeline_.pinned()->segments.Count(thread_, segments_seen_[i], segment_rows_[i]);
  }
}

void BatchAssigner::ReadSignalSets(const v1::BatchAssignRequest& request) {
  signals_.clear();
  signal_errors_.clear();
  for (int i = 0; i < request.signals_size(); ++i) {
    const absl::Status status = ValidateSignals(absl::StrCat("signals[", i, "]"), request.signals(i));
    signal_errors_.push_back(status);
    signals_.push_back(status.ok() ? pipeline_.signals().Read(request.signals(i)) : policy::SignalReading{});
  }
}

void BatchAssigner::ClearResponse(v1::BatchAssignResponse& response) {
  // Not Clear(): the model stays, as a rule it is the same.
  response.clear_outcomes();
  response.clear_segment_index();
  response.clear_segment_ids();
  response.clear_margins();
  response.clear_reason_index();
  response.clear_reasons();
  response.clear_errors();
  if (pipeline_.pinned() == nullptr) response.clear_model();
  for (const uint32_t segment : segments_seen_) segment_index_[segment] = kNotUsed;
  segments_seen_.clear();
  segment_rows_.clear();
  reason_index_.fill(kNotUsed);
  tally_.fill(0);
  next_missing_ = 0;
}

void BatchAssigner::TakeSubjects(const v1::BatchAssignRequest& request, Block block,
                                 v1::BatchAssignResponse& response) {
  const PipelineSources& sources = pipeline_.sources();
  keyed_count_ = 0;
  for (size_t row = block.first; row < block.first + block.rows; ++row) {
    const std::string& id = request.subject_ids(static_cast<int>(row));
    const policy::RawSubject subject(request.namespace_(), id);
    if (!subject.IsValid(sources.limits.subject_id_bytes_max)) {
      Fail(row, SubjectIdError(absl::StrCat("subject_ids[", row, "]"), id, sources.limits), response);
      continue;
    }
    keyed_[keyed_count_] = static_cast<uint32_t>(row);
    keys_[keyed_count_++] = sources.pseudonymizer.Pseudonymize(subject);
  }
  sources.index.FindBatch(pipeline_.reader(), {keys_.data(), keyed_count_}, {states_.data(), keyed_count_});
}

void BatchAssigner::ConsentVerdicts(const v1::BatchAssignRequest& request, int64_t now_us,
                                    v1::BatchAssignResponse& response) {
  const auto purpose = static_cast<policy::Purpose>(request.purpose());
  const policy::SignalReading none;
  permitted_count_ = 0;
  for (size_t i = 0; i < keyed_count_; ++i) {
    const uint32_t row = keyed_[i];
    const policy::SignalReading* signals = signals_.empty() ? &none : &signals_[0];
    size_t set = 0;
    if (request.signals_index_size() != 0) {
      set = request.signals_index(static_cast<int>(row));
      if (set >= signals_.size()) {
        Fail(row,
             MakeError(Reason::kValueOutOfRange, absl::StrCat("signals_index[", row, "]"),
                       "must be less than the number of signals"),
             response);
        continue;
      }
      signals = &signals_[set];
    }
    if (!signals_.empty() && !signal_errors_[set].ok()) {
      Fail(row, signal_errors_[set], response);
      continue;
    }
    pipeline_.OfferOptOut(keys_[i], states_[i], *signals);
    const policy::Verdict verdict = pipeline_.Judge(purpose, request.context(), states_[i], *signals, now_us);
    if (verdict.allowed) {
      const bool profiled =
          pipeline_.pinned() != nullptr && pipeline_.MayUseProfile(purpose, states_[i], *signals, now_us);
      permitted_access_[permitted_count_] = profiled ? ProfileAccess::kRead : ProfileAccess::kNone;
      permitted_by_[permitted_count_] = verdict.permission;
      permitted_key_[permitted_count_] = static_cast<uint32_t>(i);
      permitted_[permitted_count_++] = row;
    } else {
      Answer(row, {policy::OutcomeOf(verdict.rule), verdict.rule}, response);
    }
  }
}

absl::Status BatchAssigner::ScaleRows(const v1::BatchAssignRequest& request, int64_t now_us,
                                      v1::BatchAssignResponse& response) {
  scored_count_ = 0;
  if (permitted_count_ == 0) return absl::OkStatus();
  if (pipeline_.pinned() == nullptr) return NoModelError();
  const scoring::FeatureSchema& schema = pipeline_.pinned()->model.schema();
  const size_t dim = schema.scored_size();
  const v1::FeatureMatrix& features = request.features();
  const bool all_missing = features.values_size() == 0;
  for (size_t i = 0; i < permitted_count_; ++i) {
    const size_t row = permitted_[i];
    const std::span<float> scaled(scaled_.data() + scored_count_ * dim, dim);
    const RawRow raw = RowOf(features, i, now_us);
    const int bad = schema.Scale(raw.values, raw.missing, scaled);
    if (bad < 0) {
      scored_[scored_count_++] = static_cast<uint32_t>(i);
      continue;
    }
    const bool was_missing = !raw.missing.empty() && raw.missing[static_cast<size_t>(bad)] != 0;
    const std::span<const uint32_t> direct = schema.direct();
    const auto column = std::lower_bound(direct.begin(), direct.end(), static_cast<uint32_t>(bad));
    const bool given = column != direct.end() && *column == static_cast<uint32_t>(bad);
    const auto cell = row * direct.size() + static_cast<size_t>(column - direct.begin());
    const std::string field = all_missing || !given ? "features" : absl::StrCat("features.values[", cell, "]");
    Fail(row, ScaleError(field, schema, bad, was_missing), response);
  }
  return absl::OkStatus();
}

BatchAssigner::RawRow BatchAssigner::RowOf(const v1::FeatureMatrix& features, size_t permitted, int64_t now_us) {
  const ServingModel& serving = *pipeline_.pinned();
  const scoring::FeatureSchema& schema = serving.model.schema();
  const std::span<const uint32_t> direct = schema.direct();
  const size_t row = permitted_[permitted];
  RawRow given = {spread_, all_missing_};  // the values are ignored where everything is missing
  if (features.values_size() != 0) {
    given = {{features.values().data() + row * direct.size(), direct.size()},
             MissingOfRow(features, row, direct.size())};
  }
  if (schema.all_direct()) return given;
  std::fill(spread_missing_.begin(), spread_missing_.end(), uint8_t{1});
  for (size_t i = 0; i < direct.size(); ++i) {
    spread_[direct[i]] = given.values[i];
    spread_missing_[direct[i]] = given.missing.empty() ? uint8_t{0} : given.missing[i];
  }
  RunningProfile& profile = pipeline_.profile();
  profile.Read(pipeline_.reader(), keys_[permitted_key_[permitted]], serving.profile_purpose, serving.layout, now_us,
               permitted_access_[permitted]);
  serving.layout.Read(profile.state(), now_us, spread_, spread_missing_);
  return {spread_, spread_missing_};
}

// Which cells of a row are missing; empty when none is. Rows must come in ascending order.
std::span<const uint8_t> BatchAssigner::MissingOfRow(const v1::FeatureMatrix& features, size_t row, size_t columns) {
  const auto& cells = features.missing_cells();
  while (next_missing_ < cells.size() && cells[next_missing_] < row * columns) ++next_missing_;
  if (next_missing_ == cells.size() || cells[next_missing_] >= (row + 1) * columns) return {};
  std::fill_n(missing_.begin(), columns, uint8_t{0});
  for (; next_missing_ < cells.size() && cells[next_missing_] < (row + 1) * columns; ++next_missing_) {
    missing_[cells[next_missing_] - row * columns] = 1;
  }
  return {missing_.data(), columns};
}

void BatchAssigner::ScoreRows(policy::Purpose purpose, v1::BatchAssignResponse& response) {
  if (scored_count_ == 0) return;
  const ServingModel& serving = *pipeline_.pinned();
  const size_t dim = serving.model.schema().scored_size();
  scoring::AssignBatch(serving.model, {scaled_.data(), scored_count_ * dim}, scored_count_, pipeline_.workspace(),
                       {assignments_.data(), scored_count_});
  for (size_t i = 0; i < scored_count_; ++i) {
    const scoring::Assignment& assignment = assignments_[i];
    const uint32_t permitted = scored_[i];
    const uint32_t key = permitted_key_[permitted];
    const Ruling ruling = RuleOn(serving, assignment,
                                 {.purpose = purpose,
                                  .permission = permitted_by_[permitted],
                                  .refusals = pipeline_.RefusalsOf(keys_[key], states_[key])});
    const auto row = static_cast<int>(permitted_[permitted]);
    Answer(permitted_[permitted], ruling, response);
    serving.drift->Offer(thread_, {scaled_.data() + i * dim, dim});
    if (ruling.outcome == policy::Outcome::kRestricted) continue;
    response.set_margins(row, assignment.margin);
    if (ruling.outcome != policy::Outcome::kAssigned) continue;
    const uint32_t index = SegmentIndex(assignment.winner, response);
    response.set_segment_index(row, index);
    ++segment_rows_[index];
  }
}

void BatchAssigner::Answer(size_t row, Ruling ruling, v1::BatchAssignResponse& response) {
  uint32_t& reason = reason_index_[static_cast<size_t>(ruling.rule)];
  if (reason == kNotUsed) {
    reason = static_cast<uint32_t>(response.reasons_size());
    const absl::string_view name = policy::RuleName(ruling.rule);
    response.add_reasons()->assign(name.data(), name.size());
  }
  response.set_outcomes(static_cast<int>(row), static_cast<v1::Outcome>(ruling.outcome));
  response.set_reason_index(static_cast<int>(row), reason);
  ++tally_[static_cast<size_t>(ruling.rule)];
}

void BatchAssigner::Fail(size_t row, const absl::Status& status, v1::BatchAssignResponse& response) {
  v1::RowError& error = *response.add_errors();
  error.set_row(static_cast<uint32_t>(row));
  error.set_field(FieldOf(status));
  error.set_reason(ReasonOf(status));
}

uint32_t BatchAssigner::SegmentIndex(uint32_t segment, v1::BatchAssignResponse& response) {
  uint32_t& index = segment_index_[segment];
  if (index == kNotUsed) {
    index = static_cast<uint32_t>(response.segment_ids_size());
    response.add_segment_ids(pipeline_.pinned()->model.segments()[segment].segment_id);
    segments_seen_.push_back(segment);
    segment_rows_.push_back(0);
  }
  return index;
}

}  // namespace assent::server
