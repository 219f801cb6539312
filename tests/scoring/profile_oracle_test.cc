// Profiles of random and of real histories, in every order, against a recomputation from the whole history.
#include "tests/scoring/profile_oracle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "scoring/profile.h"
#include "tests/scoring/model_fixture.h"

namespace assent::scoring {
namespace {

using Random = std::mt19937_64;

bool OneIn(Random& random, uint64_t n) { return random() % n == 0; }

template <typename T>
const T& Pick(Random& random, const std::vector<T>& from) {
  return from[random() % from.size()];
}

Aggregate RandomAggregate(Random& random) {
  Aggregate aggregate{.function = static_cast<AggregateFunction>(random() % 8)};
  aggregate.event_type = Pick<std::string>(random, {"", "purchase", "purchase", "view"});
  const bool decays = aggregate.function <= AggregateFunction::kMean;
  const bool takes =
      aggregate.function != AggregateFunction::kCount && aggregate.function != AggregateFunction::kDaysSinceLast;
  if (takes) aggregate.attribute = Pick<std::string>(random, {"price", "price", "score"});
  if (aggregate.function == AggregateFunction::kDistinct) {
    aggregate.attribute = Pick<std::string>(random, {"price", "country", "new"});
  }
  if (decays && !OneIn(random, 3)) aggregate.half_life_days = Pick<double>(random, {0.5, 7, 30, 30, 400});
  const std::vector<AttributeFilter> filters = {
      {"country", Comparison::kEquals, {std::string("C3")}},
      {"country", Comparison::kIn, {std::string("C1"), std::string("C2"), std::string("C3"), 7.0}},
      {"new", Comparison::kEquals, {true}},
      {"new", Comparison::kEquals, {false}},
      {"price", Comparison::kGreater, {10.0}},
      {"price", Comparison::kLess, {25.0}},
      {"score", Comparison::kIn, {0.0, 1.0, -1.0}}};
  while (aggregate.filters.size() < 3 && OneIn(random, 3)) aggregate.filters.push_back(Pick(random, filters));
  return aggregate;
}

FeatureSchema RandomSchema(Random& random) {
  std::vector<Feature> features(1 + random() % 16);
  for (size_t i = 0; i < features.size(); ++i) {
    features[i].name = "f" + std::to_string(i);
    features[i].aggregate = RandomAggregate(random);
    features[i].auxiliary = i != 0 && OneIn(random, 6);
  }
  for (size_t i = 0; i < features.size(); ++i) {
    const size_t divisor = random() % features.size();
    if (divisor <= i || !OneIn(random, 2)) continue;  // so that no divisor is divided: only later ones are
    if (features[divisor].normalisation != Normalisation::kNone) continue;
    features[i].normalisation = Normalisation::kRatioTo;
    features[i].divisor = features[divisor].name;
  }
  for (Feature& feature : features) {  // drops what would be a chain after all
    for (const Feature& other : features) {
      if (other.divisor == feature.name) feature.normalisation = Normalisation::kNone;
    }
    if (feature.normalisation == Normalisation::kNone) feature.divisor.clear();
  }
  return FeatureSchema::Create(std::move(features), {.profile_purpose = 3, .other_event_types = {"search"}}).value();
}

std::vector<PastEvent> RandomHistory(Random& random) {
  std::vector<PastEvent> events(random() % 150);
  const int64_t start = Days(19'000);
  const int64_t step_us = Pick<int64_t>(random, {1, 1'000'000, 3'600'000'000, Days(2)});
  for (size_t i = 0; i < events.size(); ++i) {
    PastEvent& event = events[i];
    event.id = "event-" + std::to_string(random());
    // Few enough moments that many events share one.
    event.time_us = start + static_cast<int64_t>(random() % 200) * step_us;
    event.type = Pick<std::string>(random, {"purchase", "purchase", "purchase", "view", "search", "unheard-of"});
    if (!OneIn(random, 5)) event.attributes.push_back({"price", static_cast<double>(random() % 4000) / 100 - 5});
    if (!OneIn(random, 5)) event.attributes.push_back({"country", "C" + std::to_string(random() % 40)});
    if (OneIn(random, 20)) event.attributes.push_back({"unread", true});
    if (!OneIn(random, 3)) event.attributes.push_back({"new", OneIn(random, 2)});
    if (!OneIn(random, 3)) event.attributes.push_back({"score", static_cast<double>(random() % 5) - 2});
    std::shuffle(event.attributes.begin(), event.attributes.end(), random);
  }
  return events;
}

// Folds in the given order; `repeats` sends about half of the events again within the window.
void FoldAll(const FeatureSchema& schema, const std::vector<PastEvent>& events, Random* repeats, Trial& trial) {
  std::deque<const PastEvent*> window;
  for (const PastEvent& event : events) {
    const bool read = Reads(schema, event.type);
    ASSERT_TRUE(trial.Check(event.id, event.time_us, event.attributes, event.type).ok());
    ASSERT_EQ(trial.Fold(event.id, event.time_us, event.attributes, event.type),
              read ? FoldResult::kFolded : FoldResult::kIrrelevant);
    if (read) window.push_back(&event);
    if (window.size() > kRepeatWindow) window.pop_front();
    if (repeats == nullptr || window.empty() || !OneIn(*repeats, 2)) continue;
    const PastEvent& again = *window[(*repeats)() % window.size()];
    ASSERT_EQ(trial.Fold(again.id, again.time_us, again.attributes, again.type), FoldResult::kRepeated);
  }
}

// Whether a feature is, or is divided by, a sketch that is past its exact list.
bool Estimated(const FeatureSchema& schema, size_t index, const std::vector<PastEvent>& events, int64_t now_us) {
  for (const int i : {static_cast<int>(index), schema.divisor(index)}) {
    if (i < 0 || schema[static_cast<size_t>(i)].aggregate->function != AggregateFunction::kDistinct) continue;
    FeatureSchema plain = SchemaOfAggregates({*schema[static_cast<size_t>(i)].aggregate});
    if (*Expected(plain, 0, events, now_us).value > 16) return true;
  }
  return false;
}

void ExpectAsComputed(const FeatureSchema& schema, const std::vector<PastEvent>& events, int64_t now_us,
                      double tolerance, const Trial& trial) {
  for (size_t position = 0; position < schema.scored_size(); ++position) {
    const auto index = static_cast<size_t>(schema.Find(schema.scored(position).name));
    const ExpectedValue expected = Expected(schema, index, events, now_us);
    const std::string what =
        schema[index].name + ", function " + std::to_string(static_cast<int>(schema[index].aggregate->function));
    const bool estimated = Estimated(schema, index, events, now_us);
    if (!expected.value.has_value()) {
      ASSERT_EQ(trial.missing[position], 1) << what;
      continue;
    }
    if (expected.cancelled && trial.missing[position] != 0) continue;  // the divisor is 0 but for rounding
    ASSERT_EQ(trial.missing[position], 0) << what;
    const long double allowed = estimated ? 0.6L * std::fabs(*expected.value) + 1e-30L
                                          : static_cast<long double>(tolerance) * expected.magnitude + 1e-44L;
    constexpr long double kLargest = std::numeric_limits<float>::max();
    const auto value = static_cast<double>(std::clamp(*expected.value, -kLargest, kLargest));
    ASSERT_NEAR(static_cast<double>(trial.values[position]), value, static_cast<double>(allowed)) << what;
  }
}

// What does not decay and is not summed is the same to the bit, whatever the order.
void ExpectAlike(const FeatureSchema& schema, const Trial& one, const Trial& other) {
  ASSERT_EQ(ProfileLayout::EventCount(one.state), ProfileLayout::EventCount(other.state));
  ASSERT_EQ(ProfileLayout::LastEventUs(one.state), ProfileLayout::LastEventUs(other.state));
  ASSERT_EQ(ProfileLayout::FirstEventUs(one.state), ProfileLayout::FirstEventUs(other.state));
  for (size_t position = 0; position < schema.scored_size(); ++position) {
    const Feature& feature = schema.scored(position);
    const bool exact =
        feature.aggregate->function > AggregateFunction::kMean && feature.normalisation == Normalisation::kNone;
    if (exact) {
      ASSERT_EQ(one.values[position], other.values[position]) << feature.name;
    }
  }
}

TEST(ProfileOracle, RandomHistoriesInEveryOrder) {
  const uint64_t seed = SeedOr(20261122);
  const size_t cases = CasesOr(3000);
  for (size_t i = 0; i < cases; ++i) {
    SCOPED_TRACE("case " + std::to_string(i));
    Random random(seed + i);
    const FeatureSchema schema = RandomSchema(random);
    std::vector<PastEvent> events = RandomHistory(random);
    const int64_t now_us = Days(19'000) + static_cast<int64_t>(random() % 600) * Days(1);
    std::vector<Trial> trials;
    for (int order = 0; order < 4; ++order) {
      if (order == 0) {
        std::stable_sort(events.begin(), events.end(),
                         [](const PastEvent& a, const PastEvent& b) { return a.time_us < b.time_us; });
      } else if (order == 1) {
        std::reverse(events.begin(), events.end());
      } else {
        std::shuffle(events.begin(), events.end(), random);
      }
      Trial& trial = trials.emplace_back(schema);
      ASSERT_NO_FATAL_FAILURE(FoldAll(schema, events, order == 3 ? &random : nullptr, trial));
      trial.Read(now_us);
      ASSERT_NO_FATAL_FAILURE(ExpectAsComputed(schema, events, now_us, 2e-7, trial));
      ASSERT_NO_FATAL_FAILURE(ExpectAlike(schema, trials[0], trial));
    }
  }
}

// MovieLens 100k, users 1 to 629: what they rated when, and the films' genres.
struct Ratings {
  std::vector<std::string> genres;
  std::map<int, std::vector<PastEvent>> by_user;  // in the order of time
  int64_t end_us = 0;
};

std::vector<std::string> Split(const std::string& line, char at) {
  std::vector<std::string> cells;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, at);) cells.push_back(cell);
  return cells;
}

std::string Unpacked(const std::string& path) {
  std::string text;
  FILE* pipe = popen(("gzip -dc '" + path + "'").c_str(), "r");
  if (pipe == nullptr) return text;
  char block[1 << 16];
  for (size_t got; (got = fread(block, 1, sizeof block, pipe)) > 0;) text.append(block, got);
  return pclose(pipe) == 0 ? text : "";
}

// Empty where the data set is absent.
Ratings ReadRatings() {
  Ratings ratings;
  const char* data = std::getenv("ASSENT_DATA_DIR");
  if (data == nullptr) return ratings;
  const std::string folder = std::string(data) + "/movielens-100k-users-1-629/";
  std::ifstream genres(folder + "u.genre");
  for (std::string line; std::getline(genres, line);) {
    if (line.find('|') != std::string::npos) ratings.genres.push_back(Split(line, '|')[0]);
  }
  std::map<std::string, std::vector<Given>> films;
  std::ifstream items(folder + "u.item");
  for (std::string line; std::getline(items, line);) {
    const std::vector<std::string> cells = Split(line, '|');
    for (size_t i = 0; i < ratings.genres.size() && cells.size() == 5 + ratings.genres.size(); ++i) {
      if (cells[5 + i] == "1") films[cells[0]].push_back({ratings.genres[i], true});
    }
  }
  std::istringstream data_lines(ratings.genres.empty() ? "" : Unpacked(folder + "u.data.gz"));
  for (std::string line; std::getline(data_lines, line);) {
    const std::vector<std::string> cells = Split(line, '\t');
    PastEvent event{.id = cells[0] + "/" + cells[1],
                    .time_us = std::stoll(cells[3]) * 1'000'000,
                    .type = "rating",
                    .attributes = films[cells[1]]};
    event.attributes.push_back({"stars", std::stod(cells[2])});
    event.attributes.push_back({"film", cells[1]});
    ratings.end_us = std::max(ratings.end_us, event.time_us);
    ratings.by_user[std::stoi(cells[0])].push_back(std::move(event));
  }
  for (auto& [user, events] : ratings.by_user) {
    std::stable_sort(events.begin(), events.end(),
                     [](const PastEvent& a, const PastEvent& b) { return a.time_us < b.time_us; });
  }
  return ratings;
}

// The share of each genre among the ratings of the last month or so, the last and the mean stars, films seen.
FeatureSchema GenreSchema(const std::vector<std::string>& genres) {
  Aggregate all{.function = AggregateFunction::kCount, .event_type = "rating", .half_life_days = 30};
  std::vector<Feature> features(1);
  features[0].name = "ratings";
  features[0].aggregate = all;
  features[0].auxiliary = true;
  for (size_t i = 0; i < genres.size(); ++i) {
    Feature& share = features.emplace_back();
    share.name = "genre_" + std::to_string(i);
    share.aggregate = all;
    share.aggregate->filters = {{genres[i], Comparison::kEquals, {true}}};
    share.normalisation = Normalisation::kShareOf;
    share.divisor = "ratings";
  }
  const auto add = [&](std::string name, AggregateFunction function, std::string attribute) {
    Feature& feature = features.emplace_back();
    feature.name = std::move(name);
    feature.aggregate = Aggregate{.function = function, .event_type = "rating", .attribute = std::move(attribute)};
  };
  add("last_stars", AggregateFunction::kLast, "stars");
  add("films", AggregateFunction::kDistinct, "film");
  add("recency", AggregateFunction::kDaysSinceLast, "");
  add("mean_stars", AggregateFunction::kMean, "stars");
  features.back().aggregate->half_life_days = 30;
  return FeatureSchema::Create(std::move(features), {.profile_purpose = 4}).value();
}

TEST(ProfileOracle, GenreSharesOfMovieLensDoNotDependOnTheOrder) {
  const Ratings ratings = ReadRatings();
  if (ratings.by_user.empty()) GTEST_SKIP() << "needs ASSENT_DATA_DIR with movielens-100k-users-1-629";
  ASSERT_EQ(ratings.by_user.size(), 629u);
  ASSERT_EQ(ratings.genres.size(), 19u);
  const FeatureSchema schema = GenreSchema(ratings.genres);
  Random random(SeedOr(629));
  float worst = 0;
  size_t repeated = 0;
  for (const auto& [user, events] : ratings.by_user) {
    SCOPED_TRACE("user " + std::to_string(user));
    Trial in_order(schema);
    ASSERT_NO_FATAL_FAILURE(FoldAll(schema, events, nullptr, in_order));
    in_order.Read(ratings.end_us);
    ASSERT_NO_FATAL_FAILURE(ExpectAsComputed(schema, events, ratings.end_us, 1e-6, in_order));
    std::vector<PastEvent> other = events;
    for (int order = 0; order < 3; ++order) {
      order == 0 ? std::reverse(other.begin(), other.end()) : std::shuffle(other.begin(), other.end(), random);
      Trial trial(schema);
      ASSERT_NO_FATAL_FAILURE(FoldAll(schema, other, order == 2 ? &random : nullptr, trial));
      trial.Read(ratings.end_us);
      ASSERT_EQ(trial.missing, in_order.missing);
      for (size_t i = 0; i < trial.values.size(); ++i) {
        worst = std::max(worst, std::abs(trial.values[i] - in_order.values[i]));
        ASSERT_NEAR(trial.values[i], in_order.values[i], 1e-5) << schema.scored(i).name;
      }
      ASSERT_NO_FATAL_FAILURE(ExpectAlike(schema, in_order, trial));
    }
    // Every second event is sent again within the window: not a byte changes.
    Trial twice(schema);
    for (size_t i = 0; i < events.size(); ++i) {
      twice.Fold(events[i].id, events[i].time_us, events[i].attributes, "rating");
      const PastEvent& again = events[i - std::min<size_t>(i, random() % kRepeatWindow)];
      if (i % 2 == 0) continue;
      ASSERT_EQ(twice.Fold(again.id, again.time_us, again.attributes, "rating"), FoldResult::kRepeated);
      ++repeated;
    }
    ASSERT_EQ(twice.state, in_order.state);
  }
  std::printf("MovieLens: largest difference between orders %g; %zu events sent twice\n", static_cast<double>(worst),
              repeated);
}

}  // namespace
}  // namespace assent::scoring
