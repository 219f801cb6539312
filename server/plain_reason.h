// Why a person is in a segment, or in none, in words for that person.
#ifndef ASSENT_SERVER_PLAIN_REASON_H_
#define ASSENT_SERVER_PLAIN_REASON_H_

#include <string>

#include "absl/strings/string_view.h"
#include "assent/v1/assignment_service.pb.h"
#include "policy/outcome.h"

namespace assent::server {

// What a rule says to the person: a sentence in plain English. Never empty. kNone: that no rule denies.
absl::string_view PlainReason(policy::Rule rule);

// The three features that speak most for the nearest segment, with the person's values and typical ones: "Mostly
// because purchases is 4 (typical: 1) and minutes is 30 min (typical: 60 min)." Features that were missing, and those
// that speak against it, are not named; where none is left, a sentence says so.
std::string PlainReason(const v1::ExplainResponse& explanation);

}  // namespace assent::server

#endif  // ASSENT_SERVER_PLAIN_REASON_H_
