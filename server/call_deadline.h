// A call's deadline on the clock that handlers read.
#ifndef ASSENT_SERVER_CALL_DEADLINE_H_
#define ASSENT_SERVER_CALL_DEADLINE_H_

#include <cstdint>

#include "grpc/support/time.h"
#include "server/assignment_handler.h"

namespace assent::server {

// gRPC's deadline as nanoseconds of std::chrono::steady_clock, or CallContext::kNoDeadline.
// Cost: a few instructions; gRPC hands server deadlines over on CLOCK_MONOTONIC, which steady_clock is too.
inline int64_t SteadyDeadline(gpr_timespec deadline) {
  if (deadline.clock_type != GPR_CLOCK_MONOTONIC) deadline = gpr_convert_clock_type(deadline, GPR_CLOCK_MONOTONIC);
  constexpr int64_t kNanosPerSecond = 1'000'000'000;
  if (deadline.tv_sec >= CallContext::kNoDeadline / kNanosPerSecond - 1) return CallContext::kNoDeadline;
  return deadline.tv_sec * kNanosPerSecond + deadline.tv_nsec;
}

}  // namespace assent::server

#endif  // ASSENT_SERVER_CALL_DEADLINE_H_
