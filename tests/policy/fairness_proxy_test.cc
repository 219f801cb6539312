// The proxy scan: a planted proxy is found, noise is not, and permutation p-values are what they say.
#include "policy/fairness_proxy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace assent::policy {
namespace {

struct Planted {
  std::vector<float> values = {};
  std::vector<uint8_t> missing = {};
  std::vector<uint32_t> groups = {};
  size_t columns = 0, group_count = 0;

  ProxyTable table() const { return {values, missing, columns, groups, group_count}; }
  std::vector<ProxyFinding> Scan(const ProxyOptions& options) const {
    return ScanProxies(table(), options, [](double) {});
  }
};

// Columns: noise; noise that is shifted in group 1; a U shape of it, whose mean tells nothing; one that is missing for
// most of group 1.
Planted MakePlanted(size_t rows, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> noise;
  Planted planted{.columns = 4, .group_count = 2};
  for (size_t row = 0; row < rows; ++row) {
    const auto group = static_cast<uint32_t>(random() % 2);
    const double spread = group == 1 ? 3 : 0.5;
    planted.groups.push_back(group);
    for (const double value : {noise(random), noise(random) + 1.5 * group, spread * noise(random), noise(random)}) {
      planted.values.push_back(static_cast<float>(value));
      planted.missing.push_back(0);
    }
    planted.missing.back() = group == 1 && random() % 10 != 0;
  }
  return planted;
}

TEST(FairnessProxy, APlantedProxyIsFoundWhateverItsShape) {
  const std::vector<ProxyFinding> findings = MakePlanted(4000, 7).Scan({.permutations = 199});
  EXPECT_LT(findings[0].strength, 0.1);
  EXPECT_GT(findings[0].p_adjusted, 0.05);
  EXPECT_NEAR(findings[1].correlation_ratio, 0.36, 0.03) << "1.5^2 / 4 of a variance of 1 + 1.5^2 / 4";
  for (size_t column = 1; column < 4; ++column) {
    EXPECT_GT(findings[column].strength, 0.5) << column;
    EXPECT_EQ(findings[column].p_adjusted, 1.0 / 200) << column;
    EXPECT_EQ(findings[column].p_mutual_information, 1.0 / 200) << column;
  }
  EXPECT_LT(findings[2].correlation_ratio, 0.01) << "only the bins see a U shape";
  EXPECT_GT(findings[2].cramers_v, 0.5);
  EXPECT_LT(findings[3].correlation_ratio, 0.02) << "only the bins see what is missing";
}

TEST(FairnessProxy, TheSameSeedGivesTheSameNumbers) {
  const Planted planted = MakePlanted(500, 3);
  const auto first = planted.Scan({.permutations = 50, .rows_max = 300, .seed = 5});
  const auto again = planted.Scan({.permutations = 50, .rows_max = 300, .seed = 5});
  const auto other = planted.Scan({.permutations = 50, .rows_max = 300, .seed = 6});
  EXPECT_EQ(first[0].p_mutual_information, again[0].p_mutual_information);
  EXPECT_EQ(first[0].p_adjusted, again[0].p_adjusted);
  EXPECT_NE(first[0].p_mutual_information, other[0].p_mutual_information);
  EXPECT_EQ(first[0].mutual_information, other[0].mutual_information) << "associations are of all rows";
}

// Every permutation of four rows by hand: groups 0 0 1 1, values 1 2 3 4. Of the 6 ways to choose group 1, two part the
// values as the data does: {3, 4} and {1, 2}. So a third of the permutations reach the correlation ratio of 0.8.
TEST(FairnessProxy, PermutationsEqualEnumeration) {
  const Planted planted{
      .values = {1, 2, 3, 4}, .missing = {0, 0, 0, 0}, .groups = {0, 0, 1, 1}, .columns = 1, .group_count = 2};
  const ProxyFinding finding = planted.Scan({.permutations = 30000, .seed = 11}).front();
  EXPECT_NEAR(finding.correlation_ratio, 0.8, 1e-12);
  EXPECT_NEAR(finding.p_correlation_ratio, 1.0 / 3, 0.015);
}

// With nothing planted, p-values are uniform, and p_adjusted of any of six features is below 0.1 in a tenth of the
// runs.
TEST(FairnessProxy, NoiseIsAsRareAsPromised) {
  const int runs = 400;
  int alone = 0, any = 0;
  for (int run = 0; run < runs; ++run) {
    std::mt19937_64 random(static_cast<uint64_t>(run) + 1000);
    std::normal_distribution<float> noise;
    Planted planted{.columns = 6, .group_count = 3};
    for (size_t row = 0; row < 90; ++row) {
      planted.groups.push_back(static_cast<uint32_t>(random() % 3));
      for (size_t column = 0; column < planted.columns; ++column) planted.values.push_back(noise(random));
    }
    planted.missing.assign(planted.values.size(), 0);
    const auto findings = planted.Scan({.permutations = 99, .seed = static_cast<uint64_t>(run)});
    alone += findings[0].p_mutual_information <= 0.1;
    any += std::any_of(findings.begin(), findings.end(), [](const auto& f) { return f.p_adjusted <= 0.1; });
  }
  // 40 expected of each; four standard deviations are 24.
  EXPECT_NEAR(alone, 40, 24);
  EXPECT_NEAR(any, 40, 24);
}

TEST(FairnessProxy, ColumnsThatNeverVaryTellNothing) {
  Planted planted{.columns = 2, .group_count = 2};
  for (uint32_t row = 0; row < 50; ++row) {
    planted.groups.push_back(row % 2);
    planted.values.insert(planted.values.end(), {7, 0});
    planted.missing.insert(planted.missing.end(), {0, 1});
  }
  for (const ProxyFinding& finding : planted.Scan({.permutations = 9})) {
    EXPECT_EQ(finding.strength, 0);
    EXPECT_EQ(finding.mutual_information, 0);
    EXPECT_EQ(finding.p_adjusted, 1);
  }
}

// 19 of 20 rows of one value: the bins still tell the rest apart.
TEST(FairnessProxy, ARareValueHasABinOfItsOwn) {
  Planted planted{.columns = 1, .group_count = 2};
  for (uint32_t row = 0; row < 2000; ++row) {
    planted.values.push_back(row % 20 == 0 ? 1.0f : 0.0f);
    planted.groups.push_back(row % 20 == 0 ? 1 : 0);
    planted.missing.push_back(0);
  }
  EXPECT_NEAR(planted.Scan({.permutations = 9}).front().cramers_v, 1, 1e-9);
}

}  // namespace
}  // namespace assent::policy
