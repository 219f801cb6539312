#include "storage/packed_state.h"

#include <cstring>

#include "policy/purpose.h"

namespace assent::storage {
namespace {

using policy::ConsentState;
using policy::ConsentStatus;
using policy::kPurposeCount;

constexpr int kStatusBits = 3;
constexpr uint64_t kStatusMask = (uint64_t{1} << kStatusBits) - 1;

static_assert(kPurposeCount == 6, "the layout of the words and SpreadStatuses are made for six purposes");

constexpr int ShiftOf(int purpose) { return (purpose - 1) * kStatusBits; }

// Six fields of three bits become six bytes: purpose 1 in the lowest. Each step moves half of the fields.
uint64_t SpreadStatuses(uint64_t word) {
  const uint64_t halves = (word & 0x1FF) | ((word & 0x3FE00) << 15);
  return (halves & 0x000007000007) | ((halves & 0x000038000038) << 5) | ((halves & 0x0001C00001C0) << 10);
}

}  // namespace

uint64_t PackState(const ConsentState& state) {
  uint64_t word = packed::kOccupied;
  bool first = true;
  uint32_t common_end = 0;
  uint32_t earliest_end = 0;
  for (int purpose = 1; purpose <= kPurposeCount; ++purpose) {
    const auto index = static_cast<size_t>(purpose);
    const auto status = static_cast<uint64_t>(state.status[index]);
    // A status that does not fit is a bug; kClosed is the value that permits least.
    const uint64_t field = status <= kStatusMask ? status : static_cast<uint64_t>(ConsentStatus::kClosed);
    word |= field << ShiftOf(purpose);
    if (state.status[index] != ConsentStatus::kGranted) continue;
    const uint32_t end = state.expire_time_s[index];
    if (first) {
      common_end = end;
    } else if (end != common_end) {
      word |= packed::kOverflow;
    }
    first = false;
    if (end != 0 && (earliest_end == 0 || end < earliest_end)) earliest_end = end;
  }
  if (state.child) word |= packed::kChild;
  if (state.restricted) word |= packed::kRestricted;
  if (state.erased) word |= packed::kErased;
  return word | (uint64_t{earliest_end} << packed::kEndShift);
}

PackedEnds PackEnds(const ConsentState& state) {
  PackedEnds ends;
  for (size_t i = 0; i < ends.size(); ++i) {
    ends[i] = uint64_t{state.expire_time_s[2 * i + 1]} | (uint64_t{state.expire_time_s[2 * i + 2]} << 32);
  }
  return ends;
}

void UnpackState(uint64_t word, uint32_t revision, ConsentState& state) {
  const uint64_t statuses = SpreadStatuses(word) << 8;  // byte 0 of the array is unused
  static_assert(sizeof(state.status) == kPurposeCount + 1 && sizeof(ConsentStatus) == 1);
  std::memcpy(state.status.data(), &statuses, sizeof(state.status));
  const auto end = static_cast<uint32_t>(word >> packed::kEndShift);
  for (size_t purpose = 1; purpose <= kPurposeCount; ++purpose) {
    state.expire_time_s[purpose] = state.status[purpose] == ConsentStatus::kGranted ? end : 0;
  }
  state.revision = revision;
  state.child = (word & packed::kChild) != 0;
  state.restricted = (word & packed::kRestricted) != 0;
  state.erased = (word & packed::kErased) != 0;
}

void UnpackEnds(const PackedEnds& ends, ConsentState& state) {
  for (size_t purpose = 1; purpose <= kPurposeCount; ++purpose) {
    if (state.status[purpose] != ConsentStatus::kGranted) continue;
    const uint64_t pair = ends[(purpose - 1) / 2];
    state.expire_time_s[purpose] = static_cast<uint32_t>(purpose % 2 == 1 ? pair : pair >> 32);
  }
}

uint64_t ClosePurposes(uint64_t word, uint32_t purpose_bits) {
  for (int purpose = 1; purpose <= kPurposeCount; ++purpose) {
    if ((purpose_bits & policy::PurposeBit(static_cast<policy::Purpose>(purpose))) == 0) continue;
    word &= ~(kStatusMask << ShiftOf(purpose));
    word |= static_cast<uint64_t>(ConsentStatus::kClosed) << ShiftOf(purpose);
  }
  return word;
}

uint32_t ClosedPurposes(uint64_t word) {
  uint32_t bits = 0;
  for (int purpose = 1; purpose <= kPurposeCount; ++purpose) {
    const uint64_t field = (word >> ShiftOf(purpose)) & kStatusMask;
    if (field == static_cast<uint64_t>(ConsentStatus::kClosed)) {
      bits |= policy::PurposeBit(static_cast<policy::Purpose>(purpose));
    }
  }
  return bits;
}

}  // namespace assent::storage
