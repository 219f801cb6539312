#include "client/assign_run.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/request_flags.h"
#include "client/rpc_error.h"

namespace assent::client {
namespace {

constexpr uint32_t kNoSegment = 0xFFFFFFFF;

// A batch being filled, and what is needed to report on it.
struct Batch {
  v1::BatchAssignRequest request;
  std::vector<uint64_t> rows;
};

Batch NewBatch(const AssignRunOptions& options, size_t columns) {
  Batch batch;
  batch.request.set_purpose(options.frame.purpose());
  if (options.frame.has_context()) *batch.request.mutable_context() = options.frame.context();
  if (options.frame.has_signals()) *batch.request.add_signals() = options.frame.signals();
  batch.request.set_namespace_(options.name_space);
  batch.request.set_consent_token(options.frame.consent_token());
  batch.request.mutable_features()->set_columns(static_cast<uint32_t>(columns));
  return batch;
}

void Append(const EventRow& row, Batch& batch) {
  auto* features = batch.request.mutable_features();
  for (size_t j = 0; j < row.missing.size(); ++j) {
    if (row.missing[j] != 0) {
      features->add_missing_cells(static_cast<uint32_t>(batch.rows.size() * row.values.size() + j));
    }
  }
  features->mutable_values()->Add(row.values.begin(), row.values.end());
  batch.request.add_subject_ids(row.subject_id);
  batch.rows.push_back(row.row);
}

absl::Status CheckShape(const v1::BatchAssignResponse& response, int rows) {
  const bool fits = response.outcomes_size() == rows && response.segment_index_size() == rows &&
                    response.margins_size() == rows && response.reason_index_size() == rows;
  return fits ? absl::OkStatus() : absl::InternalError("the server answered with columns of another length");
}

absl::Status Send(const AssignmentClient& client, Batch& batch, AssignReport& report) {
  auto response = client.BatchAssign(batch.request);
  if (!response.ok()) return response.status();
  const int rows = batch.request.subject_ids_size();
  if (absl::Status status = CheckShape(*response, rows); !status.ok()) return status;
  int next_error = 0;
  for (int i = 0; i < rows; ++i) {
    AssignedRow row{.row = batch.rows[static_cast<size_t>(i)], .subject_id = batch.request.subject_ids(i)};
    const bool failed =
        next_error < response->errors_size() && response->errors(next_error).row() == static_cast<uint32_t>(i);
    if (failed) {
      row.error = response->errors(next_error).reason();
      row.error_field = response->errors(next_error).field();
      ++next_error;
    } else {
      row.outcome = OutcomeText(response->outcomes(i));
      row.margin = response->margins(i);
      const auto reason = static_cast<int>(response->reason_index(i));
      if (reason < response->reasons_size()) row.reason = response->reasons(reason);
      const uint32_t segment = response->segment_index(i);
      if (segment != kNoSegment && segment < static_cast<uint32_t>(response->segment_ids_size())) {
        row.segment_id = response->segment_ids(static_cast<int>(segment));
      }
    }
    report.Add(row);
  }
  return absl::OkStatus();
}

// A row of the file that cannot be sent.
AssignedRow Unsent(const EventRow& row) {
  return {.row = row.row, .subject_id = row.subject_id, .error = "FIELD_INVALID", .error_field = row.error};
}

AssignedRow FromStream(const v1::StreamAssignResponse& response, std::string subject_id) {
  AssignedRow row{.row = response.tag(), .subject_id = std::move(subject_id)};
  if (response.result_case() != v1::StreamAssignResponse::kResponse) {
    const absl::Status error = StatusFromProto(response.error());
    row.error = ReasonOf(error);
    if (row.error.empty()) row.error = absl::StatusCodeToString(error.code());
    row.error_field = std::string(error.message());
    return row;
  }
  const v1::AssignResponse& answer = response.response();
  row.outcome = OutcomeText(answer.outcome());
  row.reason = answer.reason();
  row.margin = answer.margin();
  if (answer.segments_size() > 0) row.segment_id = answer.segments(0).segment_id();
  return row;
}

// Writes up to kStreamWindow events, then reads their answers: in one thread, and bounded on both sides.
absl::Status StreamWindow(const AssignmentClient& client, const std::vector<v1::StreamAssignRequest>& window,
                          absl::Duration deadline, AssignReport& report) {
  AssignmentClient::AssignStream stream = client.StreamAssign(deadline);
  size_t written = 0;
  size_t read = 0;
  v1::StreamAssignResponse response;
  constexpr size_t kAhead = 64;  // small enough for the flow-control windows of both sides
  bool open = true;
  while (open && read < window.size()) {
    while (open && written < window.size() && written - read < kAhead) {
      open = stream.Write(window[written++]);
      if (open && written == window.size()) stream.WritesDone();
    }
    open = open && stream.Read(response);
    if (!open) break;
    report.Add(FromStream(response, window[read].request().subject().id()));
    ++read;
  }
  absl::Status status = stream.Finish();
  if (status.ok() && read < window.size()) return absl::UnavailableError("the server ended the stream early");
  return status;
}

}  // namespace

absl::Status AssignInBatches(const AssignmentClient& client, EventFile& file, const AssignRunOptions& options,
                             AssignReport& report) {
  const size_t columns = file.feature_names().size();
  Batch batch = NewBatch(options, columns);
  EventRow row;
  while (true) {
    auto more = file.Next(row);
    if (!more.ok()) return more.status();
    const bool bad = *more && !row.error.empty();
    if (*more && !bad) Append(row, batch);
    const bool full = batch.rows.size() == options.batch_rows;
    if (!batch.rows.empty() && (full || bad || !*more)) {  // a bad row waits for those before it
      if (absl::Status status = Send(client, batch, report); !status.ok()) return status;
      batch = NewBatch(options, columns);
      if (options.progress) options.progress(file.read_share());
    }
    if (bad) report.Add(Unsent(row));
    if (!*more) return absl::OkStatus();
  }
}

absl::Status AssignInStream(const AssignmentClient& client, EventFile& file, const AssignRunOptions& options,
                            AssignReport& report) {
  std::vector<v1::StreamAssignRequest> window;
  EventRow row;
  while (true) {
    auto more = file.Next(row);
    if (!more.ok()) return more.status();
    const bool bad = *more && !row.error.empty();
    if (*more && !bad) {
      v1::StreamAssignRequest& request = window.emplace_back();
      request.set_tag(row.row);
      *request.mutable_request() = options.frame;
      FillNamed(file.feature_names(), row, options.name_space, *request.mutable_request());
    }
    if (!window.empty() && (window.size() == kStreamWindow || bad || !*more)) {
      if (absl::Status status = StreamWindow(client, window, options.deadline, report); !status.ok()) return status;
      window.clear();
      if (options.progress) options.progress(file.read_share());
    }
    if (bad) report.Add(Unsent(row));
    if (!*more) return absl::OkStatus();
  }
}

}  // namespace assent::client
