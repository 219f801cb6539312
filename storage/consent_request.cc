#include "storage/consent_request.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <utility>

namespace assent::storage {
namespace {

constexpr size_t kDigestBytes = 16;

void PutNumber(uint64_t number, std::string& out) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>((number >> shift) & 0xFF));
}

void PutText(const std::string& text, std::string& out) {
  PutNumber(text.size(), out);
  out += text;
}

void PutPreference(const SegmentPreference& preference, std::string& out) {
  PutText(preference.segment_id, out);
  PutNumber(static_cast<uint64_t>(preference.taxonomy_id), out);
  PutNumber(preference.statement ? 2 : preference.refused, out);
  PutText(preference.statement.value_or(""), out);
}

uint32_t DeniedBits(const ConsentRequest& request) {
  const uint32_t bits = request.purpose_bits & policy::kAllPurposeBits;
  return bits == 0 ? policy::kAllPurposeBits : bits;
}

}  // namespace

bool IsProtective(const ConsentRequest& request) {
  switch (request.kind) {
    case internal::v1::CONSENT_CHANGE_KIND_WITHDRAW:
    case internal::v1::CONSENT_CHANGE_KIND_OPT_OUT:
    case internal::v1::CONSENT_CHANGE_KIND_RESTRICT:
    case internal::v1::CONSENT_CHANGE_KIND_MARK_CHILD:
    case internal::v1::CONSENT_CHANGE_KIND_ERASE:
      return true;
    default:
      return false;
  }
}

bool IsLinkChange(const ConsentRequest& request) {
  return request.kind == internal::v1::CONSENT_CHANGE_KIND_LINK ||
         request.kind == internal::v1::CONSENT_CHANGE_KIND_UNLINK;
}

uint32_t PurposesOf(const ConsentRequest& request) {
  switch (request.kind) {
    case internal::v1::CONSENT_CHANGE_KIND_WITHDRAW:
    case internal::v1::CONSENT_CHANGE_KIND_OPT_OUT:
      return DeniedBits(request);
    case internal::v1::CONSENT_CHANGE_KIND_ERASE:
      return policy::kAllPurposeBits;
    case internal::v1::CONSENT_CHANGE_KIND_GRANT: {
      uint32_t bits = request.withdrawn_bits | request.opted_out_bits;
      for (const Grant& grant : request.grants) bits |= policy::PurposeBit(grant.purpose);
      return bits;
    }
    default:
      return 0;
  }
}

uint32_t ClosedBy(const ConsentRequest& request) {
  switch (request.kind) {
    case internal::v1::CONSENT_CHANGE_KIND_WITHDRAW:
    case internal::v1::CONSENT_CHANGE_KIND_OPT_OUT:
      return DeniedBits(request);
    case internal::v1::CONSENT_CHANGE_KIND_GRANT:
      return request.withdrawn_bits | request.opted_out_bits;
    default:
      return IsProtective(request) ? policy::kAllPurposeBits : 0;
  }
}

std::string RequestDigest(const ConsentRequest& request) {
  std::string asked;
  PutNumber(static_cast<uint64_t>(request.kind), asked);
  PutNumber(PurposesOf(request), asked);
  if (request.kind == internal::v1::CONSENT_CHANGE_KIND_GRANT) {
    std::vector<std::pair<int, int>> grants;
    for (const Grant& grant : request.grants) grants.emplace_back(static_cast<int>(grant.purpose), grant.legal_basis);
    std::sort(grants.begin(), grants.end());
    for (const auto& [purpose, legal_basis] : grants) {
      PutNumber(static_cast<uint64_t>(purpose), asked);
      PutNumber(static_cast<uint64_t>(legal_basis), asked);
    }
    const GrantTerms& terms = request.terms;
    PutNumber(terms.expire_time_s, asked);
    PutText(terms.notice_id, asked);
    PutText(terms.notice_version, asked);
    PutText(terms.jurisdiction, asked);
    PutNumber(static_cast<uint64_t>(terms.method), asked);
    if (request.withdrawn_bits != 0 || request.opted_out_bits != 0 || !terms.signal_sha256.empty()) {
      PutNumber(request.withdrawn_bits, asked);
      PutNumber(request.opted_out_bits, asked);
      PutText(terms.signal_sha256, asked);
    }
  }
  if (request.kind == internal::v1::CONSENT_CHANGE_KIND_SET_PREFERENCES) PutPreference(request.preference, asked);
  if (request.linked)
    asked.append(reinterpret_cast<const char*>(request.linked->bytes.data()), request.linked->bytes.size());
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(asked.data()), asked.size(), digest.data());
  return {reinterpret_cast<const char*>(digest.data()), kDigestBytes};
}

}  // namespace assent::storage
