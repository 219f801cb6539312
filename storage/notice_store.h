// The notices that people are shown: every version that was registered, and which of them are outdated.
#ifndef ASSENT_STORAGE_NOTICE_STORE_H_
#define ASSENT_STORAGE_NOTICE_STORE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "assent/internal/v1/notice_record.pb.h"
#include "storage/consent_index.h"
#include "storage/consent_store.h"
#include "storage/database.h"

namespace assent::storage {

// One version of a notice.
struct RegisteredNotice {
  uint16_t ordinal = 0;  // from 1, in the order of registration
  internal::v1::NoticeRecord record = {};
  bool outdated = false;  // a later version asks for more, or asks for consent anew
};

// What a grant under a version has to know.
struct NoticeTerms {
  uint16_t ordinal = 0;
  uint32_t purpose_bits = 0;
  std::string jurisdiction = {};
  bool outdated = false;
};

// Every version that is registered, in the order of registration. Errors: DataLoss (one is missing or damaged),
// FailedPrecondition (a newer version of the server wrote one), Unavailable.
absl::StatusOr<std::vector<internal::v1::NoticeRecord>> ReadNotices(Database& database);

// Threads: all methods are safe. Register blocks on the disk: not for the data plane.
class NoticeStore {
 public:
  // Reads what is registered, and outdates in the index what is outdated. Ownership: borrows all.
  // Errors: as ReadNotices.
  static absl::StatusOr<std::unique_ptr<NoticeStore>> Open(Database& database, ConsentStore& store,
                                                           ConsentIndex& index);
  ~NoticeStore();

  // Registers a version. Where it names a purpose that an earlier version of the same notice does not name, or says
  // requires_new_consent, that version is outdated: its grants are refused before this returns, and before it is on the
  // disk. The same version with the same content again changes nothing, and is answered as the first time.
  // Errors: AlreadyExists (the version exists with another content), ResourceExhausted (kNoticeOrdinalMax versions),
  // Unavailable (the disk refused: nothing is registered; what was outdated stays so until the next start).
  absl::StatusOr<RegisteredNotice> Register(internal::v1::NoticeRecord record);

  // Nothing where it is not registered. Cost: a lock and a look into a hash table, for each grant.
  std::optional<NoticeTerms> Terms(absl::string_view id, absl::string_view version) const;
  // The whole of it; nothing where it is not registered.
  std::optional<RegisteredNotice> Find(absl::string_view id, absl::string_view version) const;
  // Up to `count` versions after the ordinal, ascending; of all notices where `id` is empty.
  std::vector<RegisteredNotice> List(absl::string_view id, uint16_t after, size_t count) const;

 private:
  struct Impl;
  explicit NoticeStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_NOTICE_STORE_H_
