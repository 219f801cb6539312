// A string of the Global Privacy Platform: a header that names its sections, and the sections.
#ifndef ASSENT_POLICY_GPP_H_
#define ASSENT_POLICY_GPP_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/strings/string_view.h"
#include "policy/purpose.h"
#include "policy/tcf.h"

namespace assent::policy {

// A longer string is malformed: room for a TCF string of full length and every section beside it.
inline constexpr size_t kGppBytesMax = 8192;
// More ids in force than this are malformed.
inline constexpr size_t kGppSectionsInForceMax = 64;

inline constexpr int kGppSectionTcfEu = 2;
inline constexpr int kGppSectionUsPrivacy = 6;
inline constexpr int kGppSectionLast = 27;  // of those that are evaluated

// Where each section stands.
struct GppIndex {
  // [id]: its place among the sections, from 0; -1: not there. Sections above kGppSectionLast are counted only.
  int16_t place[kGppSectionLast + 1];
  int sections = 0;
};

// Reads the header, which is the text before the first '~'. False: malformed, `out` means nothing.
// Threads: safe. Cost: O(text), no allocation. Source: IAB Tech Lab, GPP, "Consent String Specification", header.
bool DecodeGppHeader(absl::string_view header, GppIndex& out);

struct GppReading {
  // False: malformed, which denies everything.
  bool valid = false;
  uint32_t denied = kAllPurposeBits;  // by the sections of the United States; a set of policy::PurposeBit
  uint32_t opted_out = 0;             // of those: what the person opted out of
  bool tcf_in_force = false;          // section 2 is, and the string is valid
  uint32_t tcf_permitted = 0;         // by section 2: a set of TCF purposes
  uint32_t tcf_consented = 0;         // of those, what is permitted by consent
};

// Only the sections that `gpp_sid` names are in force; ids of 0 and less name none, and with none in force the string
// is not looked at. Malformed: an id that is not evaluated (2, 6 and 7 to 27 are), a section in force that is not there
// or is malformed itself (an invalid TCF string is), another number of sections than the header names, and more than
// kGppBytesMax or kGppSectionsInForceMax. Threads: safe. Cost: O(gpp + gpp_sid), no allocation.
GppReading ReadGpp(absl::string_view gpp, std::span<const int32_t> gpp_sid, const TcfPolicy& policy);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_GPP_H_
