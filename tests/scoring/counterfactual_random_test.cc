// The smallest change on random models, against enumeration. ASSENT_TEST_CASES=100000 is the acceptance run's scale.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "scoring/counterfactual.h"
#include "tests/scoring/counterfactual_oracle.h"
#include "tests/scoring/model_fixture.h"
#include "tests/scoring/oracle.h"

namespace assent::scoring {
namespace {

// Where the schema sets no limit, float32 does.
constexpr double kFloatLargest = std::numeric_limits<float>::max();

// One case, and what the test knows about it from making it.
struct ChangeCase {
  std::vector<Feature> features;  // as the schema scores them, without the auxiliary one
  std::vector<float> centroids;   // [k x dim]
  std::vector<float> raw;
  std::vector<uint8_t> missing;
  // Lowest and highest raw value besides the clip limits, and the disjoint shares of one whole.
  std::vector<double> kind_min;
  std::vector<double> kind_max;
  std::vector<size_t> shares;
  size_t k = 1;
};

struct Tally {
  size_t reachable = 0;
  size_t unreachable = 0;
  size_t close_calls = 0;  // whether there is a way hangs on rounding
  double worst_excess = 0;
};

class CaseMaker {
 public:
  explicit CaseMaker(uint64_t seed) : random_(seed) {}

  size_t Below(size_t bound) { return random_() % bound; }
  bool Chance(double probability) { return Uniform(0, 1) < probability; }
  double Uniform(double low, double high) {
    return low + (high - low) * (static_cast<double>(random_() >> 11) * 0x1p-53);
  }
  uint64_t Seed() { return random_(); }

  // Direct features, with and without limits and log1p; in a part of the cases all numbers are small whole ones, so
  // that ties and limits that are just enough occur.
  ChangeCase Direct() {
    ChangeCase made = Empty(1 + Below(6));
    const bool whole = Chance(0.3);
    for (size_t j = 0; j < made.raw.size(); ++j) {
      Feature& feature = made.features[j];
      const double value = whole ? static_cast<double>(Below(7)) - 3 : Uniform(-3, 3);
      if (!whole) feature.mean = Uniform(-1, 1);
      if (!whole) feature.scale = std::exp(Uniform(-2, 2));
      if (!whole && Chance(0.3)) feature.transform = Transform::kLog1p;
      const bool log = feature.transform == Transform::kLog1p;
      if (Chance(0.7)) feature.clip_min = log ? Uniform(-0.5, 0.5) : value - static_cast<double>(Below(3));
      if (Chance(0.7)) feature.clip_max = (log ? 1 + std::exp(value) : value) + static_cast<double>(Below(3));
      made.raw[j] = static_cast<float>(log ? std::expm1(std::abs(value)) : value * feature.scale + feature.mean);
      if (log && feature.clip_min == -std::numeric_limits<double>::infinity()) feature.clip_min = 0;
      if (feature.clip_min > feature.clip_max) feature.clip_max = feature.clip_min;
      if (!whole && Chance(0.1)) Miss(made, j);
    }
    Place(made, whole);
    return made;
  }

  // Shares of what somebody watched: some by genre, of which a film has one, some by flags, of which it has any number.
  ChangeCase Shares() {
    ChangeCase made = Empty(2 + Below(5));
    double left = 1;
    for (size_t j = 0; j < made.raw.size(); ++j) {
      Feature& feature = made.features[j];
      if (Chance(0.2)) continue;  // a direct one between them
      const bool by_genre = Chance(0.7);
      feature.aggregate = Aggregate{.function = AggregateFunction::kCount, .event_type = "watch"};
      AttributeFilter filter{.attribute = by_genre ? "genre" : "flag" + std::to_string(j)};
      filter.values.emplace_back(by_genre ? FilterScalar("genre" + std::to_string(j)) : FilterScalar(true));
      feature.aggregate->filters.push_back(filter);
      feature.normalisation = Normalisation::kShareOf;
      feature.divisor = "watched";
      feature.scale = Uniform(0.05, 0.5);
      feature.mean = Uniform(0, 0.5);
      if (Chance(0.2)) feature.clip_max = Uniform(0.5, 1);
      made.kind_min[j] = 0;
      made.kind_max[j] = 1;
      const double share = Chance(0.3) ? 0 : Chance(0.2) ? left : Uniform(0, left);
      made.raw[j] = static_cast<float>(by_genre ? share : Uniform(0, 1));
      if (!by_genre) continue;
      left = std::max(0.0, left - share);
      made.shares.push_back(j);
    }
    Place(made, false);
    return made;
  }

 private:
  ChangeCase Empty(size_t dim) {
    ChangeCase made;
    made.features.resize(dim);
    for (size_t j = 0; j < dim; ++j) {
      made.features[j].name = "f" + std::to_string(j);
      made.features[j].changeable = Chance(0.75);
    }
    made.raw.assign(dim, 0);
    made.missing.assign(dim, 0);
    made.kind_min.assign(dim, -std::numeric_limits<double>::infinity());
    made.kind_max.assign(dim, std::numeric_limits<double>::infinity());
    made.k = 1 + Below(6);
    return made;
  }

  void Miss(ChangeCase& made, size_t j) {
    made.missing[j] = 1;
    Feature& feature = made.features[j];
    if (Chance(0.5)) {
      feature.missing = MissingRule::kValue;
      feature.missing_value = static_cast<double>(made.raw[j]);
    } else {  // the mean of clipped values lies between the limits
      const double value = std::clamp(static_cast<double>(made.raw[j]), feature.clip_min, feature.clip_max);
      feature.mean = feature.transform == Transform::kLog1p ? std::log1p(value) : value;
    }
  }

  void Place(ChangeCase& made, bool whole) {
    const size_t dim = made.raw.size();
    made.centroids = NormalValues(made.k * dim, Seed());
    for (float& value : made.centroids) value = whole ? std::round(2 * value) : value * 2;
    // Now and then a segment at the place of another.
    if (made.k > 1 && Chance(0.1)) {
      std::copy_n(made.centroids.begin(), dim, made.centroids.end() - static_cast<ptrdiff_t>(dim));
    }
  }

  std::mt19937_64 random_;
};

Model ModelOfCase(const ChangeCase& made) {
  ModelParts parts = PartsOf(made.k, made.raw.size(), made.centroids);
  std::vector<Feature> features = made.features;
  EventRules events;
  if (std::any_of(features.begin(), features.end(), [](const Feature& one) { return one.aggregate.has_value(); })) {
    events.profile_purpose = 4;
    Feature whole;
    whole.name = "watched";
    whole.auxiliary = true;
    whole.aggregate = Aggregate{.function = AggregateFunction::kCount, .event_type = "watch"};
    features.insert(features.begin(), whole);
  }
  parts.schema = FeatureSchema::Create(std::move(features), std::move(events)).value();
  return Model::Create(std::move(parts)).value();
}

long double TransformedBack(const Feature& feature, float scaled) {
  const long double value = static_cast<long double>(scaled) * static_cast<long double>(feature.scale) +
                            static_cast<long double>(feature.mean);
  return feature.transform == Transform::kLog1p ? std::expm1(value) : value;
}

// What docs/explanations.md allows, from what the case was made of.
PossibleMoves MovesOf(const ChangeCase& made, const std::vector<float>& scaled) {
  PossibleMoves moves;
  for (size_t j = 0; j < scaled.size(); ++j) {
    const Feature& feature = made.features[j];
    const auto limit = [&](double raw) {
      const auto value = static_cast<long double>(raw);
      const long double transformed = feature.transform == Transform::kLog1p ? std::log1p(value) : value;
      return (transformed - static_cast<long double>(feature.mean)) / static_cast<long double>(feature.scale) -
             static_cast<long double>(scaled[j]);
    };
    const double min = std::max({feature.clip_min, made.kind_min[j], -kFloatLargest});
    const double max = std::min({feature.clip_max, made.kind_max[j], kFloatLargest});
    moves.down.push_back(feature.changeable ? std::min(0.0L, limit(min)) : 0);
    moves.up.push_back(feature.changeable ? std::max(0.0L, limit(max)) : 0);
  }
  if (made.shares.size() < 2) return moves;
  PossibleMoves::Group group{.members = {}, .weights = {}, .room = 1};
  for (const size_t j : made.shares) {
    group.room -= TransformedBack(made.features[j], scaled[j]);
    if (!made.features[j].changeable) continue;
    group.members.push_back(j);
    group.weights.push_back(static_cast<long double>(made.features[j].scale));
  }
  group.room = std::max(0.0L, group.room);
  moves.groups.push_back(group);
  return moves;
}

// The shortest lengths to leave when it takes `beyond` (relative to the distances) more than a tie.
std::optional<long double> ShortestWay(const ChangeCase& made, const std::vector<float>& scaled, uint32_t winner,
                                       const PossibleMoves& moves, long double beyond) {
  const size_t dim = scaled.size();
  std::optional<long double> shortest;
  for (size_t rival = 0; rival < made.k; ++rival) {
    if (rival == winner) continue;
    std::vector<long double> normal(dim);
    long double away = 0;
    long double distances = 0;
    for (size_t j = 0; j < dim; ++j) {
      const auto x = static_cast<long double>(scaled[j]);
      const auto a = static_cast<long double>(made.centroids[winner * dim + j]);
      const auto b = static_cast<long double>(made.centroids[rival * dim + j]);
      normal[j] = 2 * (b - a);
      away += (x - b) * (x - b) - (x - a) * (x - a);
      distances += (x - b) * (x - b) + (x - a) * (x - a);
    }
    if (distances == 0) continue;  // both are where the event is
    away += beyond * distances;
    if (ReachByEnumeration(normal, moves) < away) continue;
    const std::optional<long double> length = LeastLengthByEnumeration(normal, away, moves);
    if (length.has_value() && (!shortest.has_value() || *length < *shortest)) shortest = length;
  }
  return shortest;
}

// What must hold of any reachable answer. Applies it as a caller would: raw values through the schema.
void ExpectApplied(const ChangeCase& made, const Model& model, const std::vector<float>& scaled, uint32_t winner,
                   const Counterfactual& answer) {
  ASSERT_TRUE(!answer.changes.empty());
  std::vector<float> raw = made.raw;
  std::vector<uint8_t> missing = made.missing;
  double length2 = 0;
  for (size_t i = 0; i < answer.changes.size(); ++i) {
    const FeatureChange& change = answer.changes[i];
    const Feature& feature = made.features[change.position];
    ASSERT_TRUE(i == 0 || answer.changes[i - 1].position < change.position);
    ASSERT_TRUE(feature.changeable);
    ASSERT_EQ(change.missing, made.missing[change.position] != 0);
    ASSERT_EQ(change.raw_from, feature.Unscale(static_cast<double>(scaled[change.position])));
    const auto to = static_cast<double>(change.raw_to);
    ASSERT_TRUE(to >= feature.clip_min && to <= feature.clip_max);
    ASSERT_TRUE(to >= std::min(made.kind_min[change.position], change.raw_from));
    ASSERT_TRUE(to <= std::max(made.kind_max[change.position], change.raw_from));
    raw[change.position] = change.raw_to;
    missing[change.position] = 0;
    length2 += change.scaled_delta * change.scaled_delta;
  }
  ASSERT_DOUBLE_EQ(answer.distance, std::sqrt(length2));
  std::vector<float> after(raw.size());
  ASSERT_EQ(model.schema().Scale(raw, missing, after), -1);
  double delta2 = 0;
  for (size_t j = 0; j < after.size(); ++j) {
    const double delta = static_cast<double>(after[j]) - static_cast<double>(scaled[j]);
    delta2 += delta * delta;
  }
  ASSERT_DOUBLE_EQ(delta2, length2);
  const std::vector<Candidate> nearest = NearestByDefinition(made.k, made.centroids, after);
  ASSERT_NE(nearest[0].index, winner);
  ASSERT_EQ(answer.after.winner, nearest[0].index);
  ASSERT_EQ(answer.after.winner_distance, nearest[0].distance);
  if (made.shares.size() < 2) return;
  double before_sum = 0;
  double after_sum = 0;
  for (const size_t j : made.shares) {
    before_sum += made.features[j].Unscale(static_cast<double>(scaled[j]));
    const auto same = [&](const FeatureChange& change) { return change.position == j; };
    const auto change = std::find_if(answer.changes.begin(), answer.changes.end(), same);
    after_sum += change == answer.changes.end() ? made.features[j].Unscale(static_cast<double>(scaled[j]))
                                                : static_cast<double>(change->raw_to);
  }
  // Half a unit in the last place of a scaled value, in raw units, for every share.
  ASSERT_LE(after_sum, std::max(1.0, before_sum) + 1e-7 * static_cast<double>(made.shares.size()));
}

void CheckCase(const ChangeCase& made, Tally& tally) {
  const Model model = ModelOfCase(made);
  std::vector<float> scaled(made.raw.size());
  ASSERT_EQ(model.schema().Scale(made.raw, made.missing, scaled), -1);
  const uint32_t winner = NearestByDefinition(made.k, made.centroids, scaled)[0].index;
  const Counterfactual answer = SmallestChange(model, scaled, made.missing, winner);
  if (answer.reachable) {
    ++tally.reachable;
    ASSERT_NO_FATAL_FAILURE(ExpectApplied(made, model, scaled, winner, answer));
  } else {
    ++tally.unreachable;
    ASSERT_TRUE(answer.changes.empty());
    ASSERT_EQ(answer.distance, 0);
    ASSERT_EQ(answer.after.winner, kNoSegment);
  }
  const PossibleMoves moves = MovesOf(made, scaled);
  const std::optional<long double> at_least = ShortestWay(made, scaled, winner, moves, -1e-6L);
  const std::optional<long double> at_most = ShortestWay(made, scaled, winner, moves, 1e-5L);
  if (at_least.has_value() != at_most.has_value()) ++tally.close_calls;
  if (at_most.has_value()) {
    ASSERT_TRUE(answer.reachable);
    // A raw value is sent as float32, so each may go a few units of its last place farther.
    ASSERT_LE(answer.distance, static_cast<double>(*at_most) + 1e-5);
  }
  if (answer.reachable) {
    ASSERT_TRUE(at_least.has_value());
    ASSERT_GE(answer.distance, static_cast<double>(*at_least) - 1e-6);
    if (at_most.has_value() && *at_most - *at_least < 1e-4L) {
      tally.worst_excess = std::max(tally.worst_excess, answer.distance - static_cast<double>(*at_least));
    }
  }
}

void Print(const char* what, const Tally& tally) {
  std::printf("%s: %zu reachable, %zu not reachable, %zu of them close calls, at most %.2g longer than the least\n",
              what, tally.reachable, tally.unreachable, tally.close_calls, tally.worst_excess);
}

TEST(CounterfactualRandom, DirectFeaturesAgreeWithEnumeration) {
  CaseMaker maker(SeedOr(51));
  Tally tally;
  const size_t cases = CasesOr(2'000);
  for (size_t i = 0; i < cases; ++i) {
    SCOPED_TRACE("case " + std::to_string(i));
    ASSERT_NO_FATAL_FAILURE(CheckCase(maker.Direct(), tally));
  }
  Print("direct", tally);
  EXPECT_GT(tally.reachable, cases / 4);
  EXPECT_GT(tally.unreachable, cases / 10);
}

TEST(CounterfactualRandom, SharesAgreeWithEnumeration) {
  CaseMaker maker(SeedOr(52));
  Tally tally;
  const size_t cases = CasesOr(2'000);
  for (size_t i = 0; i < cases; ++i) {
    SCOPED_TRACE("case " + std::to_string(i));
    ASSERT_NO_FATAL_FAILURE(CheckCase(maker.Shares(), tally));
  }
  Print("shares", tally);
  EXPECT_GT(tally.reachable, cases / 4);
  EXPECT_GT(tally.unreachable, cases / 10);
}

// Models of a real size: too large to enumerate, but slightly less than the change must not do.
TEST(CounterfactualRandom, LargeModelsAreLeftAndOnlyJust) {
  const uint64_t seed = SeedOr(53);
  const size_t rounds = std::max<size_t>(5, CasesOr(2'000) / 1'000);
  Workspace workspace;
  for (size_t round = 0; round < rounds; ++round) {
    const size_t dim = 10 + 17 * (round % 5);
    const size_t k = 20 + 100 * (round % 4);
    const std::vector<float> centroids = NormalValues(k * dim, seed + round);
    ModelParts parts = PartsOf(k, dim, centroids);
    std::vector<Feature> features(parts.schema.features().begin(), parts.schema.features().end());
    for (size_t j = 0; j < dim; ++j) {
      features[j].changeable = j % 3 != 0;
      features[j].clip_min = -1.5;
      features[j].clip_max = 1.5;
    }
    parts.schema = FeatureSchema::Create(std::move(features)).value();
    const Model model = Model::Create(std::move(parts)).value();
    for (size_t event = 0; event < 20; ++event) {
      std::vector<float> scaled(dim);
      ASSERT_EQ(model.schema().Scale(NormalValues(dim, seed + 1000 * round + event), {}, scaled), -1);
      size_t count = 0;
      const uint32_t winner = Assign(model, scaled, workspace, {}, count).winner;
      const Counterfactual answer = SmallestChange(model, scaled, {}, winner);
      ASSERT_TRUE(answer.reachable);
      std::vector<float> less = scaled;
      const double part = 0.999 - 1e-6 / answer.distance;  // what rounding adds is no part of the least change
      for (const FeatureChange& change : answer.changes) {
        ASSERT_NE(change.position % 3, 0u);
        less[change.position] += static_cast<float>(part * change.scaled_delta);
        scaled[change.position] = model.schema().scored(change.position).Scale(static_cast<double>(change.raw_to));
      }
      ASSERT_EQ(Assign(model, less, workspace, {}, count).winner, winner) << "of a change of " << answer.distance;
      ASSERT_EQ(Assign(model, scaled, workspace, {}, count).winner, answer.after.winner);
      ASSERT_NE(answer.after.winner, winner);
    }
  }
}

}  // namespace
}  // namespace assent::scoring
