// Everybody's running profiles: in memory for the hot path, written behind to RocksDB, gone with the consent.
#ifndef ASSENT_STORAGE_PROFILE_STORE_H_
#define ASSENT_STORAGE_PROFILE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
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
  size_t subjects_max = 1'000'000;                   // beyond it no new profile starts; counted
  absl::Duration flush_interval = absl::Seconds(5);  // a crash loses at most the events of this time and of one flush
  absl::Duration retention = absl::Hours(24) * 90;   // since the last event; then the profile is deleted
};

enum class FoldOutcome : uint8_t {
  kKept,        // the profile has the events
  kNotAllowed,  // the profile purpose is not granted (any more): nothing was kept
  kFull,        // subjects_max profiles exist: nothing was kept
};

// A profile belongs to one subject and one profile purpose. What a crash can lose: the events that were folded in the
// last flush_interval and during the flush after it; never a deletion. Threads: Fold and Read from any online reader;
// they hold one profile for the time of a fold (well under a microsecond a event) and never wait for the disk. Delete
// is called by the committer, under its turn.
class ProfileStore {
 public:
  // Loads what is on disk and still allowed: a profile whose purpose is not granted now, or was withdrawn after it was
  // opened, is deleted instead. Starts the flushing thread.
  static absl::StatusOr<std::unique_ptr<ProfileStore>> Open(Database& database, ConsentStore& consent,
                                                            const ConsentIndex& index, scoring::Quiescence& domain,
                                                            const ProfileStoreOptions& options);
  ~ProfileStore();  // flushes

  // Folds events in their order and copies the state that results into `state` ([layout.state_bytes()]). The permission
  // is looked up in the index again while the profile is held, so that no fold outlives a withdrawal. A profile that
  // was kept under another layout is converted first.
  FoldOutcome Fold(const scoring::Quiescence::Reader& reader, const policy::SubjectKey& subject,
                   policy::Purpose purpose, const scoring::ProfileLayout& layout,
                   std::span<const scoring::Event> events, int64_t now_s, std::span<uint8_t> state);
  // Copies the state as it stands; false (and `state` all zero) where there is no profile or it is not allowed.
  bool Read(const scoring::Quiescence::Reader& reader, const policy::SubjectKey& subject, policy::Purpose purpose,
            const scoring::ProfileLayout& layout, int64_t now_s, std::span<uint8_t> state) const;

  size_t size() const;          // profiles
  size_t memory_bytes() const;  // of profiles and their table
  uint64_t refused_full() const;
  // Writes what has changed, and forgets what is past its retention at `now`. For shutdown, tests and the flushing
  // thread.
  absl::Status Flush(absl::Time now);

 private:
  struct Impl;
  explicit ProfileStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_PROFILE_STORE_H_
