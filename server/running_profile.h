// One subject's running aggregates during one decision: what the profile has, and what the events of the call add.
#ifndef ASSENT_SERVER_RUNNING_PROFILE_H_
#define ASSENT_SERVER_RUNNING_PROFILE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "policy/purpose.h"
#include "policy/subject.h"
#include "scoring/profile.h"
#include "scoring/quiescence.h"
#include "server/event_reader.h"
#include "storage/profile_store.h"

namespace assent::server {

// What became of the events of one call.
struct EventCounts {
  uint32_t folded = 0;
  uint32_t repeated = 0;    // the profile had their ids already
  uint32_t irrelevant = 0;  // of known types that no aggregate reads
  uint32_t unknown = 0;     // of types that the model does not know
  uint32_t expired = 0;     // older than the retention of profiles
  uint32_t not_kept = 0;    // counted for this answer only: no permission, or no room
};

// What a decision may do with the subject's profile.
enum class ProfileAccess : uint8_t {
  kNone,  // the events alone count, on top of an empty profile
  kRead,  // the events count on top of the profile, which stays as it is
  kKeep,  // the profile takes the events
};

// Scratch memory. Threads: one a thread. Ownership: borrows the store; null: nothing is ever kept.
class RunningProfile {
 public:
  RunningProfile(storage::ProfileStore* store, const RequestLimits& limits, const EventRules& rules)
      : store_(store), events_(limits, rules) {}

  // Makes room for a layout's state. Cost: allocates when the state grows.
  void Reserve(const scoring::ProfileLayout& layout);
  // No events, and nothing to count.
  void Clear() { counts_ = {}; }
  // Checks and takes the events of a call; see EventReader::Read.
  absl::Status TakeEvents(const EventList& events, const scoring::ProfileLayout& layout, int64_t now_us);
  // Folds the events that were taken, and leaves the aggregates in state(). What the store does not allow (any more),
  // or has no room for, is treated as kNone. Precondition: Reserve was called for the layout.
  // Cost: no allocation, no disk.
  storage::FoldOutcome Fold(const scoring::Quiescence::Reader& reader, const policy::SubjectKey& subject,
                            policy::Purpose purpose, const scoring::ProfileLayout& layout, int64_t now_us,
                            ProfileAccess access);
  // The profile without events; empty where there is none or `access` is kNone.
  void Read(const scoring::Quiescence::Reader& reader, const policy::SubjectKey& subject, policy::Purpose purpose,
            const scoring::ProfileLayout& layout, int64_t now_us, ProfileAccess access);

  std::span<const uint8_t> state() const { return {reinterpret_cast<const uint8_t*>(words_.data()), state_bytes_}; }
  const EventCounts& counts() const { return counts_; }

 private:
  std::span<uint8_t> bytes() { return {reinterpret_cast<uint8_t*>(words_.data()), state_bytes_}; }

  storage::ProfileStore* const store_;
  EventReader events_;
  std::vector<uint64_t> words_;  // a state is 8-byte aligned
  size_t state_bytes_ = 0;
  EventCounts counts_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_RUNNING_PROFILE_H_
