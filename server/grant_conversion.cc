#include "server/grant_conversion.h"

#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "policy/purpose.h"
#include "server/change_frame.h"
#include "server/consent_conversion.h"
#include "server/request_validation.h"
#include "server/status_conversion.h"
#include "server/stored_signals.h"

namespace assent::server {
namespace {

absl::StatusOr<storage::Grant> ReadPurposeGrant(absl::string_view field, const v1::PurposeGrant& grant) {
  const auto purpose = ReadPurpose(absl::StrCat(field, ".purpose"), grant.purpose());
  if (!purpose.ok()) return purpose.status();
  const auto basis = ReadLegalBasis(absl::StrCat(field, ".legal_basis"), grant.legal_basis(), *purpose);
  if (!basis.ok()) return basis.status();
  return storage::Grant{.purpose = *purpose, .legal_basis = *basis};
}

absl::Status ReadGrants(const v1::RecordConsentRequest& request, storage::ConsentRequest& out) {
  if (request.grants_size() > kPurposesAtOnceMax) {
    return MakeLimitError(Reason::kTooManyEntries, "grants", "has more entries than", kPurposesAtOnceMax);
  }
  uint32_t seen = 0;
  for (int i = 0; i < request.grants_size(); ++i) {
    const std::string field = absl::StrCat("grants[", i, "]");
    const auto grant = ReadPurposeGrant(field, request.grants(i));
    if (!grant.ok()) return grant.status();
    const uint32_t bit = policy::PurposeBit(grant->purpose);
    if ((seen & bit) != 0) return MakeError(Reason::kEntryRepeated, absl::StrCat(field, ".purpose"), "appears twice");
    seen |= bit;
    out.grants.push_back(*grant);
  }
  return absl::OkStatus();
}

absl::Status ReadExpiry(const v1::RecordConsentRequest& request, absl::Time now, storage::ConsentRequest& out) {
  if (!request.has_expire_time()) return absl::OkStatus();
  const auto& expire = request.expire_time();
  if (expire.nanos() < 0 || expire.nanos() > 999'999'999 || expire.seconds() > std::numeric_limits<uint32_t>::max()) {
    return MakeError(Reason::kValueOutOfRange, "expire_time", "must be a time before the year 2106");
  }
  if (expire.seconds() <= absl::ToUnixSeconds(now)) {
    return MakeError(Reason::kValueOutOfRange, "expire_time", "must be in the future, in whole seconds");
  }
  out.terms.expire_time_s = static_cast<uint32_t>(expire.seconds());
  return absl::OkStatus();
}

// What permits something names a notice; what only denies may.
absl::Status ReadNoticeName(const v1::RecordConsentRequest& request, storage::ConsentRequest& out) {
  if (out.grants.empty() && request.notice_id().empty() && request.notice_version().empty()) return absl::OkStatus();
  out.terms.notice_id = request.notice_id();
  out.terms.notice_version = request.notice_version();
  return ValidateNoticeName("", request.notice_id(), request.notice_version());
}

// What signals tell was not collected otherwise.
absl::Status ReadMethod(const v1::RecordConsentRequest& request, storage::ConsentRequest& out) {
  const v1::CollectionMethod method = request.method();
  if (request.has_signals()) {
    if (method == v1::COLLECTION_METHOD_UNSPECIFIED) return absl::OkStatus();
    return MakeError(Reason::kFieldInvalid, "method", "must be unset with signals, which say it");
  }
  if (method > v1::COLLECTION_METHOD_IMPORT || method < 0) {
    return MakeError(Reason::kFieldInvalid, "method", "must be EXPLICIT or IMPORT, or come from signals");
  }
  out.terms.method = method == v1::COLLECTION_METHOD_UNSPECIFIED ? storage::kMethodExplicit : static_cast<int>(method);
  return absl::OkStatus();
}

// The strictest of what the request says of the place; where it says nothing, what the configuration says.
policy::Regime RegimeOf(const v1::RecordConsentRequest& request, const policy::Jurisdictions& jurisdictions) {
  const policy::Regime stated = policy::Stricter(jurisdictions.RegimeOf(request.jurisdiction()),
                                                 jurisdictions.RegimeOf(request.signals().jurisdiction()));
  return policy::RegimeInForce(stated, jurisdictions.otherwise(), request.signals().gdpr());
}

// Grants, or signals that stand for them.
absl::Status ReadAnswers(const v1::RecordConsentRequest& request, const policy::SignalPolicy& signals,
                         const policy::Jurisdictions& jurisdictions, storage::ConsentRequest& out) {
  if (!request.has_signals()) {
    return request.grants_size() == 0 ? MakeError(Reason::kFieldRequired, "grants", "is required")
                                      : ReadGrants(request, out);
  }
  if (request.grants_size() != 0) return MakeError(Reason::kFieldInvalid, "grants", "must be empty with signals");
  return ReadStoredSignals(request.signals(), signals, RegimeOf(request, jurisdictions), out);
}

absl::Status ReadTerms(const v1::RecordConsentRequest& request, storage::ConsentRequest& out) {
  if (absl::Status status = ReadNoticeName(request, out); !status.ok()) return status;
  if (absl::Status status = ValidateJurisdiction("jurisdiction", request.jurisdiction()); !status.ok()) return status;
  if (!request.jurisdiction().empty()) out.terms.jurisdiction = request.jurisdiction();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<storage::ConsentRequest> ReadGrant(const v1::RecordConsentRequest& request, const RequestLimits& limits,
                                                  const policy::SignalPolicy& signals,
                                                  const policy::Jurisdictions& jurisdictions, absl::Time now) {
  storage::ConsentRequest out;
  out.kind = internal::v1::CONSENT_CHANGE_KIND_GRANT;
  absl::Status status = ReadChangeFrame(request, limits, out);
  if (status.ok()) status = ReadAnswers(request, signals, jurisdictions, out);
  if (status.ok()) status = ReadMethod(request, out);
  if (status.ok()) status = ReadTerms(request, out);
  if (status.ok()) status = ReadExpiry(request, now, out);
  if (!status.ok()) return status;
  return out;
}

}  // namespace assent::server
