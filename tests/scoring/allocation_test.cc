// After Reserve, nothing on the way of an event allocates. This program counts every allocation of its thread.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "scoring/assign.h"
#include "scoring/instruction_set.h"
#include "tests/harness/allocation_counter.h"
#include "tests/scoring/model_fixture.h"
#include "tests/scoring/profile_fixture.h"

namespace assent::scoring {
namespace {

TEST(Allocation, TheCounterCounts) {
  const size_t before = AllocationsOfThread();
  const std::string large(1000, 'x');
  EXPECT_GT(AllocationsOfThread(), before);
}

TEST(Allocation, NoneAfterReserve) {
  constexpr size_t kDim = 33;
  constexpr size_t kSegments = 260;
  constexpr size_t kRows = 21;
  const Model model = ModelOf(kSegments, kDim, NormalValues(kSegments * kDim, 1));
  const Model smaller = ModelOf(20, 5, NormalValues(20 * 5, 2));
  const std::vector<float> raw = NormalValues(kRows * kDim, 3);
  std::vector<float> scaled(kRows * kDim);
  std::vector<Assignment> out(kRows);
  std::vector<Candidate> nearest(kSegmentsReturnedMax);
  std::vector<double> memberships(kSegmentsReturnedMax);
  const std::vector<float> huge(kDim, 3e38f);
  for (const std::string& name : InstructionSets()) {
    ASSERT_TRUE(UseInstructionSet(name).ok());
    Workspace workspace;
    workspace.Reserve(model, kRows);
    const size_t before = AllocationsOfThread();
    size_t count = 0;
    for (size_t row = 0; row < kRows; ++row) {
      const size_t at = row * kDim;
      ASSERT_EQ(model.schema().Scale({&raw[at], kDim}, {}, {&scaled[at], kDim}), -1);
      Assign(model, {&scaled[at], kDim}, workspace, nearest, count);
      Memberships(model, workspace, {nearest.data(), count}, memberships);
    }
    Assign(model, huge, workspace, nearest, count);
    Memberships(model, workspace, {nearest.data(), count}, memberships);
    Assign(smaller, {scaled.data(), 5}, workspace, {}, count);
    AssignBatch(model, scaled, kRows, workspace, out);
    AssignBatch(smaller, {scaled.data(), kRows * 5}, kRows, workspace, out);
    EXPECT_EQ(model.schema().Find("f7"), 7);
    EXPECT_EQ(AllocationsOfThread(), before) << name;
  }
  ASSERT_TRUE(UseInstructionSet("").ok());
}

TEST(Allocation, NoneForAProfile) {
  std::vector<Aggregate> aggregates;
  for (int function = 0; function < 8; ++function) aggregates.push_back(Of(static_cast<AggregateFunction>(function)));
  aggregates[0].half_life_days = 30;
  aggregates[1].filters = {{"country", Comparison::kIn, {std::string("FI"), std::string("SE")}}};
  Trial trial(SchemaOfAggregates(aggregates));
  const ProfileLayout& layout = trial.layout;
  std::vector<uint8_t> converted(layout.state_bytes());
  const std::string type = "purchase";
  const size_t before = AllocationsOfThread();
  for (int i = 0; i < 100; ++i) {
    const AttributeValue attributes[] = {
        {.attribute = layout.Attribute("price"), .number = i * 0.5},
        {.attribute = layout.Attribute("country"), .kind = ValueKind::kText, .text_hash = HashText("FI")}};
    const Event event{.id_hash = HashText({reinterpret_cast<const char*>(&i), sizeof i}),
                      .time_us = Days(i % 7),
                      .type = layout.EventType(type),
                      .attributes = attributes};
    ASSERT_TRUE(layout.Check(event).ok());
    ASSERT_EQ(layout.Fold(event, trial.state), FoldResult::kFolded);
    ASSERT_EQ(layout.Fold(event, trial.state), FoldResult::kRepeated);
    trial.Read(Days(i));
  }
  layout.Convert(layout, trial.state, converted);
  EXPECT_EQ(AllocationsOfThread(), before);
  EXPECT_EQ(converted, trial.state);
}

TEST(Allocation, ALargerModelReservesByItself) {
  const Model small = ModelOf(5, 2, NormalValues(10, 1));
  const Model large = ModelOf(500, 40, NormalValues(500 * 40, 2));
  Workspace workspace;
  workspace.Reserve(small, 1);
  const std::vector<float> event = NormalValues(40, 3);
  size_t count = 0;
  size_t before = AllocationsOfThread();
  Assign(large, event, workspace, {}, count);
  EXPECT_GT(AllocationsOfThread(), before);
  before = AllocationsOfThread();
  Assign(large, event, workspace, {}, count);
  EXPECT_EQ(AllocationsOfThread(), before);
}

}  // namespace
}  // namespace assent::scoring
