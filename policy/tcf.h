// For which purposes does a TCF string permit this deployment to process?
#ifndef ASSENT_POLICY_TCF_H_
#define ASSENT_POLICY_TCF_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "policy/vendor_list.h"

namespace assent::policy {

// Strings made on or after it must disclose vendors. 2026-03-01T00:00Z, tenths of a second since 1970.
inline constexpr uint64_t kTcfDisclosureStart_ds = 17723232000;
// Strings made on or after it must follow policy 4 or later. 2023-10-01T00:00Z, tenths of a second since 1970.
inline constexpr uint64_t kTcfPolicy4Start_ds = 16961184000;

// What this deployment is in the framework. The default permits nothing.
struct TcfPolicy {
  uint16_t vendor_id = 0;                // 0: none
  const VendorList* list = nullptr;      // that vendor's registration; borrowed. Null: nothing is registered
  bool undisclosed_purpose_one = false;  // purpose 1 is permitted where the string says that it was not asked for
};

// Sets of TCF purposes (policy/vendor_list.h); none unless valid.
struct TcfReading {
  bool valid = false;
  uint32_t permitted = 0;
  uint32_t consented = 0;            // of those, what is permitted by consent; the others are by legitimate interest
  uint16_t vendor_list_version = 0;  // that the string was made with
};

// docs/signals.md has the rules. Threads: safe. Cost: that of DecodeTcf, plus a few branches; no allocation.
// Source: IAB Europe, "TCF Implementation Guidelines", how to determine legal bases.
TcfReading ReadTcf(absl::string_view text, const TcfPolicy& policy);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_TCF_H_
