#include "scoring/quiescence.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace assent::scoring {
namespace {

TEST(Quiescence, FreesAtOnceWhenNobodyReads) {
  Quiescence domain;
  int freed = 0;
  Quiescence::Reader offline(domain);
  domain.Retire([&] { ++freed; });
  EXPECT_EQ(freed, 1);
}

TEST(Quiescence, WaitsForEveryReaderThatWasOnline) {
  Quiescence domain;
  int freed = 0;
  Quiescence::Reader first(domain);
  Quiescence::Reader second(domain);
  first.Online();
  second.Online();
  domain.Retire([&] { ++freed; });
  first.Quiescent();
  EXPECT_EQ(domain.Collect(), 1u);
  EXPECT_EQ(freed, 0);
  second.Offline();
  EXPECT_EQ(domain.Collect(), 0u);
  EXPECT_EQ(freed, 1);
  first.Offline();
}

TEST(Quiescence, AReaderThatCameLaterDoesNotHoldUpTheOlder) {
  Quiescence domain;
  int freed = 0;
  Quiescence::Reader early(domain);
  Quiescence::Reader late(domain);
  early.Online();
  domain.Retire([&] { ++freed; });
  late.Online();
  early.Offline();
  EXPECT_EQ(domain.Collect(), 0u);
  EXPECT_EQ(freed, 1);
  late.Offline();
}

TEST(Quiescence, FreesInOrderAndOnlyWhatIsReady) {
  Quiescence domain;
  std::vector<int> freed;
  Quiescence::Reader reader(domain);
  reader.Online();
  domain.Retire([&] { freed.push_back(1); });
  reader.Quiescent();
  domain.Retire([&] { freed.push_back(2); });
  EXPECT_EQ(freed, std::vector<int>{1});
  reader.Offline();
  EXPECT_EQ(domain.Collect(), 0u);
  EXPECT_EQ(freed, (std::vector<int>{1, 2}));
}

TEST(Quiescence, AFreedValueMayRetireAnother) {
  Quiescence domain;
  int freed = 0;
  domain.Retire([&] {
    ++freed;
    domain.Retire([&] { ++freed; });
  });
  EXPECT_EQ(freed, 2);
}

TEST(Quiescence, TheEndFreesWhatIsLeft) {
  int freed = 0;
  {
    Quiescence domain;
    Quiescence::Reader reader(domain);
    reader.Online();
    domain.Retire([&] {
      ++freed;
      domain.Retire([&] { ++freed; });
    });
    EXPECT_EQ(freed, 0);
    reader.Offline();
  }
  EXPECT_EQ(freed, 2);
}

TEST(Quiescence, ASlotIsFreeAgainAfterItsReader) {
  Quiescence domain;
  for (size_t i = 0; i < 3 * Quiescence::kReadersMax; ++i) {
    Quiescence::Reader reader(domain);
    reader.Online();
  }
  int freed = 0;
  domain.Retire([&] { ++freed; });
  EXPECT_EQ(freed, 1);
}

TEST(QuiescenceDeathTest, OneReaderTooManyAborts) {
  Quiescence domain;
  std::vector<std::unique_ptr<Quiescence::Reader>> readers;
  for (size_t i = 0; i < Quiescence::kReadersMax; ++i) {
    readers.push_back(std::make_unique<Quiescence::Reader>(domain));
  }
  EXPECT_DEATH(Quiescence::Reader one_too_many(domain), "more than 256 readers");
}

}  // namespace
}  // namespace assent::scoring
