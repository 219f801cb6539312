// What a request does to a record: pure, no engine and no index.
#ifndef ASSENT_STORAGE_CONSENT_CHANGE_H_
#define ASSENT_STORAGE_CONSENT_CHANGE_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "assent/internal/v1/consent_record.pb.h"
#include "policy/consent_state.h"
#include "storage/consent_store.h"

namespace assent::storage {

// As many request ids as a record remembers.
inline constexpr int kRememberedRequestsMax = 8;

// Whether the request takes permission away.
bool IsProtective(const ConsentRequest& request);
// The purposes that the request sets, as policy::PurposeBit.
uint32_t PurposesOf(const ConsentRequest& request);

// Whether the record has seen the request before, by its id.
enum class Repetition {
  kNone,       // never, or not among the last kRememberedRequestsMax, or it has no id
  kSame,       // this one: a retry
  kOtherAsked  // the id stands for a request of another kind, for other purposes or on other terms
};
Repetition RepetitionOf(const internal::v1::ConsentRecord& record, const ConsentRequest& request);

// 16 bytes that tell requests apart by what they ask: kind, purposes (in any order) and terms; not by id, subject, etag
// or principal.
std::string RequestDigest(const ConsentRequest& request);

// Changes the record and returns the entry for the history. `sequence` is that of the commit.
internal::v1::ConsentChange ApplyChange(const ConsentRequest& request, absl::Time now, uint64_t sequence,
                                        internal::v1::ConsentRecord& record);

// The profile purposes whose profile the change voids: those that it denies, and those whose grant had run out before
// it grants them anew. Call it before ApplyChange.
uint32_t EndedProfiles(const ConsentRequest& request, absl::Time now, const internal::v1::ConsentRecord& record);

// The record as the index holds it. What this version does not understand is closed.
policy::ConsentState StateOf(const internal::v1::ConsentRecord& record);

// Keys of the column families `consent` and `consent_history`.
std::string ConsentKey(const policy::SubjectKey& subject);
std::string HistoryKey(const policy::SubjectKey& subject, uint64_t revision);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_CONSENT_CHANGE_H_
