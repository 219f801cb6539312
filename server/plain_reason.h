// Why a person is in a segment, or in none, in words for that person.
#ifndef ASSENT_SERVER_PLAIN_REASON_H_
#define ASSENT_SERVER_PLAIN_REASON_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "assent/v1/assignment_service.pb.h"
#include "server/phrases.h"

namespace assent::server {

// The features that speak most for the nearest segment, at most three, with the person's values and typical ones:
// "Mostly because purchases is 4 (typical: 1) and minutes is 30 min (typical: 60 min)." Features that were missing, and
// those that speak against it, are not named; where none is left, a sentence says so.
std::string MainReasons(const v1::ExplainResponse& explanation, const Phrases& phrases);

// The same of any amounts: those of `contributions` by `amounts`, one each. Empty where none is left.
std::string NamedFeatures(const google::protobuf::RepeatedPtrField<v1::FeatureContribution>& contributions,
                          const std::vector<double>& amounts, const Phrases& phrases);

// "4.25 minutes": four digits, with the language's decimal point.
std::string Quantity(double value, absl::string_view unit, const Phrases& phrases);

// "kids share" of "kids_share".
std::string SpokenName(absl::string_view feature);

// "a, b and c".
std::string Listed(const std::vector<std::string>& parts, const Phrases& phrases);

}  // namespace assent::server

#endif  // ASSENT_SERVER_PLAIN_REASON_H_
