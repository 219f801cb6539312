// Power cuts at random points while consent changes, events are folded and profiles are flushed: a withdrawal that was
// acknowledged has taken the profile along, and a profile that was flushed is back with at least what was flushed.

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/storage/lossy_disk.h"
#include "tests/storage/lossy_file_system.h"
#include "tests/storage/profile_fixture.h"

namespace assent::storage {
namespace {

using policy::Purpose;

constexpr uint64_t kCrashingSubjects = 5;
constexpr int kCutsADisk = 30;

struct Expectation {
  bool granted = false;    // by the last acknowledged change
  bool under_way = false;  // the opposite was asked for when the power went
  uint64_t flushed = 0;    // purchases that the last flush which succeeded wrote
  uint64_t folded = 0;
};

class ProfileCrash : public testing::Test {
 protected:
  void NewDisk(uint64_t seed) {
    disk = std::make_unique<LossyDisk>(seed);
    env = NewLossyEnv(*disk);
    EXPECT_TRUE(env->CreateDirIfMissing("/disk").ok());
    expected.clear();
  }

  void WorkUntilTheCut(OpenProfiles& open, std::mt19937_64& random) {
    for (;;) {
      const uint64_t number = random() % kCrashingSubjects;
      Expectation& one = expected[number];
      const uint64_t what = random() % 10;
      if (what == 0 || !one.granted) {
        one.under_way = true;
        const auto change = one.granted ? WithdrawalOf(Subject(number), {kAds}) : GrantOf(Subject(number), {kAds});
        if (!open.Apply(change).ok()) return;
        one = {.granted = !one.granted};
      } else if (what < 8) {
        if (open.Buy(Subject(number), kAds, ++event_id, 1, layout) == FoldOutcome::kKept) ++one.folded;
      } else {
        if (!open.profiles->Flush(kTestTime).ok()) return;
        for (auto& [ignored, each] : expected) each.flushed = each.folded;
      }
    }
  }

  void Check(OpenProfiles& open) {
    EXPECT_EQ(open.profiles->figures().damaged, 0u);
    for (auto& [number, one] : expected) {
      const bool granted = open.base->Allows(Subject(number), kAds);
      ASSERT_TRUE(granted == one.granted || one.under_way) << number;
      const auto found = open.Find(Subject(number), kAds, layout);
      const auto purchases = static_cast<uint64_t>(found ? found->purchases : 0);
      if (one.granted && granted) {
        ASSERT_GE(purchases, one.flushed) << number;
        ASSERT_LE(purchases, one.folded) << number;
      } else {
        ASSERT_FALSE(found.has_value()) << number;
        ASSERT_FALSE(open.OnDisk(Subject(number), kAds)) << number;
      }
      kept += purchases;
      one = {.granted = granted, .under_way = false, .flushed = purchases, .folded = purchases};
    }
  }

  scoring::ProfileLayout layout = ShopLayout();
  std::unique_ptr<LossyDisk> disk;
  std::unique_ptr<rocksdb::Env> env;
  std::map<uint64_t, Expectation> expected;
  uint64_t event_id = 0;
  uint64_t kept = 0;
};

TEST_F(ProfileCrash, PowerCutsBringNoWithdrawnProfileBack) {
  const uint64_t seed = std::random_device{}();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  const int cuts = FullScale() ? 5'000 : 60;
  for (int cut = 0; cut < cuts; ++cut) {
    if (cut % kCutsADisk == 0) NewDisk(random());
    disk->CutAfter(1 + random() % 300);
    {
      auto open = StartProfiles("/disk/data", env.get());
      if (open.ok()) {
        Check(**open);
        if (HasFatalFailure()) return;
        WorkUntilTheCut(**open, random);
      }
      disk->Cut();
    }
    disk->PowerOn();
    auto open = StartProfiles("/disk/data", env.get());
    ASSERT_TRUE(open.ok()) << "cut " << cut << ": " << open.status();
    Check(**open);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(kept, static_cast<uint64_t>(cuts));
}

}  // namespace
}  // namespace assent::storage
