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
//   bit   21    overflow: the granted purposes do not all end at the same time; the exact ends are in the side table
//   bit   22    occupied: set in every slot that is in use
//   bits 23-31  spare, zero (eight of them are meant for the jurisdiction pack)
//   bits 32-63  the earliest end among the granted purposes, whole seconds since 1970; 0: none ends
namespace packed {
inline constexpr uint64_t kChild = uint64_t{1} << 18;
inline constexpr uint64_t kRestricted = uint64_t{1} << 19;
inline constexpr uint64_t kErased = uint64_t{1} << 20;
inline constexpr uint64_t kOverflow = uint64_t{1} << 21;
inline constexpr uint64_t kOccupied = uint64_t{1} << 22;
inline constexpr int kEndShift = 32;

// The second word: what is reported, not what decides.
//   bits  0-30  revision, at most kRevisionMax
//   bit   31    a change of the slot is under way
//   bits 32-47  spare, zero (meant for the ordinal of the notice)
//   bits 48-63  part of the key
inline constexpr uint32_t kRevisionMax = 0x7FFFFFFF;
inline constexpr uint64_t kChanging = uint64_t{1} << 31;
inline constexpr int kKeyShift = 48;
}  // namespace packed

// The ends of purposes 1 to 6, two a word.
using PackedEnds = std::array<uint64_t, policy::kPurposeCount / 2>;

// Sets kOverflow where PackEnds is needed too. The end of a purpose that is not granted means nothing and is not kept.
uint64_t PackState(const policy::ConsentState& state);
PackedEnds PackEnds(const policy::ConsentState& state);

// Of an overflowing state it knows only the earliest end and gives it to every granted purpose: never later than the
// exact one. Sets every field; `revision` goes into it as it is.
void UnpackState(uint64_t word, uint32_t revision, policy::ConsentState& state);
// Replaces the ends of the granted purposes by the exact ones.
void UnpackEnds(const PackedEnds& ends, policy::ConsentState& state);

// The word with the purposes of `purpose_bits` closed (see policy::PurposeBit); other bits are ignored.
uint64_t ClosePurposes(uint64_t word, uint32_t purpose_bits);
// The purposes that are closed in the word, as policy::PurposeBit.
uint32_t ClosedPurposes(uint64_t word);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_PACKED_STATE_H_
