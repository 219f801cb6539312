#include "client/load_generator.h"

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/load_schedule.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/generic/generic_stub.h"

namespace assent::client {
namespace {

constexpr auto kConnectTimeout = std::chrono::seconds(10);
constexpr int64_t kDrainNs = 10'000'000'000;
constexpr int kStartsPerRound = 32;  // between two looks at the answers
constexpr char kAssignPath[] = "/assent.v1.AssignmentService/Assign";
constexpr char kBatchPath[] = "/assent.v1.AssignmentService/BatchAssign";
constexpr char kStreamPath[] = "/assent.v1.AssignmentService/StreamAssign";

// What both kinds of load share: the queue and the time.
class Load {
 public:
  Load(const LoadOptions& options, LoadPayload& payload, LoadReport& report)
      : options_(options), payload_(payload), schedule_(options, report) {}
  virtual ~Load() = default;

  // Runs to the end: starts what is due, takes answers, drains.
  void Run() {
    Begin();
    int64_t drain_end = 0;
    for (int64_t now = MonotonicNow();; now = MonotonicNow()) {
      schedule_.Tick(now);
      const bool over = schedule_.sending_over(now);
      if (over && busy_ == 0) break;
      if (over && drain_end == 0) {
        drain_end = now + kDrainNs;
        EndSending();
      }
      if (over && now > drain_end) CancelAll();
      if (schedule_.open_loop() && !over) StartDue(now);
      TakeAnswers(over);
    }
    schedule_.Finish(MonotonicNow());
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) continue;
  }

 protected:
  virtual void Begin() = 0;                    // what a closed loop has in flight from the start
  virtual bool Start(int64_t due) = 0;         // one event; false: the limit is reached
  virtual void Event(void* tag, bool ok) = 0;  // of the queue
  virtual void EndSending() {}
  virtual void CancelAll() = 0;

  const LoadOptions& options_;
  LoadPayload& payload_;
  LoadSchedule schedule_;
  grpc::CompletionQueue queue_;
  int busy_ = 0;  // calls whose last event has not come

 private:
  void StartDue(int64_t now) {
    for (int i = 0; i < kStartsPerRound && schedule_.is_due(now); ++i) {
      if (!Start(schedule_.next_due())) return;
      schedule_.TakeDue();
    }
  }

  // Open loop: looks without waiting, so that the next call starts on time (timers of gRPC have a grain of 1 ms).
  void TakeAnswers(bool over) {
    void* tag = nullptr;
    bool ok = false;
    const bool spin = schedule_.open_loop() && !over;
    const auto wait = gpr_time_from_millis(100, GPR_TIMESPAN);
    auto deadline = spin ? gpr_time_0(GPR_CLOCK_MONOTONIC) : gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), wait);
    for (int i = 0; i < kStartsPerRound; ++i) {
      if (queue_.AsyncNext(&tag, &ok, deadline) != grpc::CompletionQueue::GOT_EVENT) return;
      Event(tag, ok);
      deadline = gpr_time_0(GPR_CLOCK_MONOTONIC);
    }
  }
};

// Unary calls, Assign or BatchAssign. A slot's memory is used again by the next call.
class UnaryLoad : public Load {
 public:
  UnaryLoad(const LoadOptions& options, LoadPayload& payload, LoadReport& report,
            const std::vector<std::shared_ptr<grpc::Channel>>& channels)
      : Load(options, payload, report),
        path_(options.payload.method == LoadMethod::kAssign ? kAssignPath : kBatchPath) {
    for (const auto& channel : channels) stubs_.push_back(std::make_unique<grpc::GenericStub>(channel));
    for (size_t i = 0; i < static_cast<size_t>(options.in_flight); ++i) {
      Slot& slot = slots_.emplace_back();
      slot.head = payload.MakeHead();
      slot.stub = stubs_[i % stubs_.size()].get();
      free_.push_back(&slot);
    }
  }

 private:
  struct Slot {
    grpc::GenericStub* stub = nullptr;
    LoadPayload::Head head;
    std::optional<grpc::ClientContext> context;
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
    grpc::ByteBuffer response;
    grpc::Status status;
    int64_t due = 0;
    bool running = false;
  };

  void Begin() override {
    if (schedule_.open_loop()) return;
    while (!free_.empty() && !schedule_.sending_over(0)) StartClosed();
  }

  void StartClosed() {
    schedule_.NoteStart();
    Start(MonotonicNow());
  }

  bool Start(int64_t due) override {
    if (free_.empty()) return false;
    Slot& slot = *free_.back();
    free_.pop_back();
    slot.due = due;
    slot.running = true;
    slot.reader.reset();
    slot.context.emplace();
    if (options_.call_deadline > absl::ZeroDuration()) {
      slot.context->set_deadline(absl::ToChronoTime(absl::Now() + options_.call_deadline));
    }
    slot.reader = slot.stub->PrepareUnaryCall(&*slot.context, path_, payload_.Draw(slot.head), &queue_);
    slot.reader->StartCall();
    slot.reader->Finish(&slot.response, &slot.status, &slot);
    ++busy_;
    return true;
  }

  void Event(void* tag, bool) override {
    Slot& slot = *static_cast<Slot*>(tag);
    const int64_t now = MonotonicNow();
    --busy_;
    slot.running = false;
    if (slot.status.ok()) {
      schedule_.Answered(slot.due, now, slot.response);
    } else {
      schedule_.Failed(slot.due, slot.status.error_code());
    }
    free_.push_back(&slot);
    if (!schedule_.open_loop() && !schedule_.sending_over(now)) StartClosed();
  }

  void CancelAll() override {
    for (Slot& slot : slots_) {
      if (slot.running) slot.context->TryCancel();
    }
  }

  const std::string path_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  std::deque<Slot> slots_;   // never moved: gRPC holds pointers into them
  std::vector<Slot*> free_;  // the last used first: its memory is warm
};

// Messages on one stream a connection. Answers come in order, so the oldest message is the one answered.
class StreamLoad : public Load {
 public:
  StreamLoad(const LoadOptions& options, LoadPayload& payload, LoadReport& report,
             const std::vector<std::shared_ptr<grpc::Channel>>& channels)
      : Load(options, payload, report) {
    const int window = std::max(1, options.in_flight / static_cast<int>(channels.size()));
    for (const auto& channel : channels) {
      auto& stream = streams_.emplace_back(std::make_unique<Stream>());
      stream->stub = std::make_unique<grpc::GenericStub>(channel);
      for (int i = 0; i < window; ++i) stream->idle.push_back(payload.MakeHead());
    }
  }

 private:
  struct Stream;
  enum class Step { kStarted, kRead, kWritten, kWritesDone, kFinished };
  struct Tag {
    Stream* stream;
    Step step;
  };
  struct Waiting {
    int64_t due;
    LoadPayload::Head head;
  };
  struct Stream {
    std::unique_ptr<grpc::GenericStub> stub;
    grpc::ClientContext context;
    std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call;
    grpc::ByteBuffer response;
    grpc::Status status;
    std::vector<LoadPayload::Head> idle;
    std::deque<Waiting> waiting;  // sent or being sent, oldest first
    bool writable = false;        // started, and no write under way
    bool closing = false;         // no further message will be sent
    bool half_closed = false;
    Tag tags[5] = {{this, Step::kStarted},
                   {this, Step::kRead},
                   {this, Step::kWritten},
                   {this, Step::kWritesDone},
                   {this, Step::kFinished}};
    Tag* tag(Step step) { return &tags[static_cast<size_t>(step)]; }
  };

  void Begin() override {
    for (auto& stream : streams_) {
      stream->call = stream->stub->PrepareCall(&stream->context, kStreamPath, &queue_);
      stream->call->StartCall(stream->tag(Step::kStarted));
      ++busy_;
    }
  }

  bool Start(int64_t due) override {
    for (size_t i = 0; i < streams_.size(); ++i) {
      Stream& stream = *streams_[next_stream_++ % streams_.size()];
      if (stream.writable && !stream.idle.empty()) {
        Write(stream, due);
        return true;
      }
    }
    return false;
  }

  void Write(Stream& stream, int64_t due) {
    stream.waiting.push_back({due, std::move(stream.idle.back())});
    stream.idle.pop_back();
    stream.writable = false;
    stream.call->Write(payload_.Draw(stream.waiting.back().head), stream.tag(Step::kWritten));
  }

  // Closed loop: keeps the window full.
  void Refill(Stream& stream) {
    if (schedule_.open_loop() || !stream.writable || stream.idle.empty()) return;
    const int64_t now = MonotonicNow();
    if (schedule_.sending_over(now)) return;
    schedule_.NoteStart();
    Write(stream, now);
  }

  void HalfClose(Stream& stream) {
    if (!stream.closing || stream.half_closed || !stream.writable) return;
    stream.half_closed = true;
    stream.writable = false;
    stream.call->WritesDone(stream.tag(Step::kWritesDone));
  }

  void Event(void* raw, bool ok) override {
    const Tag& tag = *static_cast<Tag*>(raw);
    Stream& stream = *tag.stream;
    switch (tag.step) {
      case Step::kStarted:
        stream.writable = ok;
        stream.call->Read(&stream.response, stream.tag(Step::kRead));
        break;
      case Step::kWritten:
        stream.writable = ok;
        break;
      case Step::kRead:
        if (!ok) {
          stream.writable = false;
          stream.call->Finish(&stream.status, stream.tag(Step::kFinished));
          return;
        }
        Answer(stream);
        stream.call->Read(&stream.response, stream.tag(Step::kRead));
        break;
      case Step::kWritesDone:
        return;
      case Step::kFinished:
        for (const Waiting& waiting : stream.waiting) schedule_.Failed(waiting.due, stream.status.error_code());
        stream.waiting.clear();
        --busy_;
        return;
    }
    Refill(stream);
    HalfClose(stream);
  }

  void Answer(Stream& stream) {
    if (stream.waiting.empty()) return;  // an answer to nothing: the sample's counts show it
    schedule_.Answered(stream.waiting.front().due, MonotonicNow(), stream.response);
    stream.idle.push_back(std::move(stream.waiting.front().head));
    stream.waiting.pop_front();
  }

  void EndSending() override {
    for (auto& stream : streams_) {
      stream->closing = true;
      HalfClose(*stream);
    }
  }

  void CancelAll() override {
    for (auto& stream : streams_) stream->context.TryCancel();
  }

  std::vector<std::unique_ptr<Stream>> streams_;
  size_t next_stream_ = 0;
};

absl::Status Validate(const LoadOptions& options) {
  if (!options.allow_non_loopback && !IsLoopbackTarget(options.connection.target)) {
    return absl::InvalidArgumentError(absl::StrCat("target: ", options.connection.target,
                                                   " is not a loopback address, and load on it must be asked for"));
  }
  if (options.connections < 1 || options.connections > kLoadConnectionsMax) {
    return absl::InvalidArgumentError(absl::StrCat("connections: must be 1 to ", kLoadConnectionsMax));
  }
  if (options.in_flight < options.connections || options.in_flight > kLoadInFlightMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("in_flight: must be ", options.connections, " (one a connection) to ", kLoadInFlightMax));
  }
  if (!(options.rate_per_s >= 0) || options.rate_per_s > kLoadRateMax) {
    return absl::InvalidArgumentError("rate: must be 0 (closed loop) to 5000000 a second");
  }
  if (options.warm_up < absl::ZeroDuration() || options.duration <= absl::ZeroDuration() ||
      options.warm_up + options.duration > kLoadDurationMax) {
    return absl::InvalidArgumentError("duration: must be greater than 0, and with the warm-up at most one hour");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::shared_ptr<grpc::Channel>>> Connect(const LoadOptions& options) {
  ChannelOptions connection = options.connection;
  connection.attempts = 1;
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < options.connections; ++i) {
    auto channel = OpenChannel(connection);
    if (!channel.ok()) return channel.status();
    if (!(*channel)->WaitForConnected(std::chrono::system_clock::now() + kConnectTimeout)) {
      return absl::UnavailableError(absl::StrCat("no connection to ", connection.target, " within 10 s"));
    }
    channels.push_back(*std::move(channel));
  }
  return channels;
}

}  // namespace

bool IsLoopbackTarget(absl::string_view target) {
  if (absl::StartsWith(target, "unix:")) return true;
  absl::ConsumePrefix(&target, "ipv4:");
  absl::ConsumePrefix(&target, "ipv6:");
  absl::ConsumePrefix(&target, "dns:///");
  const size_t colon = target.rfind(':');
  if (colon == absl::string_view::npos) return false;
  const absl::string_view host = target.substr(0, colon);
  if (host == "localhost" || host == "[::1]") return true;
  if (!absl::StartsWith(host, "127.")) return false;
  return host.find_first_not_of("0123456789.") == absl::string_view::npos;
}

absl::StatusOr<std::unique_ptr<LoadReport>> RunLoad(const LoadOptions& options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  absl::StatusOr<LoadPayload> payload = LoadPayload::Create(options.payload);
  if (!payload.ok()) return payload.status();
  auto channels = Connect(options);
  if (!channels.ok()) return channels.status();
  auto report = std::make_unique<LoadReport>();
  report->request_bytes = payload->request_bytes();
  if (options.payload.method == LoadMethod::kStreamAssign) {
    StreamLoad(options, *payload, *report, *channels).Run();
  } else {
    UnaryLoad(options, *payload, *report, *channels).Run();
  }
  return report;
}

}  // namespace assent::client
