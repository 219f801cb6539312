#include "client/consent_run.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/rpc_error.h"

namespace assent::client {
namespace {

constexpr std::chrono::milliseconds kProgressInterval(100);

// What the threads share.
struct Run {
  std::atomic<size_t> next{0};    // relaxed: only hands out numbers
  std::atomic<uint64_t> done{0};  // relaxed: only counted
  std::atomic<bool> stop{false};  // relaxed: a late look costs one more call
  std::mutex mutex;
  std::condition_variable ended;
  size_t running = 0;  // guarded by mutex
  absl::Status error;  // guarded by mutex; the first
  BadRows bad_rows;    // guarded by mutex
};

void Work(const std::vector<std::string>& ids, const std::function<absl::Status(const std::string&)>& change,
          Run& run) {
  while (!run.stop.load(std::memory_order_relaxed)) {
    const size_t index = run.next.fetch_add(1, std::memory_order_relaxed);
    if (index >= ids.size()) break;
    absl::Status status = change(ids[index]);
    if (status.ok()) {
      run.done.fetch_add(1, std::memory_order_relaxed);
      continue;
    }
    if (status.code() == absl::StatusCode::kInvalidArgument) {
      const std::string reason = ReasonOf(status);
      const std::lock_guard<std::mutex> lock(run.mutex);
      run.bad_rows.Add(index + 1, absl::StrCat(status.message(), reason.empty() ? "" : " ", reason));
      continue;
    }
    run.stop.store(true, std::memory_order_relaxed);
    const std::lock_guard<std::mutex> lock(run.mutex);
    if (run.error.ok()) run.error = std::move(status);
  }
  const std::lock_guard<std::mutex> lock(run.mutex);
  --run.running;
  run.ended.notify_all();
}

}  // namespace

absl::Status ForEachSubject(const std::vector<std::string>& ids, size_t parallel,
                            const std::function<absl::Status(const std::string&)>& change,
                            const std::function<void(uint64_t)>& progress, ConsentRun& result) {
  Run run;
  run.running = std::clamp<size_t>(std::min(parallel, ids.size()), 1, kParallelMax);
  std::vector<std::thread> threads;
  for (size_t i = 0, count = run.running; i < count; ++i) threads.emplace_back([&] { Work(ids, change, run); });
  {
    std::unique_lock<std::mutex> lock(run.mutex);
    while (!run.ended.wait_for(lock, kProgressInterval, [&] { return run.running == 0; })) {
      if (progress) progress(run.done.load(std::memory_order_relaxed));
    }
  }
  for (std::thread& thread : threads) thread.join();
  result = {.done = run.done.load(std::memory_order_relaxed), .bad_rows = std::move(run.bad_rows)};
  return run.error;
}

}  // namespace assent::client
