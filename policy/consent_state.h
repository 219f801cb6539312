// What is known of a subject's consent, as the hot path reads it: one value, 16 bytes of it packed in the index.
#ifndef ASSENT_POLICY_CONSENT_STATE_H_
#define ASSENT_POLICY_CONSENT_STATE_H_

#include <array>
#include <cstdint>

#include "policy/jurisdiction.h"
#include "policy/purpose.h"

namespace assent::policy {

// Numbered as in assent.v1.ConsentStatus, plus kClosed.
enum class ConsentStatus : uint8_t {
  kNone = 0,
  kGranted = 1,
  kWithdrawn = 2,
  kOptedOut = 3,
  kClosed = 4,  // a protective change is on its way to the disk, or failed to reach it: no permission
};

// The state of every purpose of one subject. A subject without a record has the default value.
struct ConsentState {
  std::array<ConsentStatus, kPurposeCount + 1> status = {};  // by purpose number; [0] is unused
  // Of granted purposes only; 0 for the others.
  std::array<uint32_t, kPurposeCount + 1> expire_time_s = {};  // the clock reaching it ends the grant; 0: no end
  std::array<uint16_t, kPurposeCount + 1> notice = {};         // ordinal of the notice's version; 0: none
  // Sets of granted purposes, of PurposeBit.
  uint32_t explicit_grants = 0;      // the person acted on a notice
  uint32_t outdated = 0;             // a later version of the notice asks for more
  uint32_t revision = 0;             // 0: no record
  Regime regime = Regime::kUnknown;  // the strictest among the jurisdictions on record
  bool child = false;
  bool restricted = false;
  bool erased = false;
  bool has_preferences = false;  // some segments are refused
  bool linked = false;           // to a person, or a person with others linked to it
  bool gates_closed = false;     // of everybody: the data were restored, and later denials may be missing

  friend bool operator==(const ConsentState&, const ConsentState&) = default;
};

}  // namespace assent::policy

#endif  // ASSENT_POLICY_CONSENT_STATE_H_
