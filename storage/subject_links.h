// Who is linked to whom, as records say it, and what of a change reaches who is linked: pure, no engine and no index.
// docs/adr/0011-links.md says why.
#ifndef ASSENT_STORAGE_SUBJECT_LINKS_H_
#define ASSENT_STORAGE_SUBJECT_LINKS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "assent/internal/v1/consent_record.pb.h"
#include "policy/subject.h"
#include "storage/consent_import.h"
#include "storage/consent_request.h"

namespace assent::storage {

// As many subjects as may be linked to one person.
inline constexpr int kLinksMax = 32;

// The person that the subject is linked to; none where it is linked to nobody, or is a person itself.
std::optional<policy::SubjectKey> PersonOf(const internal::v1::ConsentRecord& record);
// The subjects that are linked to this person.
std::vector<policy::SubjectKey> LinkedTo(const internal::v1::ConsentRecord& record);
// How many links the record has: its person, or who is linked to it.
int LinkCount(const internal::v1::ConsentRecord& record);

// One side of a link.
struct LinkSide {
  const policy::SubjectKey& subject;
  internal::v1::ConsentRecord& record;
};

// Whether the second is linked to the first, by both records. (A record that was replaced has lost its side.)
bool AreLinked(const LinkSide& person, const LinkSide& linked);
// Errors, all of which IsLinkRefusal knows: FailedPrecondition (the person is linked to another, or the linked one is,
// or has others linked to it, or they are the same), ResourceExhausted (more than kLinksMax).
absl::Status CheckLink(const LinkSide& person, const LinkSide& linked);
bool IsLinkRefusal(const absl::Status& status);

// Whether the record names the subject as its person, or as linked to it.
bool Names(const internal::v1::ConsentRecord& record, const policy::SubjectKey& subject);

// Precondition: CheckLink said yes.
void AddLink(const LinkSide& person, const LinkSide& linked);
// Takes the subject out of the record, and notes the commit for the sweep after erasures.
void RemoveLink(const policy::SubjectKey& subject, uint64_t sequence, internal::v1::ConsentRecord& record);

// What denies in a record: what travels along a link.
struct Denials {
  uint32_t opted_out = 0;  // a set of policy::PurposeBit
  bool restricted = false;
  bool child = false;

  bool empty() const { return opted_out == 0 && !restricted && !child; }
};
// What stands in the record. Of one that was erased: nothing.
Denials DenialsOf(const internal::v1::ConsentRecord& record);
// What a request adds for all that is linked: an opt-out, one that was read from a signal, a restriction, being a
// child.
Denials DenialsOf(const ConsentRequest& request);
// What a row of an import says.
Denials DenialsOf(const ImportedRow& row);
// What both have.
Denials Both(const Denials& a, const Denials& b);
// The first without what the second has.
Denials Without(const Denials& denials, const Denials& known);

// The requests that bring the denials to `subject`, as `asked` asked for them; no request id, no etag.
std::vector<ConsentRequest> RequestsFor(const Denials& denials, const policy::SubjectKey& subject,
                                        const ConsentRequest& asked);
// A change of kind `kind` that reaches `subject` because of `asked`.
ConsentRequest Reaching(internal::v1::ConsentChangeKind kind, const policy::SubjectKey& subject,
                        const ConsentRequest& asked);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_SUBJECT_LINKS_H_
