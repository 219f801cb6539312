// Aggregates recomputed from the whole history, as an independent check of scoring/profile.h: straight from the words
// of docs/features.md, in long double, with sets, and with nothing of the profile's code but HashText.
#ifndef ASSENT_TESTS_SCORING_PROFILE_ORACLE_H_
#define ASSENT_TESTS_SCORING_PROFILE_ORACLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scoring/feature_schema.h"
#include "tests/scoring/profile_fixture.h"

namespace assent::scoring {

struct PastEvent {
  std::string id;
  int64_t time_us = 0;
  std::string type;
  std::vector<Given> attributes;
};

struct ExpectedValue {
  std::optional<long double> value;  // unset: missing
  // What rounding is relative to: the sum of the magnitudes that were added up.
  long double magnitude = 0;
  bool cancelled = false;  // the divisor is 0 but for rounding: it may as well be missing
};

// The value of the feature at `index` after these events, each counted once. A distinct is the exact number.
ExpectedValue Expected(const FeatureSchema& schema, size_t index, const std::vector<PastEvent>& events, int64_t now_us);

// Whether any aggregate reads events of this type.
bool Reads(const FeatureSchema& schema, const std::string& event_type);

}  // namespace assent::scoring

#endif  // ASSENT_TESTS_SCORING_PROFILE_ORACLE_H_
