// Drives a running server with recorded events, in order, at their own pace or faster.
#ifndef ASSENT_CLIENT_REPLAY_RUN_H_
#define ASSENT_CLIENT_REPLAY_RUN_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "assent/v1/assignment_service.pb.h"
#include "client/assignment_client.h"
#include "client/event_stream.h"
#include "client/replay_pace.h"
#include "scoring/profile.h"

namespace assent::client {

enum class ReplayRpc { kRecord, kAssign };

struct ReplayRunOptions {
  ReplayRpc rpc = ReplayRpc::kRecord;
  v1::AssignRequest frame;  // purpose, context, signals, token: the same for every event
  std::string name_space = "login";
  double speed = 0;           // times the pace of the recording; 0: as fast as the server takes it
  size_t threads = 4;         // each with its own subjects
  size_t queue_events = 256;  // events that wait for one thread
  // Of one subject, one right behind the other, sent together. The server takes no more, so that a call counts once
  // even where it is sent again.
  size_t events_per_call = scoring::kRepeatWindow;
  absl::Duration deadline = absl::Seconds(10);      // of one call
  std::function<void(double share)> progress = {};  // may be empty
  // Told of each row that makes no sense or that the server refuses; one thread at a time. May be empty.
  std::function<void(uint64_t row, absl::string_view)> bad_row = {};
  std::function<bool()> stop = {};  // true: read no further, as after Ctrl-C; may be empty
  ReplayClock clock = {};           // of the recording's pace
};

// What the server made of it. Outcomes and failures are counted by calls; a call may carry several events.
struct ReplaySummary {
  uint64_t rows = 0, bad_rows = 0, without_subject = 0;
  uint64_t events = 0;                                          // sent and answered
  uint64_t calls = 0;                                           // answered with an outcome
  uint64_t failed_calls = 0, failed_events = 0;                 // events that the server refuses are bad rows instead
  uint64_t folded = 0, repeated = 0, unknown = 0, expired = 0;  // as RecordEvents answers
  bool stopped = false;  // before the end of the file, because `stop` said so; what was read before was sent
  std::map<std::string, uint64_t> outcomes, reasons, errors, segments;
  absl::Duration late_max;  // the most that an event was sent behind the time that it was due, see ReplayPace
};

// Events of one subject are sent in the order of the file, never two calls of one subject at a time. Of a call that the
// server refuses (InvalidArgument) the events are sent again one by one, behind the calls of a stream that are on their
// way already; an event that it refuses then is a bad row. Another error that it gives for one call is counted, and the
// run goes on; where the server cannot be reached, or does not let this caller in, it ends. Returns how it ended;
// `summary` is filled in either way. Errors: those of EventStream and of calls.
absl::Status ReplayEvents(const AssignmentClient& client, EventStream& events, const ReplayRunOptions& options,
                          ReplaySummary& summary);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_REPLAY_RUN_H_
