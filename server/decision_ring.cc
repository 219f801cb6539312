#include "server/decision_ring.h"

#include <cstring>

#include "policy/recorded_decision.h"

namespace assent::server {

DecisionRing::DecisionRing(size_t bytes) : bytes_(bytes), memory_(std::make_unique<char[]>(bytes)) {}

size_t DecisionRing::Free() const {
  return bytes_ -
         static_cast<size_t>(offered_.load(std::memory_order_relaxed) - taken_.load(std::memory_order_acquire));
}

bool DecisionRing::HasRoom() const {
  // Twice: what is left up to the end of the memory may have to be skipped.
  return Free() >= 2 * Whole(policy::kRecordedDecisionBytesMax);
}

bool DecisionRing::Offer(const storage::LoggedDecision& decision) {
  uint64_t position = offered_.load(std::memory_order_relaxed);  // its own
  const size_t whole = Whole(decision.content.size());
  const size_t to_end = bytes_ - position % bytes_;
  const size_t skipped = to_end < whole ? to_end : 0;
  if (Free() < skipped + whole) return false;
  if (skipped != 0) {
    // The end of the memory is a multiple of 8 bytes away, which holds the mark, if not a whole head.
    std::memcpy(memory_.get() + position % bytes_, &kSkip, sizeof(kSkip));
    position += skipped;
  }
  char* const place = memory_.get() + position % bytes_;
  const Head head = {.bytes = static_cast<uint32_t>(decision.content.size()),
                     .consent_revision = decision.consent_revision,
                     .id = decision.id,
                     .subject = decision.subject};
  std::memcpy(place, &head, sizeof(head));
  std::memcpy(place + sizeof(head), decision.content.data(), decision.content.size());
  offered_.store(position + whole, std::memory_order_release);
  return true;
}

std::optional<storage::LoggedDecision> DecisionRing::Next() {
  const uint64_t offered = offered_.load(std::memory_order_acquire);
  if (shown_ == offered) return std::nullopt;
  uint32_t bytes = 0;
  std::memcpy(&bytes, memory_.get() + shown_ % bytes_, sizeof(bytes));
  if (bytes == kSkip) shown_ += bytes_ - shown_ % bytes_;  // a record follows: both were offered at once
  const char* const place = memory_.get() + shown_ % bytes_;
  Head head;
  std::memcpy(&head, place, sizeof(head));
  shown_ += Whole(head.bytes);
  return storage::LoggedDecision{.id = head.id,
                                 .subject = head.subject,
                                 .consent_revision = head.consent_revision,
                                 .content = {place + sizeof(head), head.bytes}};
}

void DecisionRing::Release() { taken_.store(shown_, std::memory_order_release); }

}  // namespace assent::server
