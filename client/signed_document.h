// Signed JSON that a server made: receipts and checkpoints.
#ifndef ASSENT_CLIENT_SIGNED_DOCUMENT_H_
#define ASSENT_CLIENT_SIGNED_DOCUMENT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"
#include "policy/signature.h"

namespace assent::client {

// The payload, if the signature is that of the key. `what` names the document in errors: "receipt". Threads: safe.
// Source: RFC 7515 section 7.2.2. The algorithm is ours, whatever the header asks for (RFC 8725 section 3.1).
// Errors: InvalidArgument (no such document), FailedPrecondition (another key), DataLoss (it was changed).
absl::StatusOr<nlohmann::ordered_json> VerifyDocument(const std::string& text, const policy::VerifyingKey& key,
                                                      absl::string_view what);

// A member that holds text, as it stands. Empty where it is missing.
std::string TextOf(const nlohmann::ordered_json& document, const char* member);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_SIGNED_DOCUMENT_H_
