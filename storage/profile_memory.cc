#include "storage/profile_memory.h"

#include <algorithm>
#include <cstring>

#include "policy/consent_verdict.h"

namespace assent::storage {
namespace {

using policy::Purpose;
using policy::SubjectKey;
using scoring::ProfileLayout;

constexpr int64_t kSecondUs = 1'000'000;
constexpr uint64_t kRoomRecords = 4096;  // new profiles that may start between two flushes without mapping memory

// A duration that is longer than any span of time that events have counts as endless: 0.
int64_t RetentionUs(absl::Duration retention) {
  constexpr int64_t kYearsMax = 10'000;
  if (retention >= absl::Hours(24 * 365 * kYearsMax)) return 0;
  return std::max<int64_t>(1, absl::ToInt64Microseconds(retention));
}

}  // namespace

ProfileMemory::ProfileMemory(const ConsentIndex& index, size_t profiles_max, absl::Duration retention)
    : index_(index),
      profiles_max_(std::min<size_t>(profiles_max, kRecordIdMax)),
      retention_us_(RetentionUs(retention)),
      table_(directory_, profiles_max_) {}

// The newest first: as a rule it is the one.
ProfileMemory::Layout* ProfileMemory::FindLayout(uint64_t digest, size_t state_bytes) const {
  for (size_t i = layout_count_.load(std::memory_order_acquire); i-- > 0;) {
    Layout& layout = *layouts_[i];
    if (layout.digest == digest && layout.slabs.state_bytes() == state_bytes) return &layout;
  }
  return nullptr;
}

ProfileMemory::Layout* ProfileMemory::MakeLayout(uint64_t digest, size_t state_bytes, const ProfileLayout* known) {
  const std::lock_guard<std::mutex> lock(registering_);
  Layout* layout = FindLayout(digest, state_bytes);
  if (layout == nullptr) {
    const size_t number = layout_count_.load(std::memory_order_relaxed);
    if (number == kLayoutsMax) return nullptr;
    layouts_[number] = std::make_unique<Layout>(directory_, static_cast<uint16_t>(number), digest, state_bytes);
    layout = layouts_[number].get();
    layout_count_.store(number + 1, std::memory_order_release);  // pairs with FindLayout
  }
  if (known != nullptr && layout->owned == nullptr) {
    layout->owned = std::make_unique<ProfileLayout>(*known);
    layout->layout.store(layout->owned.get(), std::memory_order_release);  // pairs with Convert and Read
  }
  return layout;
}

// Registers it where that was not done before.
ProfileMemory::Layout* ProfileMemory::KnownLayout(const ProfileLayout& layout) {
  Layout* const found = FindLayout(layout.digest(), layout.state_bytes());
  if (found != nullptr && found->layout.load(std::memory_order_acquire) != nullptr) return found;
  return MakeLayout(layout.digest(), layout.state_bytes(), &layout);
}

absl::Status ProfileMemory::Register(const ProfileLayout& layout) {
  Layout* const made = MakeLayout(layout.digest(), layout.state_bytes(), &layout);
  if (made == nullptr) return absl::ResourceExhaustedError("profiles: too many layouts since the start; restart");
  made->slabs.MakeRoom(std::min<uint64_t>(kRoomRecords, profiles_max_));
  return absl::OkStatus();
}

bool ProfileMemory::IsPast(const ProfileRecord& record, int64_t now_s) const {
  if (retention_us_ == 0) return false;
  const int64_t last_us = ProfileLayout::LastEventUs(record.state(LayoutOf(record).slabs.state_bytes()));
  return now_s * kSecondUs - last_us > retention_us_;
}

bool ProfileMemory::IsVoid(const Reader& reader, const ProfileRecord& record, int64_t now_s) const {
  const policy::ConsentState consent = index_.Find(reader, record.subject());
  return !policy::MayKeepProfile(consent, record.purpose, now_s) || IsPast(record, now_s);
}

void ProfileMemory::Remove(ProfileTable::Held& held) {
  const RecordId id = held.id();
  ProfileSlabs& slabs = LayoutOf(held.record()).slabs;
  held.Unlink();
  slabs.Give(id);
  profiles_.fetch_sub(1, std::memory_order_relaxed);
}

bool ProfileMemory::Start(ProfileTable::Held& held, const SubjectKey& subject, Purpose purpose, Layout& layout,
                          uint32_t revision) {
  const RecordId id = layout.slabs.Take();
  if (id == 0) return false;
  ProfileRecord& record = directory_.Record(id);
  record.key_high.store(subject.high(), std::memory_order_relaxed);
  record.key_low.store(subject.low(), std::memory_order_relaxed);
  record.purpose = purpose;
  record.opened_revision = revision;
  held.Link(id);
  return true;
}

// Moves the profile to a record of the other layout. What was counted under a layout that nobody knows any more cannot
// be carried over: the profile is empty then. False: no memory; the profile is gone.
bool ProfileMemory::Convert(ProfileTable::Held& held, Layout& to) {
  const RecordId from_id = held.id();
  ProfileRecord& from = held.record();
  Layout& from_layout = LayoutOf(from);
  const SubjectKey subject = from.subject();
  const Purpose purpose = from.purpose;
  const uint32_t revision = from.opened_revision;
  held.Unlink();
  const bool started = Start(held, subject, purpose, to, revision);
  const ProfileLayout* known = from_layout.layout.load(std::memory_order_acquire);
  if (known == nullptr) {
    dropped_layouts_.fetch_add(1, std::memory_order_relaxed);
  } else if (started) {
    to.layout.load(std::memory_order_acquire)
        ->Convert(*known, from.state(from_layout.slabs.state_bytes()), held.record().state(to.slabs.state_bytes()));
  }
  from_layout.slabs.Give(from_id);
  if (started) {
    directory_.MarkNew(held.id());
  } else {
    profiles_.fetch_sub(1, std::memory_order_relaxed);
  }
  return started;
}

// Leaves the profile to fold into in `held`; false where there is no room for it.
bool ProfileMemory::Prepare(ProfileTable::Held& held, const SubjectKey& subject, Purpose purpose, Layout& layout,
                            uint32_t revision, int64_t now_s) {
  if (held.id() == 0) {
    if (profiles_.fetch_add(1, std::memory_order_relaxed) < profiles_max_ &&
        Start(held, subject, purpose, layout, revision)) {
      directory_.MarkNew(held.id());
      return true;
    }
    profiles_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  const bool past = IsPast(held.record(), now_s);
  if (&LayoutOf(held.record()) != &layout && !Convert(held, layout)) return false;
  if (past) {
    const std::span<uint8_t> state = held.record().state(layout.slabs.state_bytes());
    std::fill(state.begin(), state.end(), uint8_t{0});
    held.record().opened_revision = revision;
  }
  return true;
}

FoldOutcome ProfileMemory::Fold(const Reader& reader, const SubjectKey& subject, Purpose purpose,
                                const ProfileLayout& layout, std::span<const scoring::Event> events, int64_t now_s,
                                std::span<uint8_t> state, FoldCounts& counts) {
  Layout* const known = KnownLayout(layout);
  FoldOutcome outcome = FoldOutcome::kFull;
  if (known != nullptr) {
    ProfileTable::Held held = table_.Hold(subject, purpose);
    // While the profile is held: a withdrawal closes the index before it takes the profile out, so who finds the index
    // open here is done before that, and who comes after finds it closed.
    const policy::ConsentState consent = index_.Find(reader, subject);
    if (!policy::MayUseProfile(consent, purpose, now_s)) {
      outcome = FoldOutcome::kNotAllowed;
    } else if (events.empty()) {
      CopyOut(held, layout, now_s, state);
      return FoldOutcome::kKept;
    } else if (const bool is_new = held.id() == 0; Prepare(held, subject, purpose, *known, consent.revision, now_s)) {
      const std::span<uint8_t> live = held.record().state(state.size());
      counts = layout.FoldAll(events, live);
      directory_.MarkChanged(held.id());
      std::memcpy(state.data(), live.data(), live.size());
      if (is_new && ProfileLayout::EventCount(live) == 0) Remove(held);  // no aggregate reads any of them
      return FoldOutcome::kKept;
    }
  }
  if (outcome == FoldOutcome::kFull) refused_full_.fetch_add(1, std::memory_order_relaxed);
  std::fill(state.begin(), state.end(), uint8_t{0});
  counts = layout.FoldAll(events, state);
  return outcome;
}

// Under the layout that is asked for; all zero where there is nothing to copy. Precondition: it is allowed.
bool ProfileMemory::CopyOut(const ProfileTable::Held& held, const ProfileLayout& layout, int64_t now_s,
                            std::span<uint8_t> state) const {
  std::fill(state.begin(), state.end(), uint8_t{0});
  if (held.id() == 0 || IsPast(held.record(), now_s)) return false;
  const Layout& kept = LayoutOf(held.record());
  const std::span<const uint8_t> live = held.record().state(kept.slabs.state_bytes());
  if (kept.digest == layout.digest() && live.size() == state.size()) {
    std::memcpy(state.data(), live.data(), live.size());
    return true;
  }
  const ProfileLayout* const from = kept.layout.load(std::memory_order_acquire);
  if (from != nullptr) layout.Convert(*from, live, state);
  return from != nullptr;
}

bool ProfileMemory::Read(const Reader& reader, const SubjectKey& subject, Purpose purpose, const ProfileLayout& layout,
                         int64_t now_s, std::span<uint8_t> state) {
  const ProfileTable::Held held = table_.Hold(subject, purpose);
  // While the profile is held, as in Fold.
  if (policy::MayUseProfile(index_.Find(reader, subject), purpose, now_s)) {
    return CopyOut(held, layout, now_s, state);
  }
  std::fill(state.begin(), state.end(), uint8_t{0});
  return false;
}

bool ProfileMemory::ReadKept(const Reader& reader, const SubjectKey& subject, Purpose purpose,
                             const ProfileLayout& layout, int64_t now_s, std::span<uint8_t> state) {
  const ProfileTable::Held held = table_.Hold(subject, purpose);
  // While the profile is held, as in Fold.
  if (policy::MayKeepProfile(index_.Find(reader, subject), purpose, now_s)) {
    return CopyOut(held, layout, now_s, state);
  }
  std::fill(state.begin(), state.end(), uint8_t{0});
  return false;
}

void ProfileMemory::Forget(const SubjectKey& subject, Purpose purpose) {
  ProfileTable::Held held = table_.Hold(subject, purpose);
  if (held.id() != 0) Remove(held);
}

bool ProfileMemory::Add(const SubjectKey& subject, Purpose purpose, const StoredProfile& profile) {
  Layout* layout = FindLayout(profile.layout_digest, profile.state.size());
  if (layout == nullptr) layout = MakeLayout(profile.layout_digest, profile.state.size(), nullptr);
  if (layout == nullptr) return false;
  ProfileTable::Held held = table_.Hold(subject, purpose);
  if (held.id() != 0 || !Start(held, subject, purpose, *layout, profile.opened_revision)) return false;
  std::memcpy(held.record().state(profile.state.size()).data(), profile.state.data(), profile.state.size());
  profiles_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

bool ProfileMemory::Copy(const Reader& reader, RecordId id, int64_t now_s, Found& found) {
  const ProfileTable::Held held = table_.Hold(id);
  if (held.id() == 0) return false;
  const ProfileRecord& record = held.record();
  const Layout& layout = LayoutOf(record);
  found.subject = record.subject();
  found.purpose = record.purpose;
  found.is_void = IsVoid(reader, record, now_s);
  found.layout_digest = layout.digest;
  found.opened_revision = record.opened_revision;
  const std::span<const uint8_t> state = record.state(layout.slabs.state_bytes());
  found.state.assign(state.begin(), state.end());
  return true;
}

bool ProfileMemory::IsVoid(const Reader& reader, RecordId id, int64_t now_s) {
  const ProfileTable::Held held = table_.Hold(id);
  return held.id() != 0 && IsVoid(reader, held.record(), now_s);
}

void ProfileMemory::Drop(const Reader& reader, const SubjectKey& subject, Purpose purpose, int64_t now_s) {
  ProfileTable::Held held = table_.Hold(subject, purpose);
  if (held.id() == 0) return;
  if (IsVoid(reader, held.record(), now_s)) {
    Remove(held);
  } else {
    directory_.MarkChanged(held.id());
  }
}

void ProfileMemory::Tend() {
  const size_t count = layout_count_.load(std::memory_order_acquire);
  for (size_t i = 0; i < count; ++i) {
    if (i + 1 == count) {
      layouts_[i]->slabs.MakeRoom(std::min<uint64_t>(kRoomRecords, profiles_max_));
    } else {
      layouts_[i]->slabs.Release();
    }
  }
}

}  // namespace assent::storage
