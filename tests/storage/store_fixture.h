// What the tests of the storage share: a folder of their own, a store in it, and short ways to ask for changes.
#ifndef ASSENT_TESTS_STORAGE_STORE_FIXTURE_H_
#define ASSENT_TESTS_STORAGE_STORE_FIXTURE_H_

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/consent_state.h"
#include "policy/sealing.h"
#include "scoring/quiescence.h"
#include "storage/consent_index.h"
#include "storage/consent_store.h"
#include "storage/database.h"

namespace assent::storage {

// A new folder under the system's temporary folder, removed with everything in it.
class ScopedFolder {
 public:
  ScopedFolder();
  ~ScopedFolder();
  ScopedFolder(const ScopedFolder&) = delete;
  ScopedFolder& operator=(const ScopedFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// One start of the service: quiescence, index, database, store. Destroy it to stop.
struct OpenStore {
  scoring::Quiescence domain;
  ConsentIndex index{domain};
  RefusalIndex refusals{domain};
  policy::Jurisdictions jurisdictions;
  std::unique_ptr<Database> database;
  std::unique_ptr<ConsentStore> store;

  policy::ConsentState Find(const policy::SubjectKey& subject);
  bool Allows(const policy::SubjectKey& subject, policy::Purpose purpose, int64_t now_s = 1'000'000);
};

// A second start on the same folder and environment, or the reason why there is none.
absl::StatusOr<std::unique_ptr<OpenStore>> StartStore(const std::string& data_dir, rocksdb::Env* env = nullptr,
                                                      bool compress = true,
                                                      std::optional<policy::SealingRing> sealing_keys = {});

// A ring with a key for each character, oldest first.
policy::SealingRing SealingRingOf(const std::string& characters);

policy::SubjectKey KeyCheck();
// A key that is as uniform as a pseudonym, different for each number.
policy::SubjectKey Subject(uint64_t number);

ConsentRequest GrantOf(const policy::SubjectKey& subject, std::initializer_list<policy::Purpose> purposes,
                       uint32_t expire_time_s = 0);
ConsentRequest WithdrawalOf(const policy::SubjectKey& subject, std::initializer_list<policy::Purpose> purposes);
ConsentRequest OptOutOf(const policy::SubjectKey& subject, std::initializer_list<policy::Purpose> purposes);

inline const absl::Time kTestTime = absl::FromUnixSeconds(1'000'000);

// Whether the tests are asked to run at full scale: the environment variable ASSENT_FULL_SCALE is 1.
bool FullScale();
// Any other change of a subject.
ConsentRequest ChangeOf(internal::v1::ConsentChangeKind kind, const policy::SubjectKey& subject);
ConsentRequest LinkOf(const policy::SubjectKey& person, const policy::SubjectKey& linked);

// Gives the changes to a committer as those that wait for the same write; the results in the order of the changes.
std::vector<absl::Status> CommitTogether(OpenStore& open, std::vector<ConsentRequest> requests);

}  // namespace assent::storage

#endif  // ASSENT_TESTS_STORAGE_STORE_FIXTURE_H_
