#include "server/running_profile.h"

#include <algorithm>

namespace assent::server {

void RunningProfile::Reserve(const scoring::ProfileLayout& layout) {
  state_bytes_ = layout.state_bytes();
  const size_t words = (state_bytes_ + sizeof(uint64_t) - 1) / sizeof(uint64_t);
  if (words_.size() < words) words_.resize(words);
}

absl::Status RunningProfile::TakeEvents(const EventList& events, const scoring::ProfileLayout& layout, int64_t now_us) {
  counts_ = {};
  absl::Status status = events_.Read(events, layout, now_us);
  if (!status.ok()) return status;
  counts_.unknown = events_.unknown();
  counts_.expired = events_.expired();
  return status;
}

void RunningProfile::Read(const scoring::Quiescence::Reader& reader, const policy::SubjectKey& subject,
                          policy::Purpose purpose, const scoring::ProfileLayout& layout, int64_t now_us,
                          ProfileAccess access) {
  if (access == ProfileAccess::kNone || store_ == nullptr) {
    std::ranges::fill(bytes(), uint8_t{0});
  } else {
    store_->Read(reader, subject, purpose, layout, now_us / 1'000'000, bytes());
  }
}

storage::FoldOutcome RunningProfile::Fold(const scoring::Quiescence::Reader& reader, const policy::SubjectKey& subject,
                                          policy::Purpose purpose, const scoring::ProfileLayout& layout, int64_t now_us,
                                          ProfileAccess access) {
  const std::span<const scoring::Event> events = events_.events();
  storage::FoldOutcome outcome = storage::FoldOutcome::kNotAllowed;
  if (access == ProfileAccess::kKeep && store_ != nullptr) {
    storage::FoldCounts counts;
    outcome = store_->Fold(reader, subject, purpose, layout, events, now_us / 1'000'000, bytes(), &counts);
    if (outcome == storage::FoldOutcome::kKept) {
      counts_.folded = counts.folded;
      counts_.repeated = counts.repeated;
      counts_.irrelevant = counts.irrelevant;
      return outcome;
    }
  } else {
    Read(reader, subject, purpose, layout, now_us, access);
    layout.FoldAll(events, bytes());
  }
  counts_.not_kept = static_cast<uint32_t>(events.size());
  return outcome;
}

}  // namespace assent::server
