#include "storage/packed_state.h"

#include <gtest/gtest.h>

#include <random>

#include "policy/purpose.h"

namespace assent::storage {
namespace {

using policy::ConsentState;
using policy::ConsentStatus;

ConsentState Unpacked(uint64_t word, uint32_t revision) {
  ConsentState state;
  state.status.fill(ConsentStatus::kGranted);  // what was there before must not matter
  UnpackState(word, revision, state);
  return state;
}

ConsentState RandomState(std::mt19937& random) {
  ConsentState state;
  const uint32_t ends[] = {0, 100, 200, 0xFFFFFFFF};
  const bool alike = random() % 2 == 0;
  const uint32_t common = ends[random() % 4];
  for (size_t purpose = 1; purpose <= policy::kPurposeCount; ++purpose) {
    state.status[purpose] = static_cast<ConsentStatus>(random() % 5);
    if (state.status[purpose] == ConsentStatus::kGranted) {
      state.expire_time_s[purpose] = alike ? common : ends[random() % 4];
    }
  }
  state.revision = static_cast<uint32_t>(random());
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
    const uint64_t word = PackState(state);
    ASSERT_NE(word & packed::kOccupied, 0u);
    ConsentState back = Unpacked(word, state.revision);
    if ((word & packed::kOverflow) != 0) {
      ++overflowing;
      // Without the side table no purpose may end later than it should, and none may be without an end.
      for (size_t p = 1; p <= policy::kPurposeCount; ++p) {
        if (state.status[p] != ConsentStatus::kGranted) continue;
        ASSERT_NE(back.expire_time_s[p], 0u);
        if (state.expire_time_s[p] != 0) {
          ASSERT_LE(back.expire_time_s[p], state.expire_time_s[p]);
        }
      }
      UnpackEnds(PackEnds(state), back);
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
    const uint64_t word = ClosePurposes(PackState(state), bits);
    const ConsentState closed = Unpacked(word, state.revision);
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
  EXPECT_EQ(PackState(ConsentState{}), packed::kOccupied);
  EXPECT_EQ(Unpacked(packed::kOccupied, 0), ConsentState{});
}

}  // namespace
}  // namespace assent::storage
