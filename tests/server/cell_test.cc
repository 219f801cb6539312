#include "server/cell.h"

#include <random>

#include "gtest/gtest.h"

namespace assent::server {
namespace {

size_t BucketByCounting(int64_t duration_ns) {
  size_t bucket = 0;
  for (const int64_t bound : kDurationBoundsNs) bucket += duration_ns > bound ? 1 : 0;
  return bucket;
}

void ExpectBucket(int64_t duration_ns) {
  DurationCells cells;
  cells.Observe(duration_ns);
  EXPECT_EQ(cells.bucket(BucketByCounting(duration_ns)), 1u) << duration_ns;
  EXPECT_EQ(cells.sum_ns(), duration_ns < 0 ? 0u : static_cast<uint64_t>(duration_ns));
}

TEST(DurationCells, BoundsBelongToTheirBucketAndTheNextValueDoesNot) {
  for (const int64_t bound : kDurationBoundsNs) {
    for (const int64_t offset : {-1, 0, 1}) ExpectBucket(bound + offset);
  }
}

TEST(DurationCells, PowersOfTwoAndExtremes) {
  for (int bit = 0; bit < 63; ++bit) {
    for (const int64_t offset : {-1, 0, 1}) ExpectBucket((int64_t{1} << bit) + offset);
  }
  ExpectBucket(std::numeric_limits<int64_t>::max());
  ExpectBucket(std::numeric_limits<int64_t>::min());
}

TEST(DurationCells, RandomDurations) {
  const uint64_t seed = 20240607;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) ExpectBucket(static_cast<int64_t>(random() >> (random() % 64)));
}

}  // namespace
}  // namespace assent::server
