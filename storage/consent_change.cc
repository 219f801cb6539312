#include "storage/consent_change.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

namespace assent::storage {
namespace {

using internal::v1::ConsentChange;
using internal::v1::ConsentRecord;
using internal::v1::PurposeRecord;
using policy::ConsentStatus;
using policy::Purpose;

constexpr int kMethodExplicit = 1;  // assent.v1.CollectionMethod
constexpr size_t kDigestBytes = 16;

PurposeRecord GrantRecord(const ConsentRequest& request, const Grant& grant, int64_t now_us) {
  PurposeRecord purpose;
  purpose.set_purpose(static_cast<int32_t>(grant.purpose));
  purpose.set_status(static_cast<int32_t>(ConsentStatus::kGranted));
  purpose.set_legal_basis(grant.legal_basis);
  purpose.set_update_time_us(now_us);
  purpose.set_expire_time_s(request.expire_time_s);
  purpose.set_notice_id(request.notice_id);
  purpose.set_notice_version(request.notice_version);
  purpose.set_jurisdiction(request.jurisdiction);
  purpose.set_method(request.method);
  purpose.set_recorded_by(request.recorded_by);
  return purpose;
}

PurposeRecord DenialRecord(const ConsentRequest& request, int number, int64_t now_us) {
  const bool opt_out = request.kind == internal::v1::CONSENT_CHANGE_KIND_OPT_OUT;
  PurposeRecord purpose;
  purpose.set_purpose(number);
  purpose.set_status(static_cast<int32_t>(opt_out ? ConsentStatus::kOptedOut : ConsentStatus::kWithdrawn));
  purpose.set_update_time_us(now_us);
  purpose.set_method(kMethodExplicit);
  purpose.set_recorded_by(request.recorded_by);
  return purpose;
}

// Whether the purpose's grant is in force: then another grant continues its run.
bool InForce(const PurposeRecord& purpose, int64_t now_us) {
  constexpr int64_t kSecondUs = 1'000'000;
  return purpose.status() == static_cast<int32_t>(ConsentStatus::kGranted) &&
         (purpose.expire_time_s() == 0 || now_us / kSecondUs < static_cast<int64_t>(purpose.expire_time_s()));
}

const PurposeRecord* FindPurpose(const ConsentRecord& record, int number) {
  const auto found = std::find_if(record.purposes().begin(), record.purposes().end(),
                                  [&](const PurposeRecord& purpose) { return purpose.purpose() == number; });
  return found == record.purposes().end() ? nullptr : &*found;
}

// The revision with which the run of grants began that a grant of now belongs to.
uint64_t RunBegan(const ConsentRecord& record, int number, int64_t now_us) {
  const PurposeRecord* before = FindPurpose(record, number);
  return before != nullptr && InForce(*before, now_us) ? before->since_revision() : record.revision() + 1;
}

// Replaces the state of one purpose, or adds it in its place: purposes stay in ascending order.
void SetPurpose(const PurposeRecord& purpose, ConsentRecord& record) {
  auto& all = *record.mutable_purposes();
  int place = 0;
  while (place < all.size() && all[place].purpose() < purpose.purpose()) ++place;
  if (place == all.size() || all[place].purpose() != purpose.purpose()) {
    all.Add();
    for (int i = all.size() - 1; i > place; --i) all.SwapElements(i, i - 1);
  }
  all[place] = purpose;
}

void PutNumber(uint64_t number, std::string& out) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>((number >> shift) & 0xFF));
}

void PutText(const std::string& text, std::string& out) {
  PutNumber(text.size(), out);
  out += text;
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

bool IsProtective(const ConsentRequest& request) { return request.kind != internal::v1::CONSENT_CHANGE_KIND_GRANT; }

uint32_t PurposesOf(const ConsentRequest& request) {
  if (IsProtective(request)) {
    const uint32_t bits = request.purpose_bits & policy::kAllPurposeBits;
    return bits == 0 ? policy::kAllPurposeBits : bits;
  }
  uint32_t bits = 0;
  for (const Grant& grant : request.grants) bits |= policy::PurposeBit(grant.purpose);
  return bits;
}

Repetition RepetitionOf(const ConsentRecord& record, const ConsentRequest& request) {
  if (request.request_id.empty()) return Repetition::kNone;
  const auto& remembered = record.remembered_requests();
  const auto found = std::find_if(remembered.begin(), remembered.end(),
                                  [&](const auto& one) { return one.request_id() == request.request_id; });
  if (found == remembered.end()) return Repetition::kNone;
  return found->digest() == RequestDigest(request) ? Repetition::kSame : Repetition::kOtherAsked;
}

std::string RequestDigest(const ConsentRequest& request) {
  std::string asked;
  PutNumber(static_cast<uint64_t>(request.kind), asked);
  PutNumber(PurposesOf(request), asked);
  if (!IsProtective(request)) {
    std::vector<std::pair<int, int>> grants;
    for (const Grant& grant : request.grants) grants.emplace_back(static_cast<int>(grant.purpose), grant.legal_basis);
    std::sort(grants.begin(), grants.end());
    for (const auto& [purpose, legal_basis] : grants) {
      PutNumber(static_cast<uint64_t>(purpose), asked);
      PutNumber(static_cast<uint64_t>(legal_basis), asked);
    }
    PutNumber(request.expire_time_s, asked);
    PutText(request.notice_id, asked);
    PutText(request.notice_version, asked);
    PutText(request.jurisdiction, asked);
    PutNumber(static_cast<uint64_t>(request.method), asked);
  }
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(asked.data()), asked.size(), digest.data());
  return {reinterpret_cast<const char*>(digest.data()), kDigestBytes};
}

ConsentChange ApplyChange(const ConsentRequest& request, absl::Time now, uint64_t sequence, ConsentRecord& record) {
  const int64_t now_us = absl::ToUnixMicros(now);
  ConsentChange change;
  change.set_sequence(sequence);
  change.set_kind(request.kind);
  change.set_time_us(now_us);
  change.set_recorded_by(request.recorded_by);
  if (IsProtective(request)) {
    const uint32_t bits = PurposesOf(request);
    for (int number = 1; number <= policy::kPurposeCount; ++number) {
      if ((bits & policy::PurposeBit(static_cast<Purpose>(number))) == 0) continue;
      *change.add_purposes() = DenialRecord(request, number, now_us);
    }
  } else {
    for (const Grant& grant : request.grants) {
      PurposeRecord& purpose = *change.add_purposes();
      purpose = GrantRecord(request, grant, now_us);
      purpose.set_since_revision(RunBegan(record, purpose.purpose(), now_us));
    }
  }
  for (const PurposeRecord& purpose : change.purposes()) SetPurpose(purpose, record);
  Remember(request, record);
  record.set_revision(record.revision() + 1);
  record.set_sequence(sequence);
  return change;
}

uint32_t EndedProfiles(const ConsentRequest& request, absl::Time now, const ConsentRecord& record) {
  if (IsProtective(request)) return PurposesOf(request) & policy::kProfilePurposeBits;
  uint32_t bits = 0;
  for (const Grant& grant : request.grants) {
    const PurposeRecord* before = FindPurpose(record, static_cast<int>(grant.purpose));
    const bool ran_out = before != nullptr && before->status() == static_cast<int32_t>(ConsentStatus::kGranted) &&
                         !InForce(*before, absl::ToUnixMicros(now));
    if (ran_out) bits |= policy::PurposeBit(grant.purpose) & policy::kProfilePurposeBits;
  }
  return bits;
}

policy::ConsentState StateOf(const ConsentRecord& record) {
  policy::ConsentState state;
  for (const PurposeRecord& purpose : record.purposes()) {
    if (!policy::PurposeFromNumber(purpose.purpose())) continue;
    const auto index = static_cast<size_t>(purpose.purpose());
    state.status[index] = StatusOf(purpose);
    state.expire_time_s[index] = purpose.expire_time_s();
  }
  state.revision = static_cast<uint32_t>(std::min<uint64_t>(record.revision(), std::numeric_limits<uint32_t>::max()));
  state.child = record.child();
  state.restricted = record.restricted();
  state.erased = record.erased();
  return state;
}

std::string ConsentKey(const policy::SubjectKey& subject) {
  return {reinterpret_cast<const char*>(subject.bytes.data()), subject.bytes.size()};
}

std::string HistoryKey(const policy::SubjectKey& subject, uint64_t revision) {
  std::string key = ConsentKey(subject);
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>((revision >> shift) & 0xFF));
  return key;
}

}  // namespace assent::storage
