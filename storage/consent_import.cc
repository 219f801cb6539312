#include "storage/consent_import.h"

#include "storage/purpose_record.h"

namespace assent::storage {
namespace {

using internal::v1::ConsentChange;
using internal::v1::ConsentRecord;
using internal::v1::PurposeRecord;
using policy::ConsentStatus;

bool IsGrantOf(const ImportedPurpose& said) { return said.status == ConsentStatus::kGranted; }

// Whether what is said counts beside what is recorded. `before`: null where nothing is.
bool Counts(const ImportedPurpose& said, const PurposeRecord* before, int64_t now_us) {
  if (IsGrantOf(said)) {
    const bool replaces_grant = before != nullptr && IsGrant(*before);
    if (!replaces_grant && HasEnded(said.expire_time_s, now_us)) return false;
    return before == nullptr || said.given_time_us > GivenTimeUs(*before);
  }
  if (before == nullptr) return true;
  return IsGrant(*before) ? said.given_time_us >= GivenTimeUs(*before) : said.given_time_us > GivenTimeUs(*before);
}

void FillPurpose(const ImportedPurpose& said, const std::string& recorded_by, int64_t now_us, PurposeRecord& purpose) {
  purpose.set_purpose(static_cast<int32_t>(said.purpose));
  purpose.set_status(static_cast<int32_t>(said.status));
  purpose.set_update_time_us(now_us);
  purpose.set_given_time_us(said.given_time_us);
  purpose.set_jurisdiction(said.jurisdiction.data(), said.jurisdiction.size());
  purpose.set_method(kMethodImport);
  purpose.set_recorded_by(recorded_by);
  if (!IsGrantOf(said)) return;
  purpose.set_legal_basis(said.legal_basis);
  purpose.set_expire_time_s(said.expire_time_s);
  purpose.set_notice_id(said.notice_id.data(), said.notice_id.size());
  purpose.set_notice_version(said.notice_version.data(), said.notice_version.size());
  purpose.set_notice_ordinal(said.notice_ordinal);
}

}  // namespace

ImportPlan PlanImport(const ImportedRow& row, const ConsentRecord& record, uint32_t closed_bits, absl::Time now) {
  const int64_t now_us = absl::ToUnixMicros(now);
  ImportPlan plan{.restricts = row.restricted && !record.restricted(), .marks_child = row.child && !record.child()};
  for (const ImportedPurpose& said : row.purposes) {
    const uint32_t bit = policy::PurposeBit(said.purpose);
    if (IsGrantOf(said) && (closed_bits & bit) != 0) continue;
    if (!Counts(said, FindPurpose(record, static_cast<int>(said.purpose)), now_us)) continue;
    (IsGrantOf(said) ? plan.granted_bits : plan.denied_bits) |= bit;
  }
  return plan;
}

uint32_t EndedProfiles(const ImportPlan& plan, const ConsentRecord& record, absl::Time now) {
  uint32_t bits = plan.marks_child ? policy::kAllPurposeBits : plan.denied_bits;
  for (const PurposeRecord& before : record.purposes()) {
    if (!policy::PurposeFromNumber(before.purpose())) continue;
    const uint32_t bit = policy::PurposeBit(static_cast<policy::Purpose>(before.purpose()));
    const bool ran_out = IsGrant(before) && !InForce(before, absl::ToUnixMicros(now));
    if ((plan.granted_bits & bit) != 0 && ran_out) bits |= bit;
  }
  return bits & policy::kProfilePurposeBits;
}

ConsentChange ApplyImport(const ImportedRow& row, const ImportPlan& plan, const std::string& recorded_by,
                          absl::Time now, uint64_t sequence, ConsentRecord& record) {
  const int64_t now_us = absl::ToUnixMicros(now);
  ConsentChange change;
  change.set_sequence(sequence);
  change.set_kind(internal::v1::CONSENT_CHANGE_KIND_IMPORT);
  change.set_time_us(now_us);
  change.set_recorded_by(recorded_by);
  change.mutable_purposes()->Reserve(static_cast<int>(row.purposes.size()));
  for (const ImportedPurpose& said : row.purposes) {
    if ((plan.purpose_bits() & policy::PurposeBit(said.purpose)) == 0) continue;
    PurposeRecord& purpose = *change.add_purposes();
    FillPurpose(said, recorded_by, now_us, purpose);
    if (IsGrantOf(said)) purpose.set_since_revision(RunBegan(record, purpose.purpose(), now_us));
  }
  for (const PurposeRecord& purpose : change.purposes()) SetPurpose(purpose, record);
  record.set_revision(record.revision() + 1);
  record.set_sequence(sequence);
  return change;
}

}  // namespace assent::storage
