// What the tests of the profile store share: a layout, events for it, and a start of everything with a profile store.
#ifndef ASSENT_TESTS_STORAGE_PROFILE_FIXTURE_H_
#define ASSENT_TESTS_STORAGE_PROFILE_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "policy/purpose.h"
#include "scoring/profile.h"
#include "storage/profile_store.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {

inline constexpr policy::Purpose kAds = policy::Purpose::kProfileAdvertising;
inline constexpr policy::Purpose kContent = policy::Purpose::kProfileContent;
inline constexpr int64_t kNowS = 1'000'000;  // kTestTime

// Aggregates over purchases: how many, the sum of `price`, and as many maxima of `price` as asked for (each over a
// type of its own, so that they are different aggregates).
scoring::ProfileLayout ShopLayout(size_t maxima = 0);

// What the profile says; of a state of ShopLayout.
struct Shopped {
  double purchases = 0;
  double spent = 0;
  friend bool operator==(const Shopped&, const Shopped&) = default;
};
Shopped ShoppedOf(const scoring::ProfileLayout& layout, std::span<const uint8_t> state, size_t maxima = 0);

// Database, consent and profiles on one folder. The flushing thread sleeps; the clock stands at kTestTime.
struct OpenProfiles {
  std::unique_ptr<OpenStore> base;
  std::unique_ptr<ProfileStore> profiles;

  // One purchase at kNowS - 1000 + `offset_s`.
  FoldOutcome Buy(const policy::SubjectKey& subject, policy::Purpose purpose, uint64_t event_id, double price,
                  const scoring::ProfileLayout& layout, int64_t now_s = kNowS, int64_t offset_s = 0);
  // What Read finds; nothing where it finds no profile.
  std::optional<Shopped> Find(const policy::SubjectKey& subject, policy::Purpose purpose,
                              const scoring::ProfileLayout& layout, int64_t now_s = kNowS, size_t maxima = 0);
  // Whether the disk has a profile.
  bool OnDisk(const policy::SubjectKey& subject, policy::Purpose purpose);
  absl::Status Apply(ConsentRequest request, absl::Time now = kTestTime);
};

ProfileStoreOptions TestOptions();
absl::StatusOr<std::unique_ptr<OpenProfiles>> StartProfiles(const std::string& data_dir, rocksdb::Env* env = nullptr,
                                                            const ProfileStoreOptions& options = TestOptions());

}  // namespace assent::storage

#endif  // ASSENT_TESTS_STORAGE_PROFILE_FIXTURE_H_
