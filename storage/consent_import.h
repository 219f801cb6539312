// What an imported row does to a record: pure, no engine and no index. The time at which the person acted decides, so
// that rows may come in any order, and twice.
#ifndef ASSENT_STORAGE_CONSENT_IMPORT_H_
#define ASSENT_STORAGE_CONSENT_IMPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "assent/internal/v1/consent_record.pb.h"
#include "policy/consent_state.h"
#include "policy/purpose.h"
#include "policy/subject.h"

namespace assent::storage {

// Ownership: borrows the texts.
struct ImportedPurpose {
  policy::Purpose purpose;
  policy::ConsentStatus status;  // kGranted, kWithdrawn or kOptedOut
  int64_t given_time_us = 0;     // when the person acted; since 1970, not 0
  absl::string_view jurisdiction = {};
  // Of a grant.
  int legal_basis = 0;         // assent.v1.LegalBasis
  uint32_t expire_time_s = 0;  // 0: no end
  uint16_t notice_ordinal = 0;
  absl::string_view notice_id = {};
  absl::string_view notice_version = {};
};

// What another system of record says of one subject. Validated by the caller against the public contract.
struct ImportedRow {
  policy::SubjectKey subject;
  std::vector<ImportedPurpose> purposes = {};  // no purpose twice
  bool restricted = false;                     // false says nothing
  bool child = false;                          // false says nothing
};

// What became of a row.
enum class ImportOutcome : uint8_t {
  kTaken,      // it changed something
  kUnchanged,  // the same, or something newer, was recorded
  kErased,     // the subject was erased; nothing is recorded
  kDamaged     // the record cannot be read; nothing is recorded, and every purpose stays refused
};

// What a row changes of a record.
struct ImportPlan {
  uint32_t granted_bits = 0;  // purposes that it grants, of policy::PurposeBit
  uint32_t denied_bits = 0;   // and those that it denies
  bool restricts = false;
  bool marks_child = false;

  uint32_t purpose_bits() const { return granted_bits | denied_bits; }
  bool empty() const { return purpose_bits() == 0 && !restricts && !marks_child; }
};

// A grant counts where it is newer than what is recorded, unless it has ended and replaces no grant. A denial counts
// unless what is recorded is newer, or the same denial. Purposes of `closed_bits` are not granted: a denial of an
// unknown time waits for the disk there. Precondition: the subject is not erased.
ImportPlan PlanImport(const ImportedRow& row, const internal::v1::ConsentRecord& record, uint32_t closed_bits,
                      absl::Time now);

// The profile purposes whose profile the plan voids. Call it before ApplyImport.
uint32_t EndedProfiles(const ImportPlan& plan, const internal::v1::ConsentRecord& record, absl::Time now);

// Sets the purposes of the plan and returns the entry for the history. `sequence` is that of the change. The flags are
// changes of their own (ApplyChange). Precondition: the plan has purposes.
internal::v1::ConsentChange ApplyImport(const ImportedRow& row, const ImportPlan& plan, const std::string& recorded_by,
                                        absl::Time now, uint64_t sequence, internal::v1::ConsentRecord& record);

// assent.v1.CollectionMethod.
inline constexpr int kMethodImport = 2;

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_CONSENT_IMPORT_H_
