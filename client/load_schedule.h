// When calls are due, what counts, and what came of it: the clock and the ledger of one load run.
#ifndef ASSENT_CLIENT_LOAD_SCHEDULE_H_
#define ASSENT_CLIENT_LOAD_SCHEDULE_H_

#include <sys/types.h>

#include <cstdint>

#include "absl/strings/string_view.h"
#include "client/load_generator.h"
#include "grpcpp/support/byte_buffer.h"

namespace assent::client {

// Monotonic. Unit: nanoseconds.
int64_t MonotonicNow();

// CPU time of a process so far, all threads; -1 when it cannot be read. Unit: nanoseconds.
int64_t ProcessCpu(pid_t pid);

// Threads: one. Times are MonotonicNow() values.
class LoadSchedule {
 public:
  LoadSchedule(const LoadOptions& options, LoadReport& report);

  // Looks at the clock: opens and closes the counted time, calls progress. To be called before each round of events.
  void Tick(int64_t now);

  bool open_loop() const { return period_ns_ > 0; }
  // True once no further call is to be started.
  bool sending_over(int64_t now) const {
    return next_due_ >= end_ || (!open_loop() && now >= end_) || sent_ >= sent_max_;
  }
  // Open loop: true when a call is due. TakeDue returns the time at which it was.
  bool is_due(int64_t now) const { return next_due_ <= now && next_due_ < end_ && sent_ < sent_max_; }
  int64_t TakeDue();
  // Closed loop: notes that a call starts.
  void NoteStart() { ++sent_; }
  int64_t next_due() const { return next_due_; }
  int64_t end() const { return end_; }

  // Files an answer for a call that was due (or started) at `due`.
  void Answered(int64_t due, int64_t now, const grpc::ByteBuffer& response);
  void Failed(int64_t due, int code);
  // Fills in the rates. `now`: the end of the drain.
  void Finish(int64_t now);

 private:
  bool Counts(int64_t due) const { return due >= begin_ && due < end_; }
  void Sample(const grpc::ByteBuffer& response);

  const LoadOptions& options_;
  LoadReport& report_;
  double period_ns_ = 0;  // 0: closed loop
  int64_t start_ = 0;     // of the warm-up
  int64_t begin_ = 0;     // of the counted time
  int64_t end_ = 0;
  int64_t next_due_ = 0;
  uint64_t due_count_ = 0;
  uint64_t sent_ = 0;
  uint64_t sent_max_ = 0;
  int64_t next_progress_ = 0;
  bool begun_ = false;
  bool ended_ = false;
  int64_t server_cpu_begin_ = 0;
  int64_t client_cpu_begin_ = 0;
  int64_t window_begin_ = 0;
  uint64_t window_calls_ = 0;  // answers inside the counted time: what throughput and CPU are measured over
  uint64_t answers_ = 0;
};

}  // namespace assent::client

#endif  // ASSENT_CLIENT_LOAD_SCHEDULE_H_
