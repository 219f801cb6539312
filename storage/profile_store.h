// Everybody's running profiles: in memory for the hot path, written behind to RocksDB, gone with the consent.
#ifndef ASSENT_STORAGE_PROFILE_STORE_H_
#define ASSENT_STORAGE_PROFILE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "policy/purpose.h"
#include "policy/subject.h"
#include "scoring/profile.h"
#include "scoring/quiescence.h"
#include "storage/consent_index.h"
#include "storage/consent_store.h"
#include "storage/database.h"

namespace assent::storage {

struct ProfileStoreOptions {
  size_t subjects_max = 1'000'000;                   // profiles; beyond it no new one starts; counted
  absl::Duration flush_interval = absl::Seconds(5);  // infinite: only Flush and the destructor write
  // Since the last event, by the event's own time (a history that is replayed needs as much); then the profile is not
  // readable any more, and deleted. Infinite: never.
  absl::Duration retention = absl::Hours(24) * 90;
  std::function<absl::Time()> clock = absl::Now;  // of the flushing thread
};

enum class FoldOutcome : uint8_t {
  kKept,        // the profile has the events
  kNotAllowed,  // the profile purpose is not granted (any more): nothing was kept
  kFull,        // subjects_max profiles exist: nothing was kept
};

using scoring::FoldCounts;

// For metrics. Since the opening, save profiles and memory_bytes.
struct ProfileFigures {
  uint64_t profiles = 0;
  uint64_t memory_bytes = 0;     // mapped for profiles and their table; what was never used of it is not resident
  uint64_t refused_full = 0;     // Folds that could not start a profile
  uint64_t written = 0;          // profiles written to the disk
  uint64_t deleted = 0;          // by flushes and the opening: past retention, or not allowed (any more)
  uint64_t damaged = 0;          // records on the disk that could not be read: deleted
  uint64_t dropped_layouts = 0;  // profiles of a layout that is not known since the restart: started anew
  uint64_t flush_failures = 0;   // the disk refused; what was to be written is tried again
  absl::Time flushed_until;      // every event that was folded before then is on the disk
};

// A profile belongs to one subject and one profile purpose. While the model changes, profiles of several layouts live
// beside each other; each is converted when it is next folded.
//
// What a crash or a power cut can lose: the events that were folded since flushed_until. That is at most flush_interval
// (5 seconds unless configured otherwise) and the time that the flush before and the present one take: 150,000 changed
// profiles are written in some seconds. While the disk refuses, flushed_until stands still. Never a deletion: it is in
// the synced batch of the consent change. Profiles of a layout that no longer runs are converted as long as the process
// lives; after a restart under another model they start anew (dropped_layouts). While two models run beside each
// other, a fold under one drops what only the other aggregates: threads change models within a call of each other.
//
// Threads: Fold and Read from any online reader. They hold one profile for the time of a fold (about a microsecond for
// each event), by a one-word lock, and never wait for the disk or a mutex. Forget is called by the committer.
// Memory: 8 bytes a profile of subjects_max, and 32 and the state for each profile there is.
class ProfileStore {
 public:
  // Loads what is on disk and still allowed: a profile whose purpose is not granted now, or was granted anew since it
  // began, or that is damaged, is deleted instead. To be called before the first change of consent and the first Fold.
  // All that is on disk is loaded, even beyond subjects_max. Starts the flushing thread. Errors: DataLoss, Unavailable,
  // FailedPrecondition (written by a newer version), ResourceExhausted.
  static absl::StatusOr<std::unique_ptr<ProfileStore>> Open(Database& database, ConsentStore& consent,
                                                            const ConsentIndex& index, scoring::Quiescence& domain,
                                                            const ProfileStoreOptions& options);
  ~ProfileStore();  // flushes

  // Makes the layout known, with room for some profiles, so that no Fold has to: to be called before a model is
  // published. Errors: ResourceExhausted (more than 1024 layouts since the start).
  absl::Status Register(const scoring::ProfileLayout& layout);

  // Folds events in their order and copies the state that results into `state` ([layout.state_bytes()]). The permission
  // is looked up in the index again while the profile is held, so that no fold outlives a withdrawal. Where nothing is
  // kept, `state` is what the events make of an empty profile. Without events it is a Read. Precondition: each event
  // passed layout.Check; `purpose` is a profile purpose. Cost: no allocation and no mutex for a layout that is
  // registered; a new profile may map a slab.
  FoldOutcome Fold(const scoring::Quiescence::Reader& reader, const policy::SubjectKey& subject,
                   policy::Purpose purpose, const scoring::ProfileLayout& layout,
                   std::span<const scoring::Event> events, int64_t now_s, std::span<uint8_t> state,
                   FoldCounts* counts = nullptr);
  // Copies the state as it stands; false (and `state` all zero) where there is no profile, or it is not allowed, or
  // past its retention.
  bool Read(const scoring::Quiescence::Reader& reader, const policy::SubjectKey& subject, policy::Purpose purpose,
            const scoring::ProfileLayout& layout, int64_t now_s, std::span<uint8_t> state) const;

  // The same for the person's own copy: also where the profile is kept and may not be used, as under a restriction.
  bool ReadKept(const scoring::Quiescence::Reader& reader, const policy::SubjectKey& subject, policy::Purpose purpose,
                const scoring::ProfileLayout& layout, int64_t now_s, std::span<uint8_t> state) const;

  size_t size() const;          // profiles
  size_t memory_bytes() const;  // of profiles and their table
  uint64_t refused_full() const;
  ProfileFigures figures() const;

  // Writes what has changed, and deletes what at `now` is past its retention or not allowed: all of it, where the
  // flushing thread looks through a part each time. In batches that share the turn with changes of consent. For tests
  // and the shutdown. Errors: Unavailable: the rest stays to be written. Threads: safe, not from an online reader.
  absl::Status Flush(absl::Time now);

 private:
  struct Impl;
  explicit ProfileStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_PROFILE_STORE_H_
