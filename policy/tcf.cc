#include "policy/tcf.h"

#include <algorithm>

#include "policy/tcf_string.h"

namespace assent::policy {
namespace {

// A legitimate interest never carries these, whatever the list or the string says.
constexpr uint32_t kConsentOnlyPurposes =
    TcfPurposeBit(1) | TcfPurposeBit(3) | TcfPurposeBit(4) | TcfPurposeBit(5) | TcfPurposeBit(6);

bool IsAcceptable(const TcfString& string) {
  const TcfCore& core = string.core;
  // The later of the two: a string that was updated since has to follow the rules of that day.
  const uint64_t made_ds = std::max(core.created_ds, core.last_updated_ds);
  if (!core.is_service_specific) return false;
  if (core.policy_version < 4 && made_ds >= kTcfPolicy4Start_ds) return false;
  return string.discloses_vendors || made_ds < kTcfDisclosureStart_ds;
}

uint32_t RestrictionOf(const TcfVendor& vendor, TcfRestriction type) {
  return static_cast<uint32_t>(vendor.restrictions[static_cast<size_t>(type)]) & kAllTcfPurposeBits;
}

// Each expression holds for all purposes at once.
void Permit(const TcfString& string, const VendorRegistration& registration, TcfReading& reading) {
  const TcfVendor& vendor = string.vendor;
  const uint32_t requires_consent = RestrictionOf(vendor, TcfRestriction::kRequireConsent);
  const uint32_t requires_interest = RestrictionOf(vendor, TcfRestriction::kRequireLegitimateInterest);
  // What cannot be followed denies: an undefined type, and two that contradict each other.
  const uint32_t refused = RestrictionOf(vendor, TcfRestriction::kNotAllowed) |
                           RestrictionOf(vendor, TcfRestriction::kUndefined) | (requires_consent & requires_interest);

  const uint32_t flexible = registration.flexible_purposes;
  const uint32_t by_consent = (registration.consent_purposes & ~requires_interest) |
                              (registration.legitimate_interest_purposes & flexible & requires_consent);
  const uint32_t by_interest = (registration.legitimate_interest_purposes & ~requires_consent) |
                               (registration.consent_purposes & flexible & requires_interest);

  if (vendor.consent) reading.consented = by_consent & string.core.purposes_consent & ~refused;
  reading.permitted = reading.consented;
  if (vendor.legitimate_interest) {
    reading.permitted |= by_interest & string.core.purposes_legitimate_interest & ~kConsentOnlyPurposes & ~refused;
  }
}

}  // namespace

TcfReading ReadTcf(absl::string_view text, const TcfPolicy& policy) {
  TcfString string;
  if (!DecodeTcf(text, policy.vendor_id, string) || !IsAcceptable(string)) return {};
  TcfReading reading = {.valid = true, .vendor_list_version = string.core.vendor_list_version};
  if (policy.vendor_id == 0 || policy.list == nullptr) return reading;
  if (string.discloses_vendors && !string.vendor.disclosed) return reading;
  const TcfCore& core = string.core;
  const VendorRegistration* const registration =
      policy.list->Find(VendorListSpecification(core.policy_version), core.vendor_list_version);
  if (registration == nullptr) return reading;
  Permit(string, *registration, reading);
  if (core.purpose_one_treatment && policy.undisclosed_purpose_one) {
    const uint32_t refused = RestrictionOf(string.vendor, TcfRestriction::kNotAllowed) |
                             RestrictionOf(string.vendor, TcfRestriction::kUndefined);
    reading.permitted |= registration->consent_purposes & TcfPurposeBit(1) & ~refused;
  }
  return reading;
}

}  // namespace assent::policy
