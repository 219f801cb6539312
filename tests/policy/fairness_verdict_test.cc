// Verdicts about groups: what alarms, what does not, and what cannot be said.
#include "policy/fairness_verdict.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "policy/fairness_coverage.h"

namespace assent::policy {
namespace {

using GroupCounts = std::vector<GroupCount>;

std::vector<FairnessComparison> Settled(const GroupCounts& groups, const FairnessLimits& limits = {}) {
  std::vector<FairnessComparison> comparisons = CompareGroups(groups, limits);
  std::vector<FairnessComparison*> pointers;
  for (FairnessComparison& comparison : comparisons) pointers.push_back(&comparison);
  SettleVerdicts(pointers, limits);
  return comparisons;
}

FairnessVerdict VerdictOfTwo(const GroupCount& a, const GroupCount& b, const FairnessLimits& limits = {}) {
  return Settled({a, b}, limits).front().verdict;
}

TEST(FairnessVerdict, APlantedDisparityIsABreach) {
  const FairnessComparison comparison = Settled({{1000, 500}, {1000, 300}}).front();
  EXPECT_EQ(comparison.verdict, FairnessVerdict::kBreach);
  EXPECT_EQ(comparison.group, 1u) << "the one of the lower rate";
  EXPECT_EQ(comparison.reference, 0u);
  EXPECT_NEAR(comparison.ratio, 0.6, 1e-12);
  EXPECT_NEAR(comparison.difference, 0.2, 1e-12);
  EXPECT_LT(comparison.ratio_interval.high, 0.8);
  EXPECT_NEAR(comparison.p_value, 3.133541432998044e-07, 1e-14) << "computed apart";
  EXPECT_EQ(comparison.p_adjusted, comparison.p_value);
}

TEST(FairnessVerdict, AHugeSampleWithATinyEffectDoesNotAlarm) {
  // Ratio 0.99: of equality, z would be above 100.
  EXPECT_EQ(VerdictOfTwo({1'000'000'000, 500'000'000}, {1'000'000'000, 495'000'000}), FairnessVerdict::kWithinLimits);
}

TEST(FairnessVerdict, ASmallSampleWarnsBeforeItAlarms) {
  EXPECT_EQ(VerdictOfTwo({120, 24}, {120, 34}), FairnessVerdict::kWarning) << "ratio 0.71, but it may be chance";
  EXPECT_EQ(VerdictOfTwo({12000, 2400}, {12000, 3400}), FairnessVerdict::kBreach);
}

TEST(FairnessVerdict, FewMembersAreSaidToBeFewAndNeverDropped) {
  const std::vector<FairnessComparison> comparisons = Settled({{5000, 500}, {1, 0}, {5000, 490}});
  ASSERT_EQ(comparisons.size(), 3u) << "every pair is there";
  EXPECT_EQ(comparisons[0].verdict, FairnessVerdict::kInsufficientEvidence);
  EXPECT_EQ(comparisons[1].verdict, FairnessVerdict::kWithinLimits);
  EXPECT_EQ(comparisons[2].verdict, FairnessVerdict::kInsufficientEvidence);
  EXPECT_EQ(comparisons[0].p_adjusted, 1);
  EXPECT_EQ(VerdictOfTwo({99, 60}, {5000, 500}), FairnessVerdict::kInsufficientEvidence);
  EXPECT_NE(VerdictOfTwo({100, 60}, {5000, 500}), FairnessVerdict::kInsufficientEvidence);
  EXPECT_EQ(VerdictOfTwo({0, 0}, {5000, 500}, {.members_min = 0}), FairnessVerdict::kInsufficientEvidence);
}

TEST(FairnessVerdict, ARareSegmentNeedsMorePeopleAndAFullExclusionIsSeen) {
  EXPECT_EQ(VerdictOfTwo({1000, 2}, {1000, 10}), FairnessVerdict::kInsufficientEvidence) << "6 expected in each";
  EXPECT_EQ(VerdictOfTwo({5000, 0}, {5000, 50}), FairnessVerdict::kBreach) << "25 expected, none there";
  EXPECT_EQ(VerdictOfTwo({5000, 0}, {5000, 0}), FairnessVerdict::kInsufficientEvidence) << "nobody is in the segment";
}

// One pair at z = 1.918782 for the limit: p 0.0275 alone, computed apart.
TEST(FairnessVerdict, TheIntervalAndTheTestAgreeOnASinglePair) {
  const FairnessLimits limits{.members_min = 50};
  const FairnessComparison pair = Settled({{50, 15}, {50, 30}}, limits).front();
  EXPECT_NEAR(pair.p_value, 0.02750597822440648, 1e-12);
  EXPECT_NEAR(pair.ratio_interval.high, 0.808111, 5e-7);
  EXPECT_EQ(pair.verdict, FairnessVerdict::kWarning);
  EXPECT_EQ(VerdictOfTwo({50, 15}, {50, 30}, {.confidence = 0.94, .members_min = 50}), FairnessVerdict::kBreach);
}

TEST(FairnessVerdict, ManyComparisonsAskForMore) {
  // Alone a breach; beside forty others not.
  const FairnessLimits limits;
  EXPECT_EQ(VerdictOfTwo({400, 100}, {400, 160}, limits), FairnessVerdict::kBreach);
  std::vector<FairnessComparison> all = CompareGroups(GroupCounts{{400, 100}, {400, 160}}, limits);
  for (int i = 0; i < 40; ++i) all.push_back(CompareGroups(GroupCounts{{400, 150}, {400, 160}}, limits).front());
  std::vector<FairnessComparison*> pointers;
  for (FairnessComparison& comparison : all) pointers.push_back(&comparison);
  SettleVerdicts(pointers, limits);
  EXPECT_EQ(all.front().verdict, FairnessVerdict::kWarning);
  EXPECT_NEAR(all.front().p_adjusted, 41 * all.front().p_value, 1e-12);
}

TEST(FairnessVerdict, TheDifferenceIsLookedAtWhereItHasALimit) {
  // Ratio 0.85 keeps four fifths; the difference of 0.12 does not keep 0.05.
  EXPECT_EQ(VerdictOfTwo({5000, 4000}, {5000, 3400}), FairnessVerdict::kWithinLimits);
  EXPECT_EQ(VerdictOfTwo({5000, 4000}, {5000, 3400}, {.difference_max = 0.05}), FairnessVerdict::kBreach);
  EXPECT_EQ(VerdictOfTwo({150, 120}, {150, 102}, {.difference_max = 0.1}), FairnessVerdict::kWarning);
  const FairnessComparison both = Settled({{1000, 500}, {1000, 300}}, {.difference_max = 0.1}).front();
  EXPECT_NEAR(both.p_value, 2 * 3.133541432998044e-07, 1e-13) << "twice the smaller one; the other is 1.56e-6";
}

// The groups of one rate, many times: at most 2.5 % of the reports may have a breach; with the rates exactly at the
// limit the test is at its worst.
TEST(FairnessVerdict, FalseBreachesAreAsRareAsPromised) {
  std::mt19937_64 random(20261);
  const auto draw = [&](double rate) {
    return GroupCount{600, std::binomial_distribution<uint64_t>(600, rate)(random)};
  };
  const int reports = 4000;
  int at_the_limit = 0, alike = 0;
  for (int report = 0; report < reports; ++report) {
    at_the_limit += VerdictOfTwo(draw(0.4), draw(0.32)) == FairnessVerdict::kBreach;
    for (const FairnessComparison& pair : Settled({draw(0.3), draw(0.3), draw(0.3), draw(0.3)})) {
      alike += pair.verdict == FairnessVerdict::kBreach;
    }
  }
  EXPECT_GT(at_the_limit, reports * 0.015);
  EXPECT_LT(at_the_limit, reports * 0.035);
  EXPECT_EQ(alike, 0);
}

TEST(FairnessVerdict, NoGroupNoComparison) {
  EXPECT_TRUE(CompareGroups({}, {}).empty());
  EXPECT_TRUE(CompareGroups(GroupCounts{{10, 1}}, {}).empty());
  EXPECT_STREQ(FairnessVerdictName(FairnessVerdict::kInsufficientEvidence), "insufficient_evidence");
  EXPECT_STREQ(FairnessVerdictName(FairnessVerdict::kBreach), "breach");
}

TEST(FairnessCoverage, AGroupThatIsMissingIsFound) {
  const std::vector<GroupCoverage> groups =
      CoverageOf(std::vector<uint64_t>{600, 300, 100, 0}, std::vector<double>{50, 25, 20, 5}, {});
  EXPECT_EQ(groups[0].verdict, FairnessVerdict::kWithinLimits);
  EXPECT_EQ(groups[1].verdict, FairnessVerdict::kWithinLimits);
  EXPECT_EQ(groups[2].verdict, FairnessVerdict::kBreach);
  EXPECT_NEAR(groups[2].ratio, 0.5, 1e-12);
  EXPECT_NEAR(groups[2].p_value, 1.1365577123889636e-07, 1e-14) << "computed apart";
  EXPECT_EQ(groups[3].verdict, FairnessVerdict::kBreach);
  EXPECT_EQ(groups[3].rows, 0u);
}

TEST(FairnessCoverage, FewRowsSayNothingAndStrangersMissNobody) {
  const std::vector<GroupCoverage> few = CoverageOf(std::vector<uint64_t>{15, 0}, std::vector<double>{0.5, 0.5}, {});
  EXPECT_EQ(few[1].verdict, FairnessVerdict::kInsufficientEvidence) << "7.5 rows expected";
  const std::vector<GroupCoverage> stranger =
      CoverageOf(std::vector<uint64_t>{500, 500}, std::vector<double>{1, 0}, {});
  EXPECT_EQ(stranger[1].verdict, FairnessVerdict::kWithinLimits);
  EXPECT_EQ(stranger[1].ratio, 1);
  EXPECT_EQ(stranger[0].verdict, FairnessVerdict::kBreach) << "half of the data is of somebody else";
  EXPECT_EQ(CoverageOf(std::vector<uint64_t>{0}, std::vector<double>{1}, {})[0].verdict,
            FairnessVerdict::kInsufficientEvidence);
}

}  // namespace
}  // namespace assent::policy
