#include "server/decision_log.h"

#include <algorithm>

#include "server/log.h"

namespace assent::server {
namespace {

constexpr size_t kWriteBytes = size_t{512} << 10;
constexpr size_t kWriteDecisionsMax = 4096;
// Each attempt shows first that the disk takes anything (Database::Resume), which writes as much as waits in memory.
constexpr std::chrono::milliseconds kPauseWhenRefused{1000};

// Spreads the bits evenly. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
uint64_t MixBits(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
  return value ^ (value >> 31);
}

}  // namespace

DecisionLog::DecisionLog(storage::DecisionStore& store, const DecisionSettings& settings, int threads,
                         std::chrono::milliseconds interval)
    : store_(store), settings_(settings), interval_(interval) {
  for (int i = 0; i < threads; ++i) rings_.push_back(std::make_unique<DecisionRing>(settings.ring_bytes));
  gathered_.reserve(kWriteDecisionsMax);
  thread_ = std::thread([this] { Watch(); });
}

bool DecisionLog::Chooses(const policy::Decision& decision) const {
  if (decision.rule == policy::Rule::kSubjectErased) return false;
  if (settings_.logged_per_million >= DecisionSettings::kEachDecision) return true;
  const uint64_t number = MixBits(decision.subject.low() ^ static_cast<uint64_t>(decision.time_us));
  return number % DecisionSettings::kEachDecision < settings_.logged_per_million;
}

DecisionLog::Figures DecisionLog::figures() const {
  return {.written = written_.load(std::memory_order_relaxed),
          .erased = erased_.load(std::memory_order_relaxed),
          .failed = failed_.load(std::memory_order_relaxed)};
}

void DecisionLog::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void DecisionLog::Watch() {
  bool told = false;
  std::unique_lock lock(mutex_);
  for (bool last = false; !last;) {
    last = stopping_;
    lock.unlock();
    const bool all = WriteAll();
    if (!all && !told) Log(Severity::kError, "decision_log_waits", {{"cause", "the disk refuses decisions"}});
    told = !all;
    lock.lock();
    const auto pause = all ? interval_ : std::max(interval_, kPauseWhenRefused);
    if (!last) wake_.wait_for(lock, pause, [this] { return stopping_; });
  }
}

bool DecisionLog::WriteAll() {
  const std::lock_guard turn(writing_);
  bool refused = false;
  while (WriteSome(refused)) continue;
  return !refused;
}

bool DecisionLog::WriteSome(bool& refused) {
  gathered_.clear();
  size_t bytes = 0;
  first_ring_ = (first_ring_ + 1) % rings_.size();
  for (size_t i = 0; i < rings_.size(); ++i) {
    DecisionRing& from = *rings_[(first_ring_ + i) % rings_.size()];
    while (bytes < kWriteBytes && gathered_.size() < kWriteDecisionsMax) {
      const auto decision = from.Next();
      if (!decision) break;
      gathered_.push_back(*decision);
      bytes += decision->content.size();
    }
  }
  if (gathered_.empty()) return false;
  const absl::StatusOr<size_t> left_out = store_.Append(gathered_);
  refused = !left_out.ok();
  for (const auto& each : rings_) refused ? each->Rewind() : each->Release();
  if (refused) {
    failed_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  written_.fetch_add(gathered_.size() - *left_out, std::memory_order_relaxed);
  erased_.fetch_add(*left_out, std::memory_order_relaxed);
  // What came meanwhile waits for the next interval, so that a sync serves many.
  return bytes >= kWriteBytes || gathered_.size() == kWriteDecisionsMax;
}

}  // namespace assent::server
