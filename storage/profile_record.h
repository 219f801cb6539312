// What is kept of a profile in the column family `profiles`.
#ifndef ASSENT_STORAGE_PROFILE_RECORD_H_
#define ASSENT_STORAGE_PROFILE_RECORD_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "policy/purpose.h"
#include "policy/subject.h"
#include "storage/record_codec.h"

namespace assent::storage {

inline constexpr size_t kProfileKeyBytes = 17;

// Ownership: borrows `state`.
struct StoredProfile {
  uint64_t layout_digest = 0;    // scoring::ProfileLayout::digest()
  uint32_t opened_revision = 0;  // of the consent record, when the profile began
  std::span<const uint8_t> state;
};

// The pseudonym and the number of the purpose.
std::string ProfileKey(const policy::SubjectKey& subject, policy::Purpose purpose);

// The value in its envelope, by the codec of the family `profiles`. The state stands there under a random mask, another
// one each time: it holds hashes that callers choose, and unmasked they could look like a record of the engine's log
// (storage/log_scan.h).
std::string EncodeProfile(const RecordCodec& codec, absl::string_view key, const StoredProfile& profile);
// The state goes to `memory`, and the answer borrows it. Errors: DataLoss; FailedPrecondition (of a newer version).
absl::StatusOr<StoredProfile> DecodeProfile(const RecordCodec& codec, absl::string_view key, absl::string_view value,
                                            std::vector<uint8_t>& memory);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_PROFILE_RECORD_H_
