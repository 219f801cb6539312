#include "client/consent_import_run.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "google/protobuf/arena.h"

namespace assent::client {
namespace {

constexpr absl::Duration kPauseMin = absl::Milliseconds(100);

// The rows of one call, and after it what became of them.
struct ImportCall {
  google::protobuf::Arena arena;  // of the messages
  std::vector<v1::ImportConsentsRequest*> messages;
  std::vector<uint64_t> lines;  // of each row
  std::vector<RefusedLine> refused;
  ImportProgress part;  // `line`: the last one
  double share = 0;     // of the file, up to here
};

// Lines become calls.
class CallReader {
 public:
  CallReader(ConsentFile& file, const ImportRunOptions& options, uint64_t behind_line)
      : file_(file), options_(options), behind_line_(behind_line) {}

  bool stopped() const { return stopped_; }

  // Null at the end.
  absl::StatusOr<std::unique_ptr<ImportCall>> Next() {
    auto call = std::make_unique<ImportCall>();
    ConsentFileLine line;
    while (call->lines.size() + call->refused.size() < options_.rows_per_call) {
      if (options_.stop && options_.stop()) stopped_ = true;
      if (stopped_) break;
      auto more = file_.Next(line);
      if (!more.ok()) return more.status();
      if (!*more) break;
      Take(line, *call);
    }
    if (call->part.line == 0) return nullptr;
    call->part.refused = call->refused.size();
    call->share = file_.read_share();
    return call;
  }

 private:
  void Take(const ConsentFileLine& line, ImportCall& call) {
    const absl::string_view check = line.cells[static_cast<size_t>(ConsentColumn::kKeyCheck)];
    if (!check.empty()) key_check_ = std::string(check);
    if (line.line <= behind_line_) return;
    call.part.line = line.line;
    if (line.fault) {
      call.refused.push_back(*line.fault);
      return;
    }
    if (call.messages.empty() || call.messages.back()->rows_size() == kImportRowsPerMessage) {
      call.messages.push_back(google::protobuf::Arena::CreateMessage<v1::ImportConsentsRequest>(&call.arena));
    }
    v1::ImportConsentsRequest& message = *call.messages.back();
    if (message.key_check() != key_check_) message.set_key_check(key_check_);
    if (auto fault = ParseConsentCells(line.cells, *message.add_rows())) {
      fault->line = line.line;
      call.refused.push_back(*std::move(fault));
      message.mutable_rows()->RemoveLast();
      return;
    }
    call.lines.push_back(line.line);
  }

  ConsentFile& file_;
  const ImportRunOptions& options_;
  const uint64_t behind_line_;
  std::string key_check_;  // the last that the file named
  bool stopped_ = false;
};

// Calls on their way, and those that were answered out of turn.
class ImportRun {
 public:
  ImportRun(const ConsentClient& client, const ImportRunOptions& options, ImportProgress& progress)
      : client_(client), options_(options), progress_(progress) {}

  // Waits for room. False: the run has failed.
  bool Push(std::unique_ptr<ImportCall> call) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return waiting_.size() < options_.parallel || !error_.ok(); });
    if (!error_.ok()) return false;
    waiting_.emplace_back(pushed_++, std::move(call));
    changed_.notify_all();
    return true;
  }

  // No more calls.
  void Close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

  // Sends calls until there are no more.
  void Work() {
    while (true) {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [&] { return !waiting_.empty() || closed_ || !error_.ok(); });
      if (waiting_.empty() || !error_.ok()) return;
      auto [number, call] = std::move(waiting_.front());
      waiting_.pop_front();
      changed_.notify_all();
      lock.unlock();
      absl::Status sent = Send(*call);
      lock.lock();
      if (sent.ok()) sent = Acknowledge(number, std::move(call));
      if (!sent.ok() && error_.ok()) {
        error_ = sent;
        changed_.notify_all();
      }
    }
  }

  const absl::Status& error() const { return error_; }  // once the threads have ended

 private:
  absl::Status Send(ImportCall& call) {
    absl::Duration pause = kPauseMin;
    for (int attempt = 1;; ++attempt) {
      auto answer = client_.ImportConsents(call.messages);
      if (answer.ok()) return Note(*answer, call);
      // gRPC ends with CANCELLED what reaches a server that just began to stop; nobody here cancels. What took too long
      // goes on in the server, and its rows are unchanged the next time.
      const bool again = absl::IsUnavailable(answer.status()) || absl::IsCancelled(answer.status()) ||
                         absl::IsDeadlineExceeded(answer.status());
      if (attempt == options_.attempts || !again) return answer.status();
      absl::SleepFor(pause);
      pause *= 2;
    }
  }

  static absl::Status Note(const v1::ImportConsentsResponse& answer, ImportCall& call) {
    const uint64_t answered = answer.rows_taken() + answer.rows_unchanged() + answer.rows_refused();
    if (answered != call.lines.size() || answer.rows_refused() != static_cast<uint64_t>(answer.refused_size())) {
      return absl::InternalError("the server answered for another number of rows");
    }
    call.part.taken = answer.rows_taken();
    call.part.unchanged = answer.rows_unchanged();
    call.part.refused += answer.rows_refused();
    for (const v1::RefusedRow& row : answer.refused()) {
      if (row.row() >= call.lines.size()) return absl::InternalError("the server refused a row that was not sent");
      call.refused.push_back({.line = call.lines[row.row()], .field = row.field(), .reason = row.reason()});
    }
    std::sort(call.refused.begin(), call.refused.end(),
              [](const RefusedLine& a, const RefusedLine& b) { return a.line < b.line; });
    // Little is kept of a call that waits for an earlier one.
    call.lines = {};
    call.messages.clear();
    call.arena.Reset();
    return absl::OkStatus();
  }

  // Under the lock. Tells of the calls that are answered without a gap.
  absl::Status Acknowledge(uint64_t number, std::unique_ptr<ImportCall> call) {
    answered_.emplace(number, std::move(call));
    for (auto next = answered_.find(told_); next != answered_.end(); next = answered_.find(told_)) {
      const ImportCall& done = *next->second;
      progress_.line = done.part.line;
      progress_.taken += done.part.taken;
      progress_.unchanged += done.part.unchanged;
      progress_.refused += done.part.refused;
      progress_.rows = progress_.taken + progress_.unchanged + progress_.refused;
      absl::Status status = options_.acknowledged(progress_, done.refused, done.share);
      if (!status.ok()) return status;
      answered_.erase(next);
      ++told_;
    }
    return absl::OkStatus();
  }

  const ConsentClient& client_;
  const ImportRunOptions& options_;
  ImportProgress& progress_;
  std::mutex mutex_;  // guards all below, and progress_
  std::condition_variable changed_;
  std::deque<std::pair<uint64_t, std::unique_ptr<ImportCall>>> waiting_;
  std::map<uint64_t, std::unique_ptr<ImportCall>> answered_;
  uint64_t pushed_ = 0;
  uint64_t told_ = 0;
  bool closed_ = false;
  absl::Status error_;
};

}  // namespace

absl::Status ImportFile(const ConsentClient& client, ConsentFile& file, const ImportRunOptions& options,
                        ImportProgress& progress, bool& stopped) {
  ImportRun run(client, options, progress);
  std::vector<std::thread> threads;
  const size_t count = std::clamp<size_t>(options.parallel, 1, kImportParallelMax);
  CallReader calls(file, options, progress.line);
  for (size_t i = 0; i < count; ++i) threads.emplace_back([&] { run.Work(); });
  absl::Status read;
  while (true) {
    auto call = calls.Next();
    read = call.status();
    if (!call.ok() || *call == nullptr || !run.Push(*std::move(call))) break;
  }
  run.Close();
  for (std::thread& thread : threads) thread.join();
  stopped = calls.stopped();
  return run.error().ok() ? read : run.error();
}

}  // namespace assent::client
