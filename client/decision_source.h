// A decision that was made before, as commands name it: by its receipt or by its id.
#ifndef ASSENT_CLIENT_DECISION_SOURCE_H_
#define ASSENT_CLIENT_DECISION_SOURCE_H_

#include <string>

#include "absl/status/statusor.h"
#include "assent/v1/assignment_service.pb.h"
#include "client/command_line.h"

namespace assent::client {

// From the file that `assentctl assign --receipt` wrote: base64url, or the receipt's own bytes. Errors: those of
// ReadTextFile; InvalidArgument (empty).
absl::StatusOr<v1::ExplainRequest> RequestOfReceipt(const std::string& path);
// Errors: InvalidArgument (not 32 lower-case hexadecimal characters).
absl::StatusOr<v1::ExplainRequest> RequestOfDecision(const std::string& decision_id);
// What is written in one place: an id, where it is one, else the path of a receipt.
absl::StatusOr<v1::ExplainRequest> RequestOfEither(const std::string& id_or_path);

// Prints what was recorded, and whether it comes out again, or what exactly differs. Precondition: `recorded` is set.
void PrintReplay(const v1::ExplainResponse& response, CommandLine& line);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_DECISION_SOURCE_H_
