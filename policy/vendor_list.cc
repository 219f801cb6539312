#include "policy/vendor_list.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"

namespace assent::policy {
namespace {

uint32_t VersionOrder(uint8_t specification, uint16_t version) { return uint32_t{specification} << 16 | version; }

uint32_t VersionOrder(const VendorListVersion& version) { return VersionOrder(version.specification, version.version); }

absl::Status CheckVersion(const VendorListVersion& version) {
  const std::string name = absl::StrCat("vendor list ", version.version, ": ");
  if (version.specification != 2 && version.specification != 3) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, "specification version ", version.specification, " is neither 2 nor 3"));
  }
  if (version.version == 0 || version.version > kVendorListVersionMax) {
    return absl::InvalidArgumentError(absl::StrCat(name, "the version is not from 1 to ", kVendorListVersionMax));
  }
  const VendorRegistration& registration = version.registration;
  const uint32_t registered = registration.consent_purposes | registration.legitimate_interest_purposes;
  if ((registered & ~kAllTcfPurposeBits) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(name, "a purpose is not from 1 to ", kTcfPurposesMax));
  }
  if ((registration.consent_purposes & registration.legitimate_interest_purposes) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(name, "a purpose has two legal bases"));
  }
  if ((registration.flexible_purposes & ~registered) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(name, "a flexible purpose is not registered"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<VendorList> VendorList::Create(std::vector<VendorListVersion> versions) {
  if (versions.size() > kVendorListVersionsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("more than ", kVendorListVersionsMax, " versions of the vendor list"));
  }
  for (const VendorListVersion& version : versions) {
    if (absl::Status status = CheckVersion(version); !status.ok()) return status;
  }
  std::sort(versions.begin(), versions.end(),
            [](const VendorListVersion& a, const VendorListVersion& b) { return VersionOrder(a) < VersionOrder(b); });
  const auto twice = std::adjacent_find(
      versions.begin(), versions.end(),
      [](const VendorListVersion& a, const VendorListVersion& b) { return VersionOrder(a) == VersionOrder(b); });
  if (twice != versions.end()) {
    return absl::InvalidArgumentError(absl::StrCat("vendor list ", twice->version, ": given twice"));
  }
  return VendorList(std::move(versions));
}

const VendorRegistration* VendorList::Find(uint8_t specification, uint16_t version) const {
  const uint32_t wanted = VersionOrder(specification, version);
  const auto found = std::lower_bound(
      versions_.begin(), versions_.end(), wanted,
      [](const VendorListVersion& candidate, uint32_t order) { return VersionOrder(candidate) < order; });
  if (found == versions_.end() || VersionOrder(*found) != wanted) return nullptr;
  return &found->registration;
}

}  // namespace assent::policy
