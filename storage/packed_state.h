// A subject's consent in two words: everything that permits or denies is in the first.
#ifndef ASSENT_STORAGE_PACKED_STATE_H_
#define ASSENT_STORAGE_PACKED_STATE_H_

#include <array>
#include <cstdint>

#include "policy/consent_state.h"

namespace assent::storage {

// The first word. One atomic store replaces it, so that no reader can combine the permission of one state with the end
// of another: that is why the end of the grants stands beside the statuses and not beside the revision.
//   bits  0-17  status of purposes 1 to 6, three bits each
//   bit   18    child          bit 19  restricted      bit 20  erased
//   bit   21    overflow: the granted purposes do not all have the same end and notice; each one's are in the side
//   table bit   22    occupied: set in every slot that is in use bits 23-28  which grants of purposes 1 to 6 are
//   explicit bits 29-31  policy::Regime bits 32-63  the earliest end among the granted purposes, whole seconds since
//   1970; 0: none ends
namespace packed {
inline constexpr uint64_t kChild = uint64_t{1} << 18;
inline constexpr uint64_t kRestricted = uint64_t{1} << 19;
inline constexpr uint64_t kErased = uint64_t{1} << 20;
inline constexpr uint64_t kOverflow = uint64_t{1} << 21;
inline constexpr uint64_t kOccupied = uint64_t{1} << 22;
inline constexpr int kExplicitShift = 23;
inline constexpr int kRegimeShift = 29;
inline constexpr int kEndShift = 32;

// The second word. No reader who starts after a change sees an older one.
//   bits  0-29  revision, at most kRevisionMax
//   bit   30    linked to other subjects
//   bit   31    a change of the slot is under way
//   bits 32-46  ordinal of the notice's version that the granted purposes were given under; 0: none; kNoticesDiffer
//   bit   47    some segments are refused
//   bits 48-63  part of the key
inline constexpr uint32_t kRevisionMax = 0x3FFFFFFF;
inline constexpr uint64_t kLinked = uint64_t{1} << 30;
inline constexpr uint64_t kChanging = uint64_t{1} << 31;
inline constexpr int kNoticeShift = 32;
inline constexpr uint64_t kNoticesDiffer = 0x7FFF;
inline constexpr uint64_t kPreferences = uint64_t{1} << 47;
inline constexpr int kKeyShift = 48;
}  // namespace packed

// The highest ordinal of a notice's version.
inline constexpr uint16_t kNoticeOrdinalMax = 0x7FFE;

// The ends of purposes 1 to 6, two a word; then the ordinals of their notices, four a word.
using PackedDetails = std::array<uint64_t, 5>;

struct PackedState {
  uint64_t word;  // the first
  uint64_t info;  // of the second word the bits 0 to 47, with kChanging unset
};

// Sets kOverflow where PackDetails is needed too. The end and notice of a purpose that is not granted mean nothing and
// are not kept; `outdated` is not kept either, nor is more of the revision than kRevisionMax.
PackedState PackState(const policy::ConsentState& state);
PackedDetails PackDetails(const policy::ConsentState& state);

// Of an overflowing state it knows only the earliest end and gives it to every granted purpose: never later than the
// exact one. So with notices that differ: each granted purpose has kNoticesDiffer. Sets every field; `outdated` to
// none.
void UnpackState(uint64_t word, uint64_t info, policy::ConsentState& state);
// Replaces the ends and notices of the granted purposes by the exact ones.
void UnpackDetails(const PackedDetails& details, policy::ConsentState& state);

// The word with the purposes of `purpose_bits` closed (see policy::PurposeBit); other bits are ignored.
uint64_t ClosePurposes(uint64_t word, uint32_t purpose_bits);
// The purposes that are closed in the word, as policy::PurposeBit.
uint32_t ClosedPurposes(uint64_t word);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_PACKED_STATE_H_
