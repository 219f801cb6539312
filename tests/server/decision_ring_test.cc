#include "server/decision_ring.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>
#include <thread>

#include "policy/recorded_decision.h"

namespace assent::server {
namespace {

constexpr size_t kRingBytes = 64 << 10;

storage::LoggedDecision DecisionNumber(uint64_t number, absl::string_view content) {
  storage::LoggedDecision decision;
  decision.id = policy::DecisionId::Of(1, number);
  decision.content = content;
  decision.subject.bytes[0] = static_cast<uint8_t>(number);
  decision.consent_revision = static_cast<uint32_t>(number);
  return decision;
}

// Any length that there is, so that records meet the end of the memory in every way.
std::string ContentOf(uint64_t number) {
  return std::string(1 + number * 37 % policy::kRecordedDecisionBytesMax, static_cast<char>('a' + number % 26));
}

TEST(DecisionRing, GivesBackWhatItTookInOrder) {
  DecisionRing ring(kRingBytes);
  EXPECT_EQ(ring.Next(), std::nullopt);
  uint64_t offered = 0;
  uint64_t taken = 0;
  for (int round = 0; round < 3000; ++round) {
    while (ring.Offer(DecisionNumber(offered, ContentOf(offered)))) ++offered;
    ASSERT_GT(offered, taken);
    for (uint64_t i = 0; i < 1 + offered % 7; ++i) {
      const auto next = ring.Next();
      if (!next) break;
      ASSERT_EQ(next->id, policy::DecisionId::Of(1, taken));
      ASSERT_EQ(next->consent_revision, static_cast<uint32_t>(taken));
      ASSERT_EQ(next->content, ContentOf(taken));
      ++taken;
    }
    ring.Release();
  }
  EXPECT_GT(taken, 5000u);
}

TEST(DecisionRing, RewindShowsAgainWhatWasNotReleased) {
  DecisionRing ring(kRingBytes);
  for (uint64_t i = 0; i < 3; ++i) ASSERT_TRUE(ring.Offer(DecisionNumber(i, "content")));
  ring.Next();
  ring.Release();
  ring.Next();
  ring.Next();
  EXPECT_EQ(ring.Next(), std::nullopt);
  ring.Rewind();
  EXPECT_EQ(ring.Next()->id, policy::DecisionId::Of(1, 1));
}

// Where it says that there is room the largest fits, wherever the ring stands; and it says so while anything is free.
TEST(DecisionRing, RoomIsRoomForTheLargest) {
  DecisionRing ring(kRingBytes);
  const std::string largest(policy::kRecordedDecisionBytesMax, 'x');
  std::mt19937 random(7);
  uint64_t rooms = 0;
  for (uint64_t i = 0; i < 20'000; ++i) {
    if (ring.HasRoom()) {
      ++rooms;
      ASSERT_TRUE(ring.Offer(DecisionNumber(i, random() % 2 == 0 ? largest : ContentOf(i))));
    } else {
      for (unsigned n = random() % 8; n > 0; --n) ring.Next();
      ring.Release();
    }
  }
  EXPECT_GT(rooms, 1000u);
  while (ring.HasRoom()) ring.Offer(DecisionNumber(0, largest));
  EXPECT_FALSE(ring.HasRoom());
}

TEST(DecisionRing, TwoThreads) {
  DecisionRing ring(kRingBytes);
  constexpr uint64_t kDecisions = 50'000;
  std::thread offers([&] {
    for (uint64_t i = 0; i < kDecisions;) {
      if (ring.Offer(DecisionNumber(i, ContentOf(i)))) {
        ++i;
      } else {
        std::this_thread::yield();
      }
    }
  });
  for (uint64_t i = 0; i < kDecisions;) {
    const auto next = ring.Next();
    if (!next) {
      ring.Release();
      std::this_thread::yield();
      continue;
    }
    ASSERT_EQ(next->id, policy::DecisionId::Of(1, i));
    ASSERT_EQ(next->content, ContentOf(i));
    ++i;
  }
  offers.join();
}

}  // namespace
}  // namespace assent::server
