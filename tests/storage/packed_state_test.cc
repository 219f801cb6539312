#include "storage/packed_state.h"

#include <gtest/gtest.h>

#include <random>

#include "policy/purpose.h"

namespace assent::storage {
namespace {

using policy::ConsentState;
using policy::ConsentStatus;

ConsentState Unpacked(PackedState packed) {
  ConsentState state;
  state.status.fill(ConsentStatus::kGranted);  // what was there before must not matter
  state.notice.fill(9);
  state.outdated = 0xFF;
  UnpackState(packed.word, packed.info, state);
  return state;
}

ConsentState RandomState(std::mt19937& random) {
  ConsentState state;
  const uint32_t ends[] = {0, 100, 200, 0xFFFFFFFF};
  const bool alike = random() % 2 == 0;
  const uint32_t common = ends[random() % 4];
  const bool same_notice = random() % 2 == 0;
  const uint16_t notices[] = {0, 1, 300, kNoticeOrdinalMax};
  const uint16_t notice = notices[random() % 4];
  for (size_t purpose = 1; purpose <= policy::kPurposeCount; ++purpose) {
    state.status[purpose] = static_cast<ConsentStatus>(random() % 5);
    if (state.status[purpose] == ConsentStatus::kGranted) {
      state.expire_time_s[purpose] = alike ? common : ends[random() % 4];
      state.notice[purpose] = same_notice ? notice : notices[random() % 4];
      if (random() % 2 == 0) state.explicit_grants |= 1u << purpose;
    }
  }
  state.revision = static_cast<uint32_t>(random()) & packed::kRevisionMax;
  state.regime = static_cast<policy::Regime>(random() % 5);
  state.has_preferences = random() % 2 == 0;
  state.linked = random() % 2 == 0;
  state.child = random() % 2 == 0;
  state.restricted = random() % 2 == 0;
  state.erased = random() % 2 == 0;
  return state;
}

TEST(PackedState, RoundTripsWithTheEnds) {
  const uint32_t seed = 7;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  int overflowing = 0;
  for (int i = 0; i < 20000; ++i) {
    const ConsentState state = RandomState(random);
    const PackedState packed = PackState(state);
    const uint64_t word = packed.word;
    ASSERT_NE(word & packed::kOccupied, 0u);
    ConsentState back = Unpacked(packed);
    if ((word & packed::kOverflow) != 0) {
      ++overflowing;
      // Without the side table no purpose may end later than it should, and no notice may be another's.
      for (size_t p = 1; p <= policy::kPurposeCount; ++p) {
        if (state.status[p] != ConsentStatus::kGranted) continue;
        ASSERT_TRUE(back.notice[p] == state.notice[p] || back.notice[p] == packed::kNoticesDiffer);
        if (state.expire_time_s[p] != 0) {
          ASSERT_NE(back.expire_time_s[p], 0u);
          ASSERT_LE(back.expire_time_s[p], state.expire_time_s[p]);
        }
      }
      UnpackDetails(PackDetails(state), back);
    }
    ASSERT_EQ(back, state) << i;
  }
  EXPECT_GT(overflowing, 1000);
}

TEST(PackedState, ClosesExactlyTheNamedPurposes) {
  std::mt19937 random(11);
  for (int i = 0; i < 2000; ++i) {
    const ConsentState state = RandomState(random);
    const uint32_t bits = static_cast<uint32_t>(random());
    const PackedState packed = PackState(state);
    const uint64_t word = ClosePurposes(packed.word, bits);
    const ConsentState closed = Unpacked({word, packed.info});
    for (size_t p = 1; p <= policy::kPurposeCount; ++p) {
      const bool named = (bits >> p) % 2 == 1;
      ASSERT_EQ(closed.status[p], named ? ConsentStatus::kClosed : state.status[p]);
      ASSERT_EQ((ClosedPurposes(word) >> p) % 2 == 1, closed.status[p] == ConsentStatus::kClosed);
    }
    ASSERT_EQ(closed.child, state.child);
    ASSERT_EQ(closed.erased, state.erased);
  }
}

TEST(PackedState, DefaultIsOccupiedAndNothingElse) {
  EXPECT_EQ(PackState(ConsentState{}).word, packed::kOccupied);
  EXPECT_EQ(PackState(ConsentState{}).info, 0u);
  EXPECT_EQ(Unpacked({packed::kOccupied, 0}), ConsentState{});
}

}  // namespace
}  // namespace assent::storage
