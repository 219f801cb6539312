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
  return {.valid = true, .denied = text[kOptOutSaleAt] == 'Y' ? kAdvertisingPurposeBits : 0};
}

}  // namespace assent::policy
