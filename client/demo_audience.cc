#include "client/demo_audience.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "absl/strings/str_format.h"

namespace assent::client {
namespace {

enum Column : size_t {
  kMinutesPerDay,
  kSessionsPerWeek,
  kFilmsShare,
  kSeriesShare,
  kKidsShare,
  kSportsShare,
  kNewsShare,
  kLateEveningShare,
  kCompletionRate,
  kSearchesPerSession,
  kDevices,
  kDaysSinceLastVisit,
};

struct FeatureText {
  const char* name;
  const char* unit;
  bool changeable;
  bool log1p;
};

constexpr FeatureText kFeatures[kDemoFeatures] = {
    {"minutes_per_day", "min", true, true}, {"sessions_per_week", "per week", true, false},
    {"films_share", "", true, false},       {"series_share", "", true, false},
    {"kids_share", "", true, false},        {"sports_share", "", true, false},
    {"news_share", "", true, false},        {"late_evening_share", "", true, false},
    {"completion_rate", "", true, false},   {"searches_per_session", "", true, false},
    {"devices", "", true, false},           {"days_since_last_visit", "d", true, true},
};

constexpr size_t kGenres = 5;

// How a planted segment behaves on average. Genres are the parameters of a Dirichlet distribution: their sum says how
// alike its people are.
struct Portrait {
  const char* name;
  double weight;                       // share of the audience
  double minutes;                      // a day, median
  double sessions;                     // a week
  std::array<double, kGenres> genres;  // films, series, kids, sports, news
  double late;                         // share of viewing after 22:00
  double completion;                   // share of started titles that are finished
  double searches;                     // a session
  double devices;
  double days_away;  // since the last visit, median
};

constexpr Portrait kPortraits[] = {
    {"series bingers", 0.24, 145, 11, {3, 22, 0.5, 1, 1.5}, 0.48, 0.86, 0.6, 2.2, 0.6},
    {"families with children", 0.19, 118, 14, {4, 4, 20, 1, 1}, 0.07, 0.58, 0.9, 3.6, 0.5},
    {"film evenings", 0.17, 62, 4, {20, 4, 1, 1.5, 2}, 0.36, 0.79, 2.6, 1.8, 2.2},
    {"sports followers", 0.16, 82, 7, {2.5, 3, 0.5, 22, 4}, 0.18, 0.47, 0.4, 2.0, 1.4},
    {"news in the morning", 0.13, 24, 17, {1.5, 2, 0.5, 3, 19}, 0.06, 0.34, 0.5, 2.4, 0.4},
    {"drifting away", 0.11, 9, 1.2, {6, 7, 2, 3, 3}, 0.24, 0.28, 3.4, 1.2, 21},
};

constexpr double kOutlierShare = 0.01;
constexpr double kMixedShare = 0.06;     // people between two portraits
constexpr double kMissingShare = 0.015;  // cells that the tracking lost
constexpr double kGrantShare = 0.72;
constexpr double kOptOutShare = 0.09;

class Dice {
 public:
  Dice(uint64_t seed, uint64_t person) {
    std::seed_seq sequence{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32),
                           static_cast<uint32_t>(person), static_cast<uint32_t>(person >> 32)};
    engine_.seed(sequence);
  }
  double Uniform() { return std::uniform_real_distribution<double>(0, 1)(engine_); }
  double Normal(double mean, double deviation) { return std::normal_distribution<double>(mean, deviation)(engine_); }
  double LogNormal(double median, double sigma) { return median * std::exp(Normal(0, sigma)); }
  double Gamma(double shape) { return std::gamma_distribution<double>(shape, 1)(engine_); }
  // A share around `mean`: Beta with the given concentration.
  double Share(double mean, double concentration) {
    const double a = Gamma(mean * concentration);
    const double b = Gamma((1 - mean) * concentration);
    return a / (a + b);
  }

 private:
  std::mt19937_64 engine_;
};

size_t PickPortrait(Dice& dice) {
  double at = dice.Uniform();
  size_t index = 0;
  for (; index + 1 < std::size(kPortraits); ++index) {
    at -= kPortraits[index].weight;
    if (at < 0) break;
  }
  return index;
}

double Between(double a, double b, double share) { return a + (b - a) * share; }

// A person between two portraits takes after both.
Portrait Mix(const Portrait& a, const Portrait& b, double share) {
  Portrait mixed = a;
  mixed.minutes = Between(a.minutes, b.minutes, share);
  mixed.sessions = Between(a.sessions, b.sessions, share);
  for (size_t g = 0; g < kGenres; ++g) mixed.genres[g] = Between(a.genres[g], b.genres[g], share);
  mixed.late = Between(a.late, b.late, share);
  mixed.completion = Between(a.completion, b.completion, share);
  mixed.searches = Between(a.searches, b.searches, share);
  mixed.devices = Between(a.devices, b.devices, share);
  mixed.days_away = Between(a.days_away, b.days_away, share);
  return mixed;
}

double Rounded(double value, double step) { return std::round(value / step) * step; }

void Behave(const Portrait& portrait, Dice& dice, std::array<double, kDemoFeatures>& features) {
  features[kMinutesPerDay] = Rounded(std::min(900.0, dice.LogNormal(portrait.minutes, 0.32)), 0.1);
  features[kSessionsPerWeek] = Rounded(std::clamp(dice.LogNormal(portrait.sessions, 0.25), 0.2, 80.0), 0.1);
  std::array<double, kGenres> genres;
  double sum = 0;
  for (size_t g = 0; g < kGenres; ++g) sum += genres[g] = dice.Gamma(portrait.genres[g]);
  for (size_t g = 0; g < kGenres; ++g) features[kFilmsShare + g] = Rounded(genres[g] / sum, 0.001);
  features[kLateEveningShare] = Rounded(dice.Share(portrait.late, 18), 0.001);
  features[kCompletionRate] = Rounded(dice.Share(portrait.completion, 24), 0.001);
  features[kSearchesPerSession] = Rounded(dice.LogNormal(portrait.searches, 0.4), 0.01);
  features[kDevices] = std::clamp(std::round(dice.Normal(portrait.devices, 0.7)), 1.0, 9.0);
  features[kDaysSinceLastVisit] = Rounded(std::min(180.0, dice.LogNormal(portrait.days_away, 0.6)), 0.1);
}

// A screen that runs all day, or an account that a dozen people share.
void BehaveLikeNobody(Dice& dice, std::array<double, kDemoFeatures>& features) {
  features[kMinutesPerDay] = Rounded(600 + 800 * dice.Uniform(), 0.1);
  features[kSessionsPerWeek] = Rounded(40 + 60 * dice.Uniform(), 0.1);
  features[kDevices] = std::round(6 + 9 * dice.Uniform());
  features[kSearchesPerSession] = Rounded(6 * dice.Uniform(), 0.01);
}

}  // namespace

DemoPerson DemoAudience::Person(uint64_t index) const {
  Dice dice(seed_, index);
  DemoPerson person;
  person.subject_id = absl::StrFormat("viewer-%06d", index);
  person.planted = PickPortrait(dice);
  Portrait portrait = kPortraits[person.planted];
  if (dice.Uniform() < kMixedShare) portrait = Mix(portrait, kPortraits[PickPortrait(dice)], 0.45 * dice.Uniform());
  Behave(portrait, dice, person.features);
  person.outlier = dice.Uniform() < kOutlierShare;
  if (person.outlier) BehaveLikeNobody(dice, person.features);
  for (bool& missing : person.missing) missing = dice.Uniform() < kMissingShare;
  const double choice = dice.Uniform();
  if (choice < kGrantShare) {
    person.choice = DemoChoice::kGrant;
  } else if (choice < kGrantShare + kOptOutShare) {
    person.choice = DemoChoice::kOptOut;
  }
  return person;
}

internal::v1::FeatureSchema DemoSchema() {
  internal::v1::FeatureSchema schema;
  for (const FeatureText& text : kFeatures) {
    auto* feature = schema.add_features();
    feature->set_name(text.name);
    feature->set_unit(text.unit);
    feature->mutable_direct();
    feature->set_sensitivity(internal::v1::SENSITIVITY_NONE);
    feature->set_changeable(text.changeable);
    feature->set_transform(text.log1p ? internal::v1::TRANSFORM_LOG1P : internal::v1::TRANSFORM_IDENTITY);
    feature->set_clip_min(0);
    feature->set_missing(internal::v1::MISSING_RULE_MEAN);
  }
  return schema;
}

std::span<const char* const> DemoSegmentNames() {
  static constexpr const char* kNames[] = {kPortraits[0].name, kPortraits[1].name, kPortraits[2].name,
                                           kPortraits[3].name, kPortraits[4].name, kPortraits[5].name};
  static_assert(std::size(kNames) == std::size(kPortraits));
  return kNames;
}

}  // namespace assent::client
