#include "server/segment_counters.h"

#include <memory>

#include "gtest/gtest.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

// Two models with the same ids take turns in totals that are full: what /metrics shows only ever grows.
TEST(SegmentTotals, NoCountGoesBackwardsWhenTheTotalsAreFull) {
  const scoring::Model sample = SampleModel();        // four ids
  const scoring::Model noise = NoiseModel(3, 2, 17);  // three others
  SegmentTotals totals(/*kept_max=*/5);
  const auto first = std::make_unique<SegmentCounters>(totals, sample, 1);
  std::map<std::string, uint64_t> before;
  for (int turn = 0; turn < 3; ++turn) {
    for (const scoring::Model* model : {&noise, &sample}) {
      const SegmentCounters counters(totals, *model, 1);
      for (uint32_t segment = 0; segment < model->segments().size(); ++segment) counters.Count(0, segment);
      const auto now = totals.Read();
      for (const auto& [id, count] : before) {
        ASSERT_TRUE(now.contains(id)) << id;
        EXPECT_GE(now.at(id), count) << id;
      }
      before = now;
    }
    for (const auto& [id, count] : before) EXPECT_GE(totals.Read().at(id), count) << id;
  }
  EXPECT_EQ(before.size(), 6u);  // four, "s0", and the rest under ""
  EXPECT_EQ(before.at("light"), 3u);
  EXPECT_EQ(before.at("s0"), 3u);
  EXPECT_EQ(before.at(""), 6u);
}

}  // namespace
}  // namespace assent::server
