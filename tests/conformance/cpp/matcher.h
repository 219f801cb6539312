// Compares an answer with what a conformance case expects (tests/conformance/README.md).
#ifndef ASSENT_TESTS_CONFORMANCE_CPP_MATCHER_H_
#define ASSENT_TESTS_CONFORMANCE_CPP_MATCHER_H_

#include <map>
#include <string>
#include <vector>

#include "google/protobuf/struct.pb.h"

namespace assent::conformance {

using Json = google::protobuf::Value;

// The member of an object, or null.
const Json* Member(const Json& object, const std::string& name);
// A value as JSON text, for messages.
std::string Text(const Json& value);
// Sets one member of an object.
void SetMember(Json& object, const std::string& name, Json value);
Json TextValue(const std::string& text);

// What is wrong; empty when `actual` is as wanted. `actual` may be null: the member is not there.
std::vector<std::string> Complaints(const Json& wanted, const Json* actual, const std::string& where);

// The rule of a step's `sums` against the response.
std::vector<std::string> SumComplaints(const Json& rule, const Json& response);

// Replaces ${name} in every string, and {"$repeat": text, "times": n} by the repeated text.
Json Substitute(const Json& value, const std::map<std::string, std::string>& saved);

}  // namespace assent::conformance

#endif  // ASSENT_TESTS_CONFORMANCE_CPP_MATCHER_H_
