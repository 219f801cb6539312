// The statistics of fairness against published values, and against formulas computed apart where none is published.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "policy/fairness_association.h"
#include "policy/fairness_correction.h"
#include "policy/fairness_interval.h"
#include "policy/fairness_outcome.h"
#include "policy/fairness_parity.h"

namespace assent::policy {
namespace {

constexpr double kZ = 1.9599639845400536;  // Python's statistics.NormalDist().inv_cdf(0.975)

void ExpectInterval(const Interval& interval, double low, double high, double tolerance) {
  EXPECT_NEAR(interval.low, low, tolerance);
  EXPECT_NEAR(interval.high, high, tolerance);
}

TEST(FairnessInterval, NormalQuantiles) {
  EXPECT_NEAR(TwoSidedZ(0.95), kZ, 1e-14);
  EXPECT_NEAR(TwoSidedZ(0.90), 1.6448536269514715, 1e-14);
  EXPECT_NEAR(TwoSidedZ(0.99), 2.5758293035489, 1e-12);
  EXPECT_DOUBLE_EQ(NormalUpperTail(0), 0.5);
  EXPECT_GT(NormalUpperTail(37), 0) << "tails stay apart from 0";
}

// R. G. Newcombe, Statistics in Medicine 17 (1998), 857-872, table I.
TEST(FairnessInterval, WilsonGoldenValues) {
  ExpectInterval(WilsonInterval({263, 81}, kZ), 0.2553, 0.3662, 5e-5);
  ExpectInterval(WilsonInterval({148, 15}, kZ), 0.0624, 0.1605, 5e-5);
  ExpectInterval(WilsonInterval({20, 0}, kZ), 0, 0.1611, 5e-5);
  ExpectInterval(WilsonInterval({29, 1}, kZ), 0.0061, 0.1718, 5e-5);
  ExpectInterval(WilsonInterval({0, 0}, kZ), 0, 1, 0);
  EXPECT_EQ(WilsonInterval({7, 7}, kZ).high, 1);
}

// R. G. Newcombe, Statistics in Medicine 17 (1998), 873-890, table II, method 10.
TEST(FairnessInterval, NewcombeGoldenValues) {
  ExpectInterval(NewcombeInterval({70, 56}, {80, 48}, kZ), 0.0524, 0.3339, 5e-5);
  ExpectInterval(NewcombeInterval({10, 9}, {10, 3}, kZ), 0.1705, 0.8090, 5e-5);
  ExpectInterval(NewcombeInterval({7, 6}, {7, 2}, kZ), 0.0582, 0.8062, 5e-5);
  ExpectInterval(NewcombeInterval({56, 5}, {29, 0}, kZ), -0.0381, 0.1926, 5e-5);
  ExpectInterval(NewcombeInterval({10, 0}, {20, 0}, kZ), -0.1611, 0.2775, 5e-5);
  ExpectInterval(NewcombeInterval({10, 10}, {20, 0}, kZ), 0.6791, 1, 5e-5);
}

TEST(FairnessInterval, KatzGoldenValues) {
  ExpectInterval(KatzInterval(KatzLogRatio({50, 15}, {50, 30}), kZ), 0.30936349067942337, 0.8081108712956094, 1e-12);
  EXPECT_NEAR(std::exp(KatzLogRatio({50, 15}, {50, 30}).value), 0.5, 1e-15);
  // The training part of the Adult set: women and men with an income above 50,000.
  ExpectInterval(KatzInterval(KatzLogRatio({10771, 1179}, {21790, 6662}), kZ), 0.338030, 0.379198, 5e-7);
}

TEST(FairnessInterval, KatzAddsHalvesOnlyWhereACellIsEmpty) {
  ExpectInterval(KatzInterval(KatzLogRatio({200, 0}, {200, 20}), kZ), 0.0014852712649121962, 0.40052212122721664,
                 1e-12);
  const LogRatio all = KatzLogRatio({10, 10}, {30, 30});
  EXPECT_TRUE(std::isfinite(all.value));
  EXPECT_GT(all.standard_error, 0);
  EXPECT_NEAR(KatzLogRatio({10, 10}, {30, 15}).value, std::log(2), 1e-15) << "one full group needs no half";
  EXPECT_TRUE(std::isfinite(KatzLogRatio({0, 0}, {0, 0}).standard_error));
}

// p.adjust(c(.03, .01, .04, .02), "holm") of R.
TEST(FairnessCorrection, HolmGoldenValues) {
  const std::vector<double> adjusted = HolmAdjusted(std::vector<double>{0.03, 0.01, 0.04, 0.02});
  const std::vector<double> expected = {0.06, 0.04, 0.06, 0.06};
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(adjusted[i], expected[i], 1e-15) << i;
  EXPECT_EQ(HolmAdjusted(std::vector<double>{0.7, 0.6}), (std::vector<double>{1, 1}));
  EXPECT_TRUE(HolmAdjusted({}).empty());
}

// The example of Fairlearn's user guide, which its own tests run.
constexpr std::array<int, 18> kLabels = {0, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1};
constexpr std::array<int, 18> kSelected = {0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0};
constexpr char kGroups[] = "bbabbcccaacabccbcc";

std::array<OutcomeCount, 3> FairlearnExample() {
  std::array<OutcomeCount, 3> groups;
  for (size_t row = 0; row < kLabels.size(); ++row) {
    OutcomeCount& group = groups[static_cast<size_t>(kGroups[row] - 'a')];
    if (kLabels[row] == 1) {
      ++(kSelected[row] == 1 ? group.true_positives : group.false_negatives);
    } else {
      ++(kSelected[row] == 1 ? group.false_positives : group.true_negatives);
    }
  }
  return groups;
}

TEST(FairnessParity, FairlearnGoldenValues) {
  std::vector<double> rates;
  GroupCount overall;
  for (const OutcomeCount& group : FairlearnExample()) {
    const GroupCount count{group.positives().members + group.negatives().members,
                           group.positives().selected + group.negatives().selected};
    rates.push_back(count.rate());
    overall.members += count.members;
    overall.selected += count.selected;
  }
  EXPECT_EQ(rates, (std::vector<double>{0.75, 0.5, 0.5}));
  EXPECT_NEAR(overall.rate(), 5.0 / 9, 1e-9);
  EXPECT_NEAR(DisparityBetweenGroups(rates).difference, 0.25, 1e-9);
  EXPECT_NEAR(DisparityBetweenGroups(rates).ratio.value(), 2.0 / 3, 1e-9);
  EXPECT_NEAR(DisparityToOverall(rates, overall.rate()).difference, 7.0 / 36, 1e-9);      // 0.194444
  EXPECT_NEAR(DisparityToOverall(rates, overall.rate()).ratio.value(), 20.0 / 27, 1e-9);  // 0.740741
}

TEST(FairnessOutcome, FairlearnGoldenValues) {
  const std::array<OutcomeCount, 3> groups = FairlearnExample();
  const std::array<double, 3> true_positive = {0.5, 0.6, 0.4}, false_positive = {1, 0, 2.0 / 3};
  for (size_t g = 0; g < groups.size(); ++g) {
    EXPECT_NEAR(groups[g].true_positive_rate().value(), true_positive[g], 1e-9);
    EXPECT_NEAR(groups[g].false_positive_rate().value(), false_positive[g], 1e-9);
  }
  EXPECT_NEAR(EqualizedOdds(groups).difference, 1, 1e-9);
  EXPECT_NEAR(EqualizedOdds(groups).ratio.value(), 0, 1e-9);
  EXPECT_NEAR(DisparityBetweenGroups(std::vector<double>{0.5, 0.6, 0.4}).ratio.value(), 2.0 / 3, 1e-9);
}

TEST(FairnessOutcome, AGroupWithoutALabelHasNoRate) {
  const std::array<OutcomeCount, 2> groups = {
      OutcomeCount{.true_positives = 3, .false_negatives = 1},
      OutcomeCount{.true_positives = 1, .false_negatives = 1, .false_positives = 1, .true_negatives = 1}};
  EXPECT_FALSE(groups[0].false_positive_rate().has_value());
  EXPECT_NEAR(EqualizedOdds(groups).difference, 0.25, 1e-12);
  EXPECT_NEAR(EqualizedOdds(groups).ratio.value(), 2.0 / 3, 1e-12);
  EXPECT_EQ(EqualizedOdds({}).difference, 0);
}

TEST(FairnessParity, RatesOfZeroHaveNoRatio) {
  EXPECT_FALSE(DisparityBetweenGroups(std::vector<double>{0, 0}).ratio.has_value());
  EXPECT_FALSE(DisparityToOverall(std::vector<double>{0, 0}, 0).ratio.has_value());
  EXPECT_EQ(DisparityBetweenGroups(std::vector<double>{0, 0.5}).ratio.value(), 0);
  EXPECT_EQ(DisparityBetweenGroups({}).difference, 0);
}

// All of the Adult set without rows that have a missing cell, by sex and race: the docstring of AIF360's smoothed_edf.
// The counts are computed apart; that they are those of the files is shown by tests/acceptance/fairness.
TEST(FairnessParity, Aif360GoldenValue) {
  const std::array<GroupCount, 10> counts = {{{27020, 8752},
                                              {2144, 408},
                                              {2084, 126},
                                              {11883, 1455},
                                              {867, 304},
                                              {269, 39},
                                              {126, 9},
                                              {436, 65},
                                              {166, 14},
                                              {227, 36}}};
  EXPECT_NEAR(SmoothedDifferentialFairness(counts), 1.7547611985549287, 1e-9);
  EXPECT_EQ(SmoothedDifferentialFairness(std::span(counts).first(1)), 0);
}

using Table = std::vector<uint64_t>;

TEST(FairnessAssociation, EqualsFormulasComputedApart) {
  const Table adult = {1179, 10771 - 1179, 6662, 21790 - 6662};
  EXPECT_NEAR(CramersV(adult, 2), 0.2159123541550845, 1e-12);
  EXPECT_NEAR(MutualInformation(adult, 2), 0.025765242400373672, 1e-12);
  const Table three = {30, 10, 5, 10, 40, 12, 2, 8, 50};
  EXPECT_NEAR(CramersV(three, 3), 0.5773243731800843, 1e-12);
  EXPECT_NEAR(MutualInformation(three, 3), 0.32809444759831663, 1e-12);
  // Chi squared of 0.27 at two degrees of freedom is what chance gives: nothing is left of it.
  EXPECT_EQ(CramersV(Table{10, 20, 30, 6, 9, 17}, 3), 0);
  EXPECT_NEAR(MutualInformation(Table{10, 20, 30, 6, 9, 17}, 3), 0.0014892746849165311, 1e-12);
}

TEST(FairnessAssociation, EndsOfTheScale) {
  EXPECT_NEAR(CramersV(Table{500, 0, 0, 500}, 2), 1, 1e-12);
  EXPECT_NEAR(MutualInformation(Table{500, 0, 0, 500}, 2), std::log(2), 1e-12);
  EXPECT_EQ(CramersV(Table{5, 5, 5, 5}, 2), 0);
  EXPECT_NEAR(MutualInformation(Table{5, 5, 5, 5}, 2), 0, 1e-15);
  EXPECT_EQ(CramersV(Table{5, 7, 0, 0}, 2), 0) << "one row only";
  EXPECT_EQ(CramersV(Table{0, 0, 0, 0}, 2), 0);
  EXPECT_EQ(MutualInformation(Table{0, 0}, 2), 0);
}

TEST(FairnessAssociation, EmptyRowsAndColumnsChangeNothing) {
  EXPECT_DOUBLE_EQ(CramersV(Table{30, 0, 10, 0, 0, 0, 10, 0, 40}, 3), CramersV(Table{30, 10, 10, 40}, 2));
}

TEST(FairnessAssociation, TotalVariation) {
  EXPECT_NEAR(TotalVariation(Table{1, 3}, Table{3, 1}), 0.5, 1e-15);
  EXPECT_NEAR(TotalVariation(Table{10, 20, 70}, Table{2, 2, 6}), 0.1, 1e-15);
  EXPECT_EQ(TotalVariation(Table{4, 0}, Table{0, 9}), 1);
  EXPECT_EQ(TotalVariation(Table{0, 0}, Table{0, 9}), 0);
}

// {1 2 3} {4 5 9} {2 2}: the squares between are 30 of 46, computed apart.
TEST(FairnessAssociation, CorrelationRatio) {
  const std::array<GroupSum, 4> groups = {{{3, 6 - 3 * 3.5}, {3, 18 - 3 * 3.5}, {2, 4 - 2 * 3.5}, {0, 0}}};
  EXPECT_NEAR(CorrelationRatio(groups, 46), 0.6521739130434783, 1e-12);
  EXPECT_EQ(CorrelationRatio(groups, 0), 0);
  EXPECT_EQ(CorrelationRatio({}, 1), 0);
}

}  // namespace
}  // namespace assent::policy
