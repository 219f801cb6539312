#include "policy/us_privacy.h"

namespace assent::policy {
namespace {

constexpr size_t kUsPrivacyBytes = 4;
constexpr size_t kOptOutSaleAt = 2;

}  // namespace

UsReading ReadUsPrivacy(absl::string_view text) {
  if (text.size() != kUsPrivacyBytes || text[0] != '1') return {};
  for (const char answer : text.substr(1)) {
    if (answer != 'Y' && answer != 'N' && answer != '-') return {};
  }
  const uint32_t opted_out = text[kOptOutSaleAt] == 'Y' ? kAdvertisingPurposeBits : 0;
  return {.valid = true, .denied = opted_out, .opted_out = opted_out};
}

}  // namespace assent::policy
