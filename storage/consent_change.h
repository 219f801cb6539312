// What a request does to a record: pure, no engine and no index.
#ifndef ASSENT_STORAGE_CONSENT_CHANGE_H_
#define ASSENT_STORAGE_CONSENT_CHANGE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "assent/internal/v1/consent_record.pb.h"
#include "policy/consent_state.h"
#include "policy/jurisdiction.h"
#include "policy/refusals.h"
#include "storage/consent_request.h"

namespace assent::storage {

// As many request ids as a record remembers.
inline constexpr int kRememberedRequestsMax = 8;
// As many segments, and as many rows of the taxonomy, as a person may refuse; and as many contests as are kept.
inline constexpr int kPreferencesMax = 64;

// Whether the record has seen the request before, by its id.
enum class Repetition {
  kNone,       // never, or not among the last kRememberedRequestsMax, or it has no id
  kSame,       // this one: a retry
  kOtherAsked  // the id stands for a request of another kind, for other purposes or on other terms
};
Repetition RepetitionOf(const internal::v1::ConsentRecord& record, const ConsentRequest& request);

// Changes the record and returns the entry for the history. `sequence` is that of the commit.
// Precondition: CheckChange said yes. An erasure leaves a tombstone, and its entry must not be kept.
internal::v1::ConsentChange ApplyChange(const ConsentRequest& request, absl::Time now, uint64_t sequence,
                                        internal::v1::ConsentRecord& record);

// Makes a record that cannot be read into one that permits nothing: every purpose withdrawn, and restricted, because it
// may have been that of a child, restricted or erased. It continues after `revision`.
void ReplaceByDenial(const ConsentRequest& request, absl::Time now, uint64_t revision,
                     internal::v1::ConsentRecord& record);

// Whether the record allows the change. Errors: FailedPrecondition (an erased subject comes back by an explicit grant
// only, and is linked to nobody: IsErasure), ResourceExhausted (more than kPreferencesMax).
absl::Status CheckChange(const ConsentRequest& request, const internal::v1::ConsentRecord& record);

// Whether a FailedPrecondition is that of CheckChange, rather than that of a record of a newer version.
bool IsErasure(const absl::Status& status);

// The profile purposes whose profile the change voids: those that it denies, and those whose grant had run out before
// it grants them anew. Call it before ApplyChange.
uint32_t EndedProfiles(const ConsentRequest& request, absl::Time now, const internal::v1::ConsentRecord& record);

// The record as the index holds it. What this version does not understand is closed.
policy::ConsentState StateOf(const internal::v1::ConsentRecord& record, const policy::Jurisdictions& jurisdictions);

// What the person refuses.
policy::Refusals RefusalsOf(const internal::v1::ConsentRecord& record);

// Keys of the column families `consent` and `consent_history`.
std::string ConsentKey(const policy::SubjectKey& subject);
std::string HistoryKey(const policy::SubjectKey& subject, uint64_t revision);
// The revision of a key of HistoryKey; 0 for any other.
uint64_t RevisionOfHistoryKey(absl::string_view key);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_CONSENT_CHANGE_H_
