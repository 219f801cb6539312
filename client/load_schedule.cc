#include "client/load_schedule.h"

#include <time.h>

#include <chrono>

#include "assent/v1/assignment_service.pb.h"
#include "grpcpp/impl/codegen/proto_utils.h"

namespace assent::client {
namespace {

constexpr uint64_t kSampleEvery = 64;
constexpr int64_t kProgressNs = 100'000'000;

template <typename Message>
bool Parse(const grpc::ByteBuffer& bytes, Message& message) {
  grpc::ByteBuffer copy = bytes;  // a reference; deserialising consumes it
  return grpc::SerializationTraits<Message>::Deserialize(&copy, &message).ok();
}

std::string Name(v1::Outcome outcome) { return v1::Outcome_Name(outcome); }

}  // namespace

int64_t MonotonicNow() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int64_t ProcessCpu(pid_t pid) {
  clockid_t clock = 0;
  if (clock_getcpuclockid(pid, &clock) != 0) return -1;
  timespec time = {};
  if (clock_gettime(clock, &time) != 0) return -1;
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

LoadSchedule::LoadSchedule(const LoadOptions& options, LoadReport& report) : options_(options), report_(report) {
  if (options.rate_per_s > 0) period_ns_ = 1e9 / options.rate_per_s;
  start_ = MonotonicNow();
  begin_ = start_ + absl::ToInt64Nanoseconds(options.warm_up);
  end_ = begin_ + absl::ToInt64Nanoseconds(options.duration);
  next_due_ = start_;
  sent_max_ = options.calls_max;
}

int64_t LoadSchedule::TakeDue() {
  const int64_t due = next_due_;
  // From the start and not from the last one: rounding must not add up.
  next_due_ = start_ + static_cast<int64_t>(static_cast<double>(++due_count_) * period_ns_);
  ++sent_;
  return due;
}

void LoadSchedule::Tick(int64_t now) {
  if (!begun_ && now >= begin_) {
    begun_ = true;
    window_begin_ = now;
    server_cpu_begin_ = options_.server_pid > 0 ? ProcessCpu(options_.server_pid) : -1;
    client_cpu_begin_ = ProcessCpu(0);
  }
  if (begun_ && !ended_ && now >= end_) {
    ended_ = true;
    report_.seconds = static_cast<double>(now - window_begin_) * 1e-9;
    const double calls = static_cast<double>(window_calls_);
    const int64_t server_cpu = server_cpu_begin_ >= 0 ? ProcessCpu(options_.server_pid) : -1;
    if (calls > 0 && server_cpu >= 0) {
      report_.server_cpu_us_per_call = static_cast<double>(server_cpu - server_cpu_begin_) * 1e-3 / calls;
    }
    if (calls > 0)
      report_.client_cpu_us_per_call = static_cast<double>(ProcessCpu(0) - client_cpu_begin_) * 1e-3 / calls;
  }
  if (options_.progress && now >= next_progress_) {
    next_progress_ = now + kProgressNs;
    options_.progress(std::min(1.0, static_cast<double>(now - start_) / static_cast<double>(end_ - start_)));
  }
}

void LoadSchedule::Answered(int64_t due, int64_t now, const grpc::ByteBuffer& response) {
  if (begun_ && !ended_) ++window_calls_;
  if (answers_++ % kSampleEvery == 0) Sample(response);
  if (!Counts(due)) return;
  ++report_.calls;
  report_.latency.Record(now - due);
}

void LoadSchedule::Failed(int64_t due, int code) {
  if (Counts(due)) ++report_.failures[code];
}

void LoadSchedule::Sample(const grpc::ByteBuffer& response) {
  report_.response_bytes = response.Length();
  bool parsed = false;
  switch (options_.payload.method) {
    case LoadMethod::kAssign: {
      v1::AssignResponse message;
      parsed = Parse(response, message);
      if (parsed) ++report_.outcomes[Name(message.outcome())];
      break;
    }
    case LoadMethod::kBatchAssign: {
      v1::BatchAssignResponse message;
      parsed = Parse(response, message);
      for (const int outcome : message.outcomes()) ++report_.outcomes[Name(static_cast<v1::Outcome>(outcome))];
      break;
    }
    case LoadMethod::kStreamAssign: {
      v1::StreamAssignResponse message;
      parsed = Parse(response, message);
      if (parsed) ++report_.outcomes[message.has_error() ? "ERROR" : Name(message.response().outcome())];
      break;
    }
  }
  if (!parsed) ++report_.outcomes["UNREADABLE"];
}

void LoadSchedule::Finish(int64_t now) {
  Tick(now);
  if (begun_ && !ended_) {  // ended early: by calls_max, or because every connection failed
    end_ = now;
    Tick(now);
  }
  if (open_loop() && sent_ < sent_max_) {
    while (next_due_ < end_) {
      if (Counts(next_due_)) ++report_.not_sent;
      TakeDue();
    }
  }
  if (report_.seconds > 0) report_.calls_per_s = static_cast<double>(window_calls_) / report_.seconds;
  const double rows = options_.payload.method == LoadMethod::kBatchAssign ? options_.payload.rows : 1;
  report_.events_per_s = report_.calls_per_s * rows;
  report_.events = report_.calls * static_cast<uint64_t>(rows);
}

}  // namespace assent::client
