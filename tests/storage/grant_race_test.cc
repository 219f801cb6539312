// Grants and withdrawals of one subject at the same time: the end is protective, or that of the acknowledged order.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <thread>

#include "tests/storage/lossy_disk.h"
#include "tests/storage/lossy_file_system.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using policy::Purpose;

// One thread grants, one withdraws, each round at the same time. Where one began after the other was acknowledged, the
// later one holds. Else they met: a grant may hold only when it was acknowledged after the withdrawal.
struct Side {
  std::atomic<uint64_t> round{0};  // what it is asked to do
  std::atomic<uint64_t> done{0};   // what it has done
  uint64_t began = 0;              // when, by a clock that counts what both do
  uint64_t acknowledged = 0;
  uint64_t sequence = 0;
  bool ok = false;
};

TEST(GrantRace, EndsProtectiveOrInAcknowledgedOrder) {
  LossyDisk disk(1);
  const std::unique_ptr<rocksdb::Env> env = NewLossyEnv(disk);
  ASSERT_TRUE(env->CreateDirIfMissing("/disk").ok());
  auto started = StartStore("/disk/data", env.get());
  ASSERT_TRUE(started.ok()) << started.status();
  OpenStore& open = **started;
  const policy::SubjectKey subject = Subject(1);
  const uint64_t rounds = FullScale() ? 1'000'000 : 3'000;

  std::atomic<uint64_t> clock{0};
  Side grants;
  Side withdrawals;
  const auto run = [&](Side& side, const ConsentRequest& request) {
    for (uint64_t round = 1; round <= rounds; ++round) {
      while (side.round.load(std::memory_order_acquire) < round) std::this_thread::yield();
      side.began = clock.fetch_add(1) + 1;
      const auto result = open.store->Apply(request, kTestTime);
      side.acknowledged = clock.fetch_add(1) + 1;
      side.ok = result.ok();
      side.sequence = result.ok() ? result->point.sequence : 0;
      side.done.store(round, std::memory_order_release);
    }
  };
  std::thread granting([&] { run(grants, GrantOf(subject, {Purpose::kSelectContent})); });
  std::thread withdrawing([&] { run(withdrawals, WithdrawalOf(subject, {Purpose::kSelectContent})); });

  uint64_t met = 0;
  uint64_t granted = 0;
  for (uint64_t round = 1; round <= rounds; ++round) {
    Side& first = round % 2 == 0 ? grants : withdrawals;
    Side& second = round % 2 == 0 ? withdrawals : grants;
    first.round.store(round, std::memory_order_release);
    for (uint64_t i = 0; i < round % 64; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
    second.round.store(round, std::memory_order_release);
    while (grants.done.load(std::memory_order_acquire) < round ||
           withdrawals.done.load(std::memory_order_acquire) < round)
      std::this_thread::yield();
    if (!grants.ok || !withdrawals.ok) {
      ADD_FAILURE() << "round " << round;
      break;
    }
    const bool allowed = open.Allows(subject, Purpose::kSelectContent);
    granted += allowed;
    bool right = false;
    if (grants.began > withdrawals.acknowledged) {
      right = allowed;
    } else if (withdrawals.began > grants.acknowledged) {
      right = !allowed;
    } else {
      ++met;
      right = !allowed || grants.sequence > withdrawals.sequence;
    }
    if (!right) {
      ADD_FAILURE() << "round " << round << ": " << (allowed ? "granted" : "denied");
      break;
    }
  }
  if (HasFailure()) {
    for (Side* side : {&grants, &withdrawals}) side->round.store(rounds);
  }
  granting.join();
  withdrawing.join();
  std::printf("%llu rounds: in %llu the two met, %llu ended granted\n", static_cast<unsigned long long>(rounds),
              static_cast<unsigned long long>(met), static_cast<unsigned long long>(granted));
}

}  // namespace
}  // namespace assent::storage
