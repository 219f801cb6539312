// JSON with an Ed25519 signature that anybody with the public key can verify, without a server.
// Source: RFC 7515 section 7.2.2 (a JSON Web Signature in the flattened form), RFC 8037 section 3.1.
#ifndef ASSENT_CLIENT_SIGNED_JSON_H_
#define ASSENT_CLIENT_SIGNED_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"
#include "policy/signature.h"

namespace assent::client {

// `content_type` names what the payload is, such as "assent.v1.ModelAudit"; it is signed with it.
std::string SignJson(const nlohmann::ordered_json& payload, absl::string_view content_type,
                     const policy::SigningKey& key);

// The payload of `text`, whose signature is that of `key`. The algorithm is ours, whatever the header asks for (RFC
// 8725 section 3.1). `noun` says in messages what the text is: "receipt". An empty content_type takes any. Errors:
// InvalidArgument (no such JSON, another algorithm or content type); FailedPrecondition (signed with another key);
// DataLoss (the signature does not fit).
absl::StatusOr<nlohmann::ordered_json> VerifiedJson(absl::string_view text, absl::string_view content_type,
                                                    const policy::VerifyingKey& key, absl::string_view noun);

// A member that holds text, as it stands. Empty where it is missing.
std::string TextOf(const nlohmann::ordered_json& document, const char* member);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_SIGNED_JSON_H_
