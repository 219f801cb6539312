// Profiles for tests: events by name, folded into a state of their own.
#ifndef ASSENT_TESTS_SCORING_PROFILE_FIXTURE_H_
#define ASSENT_TESTS_SCORING_PROFILE_FIXTURE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "scoring/profile.h"

namespace assent::scoring {

constexpr int64_t Days(int64_t days) { return days * 86'400'000'000; }

// Over purchases, of the price where the function takes an attribute.
Aggregate Of(AggregateFunction function);

struct Given {
  std::string attribute;
  FilterScalar value;
};

// A schema of direct reading: features f0, f1, … are the aggregates.
FeatureSchema SchemaOfAggregates(std::vector<Aggregate> aggregates, std::vector<std::string> other_event_types = {});

struct Trial {
  explicit Trial(std::vector<Aggregate> aggregates, std::vector<std::string> other_event_types = {});
  explicit Trial(FeatureSchema schema);

  FoldResult Fold(absl::string_view id, int64_t time_us, const std::vector<Given>& attributes,
                  absl::string_view type = "purchase");
  absl::Status Check(absl::string_view id, int64_t time_us, const std::vector<Given>& attributes,
                     absl::string_view type = "purchase") const;
  // Into values and missing.
  void Read(int64_t now_us);

  ProfileLayout layout;
  std::vector<uint8_t> state;
  std::vector<float> values;
  std::vector<uint8_t> missing;
};

}  // namespace assent::scoring

#endif  // ASSENT_TESTS_SCORING_PROFILE_FIXTURE_H_
