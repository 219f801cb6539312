#include "storage/packed_state.h"

#include <algorithm>
#include <cstring>

#include "policy/purpose.h"

namespace assent::storage {
namespace {

using policy::ConsentState;
using policy::ConsentStatus;
using policy::kPurposeCount;

constexpr int kStatusBits = 3;
constexpr uint64_t kStatusMask = (uint64_t{1} << kStatusBits) - 1;
constexpr uint64_t kPurposesMask = (uint64_t{1} << kPurposeCount) - 1;
constexpr uint64_t kRegimeMask = 7;
constexpr size_t kNoticeWord = 3;  // of PackedDetails

static_assert(kPurposeCount == 6, "the layout of the words and SpreadStatuses are made for six purposes");

constexpr int ShiftOf(int purpose) { return (purpose - 1) * kStatusBits; }

// Six fields of three bits become six bytes: purpose 1 in the lowest. Each step moves half of the fields.
uint64_t SpreadStatuses(uint64_t word) {
  const uint64_t halves = (word & 0x1FF) | ((word & 0x3FE00) << 15);
  return (halves & 0x000007000007) | ((halves & 0x000038000038) << 5) | ((halves & 0x0001C00001C0) << 10);
}

}  // namespace

PackedState PackState(const ConsentState& state) {
  uint64_t word = packed::kOccupied;
  bool first = true;
  uint32_t common_end = 0;
  uint64_t notice = 0;
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
      notice = state.notice[index];
    } else {
      if (end != common_end || state.notice[index] != notice) word |= packed::kOverflow;
      if (state.notice[index] != notice) notice = packed::kNoticesDiffer;
    }
    first = false;
    if (end != 0 && (earliest_end == 0 || end < earliest_end)) earliest_end = end;
  }
  word |= (uint64_t{state.explicit_grants} >> 1 & kPurposesMask) << packed::kExplicitShift;
  word |= static_cast<uint64_t>(state.regime) << packed::kRegimeShift;
  if (state.child) word |= packed::kChild;
  if (state.restricted) word |= packed::kRestricted;
  if (state.erased) word |= packed::kErased;
  return {.word = word | (uint64_t{earliest_end} << packed::kEndShift),
          .info = std::min(state.revision, packed::kRevisionMax) | (notice << packed::kNoticeShift) |
                  (state.has_preferences ? packed::kPreferences : 0) | (state.linked ? packed::kLinked : 0)};
}

PackedDetails PackDetails(const ConsentState& state) {
  PackedDetails details = {};
  for (size_t purpose = 1; purpose <= kPurposeCount; ++purpose) {
    const size_t place = purpose - 1;
    details[place / 2] |= uint64_t{state.expire_time_s[purpose]} << (place % 2 * 32);
    details[kNoticeWord + place / 4] |= uint64_t{state.notice[purpose]} << (place % 4 * 16);
  }
  return details;
}

void UnpackState(uint64_t word, uint64_t info, ConsentState& state) {
  const uint64_t statuses = SpreadStatuses(word) << 8;  // byte 0 of the array is unused
  static_assert(sizeof(state.status) == kPurposeCount + 1 && sizeof(ConsentStatus) == 1);
  std::memcpy(state.status.data(), &statuses, sizeof(state.status));
  const auto end = static_cast<uint32_t>(word >> packed::kEndShift);
  const auto notice = static_cast<uint16_t>(info >> packed::kNoticeShift & packed::kNoticesDiffer);
  for (size_t purpose = 0; purpose <= kPurposeCount; ++purpose) {
    const bool granted = state.status[purpose] == ConsentStatus::kGranted;
    state.expire_time_s[purpose] = granted ? end : 0;
    state.notice[purpose] = granted ? notice : uint16_t{0};
  }
  state.explicit_grants = static_cast<uint32_t>(word >> packed::kExplicitShift & kPurposesMask) << 1;
  state.outdated = 0;
  state.revision = static_cast<uint32_t>(info) & packed::kRevisionMax;
  state.regime = static_cast<policy::Regime>(word >> packed::kRegimeShift & kRegimeMask);
  state.child = (word & packed::kChild) != 0;
  state.restricted = (word & packed::kRestricted) != 0;
  state.erased = (word & packed::kErased) != 0;
  state.has_preferences = (info & packed::kPreferences) != 0;
  state.linked = (info & packed::kLinked) != 0;
}

void UnpackDetails(const PackedDetails& details, ConsentState& state) {
  for (size_t purpose = 1; purpose <= kPurposeCount; ++purpose) {
    if (state.status[purpose] != ConsentStatus::kGranted) continue;
    const size_t place = purpose - 1;
    state.expire_time_s[purpose] = static_cast<uint32_t>(details[place / 2] >> (place % 2 * 32));
    state.notice[purpose] = static_cast<uint16_t>(details[kNoticeWord + place / 4] >> (place % 4 * 16));
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
