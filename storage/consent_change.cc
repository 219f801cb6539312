#include "storage/consent_change.h"

#include <algorithm>
#include <utility>

#include "absl/strings/cord.h"
#include "storage/packed_state.h"
#include "storage/purpose_record.h"
#include "storage/subject_links.h"

namespace assent::storage {
namespace {

using internal::v1::ConsentChange;
using internal::v1::ConsentRecord;
using internal::v1::PurposeRecord;
using policy::ConsentStatus;
using policy::Purpose;

// Marks the error of a change that only an erasure forbids.
constexpr char kErasurePayload[] = "assent.storage/erasure";

PurposeRecord GrantRecord(const ConsentRequest& request, const Grant& grant, int64_t now_us) {
  const GrantTerms& terms = request.terms;
  PurposeRecord purpose;
  purpose.set_purpose(static_cast<int32_t>(grant.purpose));
  purpose.set_status(static_cast<int32_t>(ConsentStatus::kGranted));
  purpose.set_legal_basis(grant.legal_basis);
  purpose.set_update_time_us(now_us);
  purpose.set_expire_time_s(terms.expire_time_s);
  purpose.set_notice_id(terms.notice_id);
  purpose.set_notice_version(terms.notice_version);
  purpose.set_notice_ordinal(terms.notice_ordinal);
  purpose.set_jurisdiction(terms.jurisdiction);
  purpose.set_method(terms.method);
  purpose.set_signal_sha256(terms.signal_sha256);
  purpose.set_vendor_list_version(terms.vendor_list_version);
  purpose.set_recorded_by(request.recorded_by);
  return purpose;
}

// The denials that come with a grant were read from the same signal.
PurposeRecord DenialRecord(const ConsentRequest& request, int number, ConsentStatus status, int64_t now_us) {
  const bool from_signal = request.kind == internal::v1::CONSENT_CHANGE_KIND_GRANT;
  PurposeRecord purpose;
  purpose.set_purpose(number);
  purpose.set_status(static_cast<int32_t>(status));
  purpose.set_update_time_us(now_us);
  purpose.set_method(from_signal ? request.terms.method : kMethodExplicit);
  if (from_signal) {
    purpose.set_jurisdiction(request.terms.jurisdiction);
    purpose.set_signal_sha256(request.terms.signal_sha256);
    purpose.set_vendor_list_version(request.terms.vendor_list_version);
  }
  purpose.set_recorded_by(request.recorded_by);
  return purpose;
}

void Remember(const ConsentRequest& request, ConsentRecord& record) {
  if (request.request_id.empty()) return;
  auto& remembered = *record.mutable_remembered_requests();
  auto& added = *remembered.Add();
  added.set_request_id(request.request_id);
  added.set_digest(RequestDigest(request));
  if (remembered.size() > kRememberedRequestsMax) {
    remembered.DeleteSubrange(0, remembered.size() - kRememberedRequestsMax);
  }
}

void AddDenials(const ConsentRequest& request, uint32_t bits, ConsentStatus status, int64_t now_us,
                ConsentChange& change) {
  for (int number = 1; number <= policy::kPurposeCount; ++number) {
    if ((bits & policy::PurposeBit(static_cast<Purpose>(number))) == 0) continue;
    *change.add_purposes() = DenialRecord(request, number, status, now_us);
  }
}

void AddGrants(const ConsentRequest& request, int64_t now_us, const ConsentRecord& record, ConsentChange& change) {
  for (const Grant& grant : request.grants) {
    PurposeRecord& purpose = *change.add_purposes();
    purpose = GrantRecord(request, grant, now_us);
    purpose.set_since_revision(RunBegan(record, purpose.purpose(), now_us));
  }
  AddDenials(request, request.withdrawn_bits, ConsentStatus::kWithdrawn, now_us, change);
  AddDenials(request, request.opted_out_bits, ConsentStatus::kOptedOut, now_us, change);
}

void MakeTombstone(int64_t now_us, uint64_t sequence, ConsentRecord& record) {
  const uint64_t revision = record.revision();
  record.Clear();
  record.set_erased(true);
  record.set_erase_time_us(now_us);
  record.set_erase_sequence(sequence);
  record.set_revision(revision);
}

// Adds the value to an ascending list, or takes it out.
template <typename List, typename Value>
void SetListed(const Value& value, bool listed, List& list) {
  const auto place = std::lower_bound(list.begin(), list.end(), value);
  const bool found = place != list.end() && *place == value;
  if (found && !listed) list.erase(place);
  if (found || !listed) return;
  const auto index = static_cast<int>(place - list.begin());
  *list.Add() = value;
  std::rotate(list.begin() + index, list.end() - 1, list.end());
}

void ApplyPreference(const ConsentRequest& request, int64_t now_us, internal::v1::Preferences& preferences) {
  const SegmentPreference& preference = request.preference;
  if (preference.statement) {
    internal::v1::Contest& contest = *preferences.add_contests();
    contest.set_segment_id(preference.segment_id);
    contest.set_statement(*preference.statement);
    contest.set_time_us(now_us);
    contest.set_recorded_by(request.recorded_by);
  } else if (!preference.segment_id.empty()) {
    SetListed(preference.segment_id, preference.refused, *preferences.mutable_refused_segments());
  } else {
    SetListed(preference.taxonomy_id, preference.refused, *preferences.mutable_refused_taxonomy_ids());
  }
}

// Each list has its own bound, so that contests keep nobody from refusing.
bool HasRoom(const SegmentPreference& preference, const internal::v1::Preferences& preferences) {
  const auto fits = [&](const auto& list, const auto& value) {
    return !preference.refused || list.size() < kPreferencesMax || std::binary_search(list.begin(), list.end(), value);
  };
  if (preference.statement) return preferences.contests_size() < kPreferencesMax;
  if (!preference.segment_id.empty()) return fits(preferences.refused_segments(), preference.segment_id);
  return fits(preferences.refused_taxonomy_ids(), preference.taxonomy_id);
}

ConsentStatus StatusOf(const PurposeRecord& purpose) {
  switch (purpose.status()) {
    case static_cast<int>(ConsentStatus::kNone):
      return ConsentStatus::kNone;
    case static_cast<int>(ConsentStatus::kGranted):
      return ConsentStatus::kGranted;
    case static_cast<int>(ConsentStatus::kWithdrawn):
      return ConsentStatus::kWithdrawn;
    case static_cast<int>(ConsentStatus::kOptedOut):
      return ConsentStatus::kOptedOut;
    default:
      return ConsentStatus::kClosed;
  }
}

}  // namespace

Repetition RepetitionOf(const ConsentRecord& record, const ConsentRequest& request) {
  if (request.request_id.empty()) return Repetition::kNone;
  const auto& remembered = record.remembered_requests();
  const auto found = std::find_if(remembered.begin(), remembered.end(),
                                  [&](const auto& one) { return one.request_id() == request.request_id; });
  if (found == remembered.end()) return Repetition::kNone;
  return found->digest() == RequestDigest(request) ? Repetition::kSame : Repetition::kOtherAsked;
}

void ReplaceByDenial(const ConsentRequest& request, absl::Time now, uint64_t revision, ConsentRecord& record) {
  record.Clear();
  record.set_revision(revision);
  record.set_restricted(true);
  ConsentChange denials;
  AddDenials(request, policy::kAllPurposeBits, ConsentStatus::kWithdrawn, absl::ToUnixMicros(now), denials);
  record.mutable_purposes()->Swap(denials.mutable_purposes());
}

absl::Status CheckChange(const ConsentRequest& request, const ConsentRecord& record) {
  const bool imports = request.kind == internal::v1::CONSENT_CHANGE_KIND_GRANT && !request.grants.empty() &&
                       request.terms.method != kMethodExplicit;
  if (record.erased() && (imports || request.kind == internal::v1::CONSENT_CHANGE_KIND_LINK)) {
    absl::Status erased =
        absl::FailedPreconditionError("the subject was erased; only what the person agrees to anew is recorded");
    erased.SetPayload(kErasurePayload, absl::Cord());
    return erased;
  }
  if (request.kind != internal::v1::CONSENT_CHANGE_KIND_SET_PREFERENCES) return absl::OkStatus();
  if (HasRoom(request.preference, record.preferences())) return absl::OkStatus();
  return absl::ResourceExhaustedError("the record holds as many preferences as it can");
}

bool IsErasure(const absl::Status& status) { return status.GetPayload(kErasurePayload).has_value(); }

ConsentChange ApplyChange(const ConsentRequest& request, absl::Time now, uint64_t sequence, ConsentRecord& record) {
  const int64_t now_us = absl::ToUnixMicros(now);
  ConsentChange change;
  change.set_sequence(sequence);
  change.set_kind(request.kind);
  change.set_time_us(now_us);
  change.set_recorded_by(request.recorded_by);
  change.set_by_link(request.by_link);
  switch (request.kind) {
    case internal::v1::CONSENT_CHANGE_KIND_GRANT:
      if (!request.grants.empty()) {
        record.set_erased(false);
        record.clear_erase_time_us();
      }
      AddGrants(request, now_us, record, change);
      break;
    case internal::v1::CONSENT_CHANGE_KIND_WITHDRAW:
      AddDenials(request, PurposesOf(request), ConsentStatus::kWithdrawn, now_us, change);
      break;
    case internal::v1::CONSENT_CHANGE_KIND_OPT_OUT:
      AddDenials(request, PurposesOf(request), ConsentStatus::kOptedOut, now_us, change);
      break;
    case internal::v1::CONSENT_CHANGE_KIND_RESTRICT:
    case internal::v1::CONSENT_CHANGE_KIND_LIFT_RESTRICTION:
      record.set_restricted(request.kind == internal::v1::CONSENT_CHANGE_KIND_RESTRICT);
      break;
    case internal::v1::CONSENT_CHANGE_KIND_MARK_CHILD:
    case internal::v1::CONSENT_CHANGE_KIND_UNMARK_CHILD:
      record.set_child(request.kind == internal::v1::CONSENT_CHANGE_KIND_MARK_CHILD);
      break;
    case internal::v1::CONSENT_CHANGE_KIND_ERASE:
      MakeTombstone(now_us, sequence, record);
      break;
    case internal::v1::CONSENT_CHANGE_KIND_SET_PREFERENCES:
      ApplyPreference(request, now_us, *record.mutable_preferences());
      *change.mutable_preferences() = record.preferences();
      break;
    default:  // links are set by AddLink and RemoveLink
      break;
  }
  for (const PurposeRecord& purpose : change.purposes()) SetPurpose(purpose, record);
  Remember(request, record);
  record.set_revision(record.revision() + 1);
  record.set_sequence(sequence);
  return change;
}

uint32_t EndedProfiles(const ConsentRequest& request, absl::Time now, const ConsentRecord& record) {
  uint32_t bits = request.kind == internal::v1::CONSENT_CHANGE_KIND_RESTRICT ? 0 : ClosedBy(request);
  for (const Grant& grant : request.grants) {
    const PurposeRecord* before = FindPurpose(record, static_cast<int>(grant.purpose));
    const bool ran_out = before != nullptr && IsGrant(*before) && !InForce(*before, absl::ToUnixMicros(now));
    if (ran_out) bits |= policy::PurposeBit(grant.purpose);
  }
  return bits & policy::kProfilePurposeBits;
}

policy::ConsentState StateOf(const ConsentRecord& record, const policy::Jurisdictions& jurisdictions) {
  policy::ConsentState state;
  for (const PurposeRecord& purpose : record.purposes()) {
    if (!policy::PurposeFromNumber(purpose.purpose())) continue;
    const auto index = static_cast<size_t>(purpose.purpose());
    state.status[index] = StatusOf(purpose);
    state.regime = policy::Stricter(state.regime, jurisdictions.RegimeOf(purpose.jurisdiction()));
    if (state.status[index] != ConsentStatus::kGranted) continue;
    state.expire_time_s[index] = purpose.expire_time_s();
    state.notice[index] = static_cast<uint16_t>(std::min<uint32_t>(purpose.notice_ordinal(), kNoticeOrdinalMax));
    if (purpose.method() == kMethodExplicit) {
      state.explicit_grants |= policy::PurposeBit(static_cast<Purpose>(purpose.purpose()));
    }
  }
  state.revision = static_cast<uint32_t>(std::min<uint64_t>(record.revision(), packed::kRevisionMax));
  state.child = record.child();
  state.restricted = record.restricted();
  state.erased = record.erased();
  const internal::v1::Preferences& preferences = record.preferences();
  state.has_preferences = preferences.refused_segments_size() + preferences.refused_taxonomy_ids_size() != 0;
  state.linked = LinkCount(record) != 0;
  return state;
}

policy::Refusals RefusalsOf(const ConsentRecord& record) {
  const internal::v1::Preferences& preferences = record.preferences();
  return {.segments = {preferences.refused_segments().begin(), preferences.refused_segments().end()},
          .taxonomy_rows = {preferences.refused_taxonomy_ids().begin(), preferences.refused_taxonomy_ids().end()}};
}

std::string ConsentKey(const policy::SubjectKey& subject) {
  return {reinterpret_cast<const char*>(subject.bytes.data()), subject.bytes.size()};
}

std::string HistoryKey(const policy::SubjectKey& subject, uint64_t revision) {
  std::string key = ConsentKey(subject);
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>((revision >> shift) & 0xFF));
  return key;
}

uint64_t RevisionOfHistoryKey(absl::string_view key) {
  constexpr size_t kSubjectBytes = sizeof(policy::SubjectKey::bytes);
  uint64_t revision = 0;
  if (key.size() != kSubjectBytes + sizeof(revision)) return 0;
  for (const char byte : key.substr(kSubjectBytes)) revision = revision << 8 | static_cast<uint8_t>(byte);
  return revision;
}

}  // namespace assent::storage
