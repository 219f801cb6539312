// Calls the service by the name of the RPC, through the C++ client library.
#ifndef ASSENT_TESTS_CONFORMANCE_CPP_CALLER_H_
#define ASSENT_TESTS_CONFORMANCE_CPP_CALLER_H_

#include "client/assignment_client.h"
#include "client/consent_client.h"
#include "tests/conformance/cpp/matcher.h"

namespace assent::conformance {

class Caller {
 public:
  Caller(client::AssignmentClient assignment, client::ConsentClient consent)
      : assignment_(std::move(assignment)), consent_(std::move(consent)) {}

  // The outcome of a step: {response}, {responses} or {error: {code, reason, domain, field, …}}.
  Json Call(const Json& step) const;

 private:
  Json CallStream(const Json& requests) const;

  client::AssignmentClient assignment_;
  client::ConsentClient consent_;
};

}  // namespace assent::conformance

#endif  // ASSENT_TESTS_CONFORMANCE_CPP_CALLER_H_
