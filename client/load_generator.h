// Calls a running assentd as fast, or at the rate, that it is told to, and says how long the answers took.
#ifndef ASSENT_CLIENT_LOAD_GENERATOR_H_
#define ASSENT_CLIENT_LOAD_GENERATOR_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/channel.h"
#include "client/latency_histogram.h"
#include "client/load_payload.h"

namespace assent::client {

inline constexpr int kLoadInFlightMax = 4096;
inline constexpr int kLoadConnectionsMax = 64;
inline constexpr double kLoadRateMax = 5e6;
inline constexpr absl::Duration kLoadDurationMax = absl::Hours(1);

struct LoadOptions {
  ChannelOptions connection;  // target and tls_*; the rest is not used: a failed call is a result, not tried again
  bool allow_non_loopback = false;  // load on other machines is somebody else's bill
  LoadPayloadOptions payload;
  int connections = 1;
  int in_flight = 64;     // calls of all connections together; for a stream, messages awaiting an answer
  double rate_per_s = 0;  // 0: closed loop (the next call starts when one ends); else open loop, calls/s
  absl::Duration warm_up = absl::Seconds(1);            // not counted
  absl::Duration duration = absl::Seconds(5);           // counted
  uint64_t calls_max = 1'000'000'000;                   // ends the run early
  absl::Duration call_deadline = absl::ZeroDuration();  // of each unary call; zero: none
  pid_t server_pid = 0;                                 // whose CPU time to report; 0: not reported
  std::function<void(double share)> progress;           // called about ten times a second with 0 to 1; may be empty
};

struct LoadReport {
  uint64_t calls = 0;                // answered OK in the counted time
  uint64_t events = 0;               // rows of those calls
  uint64_t not_sent = 0;             // open loop: due in the counted time, and never sent because the limit was reached
  std::map<int, uint64_t> failures;  // by grpc::StatusCode, counted time only
  std::map<std::string, uint64_t> outcomes;  // of a sample of the answers, by name
  double seconds = 0;                        // the counted time, as it was
  double calls_per_s = 0;
  double events_per_s = 0;
  size_t request_bytes = 0;   // of one message
  size_t response_bytes = 0;  // of the last message
  // Closed loop: from start to answer. Open loop: from the time at which the call was due, so that a stalled server is
  // charged for every call that it delayed (no coordinated omission).
  LatencyHistogram latency;
  double server_cpu_us_per_call = 0;  // user and system time of server_pid over `calls`; 0: not asked or not readable
  double client_cpu_us_per_call = 0;
};

// True for 127.0.0.0/8, ::1, localhost and unix sockets.
bool IsLoopbackTarget(absl::string_view target);

// Runs one load. Blocks for warm_up + duration and, at the end, for calls in flight (10 s at most, then they are
// cancelled). One thread, one completion queue; calls reuse their memory, requests are bytes made before the start, and
// one answer in 64 is parsed. Errors: InvalidArgument for an option out of range or a target that is not loopback
// without allow_non_loopback; Unavailable when a connection cannot be made in 10 s.
absl::StatusOr<std::unique_ptr<LoadReport>> RunLoad(const LoadOptions& options);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_LOAD_GENERATOR_H_
