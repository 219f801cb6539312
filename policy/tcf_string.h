// A string of the IAB Transparency and Consent Framework, version 2: what it says, before any rule.
// Source: IAB Europe and IAB Tech Lab, "Consent string and vendor list formats v2" (TCF v2.2, v2.3).
#ifndef ASSENT_POLICY_TCF_STRING_H_
#define ASSENT_POLICY_TCF_STRING_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace assent::policy {

// A longer string is malformed. Real ones have up to 2 KiB.
inline constexpr size_t kTcfBytesMax = 4096;

// Two upper-case letters, where the string has letters. No zero at the end.
using TwoLetters = std::array<char, 2>;

// The fields of fixed size. Sets of purposes and of special features have bit p for number p.
struct TcfCore {
  uint8_t version = 0;  // 2
  // Tenths of a second since 1970.
  uint64_t created_ds = 0;
  uint64_t last_updated_ds = 0;
  uint16_t cmp_id = 0;  // 0 is accepted, although some decoders refuse it: it says nothing of the person's choice
  uint16_t cmp_version = 0;
  uint8_t consent_screen = 0;
  TwoLetters consent_language = {'A', 'A'};
  uint16_t vendor_list_version = 0;
  uint8_t policy_version = 0;
  bool is_service_specific = false;
  bool use_non_standard_texts = false;
  uint32_t special_feature_opt_ins = 0;
  uint32_t purposes_consent = 0;
  uint32_t purposes_legitimate_interest = 0;
  bool purpose_one_treatment = false;
  TwoLetters publisher_country = {'A', 'A'};

  friend bool operator==(const TcfCore&, const TcfCore&) = default;
};

// The types of publisher restrictions; 3 is undefined.
inline constexpr size_t kTcfRestrictionTypes = 4;
enum class TcfRestriction : uint8_t {
  kNotAllowed = 0,
  kRequireConsent = 1,
  kRequireLegitimateInterest = 2,
  kUndefined = 3
};

// What the string says of one vendor.
struct TcfVendor {
  bool consent = false;
  bool legitimate_interest = false;
  bool disclosed = false;
  // By type: bit p for purpose p, which here has 6 bits.
  std::array<uint64_t, kTcfRestrictionTypes> restrictions = {};

  friend bool operator==(const TcfVendor&, const TcfVendor&) = default;
};

// The publisher's own purposes. They say nothing for a vendor, unless a contract says so.
struct TcfPublisher {
  bool present = false;
  uint32_t purposes_consent = 0;
  uint32_t purposes_legitimate_interest = 0;
  uint8_t custom_purposes = 0;
  uint64_t custom_consent = 0;  // bit p for custom purpose p
  uint64_t custom_legitimate_interest = 0;

  friend bool operator==(const TcfPublisher&, const TcfPublisher&) = default;
};

struct TcfString {
  TcfCore core;
  TcfVendor vendor;
  TcfPublisher publisher;
  bool discloses_vendors = false;  // the segment is there and names at least one vendor

  friend bool operator==(const TcfString&, const TcfString&) = default;
};

// False: malformed, and `out` means nothing. Malformed is a character outside of the alphabet, a segment that is cut
// short, of unknown type or there twice, bits after the last field that are not zero, a range that starts at 0, ends
// before it starts or exceeds the section's largest vendor id (those of restrictions may), another version than 2, and
// more than kTcfBytesMax. `vendor_id` 0: no vendor, so `out.vendor` stays empty.
// Threads: safe. Cost: at most one step a character; no allocation.
bool DecodeTcf(absl::string_view text, uint16_t vendor_id, TcfString& out);

// What is listed vendor by vendor, for those who look at a whole string.
enum class TcfVendorList : uint8_t { kConsent, kLegitimateInterest, kDisclosed, kAllowed };
struct TcfVisitor {
  absl::FunctionRef<void(TcfVendorList list, uint16_t vendor_id)> vendor;
  absl::FunctionRef<void(int purpose, TcfRestriction type, uint16_t first_vendor_id, uint16_t last_vendor_id)>
      restriction;
};
// Calls the visitor for everything that the string lists, in its order. False: as above; it may have been called before
// that showed. Cost: O(vendors listed), which for ranges is up to 65,535 each: not for the hot path.
bool VisitTcf(absl::string_view text, const TcfVisitor& visitor);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_TCF_STRING_H_
