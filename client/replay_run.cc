#include "client/replay_run.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/replay_queue.h"
#include "client/request_text.h"
#include "client/rpc_error.h"

namespace assent::client {
namespace {

constexpr size_t kStreamAhead = 64;       // calls on one stream that wait for their answer
constexpr size_t kStreamCallsMax = 4096;  // then another stream, so that a deadline covers a bounded time
constexpr uint64_t kRowsPerProgress = 256;
constexpr absl::string_view kOnlyEvent = "events[0].";  // how the server begins what it says of it

void FillEvent(const RecordedEvent& recorded, v1::Event& event) {
  event.set_event_id(recorded.event_id);
  event.mutable_time()->set_seconds(recorded.time_us / 1000000);
  event.mutable_time()->set_nanos(static_cast<int32_t>(recorded.time_us % 1000000) * 1000);
  event.set_type(recorded.type);
  for (const RecordedAttribute& attribute : recorded.attributes) {
    v1::Value& value = (*event.mutable_attributes())[attribute.name];
    if (const double* number = std::get_if<double>(&attribute.value)) value.set_number(*number);
    if (const bool* flag = std::get_if<bool>(&attribute.value)) value.set_flag(*flag);
    if (const auto* text = std::get_if<std::string>(&attribute.value)) value.set_text(*text);
  }
}

// Errors after which further calls can only fail the same way.
bool EndsTheRun(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kCancelled:
      return true;
    default:
      return false;
  }
}

std::string NameOf(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  return reason.empty() ? absl::StatusCodeToString(status.code()) : reason;
}

// Whether it is the only event of a call that the server refuses, and not the call around it.
bool RefusesTheEvent(const absl::Status& status) {
  return absl::IsInvalidArgument(status) && absl::StrContains(status.message(), kOnlyEvent);
}

// What the server says of the only event of a call. It repeats nothing of the event, docs/errors.md.
std::string RefusalText(const RecordedEvent& event, const absl::Status& status) {
  const absl::string_view message = status.message();
  return absl::StrCat("line ", event.line, ", ", message.substr(message.find(kOnlyEvent) + kOnlyEvent.size()));
}

// What the sending threads share. Threads: safe.
class Tally {
 public:
  Tally(const ReplayRunOptions& options, ReplaySummary& summary) : options_(options), summary_(summary) {}

  void BadRow(uint64_t row, absl::string_view what) {
    const std::lock_guard<std::mutex> lock(mutex_);
    AddBadRow(row, what);
  }
  // The server takes the call, but not its only event.
  void Refused(const RecordedEvent& event, const absl::Status& status) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++summary_.errors[NameOf(status)];
    AddBadRow(event.row, RefusalText(event, status));
  }
  void Answered(size_t events, const std::string& outcome, const std::string& reason) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++summary_.calls;
    summary_.events += events;
    ++summary_.outcomes[outcome];
    if (!reason.empty()) ++summary_.reasons[reason];
  }
  void Recorded(const v1::RecordEventsResponse& response) {
    const std::lock_guard<std::mutex> lock(mutex_);
    summary_.folded += response.folded();
    summary_.repeated += response.repeated_events();
    summary_.unknown += response.unknown_events();
    summary_.expired += response.expired_events();
  }
  void Late(absl::Duration late) {
    const std::lock_guard<std::mutex> lock(mutex_);
    summary_.late_max = std::max(summary_.late_max, late);
  }
  void Assigned(const std::string& segment) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++summary_.segments[segment];
  }
  void Failed(size_t events, const absl::Status& status) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++summary_.failed_calls;
    summary_.failed_events += events;
    ++summary_.errors[NameOf(status)];
    if (end_.ok() && EndsTheRun(status)) end_ = status;
  }
  // Not OK: no further call makes sense.
  absl::Status end() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return end_;
  }

 private:
  void AddBadRow(uint64_t row, absl::string_view what) {
    ++summary_.bad_rows;
    if (options_.bad_row) options_.bad_row(row, what);
  }

  std::mutex mutex_;
  const ReplayRunOptions& options_;
  ReplaySummary& summary_;
  absl::Status end_;
};

// One thread that sends the events of its subjects.
class Sender {
 public:
  Sender(const AssignmentClient& client, const ReplayRunOptions& options, Tally& tally)
      : client_(client), options_(options), tally_(tally), queue_(options.queue_events) {}

  void Start() {
    thread_ = std::thread([this] { options_.rpc == ReplayRpc::kRecord ? Record() : Assign(); });
  }
  // False: this sender has given up.
  bool Push(DueEvent event) { return queue_.Push(std::move(event)); }
  void Join() {
    queue_.Close();
    thread_.join();
  }

 private:
  using Events = std::vector<RecordedEvent>;

  void Record() {
    while (tally_.end().ok()) {
      Events events = NextCall(/*wait=*/true);
      if (events.empty()) break;
      v1::RecordEventsRequest request;
      request.mutable_subject()->set_namespace_(options_.name_space);
      request.mutable_subject()->set_id(events.front().subject);
      request.set_purpose(options_.frame.purpose());
      if (options_.frame.has_signals()) *request.mutable_signals() = options_.frame.signals();
      request.set_consent_token(options_.frame.consent_token());
      for (const RecordedEvent& event : events) FillEvent(event, *request.add_events());
      auto response = client_.RecordEvents(std::move(request));
      if (!response.ok()) {
        Fail(std::move(events), response.status());
        continue;
      }
      tally_.Answered(events.size(), OutcomeText(response->outcome()), response->reason());
      tally_.Recorded(*response);
    }
    queue_.Close();
  }

  void Assign() {
    while (tally_.end().ok()) {
      Events events = NextCall(/*wait=*/true);
      if (events.empty()) break;
      AssignOnOneStream(std::move(events));
    }
    queue_.Close();
  }

  // What to send next. Empty: as ReplayQueue::Pop says.
  Events NextCall(bool wait) {
    Events events;
    if (!one_by_one_.empty()) {
      events.push_back(std::move(one_by_one_.front()));
      one_by_one_.pop_front();
      return events;
    }
    std::vector<DueEvent> taken = queue_.Pop(options_.events_per_call, wait);
    if (!taken.empty() && options_.speed > 0) tally_.Late(options_.clock.now() - taken.front().due);
    for (DueEvent& due : taken) events.push_back(std::move(due.event));
    return events;
  }

  // The server keeps nothing of a call that it refuses, and one event of it may be to blame: they go again one by one.
  void Fail(Events events, const absl::Status& status) {
    if (events.size() == 1 && RefusesTheEvent(status)) {
      tally_.Refused(events.front(), status);
    } else if (events.size() > 1 && absl::IsInvalidArgument(status)) {
      std::move(events.begin(), events.end(), std::back_inserter(one_by_one_));
    } else {
      tally_.Failed(events.size(), status);
    }
  }

  v1::StreamAssignRequest RequestOf(const Events& events, uint64_t tag) const {
    v1::StreamAssignRequest request;
    request.set_tag(tag);
    *request.mutable_request() = options_.frame;
    request.mutable_request()->mutable_subject()->set_namespace_(options_.name_space);
    request.mutable_request()->mutable_subject()->set_id(events.front().subject);
    for (const RecordedEvent& event : events) FillEvent(event, *request.mutable_request()->add_events());
    return request;
  }

  // Keeps one stream as long as there are events at hand, and no longer, so that its deadline never runs while the
  // recording is silent.
  void AssignOnOneStream(Events events) {
    AssignmentClient::AssignStream stream = client_.StreamAssign(options_.deadline);
    const absl::Time fresh_until = absl::Now() + options_.deadline / 2;
    std::vector<Events> calls;  // by their tags; empty once it was answered
    size_t answered = 0;
    bool open = true;
    v1::StreamAssignResponse response;
    while (open && (!events.empty() || answered < calls.size())) {
      if (!events.empty()) {
        calls.push_back(std::move(events));
        open = stream.Write(RequestOf(calls.back(), calls.size() - 1));
        const bool more = open && calls.size() < kStreamCallsMax && absl::Now() < fresh_until;
        events = more ? NextCall(/*wait=*/false) : Events();
        if (events.empty()) stream.WritesDone();
      }
      while (open && answered < calls.size() && (events.empty() || calls.size() - answered >= kStreamAhead)) {
        open = stream.Read(response);
        if (open && response.tag() < calls.size()) Answer(response, std::exchange(calls[response.tag()], Events()));
        if (open) ++answered;
      }
    }
    absl::Status status = stream.Finish();
    if (status.ok()) status = absl::UnavailableError("the server ended the stream early");
    calls.push_back(std::move(events));
    for (Events& call : calls) {
      if (!call.empty()) tally_.Failed(call.size(), status);
    }
  }

  void Answer(const v1::StreamAssignResponse& response, Events events) {
    if (response.result_case() != v1::StreamAssignResponse::kResponse) {
      Fail(std::move(events), StatusFromProto(response.error()));
      return;
    }
    const v1::AssignResponse& answer = response.response();
    tally_.Answered(events.size(), OutcomeText(answer.outcome()), answer.reason());
    if (answer.outcome() == v1::OUTCOME_ASSIGNED && answer.segments_size() > 0) {
      tally_.Assigned(answer.segments(0).segment_id());
    }
  }

  const AssignmentClient& client_;
  const ReplayRunOptions& options_;
  Tally& tally_;
  ReplayQueue queue_;
  std::deque<RecordedEvent> one_by_one_;  // of calls that were refused
  std::thread thread_;
};

absl::Status ReadAndSend(EventStream& events, const ReplayRunOptions& options,
                         std::vector<std::unique_ptr<Sender>>& senders, Tally& tally, ReplaySummary& summary) {
  ReplayPace pace(options.speed, options.clock);
  const auto stopped = [&] { return options.stop && options.stop(); };
  const auto ended = [&] { return stopped() || !tally.end().ok(); };
  RecordedEvent event;
  while (!ended()) {
    auto more = events.Next(event);
    if (!more.ok()) return more.status();
    if (!*more) break;
    if (options.progress && (options.speed > 0 || event.row % kRowsPerProgress == 0)) {
      options.progress(events.read_share());
    }
    if (!event.error.empty()) {
      tally.BadRow(event.row, event.error);
      continue;
    }
    if (options.speed > 0 && absl::FromUnixMicros(event.time_us) > options.clock.now() + kEventSkew) {
      tally.BadRow(event.row, FutureText(event.line));  // the pace would wait for it
      continue;
    }
    const absl::Time due = pace.Await(event.time_us, ended);
    if (ended()) break;
    const size_t sender = absl::Hash<std::string>()(event.subject) % senders.size();
    if (!senders[sender]->Push({std::move(event), due})) break;
  }
  summary.stopped = stopped();
  return absl::OkStatus();
}

}  // namespace

absl::Status ReplayEvents(const AssignmentClient& client, EventStream& events, const ReplayRunOptions& options,
                          ReplaySummary& summary) {
  Tally tally(options, summary);
  std::vector<std::unique_ptr<Sender>> senders;
  for (size_t i = 0; i < options.threads; ++i) senders.push_back(std::make_unique<Sender>(client, options, tally));
  for (const auto& sender : senders) sender->Start();
  absl::Status status = ReadAndSend(events, options, senders, tally, summary);
  for (const auto& sender : senders) sender->Join();
  summary.rows = events.rows();
  summary.without_subject = events.without_subject();
  const absl::Status end = tally.end();
  return end.ok() ? status : end;
}

}  // namespace assent::client
