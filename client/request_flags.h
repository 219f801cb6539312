// The flags that describe one event or one subject, and the messages that they become.
#ifndef ASSENT_CLIENT_REQUEST_FLAGS_H_
#define ASSENT_CLIENT_REQUEST_FLAGS_H_

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "assent/v1/assignment_service.pb.h"
#include "assent/v1/purpose.pb.h"
#include "assent/v1/subject.pb.h"
#include "client/request_text.h"

namespace assent::client {

// One event as flags.
struct EventFlags {
  std::string subject, purpose, placement, consent_token;
  std::vector<std::string> features;  // "name=value"
  std::string tcf, gpp, us_privacy, jurisdiction, gdpr;
  std::vector<int> gpp_sid;
  bool gpc = false, known_child = false;
};

// Adds --subject, --purpose, --feature, --placement, --consent-token and the privacy signals.
void AddEventFlags(CLI::App& command, EventFlags& flags);
// Errors: InvalidArgument that names the flag.
absl::StatusOr<v1::AssignRequest> MakeAssignRequest(const EventFlags& flags);
// Everything of the request but the subject and the features.
absl::StatusOr<v1::AssignRequest> MakeRequestFrame(const EventFlags& flags);

// "NAMESPACE:ID"; the id may hold colons. Errors: InvalidArgument, without the id.
absl::StatusOr<v1::Subject> ParseSubject(absl::string_view text);
// "select_content", in either case. Errors: InvalidArgument that lists the purposes.
absl::StatusOr<v1::Purpose> ParsePurpose(absl::string_view text);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_REQUEST_FLAGS_H_
