// From one polling thread to the decision log's writer: decisions that wait for the disk.
#ifndef ASSENT_SERVER_DECISION_RING_H_
#define ASSENT_SERVER_DECISION_RING_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/strings/string_view.h"
#include "policy/decision_id.h"
#include "policy/subject.h"
#include "storage/decision_store.h"

namespace assent::server {

// Bounded, without a lock; holds records of any length up to policy::kRecordedDecisionBytesMax, in one piece each.
// Threads: HasRoom and Offer from one thread, Next, Release and Rewind from another. Cost: no allocation and no
// waiting; Offer copies the content. Memory: `bytes` from construction on.
class DecisionRing {
 public:
  // `bytes`: a power of two, at least 64 KiB.
  explicit DecisionRing(size_t bytes);
  DecisionRing(const DecisionRing&) = delete;
  DecisionRing& operator=(const DecisionRing&) = delete;

  // Whether an Offer of any decision would succeed.
  bool HasRoom() const;
  // False: it does not fit, and nothing was kept.
  bool Offer(const storage::LoggedDecision& decision);

  // The oldest that was not shown yet; none where nothing waits. Valid until Release or Rewind.
  std::optional<storage::LoggedDecision> Next();
  // Frees what Next showed.
  void Release();
  // Shows it again.
  void Rewind() { shown_ = taken_.load(std::memory_order_relaxed); }

 private:
  // In front of each content. Aligned to 8 bytes, as every record is.
  struct Head {
    uint32_t bytes;  // of the content; kSkip: the rest up to the end of the memory is unused
    uint32_t consent_revision;
    policy::DecisionId id;
    policy::SubjectKey subject;
  };
  static constexpr uint32_t kSkip = 0xFFFFFFFF;

  static size_t Whole(size_t content) { return (sizeof(Head) + content + 7) & ~size_t{7}; }
  size_t Free() const;

  const size_t bytes_;
  const std::unique_ptr<char[]> memory_;
  // Positions only grow; modulo bytes_ they are places. Release when stored, acquire when loaded by the other side, so
  // that who sees the position sees the record that was written, or may write over what was read.
  alignas(64) std::atomic<uint64_t> offered_{0};
  alignas(64) std::atomic<uint64_t> taken_{0};
  uint64_t shown_ = 0;  // the taker's
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_DECISION_RING_H_
