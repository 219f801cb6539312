// What a caller asks to change of a subject's record, and what that means before the record is read.
#ifndef ASSENT_STORAGE_CONSENT_REQUEST_H_
#define ASSENT_STORAGE_CONSENT_REQUEST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "assent/internal/v1/consent_record.pb.h"
#include "policy/purpose.h"
#include "policy/subject.h"

namespace assent::storage {

// One purpose to grant.
struct Grant {
  policy::Purpose purpose;
  int legal_basis = 1;  // assent.v1.LegalBasis
};

// What a person says of a segment.
struct SegmentPreference {
  // One of the two: a segment's id, or a row of the taxonomy with all below it.
  std::string segment_id = {};
  int32_t taxonomy_id = 0;
  bool refused = true;  // false: the refusal is taken back
  std::optional<std::string> statement =
      {};  // set: the assignment to `segment_id` is contested, in these words; `refused` is ignored
};

// The terms of a grant.
struct GrantTerms {
  uint32_t expire_time_s = 0;  // 0: no end
  std::string notice_id;
  std::string notice_version;
  uint16_t notice_ordinal = 0;  // of the version; 0: none
  std::string jurisdiction;
  int method = 1;             // assent.v1.CollectionMethod
  std::string signal_sha256;  // of the signal that the states were read from; 32 bytes, or empty
  uint32_t vendor_list_version = 0;
};

// What a caller asks to change. Validated by the caller against the public contract.
struct ConsentRequest {
  policy::SubjectKey subject;
  internal::v1::ConsentChangeKind kind;
  std::vector<Grant> grants;     // for a grant
  GrantTerms terms;              // for a grant
  uint32_t withdrawn_bits = 0;   // for a grant: what the same signal withdraws; no purpose of `grants`
  uint32_t opted_out_bits = 0;   // for a grant: what the same signal objects to; no purpose of the two others
  uint32_t purpose_bits = 0;     // for a withdrawal or an opt-out
  SegmentPreference preference;  // for SET_PREFERENCES
  // For LINK: who belongs to `subject`, the person. For UNLINK: the other of the two; none: whoever is linked to it.
  std::optional<policy::SubjectKey> linked = {};
  std::string recorded_by;         // the principal
  std::string request_id;          // 16 bytes, or empty
  uint64_t expected_revision = 0;  // from the etag; with `check_revision`
  bool check_revision = false;
  bool by_link = false;  // it was asked of another subject, and reaches this one by a link; see Reaching
};

// Whether the whole request takes permission away.
bool IsProtective(const ConsentRequest& request);
// The purposes whose status the request sets, as policy::PurposeBit.
uint32_t PurposesOf(const ConsentRequest& request);
// The purposes that have to be closed before the request is on the disk: what it denies, or every purpose.
uint32_t ClosedBy(const ConsentRequest& request);

// Whether it makes or ends a link.
bool IsLinkChange(const ConsentRequest& request);

// 16 bytes that tell requests apart by what they ask: kind, purposes (in any order), terms and who is linked; not by
// id, subject, etag or principal.
std::string RequestDigest(const ConsentRequest& request);

// assent.v1.CollectionMethod.
inline constexpr int kMethodExplicit = 1;

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_CONSENT_REQUEST_H_
