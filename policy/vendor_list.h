// What one vendor registered in the IAB Global Vendor List, by version of the list.
#ifndef ASSENT_POLICY_VENDOR_LIST_H_
#define ASSENT_POLICY_VENDOR_LIST_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace assent::policy {

// TCF numbers its purposes from 1. In a set of them, bit p stands for purpose p; bit 0 is unused.
inline constexpr int kTcfPurposesMax = 24;
inline constexpr uint32_t kAllTcfPurposeBits = ((1u << kTcfPurposesMax) - 1) << 1;
constexpr uint32_t TcfPurposeBit(int purpose) { return 1u << purpose; }

// A list's version has 12 bits in a TCF string.
inline constexpr uint16_t kVendorListVersionMax = 4095;
inline constexpr size_t kVendorListVersionsMax = 4096;

// The specification of the list that strings of `tcf_policy_version` refer to. Both number their lists from 1.
constexpr uint8_t VendorListSpecification(int tcf_policy_version) { return tcf_policy_version >= 4 ? 3 : 2; }

// Sets of TCF purposes. What a vendor may do without a publisher's restriction is the first two.
struct VendorRegistration {
  uint32_t consent_purposes = 0;
  uint32_t legitimate_interest_purposes = 0;  // none of consent_purposes
  uint32_t flexible_purposes = 0;             // of the two: a publisher's restriction may change their legal basis

  friend bool operator==(const VendorRegistration&, const VendorRegistration&) = default;
};

struct VendorListVersion {
  uint8_t specification = 3;  // 2 or 3
  uint16_t version = 0;       // 1 to kVendorListVersionMax
  VendorRegistration registration = {};
};

// Immutable. Threads: safe.
class VendorList {
 public:
  // Leave out the versions in which the vendor is not listed, or is deleted. Errors: InvalidArgument (a number out of
  // its limits, a version twice, a purpose registered on two legal bases, a flexible purpose that is not registered,
  // more than kVendorListVersionsMax).
  static absl::StatusOr<VendorList> Create(std::vector<VendorListVersion> versions);

  // Null: the version is unknown, or the vendor is not in it. Ownership: the list's. Cost: O(log versions).
  const VendorRegistration* Find(uint8_t specification, uint16_t version) const;

 private:
  explicit VendorList(std::vector<VendorListVersion> versions) : versions_(std::move(versions)) {}

  std::vector<VendorListVersion> versions_;  // sorted
};

}  // namespace assent::policy

#endif  // ASSENT_POLICY_VENDOR_LIST_H_
